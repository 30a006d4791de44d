"""What migrations take away, rename, narrow or rewrite: by squawk's rules, and by a few that it does not have.

Source: https://squawkhq.com/docs/rules.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from exitgate.observation import Observation, Substrate
from exitgate.observe.migrations.files import FILES, MigrationFolder
from exitgate.observe.migrations.linter import lint
from exitgate.observe.migrations.statements import statements

_RULES = {
    "ban-drop-column": "drops a column",
    "ban-drop-table": "drops a table",
    "ban-drop-database": "drops a database",
    "renaming-column": "renames a column",
    "renaming-table": "renames a table",
    "changing-column-type": "changes a column's type",
    "adding-not-nullable-field": "refuses NULL in a column that is there",
    "ban-truncate-cascade": "empties tables",
    "adding-required-field": "demands of old code a column that it does not fill",
    "adding-field-with-default": "rewrites a table",
}
_OWN = tuple(
    (re.compile(pattern, re.IGNORECASE), what)
    for pattern, what in (
        (r"TRUNCATE\b", "empties a table"),
        (r"DELETE FROM\b(?!.*\bWHERE\b)", "deletes all rows of a table"),
        (r"UPDATE\b(?!.*\bWHERE\b)", "rewrites all rows of a table"),
        (
            r"DROP (?:SCHEMA|VIEW|MATERIALIZED VIEW|TYPE|FUNCTION|SEQUENCE|DOMAIN|EXTENSION|OWNED)\b",
            "drops what code may use",
        ),
        (r"ALTER (?:TABLE|TYPE|VIEW|SEQUENCE|SCHEMA)\b.*\bRENAME\b(?! CONSTRAINT)", "renames what code may use"),
        (r"ALTER TABLE\b.*\bSET NOT NULL\b", "refuses NULL in a column that is there"),
        (r"ALTER TABLE\b.*\bDROP (?:COLUMN )?(?!CONSTRAINT|DEFAULT|NOT NULL|IDENTITY|EXPRESSION)\S", "drops a column"),
        (r"ALTER TABLE\b.*\bALTER (?:COLUMN )?\S+ (?:SET DATA )?TYPE\b", "changes a column's type"),
        (r"DROP TABLE\b", "drops a table"),
    )
)
_CREATED = re.compile(r"CREATE (?:UNLOGGED |TEMP |TEMPORARY )?TABLE (?:IF NOT EXISTS )?([\w.\"]+)", re.IGNORECASE)
_ALTERED = re.compile(
    r"(?:ALTER TABLE|DROP TABLE|UPDATE|DELETE FROM|TRUNCATE(?: TABLE)?) (?:IF EXISTS )?(?:ONLY )?([\w.\"]+)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Destruction:
    """A statement that takes something away from code or data that may need it."""

    migration: str
    path: str
    line: int
    what: str
    """In words, e.g. ``drops a column``."""
    statement: str
    """Bare, cut to what a line holds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Destructions(Observation):
    """All of a service's."""

    service: str
    found: tuple[Destruction, ...]
    migrations: int
    """How many were read."""


def read_destructions(folder: MigrationFolder) -> Destructions:
    """Look at every migration.

    Raises:
        PrerequisiteMissing: if squawk is not installed.
        ObservationError: if it says nothing that can be understood.
    """
    said = lint(folder.migrations)
    found: list[Destruction] = []
    for migration in folder.migrations:
        parts = statements(migration.sql)
        created = {_plain(name) for part in parts for name in _CREATED.findall(part.bare)}
        for part in parts:
            named = _ALTERED.search(part.bare)
            if named and _plain(named.group(1)) in created:
                continue
            whats = [what for pattern, what in _OWN if pattern.match(part.bare)]
            whats += [
                _RULES[word.rule]
                for word in said.words[migration.name]
                if word.rule in _RULES and part.line <= word.line <= part.last_line
            ]
            found += [
                Destruction(
                    migration=migration.name, path=migration.path, line=part.line, what=what, statement=part.bare[:120]
                )
                for what in dict.fromkeys(whats)
            ]
    substrate = Substrate(assurance=FILES.assurance, name=FILES.name, limits=said.suppressions, tools=(said.tool,))
    return Destructions(
        substrate=substrate, service=folder.service, found=tuple(found), migrations=len(folder.migrations)
    )


def _plain(name: str) -> str:
    return name.replace('"', "").lower().removeprefix("public.")
