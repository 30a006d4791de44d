"""Failures that are made to happen in the middle of a migration, and what waits for a table in use."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from exitgate.errors import PrerequisiteMissing
from exitgate.observation import Observation
from exitgate.observe.migrations.replica import Replica
from exitgate.observe.migrations.stage import LATER, LATEST, Stage, seeded
from exitgate.observe.migrations.state import (
    Rows,
    execute_script,
    lost,
    read_rows,
)
from exitgate.observe.migrations.statements import statements
from exitgate.provision.altered_image import altered_image
from exitgate.waiting import wait_for

if TYPE_CHECKING:
    import psycopg

_LOCK_FREE_WITHIN_S = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Simulation:
    """One failure that was made to happen in the middle of a deployment."""

    kind: str
    exit_code: int | None
    said: str
    recorded: str
    """``failed``, ``finished``, or ``absent``, of the migration that failed."""
    later_applied: bool
    lost: tuple[str, ...]
    lock_free: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class LockWait:
    """One of the target's own migrations that met a table in use."""

    migration: str
    path: str
    waited_ms: int
    gave_up: bool
    """It ended by its own lock timeout."""
    waits: bool
    """It had to wait at all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Simulations(Observation):
    """All failures."""

    by_kind: dict[str, Simulation]
    lock_waits: tuple[LockWait, ...]
    pending: frozenset[str]
    """Files of the migrations since the previous release: what can still be changed."""


def read_simulations(stage: Stage) -> Simulations:
    """Let a further migration fail in each way, on copies of a database with data."""
    base, rows = seeded(stage) if stage.previous_image else _fresh(stage)
    table = next((name for name, each in rows.items() if each.count), None)
    if table is None:
        raise PrerequisiteMissing(
            stage.folder.service,
            got="no row in any table",
            expected="data that a migration can violate",
            action="Add [[service.migrations.request]] that write something.",
        )
    slow = "CREATE TABLE exitgate_half (i int);\nSELECT pg_sleep(4);\nSELECT 1;\n"
    tries: dict[str, tuple[str, Callable[[str, Replica], None] | None]] = {
        "syntax-error": ("ALTER TABLEX y;\n", None),
        "constraint-violation": (f"ALTER TABLE {table} ADD CONSTRAINT exitgate_never CHECK (false);\n", None),
        "connection-cut": (slow, lambda database, _: _cut(stage, database)),
        "killed-process": (slow, lambda database, replica: _kill(stage, database, replica)),
        "storage-or-permission": ("CREATE ROLE exitgate_refused;\n", None),
    }
    found = {}
    for kind, (sql, interfere) in tries.items():
        database = stage.databases.make(of=base)
        found[kind] = _simulate(stage, kind, database, sql, interfere)
    return Simulations(substrate=stage.substrate, by_kind=found, lock_waits=_lock_waits(stage), pending=stage.pending)


def _fresh(stage: Stage) -> tuple[str, dict[str, Rows]]:
    database = stage.databases.make()
    with stage.replicas.replica(stage.image, stage.databases.url(database)) as replica:
        replica.await_start(stage.patience_s)
        replica.smoke(stage.settings.request)
    with stage.databases.connect(database) as connection:
        return database, read_rows(connection)


def _simulate(
    stage: Stage, kind: str, database: str, sql: str, interfere: Callable[[str, Replica], None] | None
) -> Simulation:
    with stage.databases.connect(database) as connection:
        before = read_rows(connection)
    files = {stage.path(LATEST): sql, stage.path(LATER): "SELECT 1;\n"}
    with (
        altered_image(stage.replicas.engine, stage.replicas.run, stage.image, files) as image,
        stage.replicas.replica(image, stage.databases.url(database)) as replica,
    ):
        if interfere:
            interfere(database, replica)
        start = stage.settled(replica.await_start(stage.patience_s))
    applied = {each.name: each for each in stage.applied(database)}
    own = applied.get(LATEST)
    with stage.databases.connect(database) as connection:
        gone = lost(before, read_rows(connection, before))
        free = _lock_is_free(connection)
    return Simulation(
        kind=kind,
        exit_code=start.exit_code,
        said=start.said,
        recorded="absent" if own is None else "finished" if own.finished else "failed",
        later_applied=LATER in applied,
        lost=gone,
        lock_free=free,
    )


def _lock_is_free(connection: psycopg.Connection) -> bool:
    query = (
        "SELECT count(*) FROM pg_locks l JOIN pg_database d ON d.oid = l.database "
        "WHERE locktype = 'advisory' AND datname = current_database()"
    )

    def held() -> int:
        row = connection.execute(query).fetchone()
        return int(row[0]) if row else 0

    return wait_for(held, until=lambda count: count == 0, timeout_s=_LOCK_FREE_WITHIN_S, interval_s=0.1)[1]


def _sleeper(stage: Stage, database: str) -> int:
    """Return the session that runs the slow statement, once it does."""
    query = (
        "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND query LIKE '%pg_sleep%' "
        "AND pid <> pg_backend_pid() AND state = 'active'"
    )
    with stage.databases.connect(database) as connection:
        row, found = wait_for(
            lambda: connection.execute(query).fetchone(), until=bool, timeout_s=stage.patience_s, interval_s=0.05
        )
    if not found or not row:
        raise PrerequisiteMissing(
            stage.folder.service,
            got="a deployment that never came to the migration that was added",
            expected="one that runs it, to be interrupted in it",
            action="Correct image_folder in [service.migrations].",
        )
    return int(row[0])


def _cut(stage: Stage, database: str) -> None:
    stage.databases.end(_sleeper(stage, database))


def _kill(stage: Stage, database: str, replica: Replica) -> None:
    """Kill what migrates, and leave the process that waits for it: what that makes of it is the question."""
    _sleeper(stage, database)
    if not replica.kill_children():
        replica.container.kill()


def _lock_waits(stage: Stage) -> tuple[LockWait, ...]:
    """Run the newest migrations by themselves while a reader has every table in use."""
    import psycopg

    database = stage.databases.make()
    limit_ms = stage.policy.locks.lock_timeout_ms if stage.policy.locks else 0
    waits = []
    with stage.databases.connect(database) as reader:
        for migration in stage.folder.migrations:
            with stage.databases.connect(database) as connection:
                connection.execute("SELECT set_config('statement_timeout', %s, false)", (str(limit_ms + 2000),))
                tables = [
                    row[0]
                    for row in connection.execute(
                        "SELECT oid::regclass::text FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
                    ).fetchall()
                ]
                reader.execute("BEGIN")
                for table in tables:
                    reader.execute(f"LOCK TABLE {table} IN ACCESS SHARE MODE".encode())
                began, gave_up, waited = time.monotonic(), False, False
                for part in statements(migration.sql):
                    try:
                        connection.execute(part.text.encode())
                    except psycopg.errors.LockNotAvailable:
                        gave_up = waited = True
                        break
                    except psycopg.errors.QueryCanceled:
                        waited = True
                        break
                took_ms = int((time.monotonic() - began) * 1000)
                reader.execute("COMMIT")
            if waited:
                with stage.databases.connect(database) as connection:
                    execute_script(connection, [part.text for part in statements(migration.sql)])
            waits.append(
                LockWait(
                    migration=migration.name, path=migration.path, waited_ms=took_ms, gave_up=gave_up, waits=waited
                )
            )
    return tuple(waits)
