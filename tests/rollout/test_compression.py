"""Times may be divided as long as the order of what happens stays the same."""

from __future__ import annotations

import pytest

from exitgate.rollout.compression import Measured, inequalities, violated
from exitgate.rollout.settings import RolloutSettings, TargetCheck

SETTINGS = RolloutSettings(
    workload="orders",
    desired_count=2,
    grace_period_s=60,
    target_check=TargetCheck(path="/", interval_s=10, timeout_s=3),
    deregistration_delay_s=30,
    stop_timeout_s=30,
)


def test_times_that_are_divided_by_little_enough_hold() -> None:
    assert violated(SETTINGS.compressed(30), Measured(start_s=0.2, longest_request_s=0.8)) == ()
    (only,) = violated(SETTINGS.compressed(30), Measured(start_s=4, longest_request_s=0.8))
    assert str(only) == "start against grace period, s: 4 > 2"
    (only,) = violated(SETTINGS.compressed(5), Measured(start_s=0.2, longest_request_s=0.8, rate_per_s=10))
    assert str(only) == "failures that show an outage of 1 s: 3 > 2"
    (only,) = violated(SETTINGS.compressed(10), Measured(start_s=0.2, longest_request_s=0.8, jitter_s=0.05))
    assert str(only) == "least timer against check timeout, s: 0.5 > 0.3"


@pytest.mark.parametrize(
    ("k", "words"),
    [
        (100, ["check timeout", "leave"]),
        (400, ["check interval", "check timeout", "deregistration", "stop timeout", "grace", "outage", "leave"]),
    ],
)
def test_what_is_violated_is_told_with_its_values(k: float, words: list[str]) -> None:
    measured = Measured(start_s=0.2, longest_request_s=0.8, shortest_outage_s=4)
    told = [str(each) for each in violated(SETTINGS.compressed(k), measured)]
    assert len(told) == len(words)
    assert all(any(word in each for each in told) for word in words)
    assert all(">" in each for each in told)


def test_what_does_not_hold_of_undivided_times_is_the_settings_own() -> None:
    measured = Measured(start_s=90, longest_request_s=0.8)
    assert violated(SETTINGS, measured) == ()
    assert [each.name for each in inequalities(SETTINGS, measured) if not each.holds] == [
        "start against grace period, s"
    ]


def test_compressed_settings_know_by_how_much_and_leave_the_idle_timeout() -> None:
    small = SETTINGS.compressed(10).compressed(2)
    assert (small.compression, small.grace_period_s, small.deregistration_delay_s) == (20, 3, 1.5)
    assert small.target_check == TargetCheck(path="/", interval_s=0.5, timeout_s=0.15)
    assert small.idle_timeout_s == SETTINGS.idle_timeout_s
    with pytest.raises(ValueError, match="no factor"):
        SETTINGS.compressed(0)
