"""The previous release's own integration tests, run on the new release's schema.

1. A container of the stage that the release names has the release's committed files, and the new release's migrations in the place
   of its own. So whatever the tests migrate, they migrate to the new schema, by the tool and in the way that they always do.
2. They have a part of each of the run's servers to themselves, and a new one each time that they run: tests empty queues and
   caches, and make and drop databases.
3. One migration more, the last, leaves a word on the database that the tests are given: so is seen that they came to that schema.
   The release's own migrations end with it as well, so that it is no difference between both.
4. Where any fails, they run with the release's own migrations, and with the new ones again. What fails on its own schema too, or
   only now and then, is not the new schema's doing.
"""

from __future__ import annotations

import json
import os
import posixpath
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from exitgate.errors import PrerequisiteMissing
from exitgate.evidence_folder import EvidenceFolder
from exitgate.migration_settings import IntegrationTests
from exitgate.observation import Observation
from exitgate.observe.migrations.predecessor_run import Files, Place, TestRun, run_tests
from exitgate.observe.migrations.server_version import compared_with_production
from exitgate.observe.migrations.stage import Stage, from_empty, no_release, untold
from exitgate.provision.backing import Server
from exitgate.provision.git import git, succeeded
from exitgate.provision.images import Build
from exitgate.target import Service, Target

_LIMIT = "the previous release's integration tests have parts of throwaway servers to themselves, with nothing in them"
_SKIPPED = "{} of the previous release's integration tests were skipped on the new schema, so of them nothing is known"


@dataclass(frozen=True, slots=True, kw_only=True)
class PredecessorTests(Observation):
    """The previous release's integration tests on the new schema."""

    previous: str
    """The release's tag."""
    on_new: TestRun
    on_own: TestRun | None
    """The same with the release's own migrations; nothing where all went well on the new schema."""
    again: TestRun | None
    """On the new schema once more; nothing where all went well, or no test runs on the release's own schema either."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """What the tests are run with."""

    target: Target
    """The judged commit."""
    release: Target
    """The previous one, as its own files describe it."""
    build: Callable[[str], Build]
    """Builds a stage of its Dockerfile, by the stage's name."""
    servers: Callable[[frozenset[str]], Mapping[str, Server]]
    """Starts the run's servers of those names that the target gives them, where they do not serve yet."""
    number: int
    """The service's among all, from 0."""


def read_predecessor_tests(
    stage: Stage, service: Service, ground: Ground | None, keep: EvidenceFolder
) -> PredecessorTests:
    """Run the previous release's integration tests on the new schema; where that fails, on its own one too.

    Args:
        stage: Has the new release.
        service: Of the judged commit.
        ground: Nothing where there is no previous release.
        keep: Where results and output are written down.

    Raises:
        PrerequisiteMissing: if there is no previous release, nobody says how its tests are run, they can't be run here, or the new
            migrations don't apply to an empty database.
        ObservationError: if what they leave can't be read.
    """
    if ground is None or stage.previous_replicas is None:
        raise no_release()
    earlier = ground.release.service(service.name)
    tests = _declared(stage, service, earlier)
    _refuse_a_broken_schema(stage)
    own = _committed(ground.release.directory / earlier.context)
    own.pop(posixpath.normpath(tests.results), None)
    folder = posixpath.relpath((earlier.migrations or stage.settings).folder, earlier.context)
    new = {**own, **_new_migrations(stage, ground, folder, own)}
    built = ground.build(tests.stage)
    if built.failure:
        raise PrerequisiteMissing(
            f"stage {tests.stage} of {service.name} {stage.previous_tag}",
            got=f"it does not build: {built.failure}",
            expected="the stage that the release's tests are run in",
            action="Correct stage in [service.migrations.integration].",
        )
    uses = {name: service.backing[variable] for name, variable in tests.variables.items()}
    running = ground.servers(frozenset(use.backing for use in uses.values()))
    database = running[service.backing[stage.settings.database].backing]
    image = next(each.image for each in ground.target.backings if each.name == database.name)
    limits = compared_with_production(database.version, stage.policy.engine_version, image)
    place = Place(
        stage=stage,
        tests=tests,
        folder=folder,
        image=built.image_id,
        running=running,
        database=database,
        uses=uses,
        taken=[use for workload in ground.target.workloads for use in workload.backing.values()],
        number=ground.number,
        keep=keep,
    )
    on_new, log = run_tests(place, new, "new-schema")
    logs, on_own, again = [log], None, None
    if not on_new.is_clean:
        on_own, log = run_tests(place, own, "own-schema")
        logs.append(log)
    if on_own and on_own.ran:
        again, log = run_tests(place, new, "new-schema-again")
        logs.append(log)
    told = {
        name: asdict(run) if run else "not tried"
        for name, run in (("new schema", on_new), ("own schema", on_own), ("new schema, again", again))
    }
    limits = (*limits, _LIMIT, *((_SKIPPED.format(on_new.skipped),) if on_new.skipped else ()))
    return PredecessorTests(
        substrate=replace(stage.substrate, limits=(*stage.substrate.limits, *limits)),
        evidence=(keep.keep(f"previous-tests-{service.name}.json", json.dumps(told, indent=1)), *logs),
        previous=stage.previous_tag,
        on_new=on_new,
        on_own=on_own,
        again=again,
    )


