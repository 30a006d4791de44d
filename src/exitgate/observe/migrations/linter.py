"""What squawk says of migrations: every rule that it has, of every file that it was given.

Source: https://squawkhq.com/docs/rules. Comments that ask it to look away are listed and not obeyed: what a reviewer has
accepted is still destructive, or still locks.
"""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from exitgate.errors import ObservationError, PrerequisiteMissing
from exitgate.observe.migrations.files import Migration
from exitgate.process import find_program, run_tool, scrubbed_environment
from exitgate.provenance import Tool

_TIMEOUT_S = 60.0
_SENTINEL = ("\n;\nDROP TABLE exitgate_read_to_its_end;\n", "ban-drop-table")
"""What is put at the end of each file, and the rule that speaks of it: squawk names no file in which it finds nothing."""
_SUPPRESSION = re.compile(r"squawk-ignore(?:-file)?\b[^\n*]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """What squawk has against a statement."""

    line: int
    """1-based, where it sees it."""
    rule: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Lint:
    """What it has against all of them."""

    words: dict[str, tuple[Word, ...]]
    """By migration; one without any has no words."""
    suppressions: tuple[str, ...]
    """Place and text of each comment that asks it to look away."""
    tool: Tool


def lint(migrations: Sequence[Migration]) -> Lint:
    """Ask squawk about each migration.

    Raises:
        PrerequisiteMissing: if it is not installed.
        ObservationError: if it says nothing that can be understood, has not read a file to its end, or can't read one.
    """
    squawk = find_program("squawk") or "squawk"
    tool = _version(squawk)
    with tempfile.TemporaryDirectory(prefix="exitgate-squawk-") as name:
        top = Path(name)
        asked = {}
        for index, migration in enumerate(migrations):
            path = top / f"{index:05}.sql"
            path.write_text(lint_blind(migration.sql) + _SENTINEL[0], encoding="utf-8")
            asked[str(path)] = migration
        # A folder of its own, so that no configuration of the target's or of this machine's is read.
        done = run_tool(
            [squawk, "--reporter", "json", *asked], timeout_s=_TIMEOUT_S, environment=scrubbed_environment(), cwd=top
        )
    try:
        rows = [
            (
                asked[each["file"]],
                Word(line=int(each["line"]) + 1, rule=str(each["rule_name"]), message=str(each["message"])),
            )
            for each in json.loads(done.stdout)
        ]
    except (ValueError, KeyError, TypeError) as error:
        raise ObservationError(
            "squawk",
            got=f"an answer that is not understood ({done.last_words})",
            expected="its findings as JSON",
            action="Run `squawk --reporter json` on the migrations by hand.",
        ) from error
    return Lint(words=_by_migration(migrations, rows), suppressions=_suppressions(migrations), tool=tool)


def lint_blind(sql: str) -> str:
    """Return a script without the words by which it asks squawk to look away; lines stay where they are."""
    return sql.replace("squawk-ignore", "squawk ignore")


def _by_migration(
    migrations: Sequence[Migration], rows: Sequence[tuple[Migration, Word]]
) -> dict[str, tuple[Word, ...]]:
    found: dict[str, list[Word]] = {each.name: [] for each in migrations}
    last = {each.name: lint_blind(each.sql).count("\n") for each in migrations}
    unread = set(found)
    for migration, word in rows:
        if word.line <= last[migration.name] + 1:
            found[migration.name].append(word)
        elif word.rule == _SENTINEL[1]:
            unread.discard(migration.name)
    for migration, word in rows:
        if word.rule == "syntax-error":
            raise ObservationError(
                f"migration {migration.name}",
                got=f"a syntax error in line {min(word.line, last[migration.name] + 1)}, as squawk reads it",
                expected="SQL that can be read",
                action="Mend it; what it takes away can't be told.",
            )
    if unread:
        raise ObservationError(
            "squawk",
            got=f"{len(found) - len(unread)} of {len(found)} migrations read to their end; not {min(unread)}",
            expected="each of them",
            action="Run `squawk --reporter json` on it by hand.",
        )
    return {name: tuple(words) for name, words in found.items()}


def _suppressions(migrations: Sequence[Migration]) -> tuple[str, ...]:
    return tuple(
        f"{migration.path}:{migration.sql.count(chr(10), 0, found.start()) + 1} is not obeyed: {found.group().strip()}"
        for migration in migrations
        for found in _SUPPRESSION.finditer(migration.sql)
    )


def _version(squawk: str) -> Tool:
    version = run_tool([squawk, "--version"], timeout_s=_TIMEOUT_S, environment=scrubbed_environment())
    found = re.fullmatch(r"squawk (\d+\.\d+\.\d+)\s*", version.stdout)
    if found is None:
        raise PrerequisiteMissing(
            "squawk",
            got=f"no version ({version.last_words})",
            expected="squawk 2.60 or later, beside this Python or on PATH",
            action="Install squawk-cli from PyPI.",
        )
    return Tool(name="squawk", version=found.group(1))
