"""Alarms over periods of requests: when they ring, when they fall silent, and what a period without requests says."""

from __future__ import annotations

from exitgate.load.results import Request
from exitgate.observe.rollout.alarms import AlarmLimits, Alarms
from exitgate.rollout.events import AlarmCleared, AlarmFired

LIMITS = AlarmLimits(error_rate_percent=10, latency_p99_s=0.5, period_s=3, periods=2)
NAMES = ("errors", "slowness")


def requests(count: int, *, failed: int = 0, latency_s: float = 0.01) -> list[Request]:
    return [
        Request(
            stream="read",
            number=number,
            intended_s=0.0,
            sent_s=0.0,
            ended_s=latency_s,
            status=500 if number < failed else 200,
            failure="",
            version="1",
            task="task-1",
        )
        for number in range(count)
    ]


def ringing(periods: list[list[Request]], *, names: tuple[str, ...] = NAMES) -> tuple[list[object], Alarms]:
    """Return what the alarms say of periods that follow each other, and the alarms."""
    queue = iter(periods)
    alarms = Alarms(LIMITS, names, lambda: next(queue, []))
    alarms.arm()
    alarms.look(0.0)
    said: list[object] = []
    for number in range(1, len(periods) + 1):
        said += alarms.look(number * LIMITS.period_s)
    return said, alarms


def test_an_alarm_rings_after_as_many_bad_periods_as_it_needs_and_falls_silent_after_a_good_one() -> None:
    bad, good = requests(20, failed=3), requests(20)
    said, alarms = ringing([[], bad, bad])
    assert said == [AlarmFired(now_s=6.0, name="errors")]
    assert alarms.ringing == {"errors"}
    said, alarms = ringing([[], bad, bad, good])
    assert said[-1] == AlarmCleared(now_s=9.0, name="errors")
    assert alarms.ringing == frozenset()


def test_one_bad_period_and_errors_within_the_limit_ring_nothing() -> None:
    assert ringing([[], requests(20, failed=3), requests(20)])[0] == []
    assert ringing([[], requests(20, failed=2), requests(20, failed=2)])[0] == []


def test_a_period_without_requests_says_nothing() -> None:
    bad = requests(20, failed=3)
    assert ringing([[], bad, [], bad])[0] == [AlarmFired(now_s=9.0, name="errors")]


def test_slowness_has_an_alarm_of_its_own_where_it_is_watched() -> None:
    slow = requests(20, latency_s=0.8)
    assert ringing([[], slow, slow])[0] == [AlarmFired(now_s=6.0, name="slowness")]
    assert ringing([[], slow, slow], names=("errors",))[0] == []


def test_nothing_is_measured_before_the_alarms_are_armed_or_where_there_are_none() -> None:
    assert Alarms(LIMITS, NAMES, lambda: requests(20, failed=20)).look(9.0) == []
    unset = Alarms(None, NAMES, lambda: requests(20, failed=20))
    unset.arm()
    assert unset.look(9.0) == []
