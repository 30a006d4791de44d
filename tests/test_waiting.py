"""Polling with a deadline, by a clock that the test winds."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from exitgate import waiting
from exitgate.waiting import wait_for


class Clock:
    """Stands in for the time module: only sleeping makes time pass."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.slept: list[float] = []

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    wound = Clock()
    monkeypatch.setattr(waiting, "time", wound)
    return wound


def numbers() -> Iterator[int]:
    number = 0
    while True:
        number += 1
        yield number


def test_what_suffices_at_once_is_returned_without_sleeping(clock: Clock) -> None:
    assert wait_for(lambda: "up", until=lambda seen: seen == "up", timeout_s=5) == ("up", True)
    assert clock.slept == []


def test_it_looks_until_what_it_sees_suffices(clock: Clock) -> None:
    looks = numbers()
    assert wait_for(lambda: next(looks), until=lambda seen: seen == 4, timeout_s=5, interval_s=0.5) == (4, True)
    assert clock.slept == [0.5, 0.5, 0.5]


def test_after_the_deadline_the_last_sight_is_returned_as_not_enough(clock: Clock) -> None:
    looks = numbers()
    assert wait_for(lambda: next(looks), until=lambda _: False, timeout_s=1, interval_s=0.5) == (3, False)


@pytest.mark.parametrize("timeout_s", [0, -1])
def test_it_looks_once_however_little_time_there_is(clock: Clock, timeout_s: float) -> None:
    looks = numbers()
    assert wait_for(lambda: next(looks), until=lambda seen: seen == 1, timeout_s=timeout_s) == (1, True)
    assert wait_for(lambda: next(looks), until=lambda _: False, timeout_s=timeout_s) == (2, False)


def test_what_suffices_at_the_deadline_itself_still_counts(clock: Clock) -> None:
    looks = numbers()
    assert wait_for(lambda: next(looks), until=lambda seen: seen == 3, timeout_s=1, interval_s=0.5) == (3, True)


def test_an_error_while_looking_is_the_callers(clock: Clock) -> None:
    def look() -> int:
        raise OSError("gone")

    with pytest.raises(OSError, match="gone"):
        wait_for(look, until=bool, timeout_s=1)
