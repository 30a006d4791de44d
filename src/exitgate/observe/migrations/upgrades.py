"""Migrations on an empty database and on the previous release's, with data."""

from __future__ import annotations

from dataclasses import dataclass

from exitgate.errors import PrerequisiteMissing, one_line
from exitgate.observation import Observation
from exitgate.observe.migrations.checksums import edited
from exitgate.observe.migrations.predecessor import seed
from exitgate.observe.migrations.replica import Start
from exitgate.observe.migrations.stage import Stage, from_empty, schema_drift
from exitgate.observe.migrations.state import (
    differences,
    lost,
    read_schema,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class StagingRun(Observation):
    """Migrations on an empty database, and on the previous release's with data."""

    from_empty: Start
    missing: tuple[str, ...]
    """Committed migrations that the database does not list as finished."""
    previous: str
    """The previous release's tag; empty where there is none."""
    rows: int
    """That were there before."""
    upgrade: str
    """Why the upgrade failed; empty where it did not."""
    lost: tuple[str, ...]
    drift: tuple[str, ...]
    """Differences between the database made from nothing and what the schema says."""
    paths_differ: tuple[str, ...]
    """Differences between the database made from nothing and the upgraded one."""
    no_schema: PrerequisiteMissing | None = None
    """Why the database could not be compared with a schema."""
    pending: tuple[str, ...] = ()
    """What the tool's own `status` has against the databases that were migrated."""
    edited: tuple[str, ...] = ()
    """Migrations that the previous release applied, or the image does, with another text than is committed, by their checksums."""


def read_staging_run(stage: Stage) -> StagingRun:
    """Migrate from nothing and from the previous release, and compare."""
    empty, start = from_empty(stage)
    applied = stage.applied(empty)
    finished = {each.name for each in applied if each.finished}
    changed = edited(stage.folder.migrations, applied)
    with stage.databases.connect(empty) as connection:
        schema, told = read_schema(connection), read_schema(connection, told_by_prisma=True)
    drift, no_schema = schema_drift(stage, told)
    pending = _pending(stage, empty)
    upgrade, rows = "", 0
    gone: tuple[str, ...] = ()
    apart: tuple[str, ...] = ()
    if stage.previous_image:
        old, upgrade = upgraded(stage)
        before = seed(stage).rows
        rows = sum(each.count for each in before.values())
        changed = (*changed, *edited(stage.folder.migrations, stage.applied(old)))
        pending = (*pending, *(_pending(stage, old) if not upgrade else ()))
        with stage.databases.connect(old) as connection:
            gone = lost(before, stage.rows(connection, before))
            apart = differences(schema, read_schema(connection))
    return StagingRun(
        substrate=stage.substrate,
        from_empty=start,
        missing=tuple(each.name for each in stage.folder.migrations if each.name not in finished),
        previous=stage.previous_tag,
        rows=rows,
        upgrade=upgrade,
        lost=gone,
        drift=drift,
        paths_differ=apart,
        no_schema=no_schema,
        pending=pending,
        edited=tuple(dict.fromkeys(changed)),
    )


def upgraded(stage: Stage) -> tuple[str, str]:
    """Return a copy of the previous release's database with the migrations since, to be read only, and why they failed, or nothing.

    Raises:
        PrerequisiteMissing: if there is none to upgrade.
    """
    return stage.once(_upgraded)


def _upgraded(stage: Stage) -> tuple[str, str]:
    database = stage.databases.make(of=seed(stage).database)
    code, out, err = stage.replicas.execute(stage.image, stage.databases.url(database), stage.deploy_words)
    lines = [line for line in (out + err).splitlines() if line.strip()]
    return database, "" if code == 0 else one_line(f"exit code {code}: {' '.join(lines[-3:])}", 300)


def _pending(stage: Stage, database: str) -> tuple[str, ...]:
    """Return what the tool's own status has against a migrated database; nothing where nobody says how to ask for it."""
    if stage.settings.status is None:
        return ()
    code, out, err = stage.replicas.execute(stage.image, stage.databases.url(database), stage.settings.status)
    return () if code == 0 else (one_line(f"exit code {code}: {err or out}", 200),)
