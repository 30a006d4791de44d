"""What several observations need alike is made once, or taken from what came about on the way."""

from __future__ import annotations

from contextlib import ExitStack
from types import SimpleNamespace
from typing import Any, cast

import pytest

from exitgate.assurance import Assurance
from exitgate.observation import Substrate
from exitgate.observe.migrations.replica import Start
from exitgate.observe.migrations.stage import Stage, came_from_empty, from_empty

UP = Start(answered=True, listened=True, exit_code=None, said="listening", seconds=1.0)


def stage(way: str = "startup") -> tuple[Stage, list[str]]:
    """Return one that notes the databases which it makes."""
    made: list[str] = []

    def make() -> str:
        made.append(f"db{len(made)}")
        return made[-1]

    of = Stage(
        substrate=Substrate(assurance=Assurance.EXECUTED, name="PostgreSQL"),
        replicas=cast("Any", SimpleNamespace()),
        databases=cast("Any", SimpleNamespace(make=make)),
        settings=cast("Any", SimpleNamespace()),
        policy=cast("Any", SimpleNamespace(way=way)),
        folder=cast("Any", SimpleNamespace(service="app")),
        image="sha256:1",
        life=ExitStack(),
    )
    return of, made


@pytest.fixture(autouse=True)
def _released(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Stage, "release", lambda *_: UP)


def test_an_empty_database_is_deployed_to_once() -> None:
    of, made = stage()
    assert [from_empty(of), from_empty(of)] == [("db0", UP)] * 2
    assert made == ["db0"]


def test_one_on_which_replicas_came_up_needs_no_other() -> None:
    of, made = stage()
    came_from_empty(of, "raced", UP)
    assert from_empty(of) == ("raced", UP)
    assert made == []


def test_what_was_made_before_stays() -> None:
    of, _ = stage()
    first = from_empty(of)
    came_from_empty(of, "raced", UP)
    assert from_empty(of) == first


@pytest.mark.parametrize("way", ["one_off_task", "ci_job"])
def test_where_a_task_migrates_the_release_has_yet_to_come_up(way: str) -> None:
    of, _ = stage(way)
    came_from_empty(of, "raced", UP)
    assert from_empty(of) == ("db0", UP)
