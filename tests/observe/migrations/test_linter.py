"""What squawk says of migrations: read to the end of each, told to look away in vain."""

from __future__ import annotations

from pathlib import Path

import pytest

from exitgate.errors import ObservationError, PrerequisiteMissing
from exitgate.observe.migrations.destructive import read_destructions
from exitgate.observe.migrations.files import FILES, Migration, MigrationFolder
from exitgate.observe.migrations.linter import lint
from exitgate.process import find_program

pytestmark = pytest.mark.skipif(find_program("squawk") is None, reason="squawk-cli is for Linux on x86-64")


def migration(sql: str, name: str = "1") -> Migration:
    return Migration(name=name, path=f"m/{name}/migration.sql", sql=sql)


def destroyed(sql: str) -> list[tuple[str, int]]:
    folder = MigrationFolder(substrate=FILES, service="s", folder="m", migrations=(migration(sql),))
    return [(each.what, each.line) for each in read_destructions(folder).found]


@pytest.fixture
def speaking(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A squawk of ours, whose answer stands in a file."""
    answer, program = tmp_path / "answer", tmp_path / "squawk"
    program.write_text(
        f'#!/bin/sh\n[ "$1" = --version ] && echo squawk 2.70.0 && exit\nsed "s|FILE|$3|" {answer}\n', encoding="utf-8"
    )
    program.chmod(0o755)
    monkeypatch.setattr("exitgate.observe.migrations.linter.find_program", lambda _: str(program))
    return answer


@pytest.mark.parametrize(
    "sql", ["CREATE TABLE t (i int)", "-- nothing at all", "", "SELECT 1;\n\n-- the end", "\ufeffSELECT 1;"]
)
def test_every_file_is_read_to_its_end_and_what_stands_there_is_no_finding(sql: str) -> None:
    said = lint([migration(sql), migration("DROP TABLE a;", "2")])
    assert "ban-drop-table" not in {word.rule for word in said.words["1"]}
    assert ("ban-drop-table", 1) in {(word.rule, word.line) for word in said.words["2"]}
    assert said.tool.name == "squawk"


def test_comments_that_ask_to_look_away_are_listed_and_not_obeyed() -> None:
    said = lint([migration("-- squawk-ignore-file\nSELECT 1;\n-- squawk-ignore ban-drop-table\nDROP TABLE a;")])
    assert ("ban-drop-table", 4) in {(word.rule, word.line) for word in said.words["1"]}
    assert said.suppressions == (
        "m/1/migration.sql:1 is not obeyed: squawk-ignore-file",
        "m/1/migration.sql:3 is not obeyed: squawk-ignore ban-drop-table",
    )


@pytest.mark.parametrize("sql", ["CREATE TABLEX a;", "SELECT 'never closed", "/* never closed"])
def test_what_can_not_be_read_is_an_error(sql: str) -> None:
    with pytest.raises(ObservationError, match="migration 1"):
        lint([migration(sql)])


def test_a_file_that_was_not_read_to_its_end_is_an_error(speaking: Path) -> None:
    speaking.write_text("[]", encoding="utf-8")
    with pytest.raises(ObservationError, match="0 of 1 migrations read to their end; not 1"):
        lint([migration("SELECT 1;")])


@pytest.mark.parametrize("answer", ["", "{", '[{"file": "another", "line": 0, "rule_name": "r", "message": ""}]'])
def test_an_answer_that_is_not_understood_is_an_error(speaking: Path, answer: str) -> None:
    speaking.write_text(answer, encoding="utf-8")
    with pytest.raises(ObservationError, match="not understood"):
        lint([migration("SELECT 1;")])


def test_without_squawk_nothing_is_assessed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "squawk"
    program.write_text("#!/bin/sh\nexit 127\n", encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.setattr("exitgate.observe.migrations.linter.find_program", lambda _: str(program))
    with pytest.raises(PrerequisiteMissing, match="Install squawk-cli"):
        lint([migration("SELECT 1;")])


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("ALTER TABLE t ADD COLUMN a text;", []),
        ("ALTER TABLE t ADD COLUMN a int NOT NULL DEFAULT 1;", []),
        ("CREATE TABLE t (i int);\nALTER TABLE t ADD COLUMN a uuid NOT NULL DEFAULT gen_random_uuid();", []),
        ("ALTER TABLE t ADD COLUMN a int NOT NULL;", [("demands of old code a column that it does not fill", 1)]),
        ("SELECT 1;\nALTER TABLE t ADD COLUMN a uuid DEFAULT gen_random_uuid();", [("rewrites a table", 2)]),
        ("ALTER TABLE t DROP COLUMN a;", [("drops a column", 1)]),
    ],
)
def test_what_a_migration_takes_away(sql: str, expected: list[tuple[str, int]]) -> None:
    assert destroyed(sql) == expected
