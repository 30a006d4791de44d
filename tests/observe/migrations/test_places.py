"""A table in use: one that is still there after the upgrade, beside a release that comes up on it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from types import SimpleNamespace
from typing import cast

import psycopg
import pytest

from exitgate.errors import PrerequisiteMissing
from exitgate.observe.migrations import places
from exitgate.observe.migrations.places import in_use, standing
from exitgate.observe.migrations.predecessor import PreviousReleaseDown
from exitgate.observe.migrations.stage import Stage
from exitgate.observe.migrations.state import Rows


@dataclass
class Upgraded:
    """A database after the upgrade, and a session of it."""

    counts: dict[str, int]

    def make(self, of: str) -> str:
        """Return a copy's name."""
        return f"{of}-copy"

    @contextmanager
    def connect(self, _: str) -> Iterator[Upgraded]:
        """Give the session."""
        yield self

    def transaction(self) -> nullcontext[None]:
        """Begin one."""
        return nullcontext()

    def execute(self, statement: bytes) -> None:
        """Lock a table."""
        if statement.decode().split()[2] not in self.counts:
            raise psycopg.errors.UndefinedTable("no such table")


def stage(counts: dict[str, int], previous: str = "v1") -> Stage:
    """Return a stage whose upgraded database has tables of so many rows."""
    rows = {name: Rows(columns=("id",), count=count, digest="") for name, count in counts.items()}
    made = SimpleNamespace(
        databases=Upgraded(counts), previous_image=previous, previous_tag=previous, rows=lambda _: rows
    )
    return cast("Stage", made)


@pytest.fixture(autouse=True)
def _upgraded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(places, "upgraded", lambda _: ("upgraded", ""))


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        ({"tags": 1, "notes": 2}, "notes"),
        ({"tags": 0, "memos": 2}, "memos"),
        ({"notes": 0, "tags": 1}, "tags"),
        ({"tags": 0}, "notes"),
    ],
)
def test_the_table_is_one_with_rows_after_the_upgrade(counts: dict[str, int], expected: str) -> None:
    assert standing(stage(counts), "notes") == expected


def test_without_a_release_or_an_upgrade_the_table_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    assert standing(stage({"memos": 1}, previous=""), "notes") == "notes"
    monkeypatch.setattr(places, "upgraded", lambda _: ("upgraded", "exit code 1"))
    assert standing(stage({"memos": 1}), "notes") == "notes"


def test_a_table_that_is_gone_leaves_it_untried() -> None:
    with pytest.raises(PrerequisiteMissing, match="no table notes"), in_use(stage({}), "base", "notes", None):
        pass


def test_a_previous_release_that_the_upgrade_keeps_from_starting_is_told_by_another_control() -> None:
    down = PreviousReleaseDown("previous release v1", got="P2022", expected="a start", action="Look.")
    with (
        pytest.raises(PrerequisiteMissing, match=r"blocked by 3\.4\.C\.3: previous release v1: P2022"),
        in_use(stage({"notes": 1}), "base", "notes", None),
    ):
        raise down


def test_beside_no_previous_release_any_error_stays_what_it_is() -> None:
    down = PreviousReleaseDown("previous release v1", got="P2022", expected="a start", action="Look.")
    with pytest.raises(PreviousReleaseDown), in_use(stage({"notes": 1}, ""), "base", "notes", None):
        raise down
