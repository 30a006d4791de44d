"""Replicas that lose the one which holds the migrators' lock, as many as react to its end; and for how long a stranger holds it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from functools import partial
from types import SimpleNamespace
from typing import Any, cast

import pytest

from exitgate.assurance import Assurance
from exitgate.observation import Substrate
from exitgate.observe.migrations import starts
from exitgate.observe.migrations.contenders import Contenders
from exitgate.observe.migrations.replica import Start
from exitgate.observe.migrations.stage import Stage


@dataclass
class Watched:
    """Notes how many replicas were started, and which were killed."""

    started: list[SimpleNamespace] = field(default_factory=list)
    killed: list[int] = field(default_factory=list)
    waiting: int = 0
    """How many were up when one was killed."""
    named: bool = True

    def replica(self, database: str) -> AbstractContextManager[SimpleNamespace]:
        """Start one."""
        number = len(self.started)

        def kill() -> None:
            self.killed.append(number)
            self.waiting = len(self.started) - 1

        made = SimpleNamespace(container=SimpleNamespace(kill=kill), await_start=lambda _: f"start of {number}")
        self.started.append(made)
        return nullcontext(made)


@pytest.mark.parametrize(("at_once", "waiting"), [(2, 1), (3, 2), (8, 2)])
def test_two_wait_beside_the_one_that_is_killed_where_so_many_start(
    at_once: int, waiting: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    @contextmanager
    def without_new_tables(database: str) -> Iterator[None]:
        yield

    stage = SimpleNamespace(
        databases=SimpleNamespace(make=lambda: "db", without_new_tables=without_new_tables),
        policy=SimpleNamespace(concurrent_starts=at_once),
        patience_s=1.0,
        applied=lambda _: (),
    )
    seen = Watched()
    monkeypatch.setattr(starts, "_holder", lambda stage, database, replicas, *, named: replicas[0])
    killed = starts._lose_the_holder(cast("Stage", stage), cast("Contenders", seen))
    assert (seen.killed, seen.waiting) == ([0], waiting)
    assert cast("Any", killed.starts) == tuple(f"start of {each}" for each in range(1, waiting + 2))


def _start(seconds: float, _: float = 0.0) -> Start:
    return Start(answered=bool(seconds), listened=bool(seconds), exit_code=None, said="", seconds=seconds)


def _raced(*seconds: float, monkeypatch: pytest.MonkeyPatch) -> float:
    """Return for how long the lock was held, where starts take so long; none comes up in 0 s."""
    waiting = [SimpleNamespace(await_start=partial(_start, each)) for each in seconds]
    monkeypatch.setattr(starts, "contenders", lambda _: nullcontext(SimpleNamespace(pooler="x", named=True, tools=())))
    monkeypatch.setattr(starts, "tool_of", lambda _: SimpleNamespace(lock_query="SELECT 1"))
    monkeypatch.setattr(starts, "_several", lambda *_: waiting)
    monkeypatch.setattr(starts, "_stays", lambda *_: True)
    held: list[float] = []

    def meet(stage: object, started: object, lock: str, watched_s: float) -> starts._Held:
        held.append(watched_s)
        return starts._Held(served=False, applied=(), after=_start(1.0), rest_s=0.7)

    monkeypatch.setattr(starts, "_meet_a_held_lock", meet)
    stage = SimpleNamespace(
        settings=None,
        databases=SimpleNamespace(make=lambda: "db"),
        policy=SimpleNamespace(concurrent_starts=len(seconds)),
        patience_s=1.0,
        applied=lambda _: (),
        folder=SimpleNamespace(service="shop", migrations=()),
        substrate=Substrate(assurance=Assurance.EXECUTED, name="here"),
    )
    evidence = SimpleNamespace(keep=lambda *_: None)
    race = starts.read_start_race(cast("Stage", stage), cast("Any", evidence))
    assert (held, race.rest_s) == ([race.held_s], 0.7)
    return race.held_s


@pytest.mark.parametrize(
    ("seconds", "held_s"),
    [((1.0, 2.0), 3.0), ((6.5, 5.0), 5.0), ((12.0, 11.0), 8.0), ((0.0, 4.0), 4.0), ((0.0,), 3.0)],
)
def test_a_held_lock_is_watched_for_as_long_as_the_quickest_start_takes_within_bounds(
    seconds: tuple[float, ...], held_s: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert _raced(*seconds, monkeypatch=monkeypatch) == held_s
