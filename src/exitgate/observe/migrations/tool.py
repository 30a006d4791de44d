"""Tools that apply migrations: what they take for one, in which order, and how a database tells what was applied."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Protocol

from exitgate.migration_settings import MigrationSettings

PRISMA_LOCK = "SELECT pg_advisory_lock(72707369)"
"""Prisma's own number, see prisma-engines, schema-engine/connectors/sql-schema-connector/src/flavour/postgres."""
_HISTORY = (
    "SELECT migration_name, finished_at IS NOT NULL, rolled_back_at IS NOT NULL, coalesce(logs, ''), checksum "
    "FROM _prisma_migrations ORDER BY started_at, migration_name"
)
_CODE = (".sql", ".js", ".mjs", ".cjs", ".ts", ".py", ".rb")


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """A line of a database's own list of migrations."""

    name: str
    finished: bool
    rolled_back: bool = False
    """Somebody said that it left nothing behind."""
    log: str = ""
    checksum: str = ""
    """Of the file that was applied, by the tool; empty where it keeps none."""

    @property
    def is_open(self) -> bool:
        """Whether it began, did not finish, and nobody has settled that."""
        return not self.finished and not self.rolled_back


class MigrationTool(Protocol):
    """A tool that applies migrations."""

    @property
    def name(self) -> str:
        """As people call it."""

    @property
    def history_query(self) -> str:
        """A query for the database's list of migrations."""

    @property
    def lock_query(self) -> str | None:
        """A query by which a session takes the migrators' lock; nothing where they have none."""

    def owns(self, table: str) -> bool:
        """Say whether a table is the tool's own: migrations change it, and hold no data in it."""

    @property
    def keeps_failures(self) -> bool:
        """Whether a migration that failed stands in its list."""

    @property
    def unsafe_commands(self) -> tuple[tuple[str, str], ...]:
        """Pattern of a command that has no place outside of tests, and what it does."""

    def migration_of(self, path: str) -> str | None:
        """Return the name of the migration that a file of the folder is part of; nothing where it is of none."""

    def order(self, name: str) -> tuple[Any, ...]:
        """Return by what migrations are sorted."""

    def applied(self, rows: list[tuple[Any, ...]]) -> tuple[Applied, ...]:
        """Return what the rows of `history_query` say."""


class Prisma:
    """Prisma Migrate. Source: https://www.prisma.io/docs/orm/prisma-migrate."""

    name = "Prisma"
    history_query = _HISTORY
    lock_query = PRISMA_LOCK
    keeps_failures = True
    unsafe_commands = (
        (r"prisma\s+migrate\s+dev\b", "makes migrations as it goes, and resets the database where it finds drift"),
        (r"prisma\s+migrate\s+reset\b", "drops the database"),
        (r"prisma\s+db\s+push\b", "changes the schema without a migration"),
        (r"prisma\s+migrate\s+resolve\b[^\n;&|]*--applied\b", "calls a migration applied that was not"),
        (r"--accept-data-loss\b", "drops what is in the way"),
        (r"--force-reset\b", "drops the database"),
    )

    def owns(self, table: str) -> bool:
        """What begins with ``_prisma``."""
        return table.startswith("_prisma")

    def migration_of(self, path: str) -> str | None:
        """A migration is a folder with its ``migration.sql``; what else lies there is not run."""
        name, _, rest = path.partition("/")
        return name if rest == "migration.sql" else None

    def order(self, name: str) -> tuple[Any, ...]:
        """By name, as bytes."""
        return (name,)

    def applied(self, rows: list[tuple[Any, ...]]) -> tuple[Applied, ...]:
        """Read ``_prisma_migrations``."""
        return tuple(
            Applied(
                name=str(name),
                finished=bool(finished),
                rolled_back=bool(rolled_back),
                log=str(log),
                checksum=str(checksum),
            )
            for name, finished, rolled_back, log, checksum in rows
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Commands:
    """Any other tool, as the target describes it."""

    history_query: str
    lock_query: str | None = None
    name: str = "the migration tool"
    keeps_failures: bool = False
    unsafe_commands: tuple[tuple[str, str], ...] = ()

    def owns(self, table: str) -> bool:
        """What the query for its list speaks of."""
        return re.search(rf"(?<!\w){re.escape(table)}(?!\w)", self.history_query.replace('"', "")) is not None

    def migration_of(self, path: str) -> str | None:
        """Files of the folder itself, and folders with code in them."""
        first, _, rest = path.partition("/")
        return first if (rest or first).endswith(_CODE) else None

    def order(self, name: str) -> tuple[Any, ...]:
        """By name, numbers in it by their value: V2 before V10."""
        return tuple((int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", name))

    def applied(self, rows: list[tuple[Any, ...]]) -> tuple[Applied, ...]:
        """Each row names one that was applied; suffixes of files may be left out there."""
        return tuple(Applied(name=str(row[0]), finished=True) for row in rows)


def bare_name(name: str) -> str:
    """Return a migration's name without the suffix of its file, which a tool's list may leave out."""
    return next((name.removesuffix(each) for each in _CODE if name.endswith(each)), name)


def tool_of(settings: MigrationSettings) -> MigrationTool:
    """Return the tool that a service uses."""
    if settings.tool == "prisma":
        return Prisma()
    return Commands(history_query=str(settings.applied), lock_query=settings.lock)
