"""``[policy.deployments]``."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.policy.policy_text import policy_of, refused

DEPLOYMENTS = """
[policy.deployments]
strategy = "rolling"
minimum_healthy_percent = 100
maximum_percent = 200
minimum_tasks = 2
completion_limit_s = 900

[policy.deployments.health]
success_codes = [200]
interval_s = 10
timeout_s = 3
healthy_count = 2
unhealthy_count = 3
grace_period_s = 60
detection_limit_s = 33
start_limit_s = 60
answer_limit_ms = 500
independent_of = ["postgres"]

[policy.deployments.container_health]
interval_s = 10
timeout_s = 3
retries = 3
start_period_s = 10

[policy.deployments.shutdown]
deregistration_delay_s = 30
stop_timeout_s = 30
longest_request_s = 20
balancer_idle_timeout_s = 60
keep_alive_timeout_s = 65
drain_limit_s = 60

[policy.deployments.rollback]
triggers = ["circuit_breaker", "alarms"]
error_rate_percent = 1
latency_p99_ms = 1_000
period_s = 60
periods = 2
breaker_limit_s = 600

[policy.deployments.limits]
latency_p50_ms = 100
latency_p99_ms = 500
longest_gap_ms = 1_000
error_budget_percent = 0.5
"""


def test_sound_rules_are_read(tmp_path: Path) -> None:
    deployments = policy_of(tmp_path, DEPLOYMENTS).deployments
    assert deployments is not None
    assert deployments.health is not None
    assert deployments.rollback is not None
    assert deployments.limits is not None
    assert (deployments.minimum_healthy_percent, deployments.maximum_percent) == (100, 200)
    assert deployments.health.detection_s == 33
    assert deployments.rollback.triggers == ("circuit_breaker", "alarms")
    assert (deployments.rollback.error_rate_percent, deployments.limits.error_budget_percent) == (1, 0.5)


def test_what_is_left_out_is_a_rule_that_was_never_made(tmp_path: Path) -> None:
    assert policy_of(tmp_path, "").deployments is None
    deployments = policy_of(tmp_path, DEPLOYMENTS.partition("[policy.deployments.health]")[0]).deployments
    assert deployments is not None
    parts = (deployments.health, deployments.container_health, deployments.shutdown, deployments.rollback)
    assert parts == (None, None, None, None)
    assert deployments.limits is None


def test_a_breaker_alone_needs_no_limits_of_alarms(tmp_path: Path) -> None:
    start, end = DEPLOYMENTS.index("error_rate_percent"), DEPLOYMENTS.index("breaker_limit_s")
    text = DEPLOYMENTS.replace(DEPLOYMENTS[start:end], "").replace(', "alarms"', "")
    deployments = policy_of(tmp_path, text).deployments
    assert deployments is not None
    assert deployments.rollback is not None
    assert deployments.rollback.triggers == ("circuit_breaker",)


@pytest.mark.parametrize(("minimum", "maximum"), [(50, 100), (99, 100), (1, 101), (100, 101)])
def test_percentages_that_leave_room_are_taken(tmp_path: Path, minimum: int, maximum: int) -> None:
    text = DEPLOYMENTS.replace("percent = 100", f"percent = {minimum}").replace("percent = 200", f"percent = {maximum}")
    deployments = policy_of(tmp_path, text).deployments
    assert deployments is not None
    assert deployments.maximum_percent == maximum


@pytest.mark.parametrize(
    ("right", "wrong", "line", "got", "expected"),
    [
        ('"rolling"', '"blue_green"', "strategy", "policy.deployments.strategy = 'blue_green'", "'rolling'"),
        ("percent = 200", "percent = 100", "maximum_percent", "maximum_percent = 100 with minimum_healthy_percent = 100", "100"),
        ("percent = 200", "percent = 99", "maximum_percent", "maximum_percent = 99 with", "neither start a task nor"),
        ("percent = 100", "percent = 0", "minimum_healthy", "policy.deployments.minimum_healthy_percent = 0", "equal to 1"),
        ("percent = 100", "percent = 101", "minimum_healthy", "policy.deployments.minimum_healthy_percent = 101", "100"),
        ("[200]", "[200, 302]", "success_codes", "policy.deployments.health.success_codes.1 = 302", "299"),
        ("[200]", "[]", "success_codes", "policy.deployments.health.success_codes = []", "at least 1"),
        ("timeout_s = 3", "timeout_s = 10", "timeout_s", "timeout_s = 10 with interval_s = 10", "end before the next"),
        ("limit_s = 33", "limit_s = 32", "detection_limit_s", "detection_limit_s = 32, where 3 checks", "at least 33"),
        ("grace_period_s = 60", "grace_period_s = 59", "grace_period_s", "grace_period_s = 59 with start_limit_s", "killed"),
        ("limit_ms = 500", "limit_ms = 3001", "answer_limit_ms", "answer_limit_ms = 3001 with timeout_s = 3", "gives up"),
        ("unhealthy_count = 3", "unhealthy_count = 1", "unhealthy_count", "policy.deployments.health.unhealthy_count", "2"),
        ("interval_s = 10", 'interval_s = "10s"', "interval_s", "policy.deployments.health.interval_s = '10s'", "integer"),
        ("interval_s = 10", "interval_ms = 10_000", "interval_ms", "unknown key", "'interval_s'"),
        ("retries = 3", "retries = 0", "retries", "policy.deployments.container_health.retries = 0", "equal to 1"),
        ("timeout_s = 3\nretries", "timeout_s = 31\nretries", "timeout_s", "timeout_s = 31, where 3 checks", "less than"),
        ("alive_timeout_s = 65", "alive_timeout_s = 60", "keep_alive", "keep_alive_timeout_s = 60 with balancer", "502"),
        ("stop_timeout_s = 30", "stop_timeout_s = 19", "stop_timeout_s", "stop_timeout_s = 19 with longest_request_s", "ends"),
        ("delay_s = 30", "delay_s = 10", "deregistration", "deregistration_delay_s = 10 with longest_request", "ends"),
        ("stop_timeout_s = 30", "stop_timeout_s = 121", "stop_timeout_s", "policy.deployments.shutdown.stop_timeout_s", "120"),
        ("drain_limit_s = 60", "drain_limit_s = 59", "drain_limit_s", "drain_limit_s = 59, where", "at least that"),
        ("drain_limit_s = 60", "drain_limit_s = 901", "completion_limit_s", "completion_limit_s = 900, where shutdown", "at"),
        ("breaker_limit_s = 600", "breaker_limit_s = 901", "completion", "completion_limit_s = 900, where rollback", "at"),
        ("periods = 2\n", "", "triggers", "the trigger 'alarms' without periods", "with that trigger"),
        (', "alarms"', "", "error_rate_percent", "error_rate_percent without the trigger 'alarms'", "none without it"),
        ('"alarms"', '"circuit_breaker"', "triggers", "'circuit_breaker' twice", "each once"),
        ("period_s = 60\nperiods", "period_s = 45\nperiods", "period_s", "period_s = 45", "multiple of 60"),
        ("percent = 1\n", "percent = 101\n", "error_rate", "policy.deployments.rollback.error_rate_percent = 101", "100"),
        ("p50_ms = 100", "p50_ms = 501", "latency_p50_ms", "latency_p50_ms = 501 with latency_p99_ms = 500", "at most"),
        ("= 1_000\nperiod", "= 499\nperiod", "latency_p99_ms", "rollback.latency_p99_ms = 499 with limits.", "rolled back"),
    ],
)  # fmt: skip
def test_a_wrong_rule_is_refused_with_its_line(
    tmp_path: Path, right: str, wrong: str, line: str, got: str, expected: str
) -> None:
    told = refused(tmp_path, DEPLOYMENTS, right, wrong)
    assert told[0].startswith(line)
    assert told[1].startswith(got)
    assert expected in told[2]
