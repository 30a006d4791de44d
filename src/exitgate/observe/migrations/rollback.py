"""The previous release beside a deployment that fails, through the recovery, and on the new schema."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from exitgate.observation import Observation
from exitgate.observe.migrations.predecessor import Predecessor, predecessors, seed
from exitgate.observe.migrations.prober import probing
from exitgate.observe.migrations.recovery import Step, recover
from exitgate.observe.migrations.replica import Start
from exitgate.observe.migrations.schema_extras import read_schema_extras
from exitgate.observe.migrations.stage import Stage, from_empty, no_release, schema_drift, untold
from exitgate.observe.migrations.state import (
    differences,
    read_schema,
)
from exitgate.provision.altered_image import altered_image

if TYPE_CHECKING:
    import psycopg


@dataclass(frozen=True, slots=True, kw_only=True)
class Rollback(Observation):
    """The previous release beside a deployment that fails, and on the new release's schema."""

    previous: str
    requests: int
    """That were made while the deployment failed."""
    failures: tuple[str, ...]
    """Of the previous release's requests, while the deployment failed and after."""
    broken: Start
    """Of the new release, with a migration that can't be run."""
    steps: tuple[Step, ...]
    open: tuple[str, ...]
    """Migrations that are neither finished nor settled, after the recovery."""
    drift: tuple[str, ...]
    """Of tables, after the recovery, from what the release's schema says."""
    drift_beside: tuple[str, ...] | None
    """Of triggers, functions, views, row policies and grants, and of tables where there is no schema, from what the migrations make
    of an empty database; nothing where the new release doesn't come up on one, so that there is nothing to compare with."""
    lost: tuple[str, ...]
    new_release: Start
    """With that migration mended, after the recovery."""
    previous_on_new: tuple[str, ...]
    """What went wrong with the previous release's requests on the new schema."""
    reads: int
    """Requests by which the new release read what the previous one wrote."""
    new_on_old_rows: tuple[str, ...]
    """What went wrong with them."""


def read_rollback(stage: Stage) -> Rollback:
    """Let a deployment fail beside the previous release, recover, deploy, and ask both; once a stage.

    Raises:
        PrerequisiteMissing: if there is no previous release, or nothing that it could be asked for.
    """
    return stage.once(_rolled_back)


def _rolled_back(stage: Stage) -> Rollback:
    if stage.previous_replicas is None:
        raise no_release()
    if not stage.previous_requests:
        raise untold("[[service.migrations.request]]", "requests that a release passes as long as it works")
    base, beside = seed(stage).database, predecessors(stage)[0]
    seen = _seen_beside(stage, beside, beside.renew(of=base))
    if beside.reused and (seen.failures or seen.previous_on_new):
        # It had served on another database before: whether that is why, one that has not shows.
        beside.dismiss()
        seen = _seen_beside(stage, beside, beside.renew(of=base))
    return seen


def _seen_beside(stage: Stage, beside: Predecessor, database: str) -> Rollback:
    with stage.databases.connect(database) as connection:
        before = stage.rows(connection)
    url, path = stage.databases.url(database), stage.path(stage.latest)
    engine, run = stage.replicas.engine, stage.replicas.run
    old = beside.ready(database)
    with (
        altered_image(engine, run, stage.image, {path: "ALTER TABLEX y;\n"}) as image,
        probing(old, stage.previous_requests) as prober,
    ):
        broken = stage.start(image, database)
    prober.failures += old.smoke(stage.previous_requests)
    with altered_image(engine, run, stage.image, {path: "SELECT 1;\n"}) as image:
        steps = recover(stage, image, database, stage.latest)
        open_ones = tuple(each.name for each in stage.applied(database) if each.is_open)
        with stage.databases.connect(database) as connection:
            told = read_schema(connection, told_by_prisma=True)
            after = stage.rows(connection, before)
        drift, no_schema = schema_drift(stage, told)
        with stage.databases.connect(database) as connection:
            left = _told(connection, tables=no_schema is not None)
        drift_beside = _drift_beside(stage, left, tables=no_schema is not None)
        saved: dict[str, str] = {}
        on_new = [old.request(request, saved) for request in stage.previous_requests]
        failure = stage.migrate_first(stage.replicas, image, database)
        with stage.replicas.replica(image, url) as new:
            start = new.await_start(stage.patience_s)
            if failure:
                start = replace(start, answered=False, said=failure)
            reads = [each for each in stage.settings.request if each.method == "GET" and each.names <= saved.keys()]
            on_old = [new.request(request, saved) for request in reads] if start.answered else []
            on_new += old.smoke(stage.previous_requests)
    shrunk = tuple(
        f"{table}: {rows.count} rows became {after[table].count if table in after else 0}"
        for table, rows in before.items()
        if table not in after or after[table].count < rows.count
    )
    return Rollback(
        substrate=stage.substrate,
        previous=stage.previous_tag,
        requests=prober.count,
        failures=tuple(dict.fromkeys(prober.failures)),
        broken=broken,
        steps=steps,
        open=open_ones,
        drift=drift,
        drift_beside=drift_beside,
        lost=shrunk,
        new_release=start,
        previous_on_new=tuple(filter(None, on_new)),
        reads=len(on_old),
        new_on_old_rows=tuple(filter(None, on_old)),
    )


def _drift_beside(stage: Stage, told: dict[str, str], *, tables: bool) -> tuple[str, ...] | None:
    """Return in what a database differs from one on which no migration ever failed; nothing where there is none.

    Args:
        stage: Has the new release.
        told: Of the database.
        tables: Whether it tells of tables as well.
    """
    undisturbed, start = from_empty(stage)
    if not start.answered:
        return None
    with stage.databases.connect(undisturbed) as connection:
        return differences(_told(connection, tables=tables), told)


def _told(connection: psycopg.Connection, *, tables: bool) -> dict[str, str]:
    extras = read_schema_extras(connection)
    return {**extras, **read_schema(connection)} if tables else extras
