"""Where migrations are made to fail: a copy of a database as it is, on a disk that is soon full, or with a table in use."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from exitgate.errors import ObservationError
from exitgate.observe.migrations.stage import Stage
from exitgate.policy import MigrationPolicy

# Wider than the small disk, and of rows that PostgreSQL neither compresses nor moves out of the table.
FILL = "CREATE TABLE exitgate_full AS SELECT i, repeat(md5(i::text), 60) AS text FROM generate_series(1, 40000) AS i;\n"
Copy = Callable[[], str]
"""Makes a copy of a database, and returns its name."""
_LONGEST_WAIT_MS = 1_000
"""What comes later queues behind who waits for a table, the previous release's requests too."""


@contextmanager
def copied(copy: Copy) -> Iterator[str]:
    """Give one that is as it is."""
    yield copy()


@contextmanager
def soon_full(stage: Stage, base: str, _: Copy) -> Iterator[str]:
    """Give a copy on a disk that has no room for `FILL`, by the server's own word for that; one at a time, on a server.

    Raises:
        PrerequisiteMissing: if the server has no such disk.
        ObservationError: if there is room.
    """
    with stage.databases.on_small_disk(base) as database:
        _refuse_room(stage, database)
        yield database


@contextmanager
def in_use(stage: Stage, table: str, copy: Copy) -> Iterator[str]:
    """Give one of which a table is in use: a session has read it, and ends its transaction after the block alone."""
    database = copy()
    with stage.databases.connect(database) as reader, reader.transaction():
        reader.execute(f"LOCK TABLE {table} IN ACCESS SHARE MODE".encode())
        yield database


def giving_up(table: str, policy: MigrationPolicy) -> str:
    """Return a migration that has to have a table for itself, and gives up by its own lock timeout."""
    limit_ms = min(policy.locks.lock_timeout_ms if policy.locks else _LONGEST_WAIT_MS, _LONGEST_WAIT_MS)
    return f"SET lock_timeout = '{limit_ms}ms';\nALTER TABLE {table} ADD COLUMN exitgate_waited int;\n"


def _refuse_room(stage: Stage, database: str) -> None:
    import psycopg

    try:
        with stage.databases.connect(database) as connection:
            connection.execute(FILL.encode())
    except psycopg.errors.DiskFull:
        return
    raise ObservationError(
        "small disk of the throwaway server",
        got="room for everything",
        expected="53100, disk full",
        action="Say it to those who make exitgate.",
    )
