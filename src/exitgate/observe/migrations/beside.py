"""What stands beside a migration: a session that reads and writes every table, and one that sees who waits for whom."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from exitgate.errors import one_line
from exitgate.provision.databases import Databases

_TABLES = """
SELECT c.oid::regclass::text, (SELECT quote_ident(a.attname) FROM pg_attribute a
  WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '' AND a.attidentity <> 'a'
  ORDER BY a.attnum LIMIT 1)
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = 'r' AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND c.relname <> '_prisma_migrations'
ORDER BY 1
"""
_WAITING = "SELECT DISTINCT left(query, 120) FROM pg_stat_activity WHERE %s = ANY(pg_blocking_pids(pid))"
_HELD = (
    "SELECT DISTINCT coalesce(c.relname, l.relation::text), l.mode FROM pg_locks l LEFT JOIN pg_class c ON c.oid = l.relation "
    "WHERE l.pid = %s AND l.granted AND l.locktype = 'relation' AND l.relation >= 16384"
)
_INTERVAL_S = 0.002
_JOIN_S = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Traffic:
    """What became of the statements of others meanwhile."""

    made: int
    """Reads and writes to their end."""
    longest_ms: float
    """Of one of them, its waiting included."""
    blocked: tuple[str, ...]
    """Statements that were seen to wait for the migration."""
    locks: tuple[str, ...]
    """Table or index, and the lock that the migration was seen to hold on it: outside a transaction the only sight."""
    failed: str = ""
    """The first that failed, e.g. since its table is gone."""


@dataclass(slots=True)
class Beside:
    """Both sessions while they run."""

    made: int = 0
    longest_ms: float = 0.0
    blocked: dict[str, None] = field(default_factory=dict)
    locks: dict[str, None] = field(default_factory=dict)
    failed: str = ""
    over: threading.Event = field(default_factory=threading.Event)

    @property
    def seen(self) -> Traffic:
        """What they saw."""
        return Traffic(
            made=self.made,
            longest_ms=round(self.longest_ms, 1),
            blocked=tuple(self.blocked),
            locks=tuple(sorted(self.locks)),
            failed=self.failed,
        )


@contextmanager
def beside(databases: Databases, database: str, migrator: int) -> Iterator[Beside]:
    """Let others work with a database, and watch one session of it, until the block ends.

    Args:
        migrator: The watched session's process id, as PostgreSQL tells it.
    """
    state = Beside()
    with databases.connect(database) as connection:
        tables = [(str(table), str(column)) for table, column in connection.execute(_TABLES).fetchall() if column]
    # Names come quoted from PostgreSQL itself.
    work = [
        text
        for table, column in tables
        for text in (
            f"SELECT {column} FROM {table} LIMIT 1",  # noqa: S608
            f"UPDATE {table} SET {column} = {column} WHERE ctid = (SELECT ctid FROM {table} LIMIT 1)",  # noqa: S608
        )
    ]
    threads = [
        threading.Thread(target=_work, args=(state, databases, database, work)),
        threading.Thread(target=_watch, args=(state, databases, database, migrator)),
    ]
    for thread in threads:
        thread.start()
    try:
        yield state
    finally:
        state.over.set()
        for thread in threads:
            thread.join(_JOIN_S)


def _work(state: Beside, databases: Databases, database: str, work: list[str]) -> None:
    import psycopg

    with databases.connect(database) as connection:
        while work and not state.over.is_set():
            for text in work:
                began = time.perf_counter()
                try:
                    connection.execute(text.encode())
                except psycopg.Error as error:
                    state.failed = state.failed or one_line(f"{text}: {error}", 200)
                state.longest_ms = max(state.longest_ms, (time.perf_counter() - began) * 1000)
                state.made += 1
            state.over.wait(_INTERVAL_S)


def _watch(state: Beside, databases: Databases, database: str, migrator: int) -> None:
    with databases.connect(database) as connection:
        while not state.over.wait(_INTERVAL_S):
            for (text,) in connection.execute(_WAITING, (migrator,)).fetchall():
                state.blocked[str(text)] = None
            for name, mode in connection.execute(_HELD, (migrator,)).fetchall():
                state.locks[f"{name}: {mode}"] = None
