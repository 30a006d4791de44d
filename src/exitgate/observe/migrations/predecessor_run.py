"""One run of the previous release's integration tests: on empty parts of the run's servers, whatever they migrate by."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping
from contextlib import AbstractContextManager, closing, suppress
from dataclasses import dataclass
from pathlib import Path

from exitgate.errors import ObservationError, one_line
from exitgate.evidence_folder import EvidenceFolder
from exitgate.migration_settings import IntegrationTests
from exitgate.observe.junit_results import TestResult, read_junit
from exitgate.observe.migrations.stage import Stage
from exitgate.provenance import Evidence
from exitgate.provision.backing import Access, Server, guest, value_of
from exitgate.provision.command_in_image import Command, Ended, run_in_image
from exitgate.provision.database_server import DatabaseServer, of_the_run
from exitgate.target import BackingUse

_SEEN = "exitgate: the last migration was applied"
_WORDS_OF = "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = %s"
Files = dict[str, Path | str]
"""Path below the tests' directory to a file of this machine, or to a text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TestRun:
    """One run of the tests."""

    exit_code: int | None
    """Nothing where they did not end in time."""
    results: tuple[TestResult, ...]
    said: str
    """The last line of their output."""
    migrated: bool
    """The database that they were given came to have all migrations, those of the release on whose schema they ran."""
    seconds: float = 0.0

    __test__ = False

    @property
    def failed(self) -> tuple[TestResult, ...]:
        """The tests that failed."""
        return tuple(each for each in self.results if each.outcome == "failed")

    @property
    def ran(self) -> int:
        """How many ran, to whatever end."""
        return sum(each.outcome != "skipped" for each in self.results)

    @property
    def skipped(self) -> int:
        """How many did not."""
        return len(self.results) - self.ran

    @property
    def is_clean(self) -> bool:
        """All went well, by the exit code and by the results."""
        return self.exit_code == 0 and not self.failed


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where they run, whatever they migrate by."""

    stage: Stage
    tests: IntegrationTests
    folder: str
    """Of the migrations, below the build's context."""
    image: str
    running: Mapping[str, Server]
    """The servers that the tests need, by name."""
    database: Server
    """Of them, the one with the database."""
    uses: Mapping[str, BackingUse]
    """Variable of the tests to what it tells of which server."""
    taken: Collection[BackingUse]
    """What the target's workloads use."""
    number: int
    """The service's among all, from 0."""
    keep: EvidenceFolder


def run_tests(place: Place, files: Files, name: str) -> tuple[TestRun, Evidence]:
    """Run the tests once, on servers' parts that are empty; return what came of it, and their output.

    Args:
        files: What is laid over the stage.
        name: The run's, for its output, which is kept before anything is made of the results.

    Raises:
        ObservationError: if all went well by the exit code, and the results can't be read.
    """
    stage, tests = place.stage, place.tests
    with _parts(place) as given:
        database = given[place.database.name].part
        # One statement, since tools cut a file at its semicolons (adapter-pg 7.10); tests that migrate at once wait for each other.
        mark = f"COMMENT ON DATABASE \"{database}\" IS '{_SEEN}';\n"
        began = time.monotonic()
        ended = run_in_image(
            stage.replicas.engine,
            stage.replicas.run,
            place.image,
            f"{stage.folder.service}-previous-tests",
            Command(
                words=tests.command,
                directory=tests.directory,
                files={**files, f"{place.folder}/{stage.settings.within(stage.latest)}": mark},
                environment={
                    each: value_of(use, place.running[use.backing], given[use.backing])
                    for each, use in place.uses.items()
                },
                network=place.database.network,
                leaves=tests.results,
                timeout_s=tests.timeout_s,
            ),
        )
        log = place.keep.keep(f"previous-tests-{stage.folder.service}-{name}.log", ended.log)
        lines = [line for line in ended.log.splitlines() if line.strip()]
        run = TestRun(
            exit_code=ended.exit_code,
            results=_results(ended, tests.results),
            said=one_line(lines[-1] if lines else "nothing", 200),
            migrated=_is_marked(of_the_run(place.database), database),
            seconds=round(time.monotonic() - began, 1),
        )
    return run, log


def _results(ended: Ended, subject: str) -> tuple[TestResult, ...]:
    """Return each test's; none where tests that end badly, or not in time, leave a file that is empty or cut off."""
    if ended.exit_code == 0:
        return _read(ended, subject)
    with suppress(ObservationError):
        return _read(ended, subject)
    return ()


def _read(ended: Ended, subject: str) -> tuple[TestResult, ...]:
    if ended.unread:
        raise ObservationError(
            subject,
            got=f"results of tests that are not read: {ended.unread}",
            expected="a file, of 32 MiB at the most",
            action="Let the command write one, or correct `results`.",
        )
    return read_junit(ended.left, subject) if ended.left is not None else ()


def _parts(place: Place) -> AbstractContextManager[Mapping[str, Access]]:
    """Give one run of the tests parts of the servers: nothing of an earlier run's is left in them."""
    return guest(
        place.stage.replicas.engine,
        list(place.running.values()),
        f"exitgate_tests_{place.stage.folder.service}",
        place.number,
        taken=place.taken,
    )


def _is_marked(server: DatabaseServer, database: str) -> bool:
    """Say whether a database bears the mark of the last migration; one that is gone does not."""
    with closing(server.connect()) as session:
        row = session.execute(_WORDS_OF, (database,)).fetchone()
    return bool(row and row[0] == _SEEN)
