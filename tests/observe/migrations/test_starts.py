"""Replicas that lose the one which holds the migrators' lock: as many wait as react to its end at once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, cast

import pytest

from exitgate.observe.migrations import starts
from exitgate.observe.migrations.contenders import Contenders
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
