"""What migrations take away, rename, narrow or rewrite: by squawk's rules, and by a few that it does not have.

Source: https://squawkhq.com/docs/rules. Comments that ask squawk to look away are not obeyed here: what a reviewer has accepted
is still destructive, and wants its plan.
"""

from __future__ import annotations

import json
import re
import tempfile
from dataclasses import dataclass
from pathlib import Path

from exitgate.errors import ObservationError, PrerequisiteMissing
from exitgate.observation import Observation, Substrate
from exitgate.observe.migrations.files import FILES, Migration, MigrationFolder
from exitgate.observe.migrations.statements import statements
from exitgate.process import find_program, run_tool, scrubbed_environment
from exitgate.provenance import Tool

_TIMEOUT_S = 60.0
_RULES = {
    "ban-drop-column": "drops a column",
    "ban-drop-table": "drops a table",
    "ban-drop-database": "drops a database",
    "renaming-column": "renames a column",
    "renaming-table": "renames a table",
    "changing-column-type": "changes a column's type",
    "adding-not-nullable-field": "refuses NULL in a column that is there",
    "ban-truncate-cascade": "empties tables",
}
_OWN = (
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
    by_linter, tool = _lint(folder.migrations)
    found: list[Destruction] = []
    for migration in folder.migrations:
        parts = statements(migration.sql)
        created = {_plain(name) for part in parts for name in _CREATED.findall(part.bare)}
        for part in parts:
            named = _ALTERED.search(part.bare)
            if named and _plain(named.group(1)) in created:
                continue
            whats = [what for pattern, what in _OWN if re.match(pattern, part.bare, re.IGNORECASE)]
            whats += [what for line, what in by_linter.get(migration.name, ()) if part.line <= line <= part.last_line]
            found += [
                Destruction(
                    migration=migration.name, path=migration.path, line=part.line, what=what, statement=part.bare[:120]
                )
                for what in dict.fromkeys(whats)
            ]
    substrate = Substrate(assurance=FILES.assurance, name=FILES.name, tools=(tool,))
    return Destructions(
        substrate=substrate, service=folder.service, found=tuple(found), migrations=len(folder.migrations)
    )


def lint_blind(sql: str) -> str:
    """Return a script without the words by which it asks squawk to look away; lines stay where they are."""
    return re.sub(r"squawk-ignore", "squawk ignore", sql)


def _plain(name: str) -> str:
    return name.replace('"', "").lower().removeprefix("public.")


def _lint(migrations: tuple[Migration, ...]) -> tuple[dict[str, list[tuple[int, str]]], Tool]:
    """Return line and words of squawk's destructive findings by migration."""
    squawk = find_program("squawk") or "squawk"
    version = run_tool([squawk, "--version"], timeout_s=_TIMEOUT_S, environment=scrubbed_environment())
    found = re.fullmatch(r"squawk (\d+\.\d+\.\d+)\s*", version.stdout)
    if found is None:
        raise PrerequisiteMissing(
            "squawk",
            got=f"no version ({version.last_words})",
            expected="squawk 2.60 or later, beside this Python or on PATH",
            action="Install squawk-cli from PyPI.",
        )
    with tempfile.TemporaryDirectory(prefix="exitgate-squawk-") as name:
        top = Path(name)
        paths = {}
        for index, migration in enumerate(migrations):
            path = top / f"{index:05}.sql"
            path.write_text(lint_blind(migration.sql), encoding="utf-8")
            paths[str(path)] = migration.name
        # A folder of its own, so that no configuration of the target's or of this machine's is read.
        done = run_tool(
            [squawk, "--reporter", "json", *paths], timeout_s=_TIMEOUT_S, environment=scrubbed_environment(), cwd=top
        )
    try:
        entries = json.loads(done.stdout)
        rows = [(paths[each["file"]], int(each["line"]) + 1, str(each["rule_name"])) for each in entries]
    except (ValueError, KeyError, TypeError) as error:
        raise ObservationError(
            "squawk",
            got=f"an answer that is not understood ({done.last_words})",
            expected="its findings as JSON",
            action="Run `squawk --reporter json` on the migrations by hand.",
        ) from error
    if broken := next((row for row in rows if row[2] == "syntax-error"), None):
        raise ObservationError(
            f"migration {broken[0]}",
            got=f"a syntax error in line {broken[1]}, as squawk reads it",
            expected="SQL that can be read",
            action="Mend it; what it takes away can't be told.",
        )
    by_migration: dict[str, list[tuple[int, str]]] = {}
    for owner, line, rule in rows:
        if rule in _RULES:
            by_migration.setdefault(owner, []).append((line, _RULES[rule]))
    return by_migration, Tool(name="squawk", version=found.group(1))