def _declared(stage: Stage, service: Service, earlier: Service) -> IntegrationTests:
    """Return how the tests are run: as the release itself says, else as today's."""
    found = (earlier.migrations.integration if earlier.migrations else None) or stage.settings.integration
    if found is None:
        raise untold("[service.migrations.integration]", "how the previous release's integration tests are run")
    named = set(found.variables.values())
    if stage.settings.database not in named or (named - service.backing.keys()):
        raise PrerequisiteMissing(
            "[service.migrations.integration]",
            got=f"variables that stand for {', '.join(sorted(named)) or 'nothing'}",
            expected=f"{stage.settings.database}, and others of [service.backing] alone",
            action="Name by variables which of the tests' stands for which of the service's.",
        )
    return found


def _refuse_a_broken_schema(stage: Stage) -> None:
    _, start = from_empty(stage)
    if not start.answered:
        raise PrerequisiteMissing(
            f"migrations of {stage.folder.service}",
            got=f"the release does not come up on an empty database: {start.said}",
            expected="the new schema, to run the previous release's tests on it",
            action="Mend them first.",
            blocked_by="3.4.C.1",
        )


def _new_migrations(stage: Stage, ground: Ground, place: str, own: Files) -> Files:
    """Return the new release's migrations, in the folder where the previous one has its own.

    Args:
        place: That folder, below the build's context.
        own: The previous release's files, by their paths below it.

    Raises:
        PrerequisiteMissing: if the new release lacks one of the previous one's, which can't be taken out of an image, or they lie
            outside of the context.
    """
    if place.startswith(".."):
        raise PrerequisiteMissing(
            stage.settings.folder,
            got="migrations outside of the build's context",
            expected="a folder in it, which the tests migrate by",
            action="Build from a folder that holds both, or waive the control for this service.",
        )
    today = _committed(ground.target.directory / stage.settings.folder)
    before = {posixpath.relpath(name, place) for name in own if name.startswith(f"{place}/")}
    if gone := sorted(before - today.keys()):
        raise PrerequisiteMissing(
            f"{stage.settings.folder}/{gone[0]}",
            got=f"no such file, though {stage.previous_tag} has it",
            expected="all that the previous release migrates by, and more",
            action="Nothing where migrations were squashed: from the next release on its tests are run again.",
        )
    return {f"{place}/{name}": source for name, source in today.items()}


def _committed(top: Path) -> Files:
    """Return the committed files below a folder, by their paths in it."""
    listed = succeeded(git(top, "ls-files", "-z"), top).stdout.split("\0")
    return {name: top / name for name in listed if name and os.path.lexists(top / name)}
