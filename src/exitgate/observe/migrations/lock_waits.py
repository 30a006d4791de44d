"""What each migration makes of a table that is in use: whether it gives up by its own limit, or waits."""

from __future__ import annotations

import time
from dataclasses import dataclass

from exitgate.observe.migrations.stage import Stage
from exitgate.observe.migrations.state import execute_script
from exitgate.observe.migrations.statements import statements


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


def read_lock_waits(stage: Stage) -> tuple[LockWait, ...]:
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
