"""What a rehearsal asks of a version that errs: enough for the alarm to ring by any count, and less than the budget."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from pathlib import Path

from exitgate.observe.rollout.load import FRESH_RPS, READS_RPS, SLOW_RPS, WRITES_RPS
from exitgate.observe.rollout.rehearsed import (
    COMPRESSION,
    ROLLBACKS_LOAD_SHARE,
    alarm_limits,
    failing_share,
    rehearsed,
    settings_by_policy,
    step_limit_s,
    with_grace,
)
from exitgate.policy.deployments import DeploymentPolicy
from exitgate.settings import ContainerSettings
from exitgate.target import Service

REFERENCE = Path(__file__).parents[3] / "reference/exitgate.toml"
POLICY = DeploymentPolicy.model_validate(tomllib.loads(REFERENCE.read_text(encoding="utf-8"))["policy"]["deployments"])


def test_in_every_period_more_requests_fail_than_the_alarm_lets_pass() -> None:
    limits = alarm_limits(POLICY)
    assert limits is not None
    each_s = ROLLBACKS_LOAD_SHARE * limits.period_s
    reads = (READS_RPS + FRESH_RPS) * each_s
    # Each write on a kept connection may be followed by a read of what it made.
    whole = reads + (2 * WRITES_RPS + SLOW_RPS) * each_s
    fewest = int(reads / round(1 / failing_share(POLICY)))
    assert fewest * 100 / whole > limits.error_rate_percent


def test_what_fails_stays_within_the_budget() -> None:
    assert POLICY.limits is not None
    assert failing_share(POLICY) * 100 <= POLICY.limits.error_budget_percent


def test_where_nothing_is_shortened_all_is_as_the_policy_has_it() -> None:
    orders = tomllib.loads(REFERENCE.read_text(encoding="utf-8"))["service"][0]
    settings = settings_by_policy(Service.model_validate(orders), POLICY, ContainerSettings(stop_timeout_s=30))
    whole = rehearsed(settings, 1.0)
    assert whole == replace(settings, container_check=None)
    assert with_grace(whole, slowest_start_s=4.0) == whole
    assert whole.alarms.bake_time_s == 180
    limits = alarm_limits(POLICY, 1.0)
    assert limits is not None
    assert (limits.period_s, limits.clears_within_s) == (60, 120)
    assert step_limit_s(POLICY, 1.0) > 900 > step_limit_s(POLICY)


def test_shortened_waits_stay_above_what_this_machine_can_keep() -> None:
    orders = tomllib.loads(REFERENCE.read_text(encoding="utf-8"))["service"][0]
    small = rehearsed(settings_by_policy(Service.model_validate(orders), POLICY, ContainerSettings(stop_timeout_s=30)))
    assert small.compression == COMPRESSION
    assert small.target_check is not None
    assert (small.target_check.interval_s, small.target_check.timeout_s) == (0.5, 3)
    assert (small.deregistration_delay_s, small.stop_timeout_s) == (1.5, 30)
    assert with_grace(small, slowest_start_s=0.5).grace_period_s == 3
    assert with_grace(small, slowest_start_s=4.0).grace_period_s == 20
    assert with_grace(small, slowest_start_s=40.0).grace_period_s == 60
    # One that hides every failure goes on doing so, however quickly tasks start.
    assert with_grace(replace(small, grace_period_s=86_400), slowest_start_s=0.0).grace_period_s == 4_320
