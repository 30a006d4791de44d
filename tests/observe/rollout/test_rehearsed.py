"""What a rehearsal asks of a version that errs: enough for the alarm to ring by any count, and less than the budget."""

from __future__ import annotations

import tomllib
from pathlib import Path

from exitgate.observe.rollout.load import FRESH_RPS, READS_RPS, SLOW_RPS, WRITES_RPS
from exitgate.observe.rollout.rehearsed import alarm_limits, failing_share
from exitgate.policy.deployments import DeploymentPolicy

REFERENCE = Path(__file__).parents[3] / "reference/exitgate.toml"
POLICY = DeploymentPolicy.model_validate(tomllib.loads(REFERENCE.read_text(encoding="utf-8"))["policy"]["deployments"])


def test_in_every_period_more_requests_fail_than_the_alarm_lets_pass() -> None:
    limits = alarm_limits(POLICY)
    assert limits is not None
    reads = (READS_RPS + FRESH_RPS) * limits.period_s
    whole = reads + (WRITES_RPS + SLOW_RPS) * limits.period_s
    fewest = int(reads / round(1 / failing_share(POLICY)))
    assert fewest * 100 / whole > limits.error_rate_percent


def test_what_fails_stays_within_the_budget() -> None:
    assert POLICY.limits is not None
    assert failing_share(POLICY) * 100 <= POLICY.limits.error_budget_percent
