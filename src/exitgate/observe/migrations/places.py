"""Where migrations are made to fail: a copy of a database as it is, on a disk that is soon full, or with a table in use."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from exitgate.errors import ObservationError, PrerequisiteMissing
from exitgate.observe.migrations.predecessor import Predecessor, PreviousReleaseDown
from exitgate.observe.migrations.stage import Stage
from exitgate.observe.migrations.upgrades import upgraded
from exitgate.policy import MigrationPolicy

if TYPE_CHECKING:
    import psycopg

# Wider than the small disk, and of rows that PostgreSQL neither compresses nor moves out of the table.
FILL = "CREATE TABLE exitgate_full AS SELECT i, repeat(md5(i::text), 60) AS text FROM generate_series(1, 40000) AS i;\n"
_LONGEST_WAIT_MS = 1_000
"""What comes later queues behind who waits for a table, the previous release's requests too."""


@contextmanager
def copied(stage: Stage, base: str, neighbour: Predecessor | None) -> Iterator[str]:
    """Give one that is as it is.

    Args:
        base: What is copied.
        neighbour: In whose place it happens; nothing where no other release is beside.
    """
    yield neighbour.renew(of=base) if neighbour else stage.databases.make(of=base)


@contextmanager
def soon_full(stage: Stage, base: str, neighbour: Predecessor | None) -> Iterator[str]:
    """Give a copy on a disk that has no room for `FILL`, by the server's own word for that; one at a time, on a server.

    Raises:
        PrerequisiteMissing: if the server has no such disk.
        ObservationError: if there is room.
    """
    with stage.databases.on_small_disk(base, neighbour.database if neighbour else "") as database:
        _refuse_room(stage, database)
        yield database


@contextmanager
def in_use(stage: Stage, base: str, table: str, neighbour: Predecessor | None) -> Iterator[str]:
    """Give one of which a table is in use: a session has read it, and ends its transaction after the block alone.

    The migrations since the previous release are applied already: else one of them could be what meets the table.

    Raises:
        PrerequisiteMissing: if they can't be applied, leave no such table, or keep the previous release from starting.
    """
    if stage.previous_image:
        base, failure = upgraded(stage)
        if failure:
            raise PrerequisiteMissing(
                f"migrations since {stage.previous_tag}",
                got=failure,
                expected="a schema on which the new release runs",
                action="Mend them first.",
                blocked_by="3.4.C.1",
            )
    with copied(stage, base, neighbour) as database, stage.databases.connect(database) as reader, reader.transaction():
        _lock(reader, table)
        try:
            yield database
        except PreviousReleaseDown as down:
            if not stage.previous_image:
                raise
            raise PrerequisiteMissing(
                down.subject, got=down.got, expected=down.expected, action=down.action, blocked_by="3.4.C.3"
            ) from down


def standing(stage: Stage, table: str) -> str:
    """Return a table that has rows after the upgrade from the previous release too: the given one, where it does."""
    if not stage.previous_image:
        return table
    try:
        database, failure = upgraded(stage)
    except PrerequisiteMissing:
        return table
    if failure:
        return table
    with stage.databases.connect(database) as connection:
        filled = [name for name, rows in stage.rows(connection).items() if rows.count]
    return table if table in filled else next(iter(filled), table)


def giving_up(table: str, policy: MigrationPolicy) -> str:
    """Return a migration that has to have a table for itself, and gives up by its own lock timeout."""
    limit_ms = min(policy.locks.lock_timeout_ms if policy.locks else _LONGEST_WAIT_MS, _LONGEST_WAIT_MS)
    return f"SET lock_timeout = '{limit_ms}ms';\nALTER TABLE {table} ADD COLUMN exitgate_waited int;\n"


def _lock(reader: psycopg.Connection, table: str) -> None:
    import psycopg

    try:
        reader.execute(f"LOCK TABLE {table} IN ACCESS SHARE MODE".encode())
    except psycopg.errors.UndefinedTable as error:
        raise PrerequisiteMissing(
            "table in use",
            got=f"no table {table} after the migrations since the previous release",
            expected="a table with rows that they leave",
            action="Add [[service.migrations.request]] that write to one.",
        ) from error


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
