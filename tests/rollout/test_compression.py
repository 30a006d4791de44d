"""Times may be divided as long as the order of what happens stays the same."""

from __future__ import annotations

import pytest

from exitgate.rollout.compression import Measured, largest_k, violated
from exitgate.rollout.settings import RolloutSettings, TargetCheck

SETTINGS = RolloutSettings(
    workload="orders",
    desired_count=2,
    grace_period_s=60,
    target_check=TargetCheck(path="/", interval_s=10, timeout_s=3),
    deregistration_delay_s=30,
    stop_timeout_s=30,
)


def test_the_shortest_timer_or_the_start_decides() -> None:
    assert largest_k(SETTINGS, Measured(start_s=0.2, longest_request_s=0.8)) == 30
    assert largest_k(SETTINGS, Measured(start_s=4, longest_request_s=0.8)) == 15
    assert largest_k(SETTINGS, Measured(start_s=0.2, longest_request_s=0.8, rate_per_s=10)) == 3
    assert largest_k(SETTINGS, Measured(start_s=0.2, longest_request_s=0.8), wished=5) == 5


@pytest.mark.parametrize(
    ("k", "words"),
    [
        (100, ["check timeout", "leave"]),
        (400, ["check interval", "check timeout", "deregistration", "stop timeout", "grace", "outage", "leave"]),
    ],
)
def test_what_is_violated_is_told_with_its_values(k: float, words: list[str]) -> None:
    measured = Measured(start_s=0.2, longest_request_s=0.8, shortest_outage_s=4)
    told = [str(each) for each in violated(SETTINGS, measured, k)]
    assert len(told) == len(words)
    assert all(any(word in each for each in told) for word in words)
    assert all(">" in each for each in told)


def test_settings_that_do_not_hold_as_they_are_are_not_compressed() -> None:
    measured = Measured(start_s=90, longest_request_s=0.8)
    assert largest_k(SETTINGS, measured) == 1
    assert [each.name for each in violated(SETTINGS, measured, 1)] == ["start against grace period, s"]


def test_compressed_settings_know_by_how_much_and_leave_the_idle_timeout() -> None:
    small = SETTINGS.compressed(10).compressed(2)
    assert (small.compression, small.grace_period_s, small.deregistration_delay_s) == (20, 3, 1.5)
    assert small.target_check == TargetCheck(path="/", interval_s=0.5, timeout_s=0.15)
    assert small.idle_timeout_s == SETTINGS.idle_timeout_s
    with pytest.raises(ValueError, match="no factor"):
        SETTINGS.compressed(0)
