"""What a failing migration is held against: who fails for a reason of ours, or writes by itself, is no finding."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import cast

import pytest

from exitgate.observe.migrations import simulations
from exitgate.observe.migrations.predecessor import Predecessor
from exitgate.observe.migrations.simulations import Simulation
from exitgate.observe.migrations.stage import Stage

SOUND = Simulation(
    kind="syntax-error",
    exit_code=1,
    listened=False,
    answered=False,
    said="P3018",
    recorded="failed",
    later_applied=False,
    lost=(),
    lock_free=True,
    requests=9,
)
FAILING = replace(SOUND, failures=("GET /notes: 500, not 200",))
CHANGED = replace(SOUND, lost=("notes: contents changed",))
STAGE = cast("Stage", SimpleNamespace())


@contextmanager
def place(neighbour: object) -> Iterator[str]:
    """Give its database, or one of nobody's."""
    yield "its own" if neighbour else "a copy"


@dataclass
class Neighbour:
    """A previous release."""

    reused: bool
    dismissed: int = 0
    seen: list[str] = field(default_factory=list)

    def dismiss(self) -> None:
        """Begin anew."""
        self.dismissed += 1
        self.reused = False


Try = Callable[..., tuple[Simulation, list[tuple[str, bool]]]]


@pytest.fixture
def tried(monkeypatch: pytest.MonkeyPatch) -> Try:
    """Lets a migration fail with what comes of each try, and returns what counts, and where and beside whom it was tried."""

    def once(neighbour: Neighbour, *came: Simulation) -> tuple[Simulation, list[tuple[str, bool]]]:
        left, places = list(came), []

        def simulate(stage: Stage, failure: object, database: str, beside: object) -> Simulation:
            places.append((database, beside is not None))
            return left.pop(0)

        monkeypatch.setattr(simulations, "_simulate", simulate)
        failure = simulations._Failure(kind="syntax-error", files={}, place=place)
        seen = simulations._undisturbed(STAGE, failure, cast("Predecessor", neighbour))
        assert left == []
        return seen, places

    return once


def test_one_try_is_enough_where_all_is_well(tried: Try) -> None:
    assert tried(Neighbour(reused=True), SOUND) == (SOUND, [("its own", True)])


def test_requests_that_fail_count_where_they_do_beside_one_that_was_just_started(tried: Try) -> None:
    assert tried(Neighbour(reused=False), FAILING) == (FAILING, [("its own", True)])
    old = Neighbour(reused=True)
    assert tried(old, FAILING, FAILING) == (FAILING, [("its own", True)] * 2)
    assert old.dismissed == 1


def test_requests_that_fail_since_the_database_was_exchanged_do_not_count(tried: Try) -> None:
    assert tried(Neighbour(reused=True), FAILING, SOUND)[0] == SOUND


def test_rows_that_change_without_the_previous_release_alone_are_the_deployments_doing(tried: Try) -> None:
    seen, places = tried(Neighbour(reused=False), CHANGED, replace(SOUND, requests=0))
    assert (seen, places) == (SOUND, [("its own", True), ("a copy", False)])
    assert tried(Neighbour(reused=False), CHANGED, replace(CHANGED, requests=0))[0].lost == CHANGED.lost
