"""What is changed of the policy for a scenario of bad versions: the alarm on latency is listened to, where there is one."""

from __future__ import annotations

from exitgate.observe.rollout.alarms import ERROR_RATE, LATENCY
from exitgate.observe.rollout.rehearsed import delay_s, settings_by_policy, with_latency_alarm
from exitgate.observe.workload_settings import read_workload_settings
from exitgate.policy import DeploymentPolicy
from exitgate.rollout.settings import RolloutSettings
from tests.checks.deployments.plans import REFERENCE, policy, reference


def settings(rules: DeploymentPolicy) -> RolloutSettings:
    workload = reference().workload("orders")
    return settings_by_policy(workload, rules, read_workload_settings(REFERENCE, workload).settings)


def test_a_good_version_is_not_judged_by_the_alarm_on_latency_and_a_bad_one_is() -> None:
    plain = settings(policy())
    assert plain.alarms.names == (ERROR_RATE,)
    assert with_latency_alarm(plain, policy()).alarms.names == (ERROR_RATE, LATENCY)


def test_where_the_rules_have_no_alarm_none_is_listened_to() -> None:
    rules = policy()
    assert rules.rollback
    changes = {"triggers": ("circuit_breaker",), "latency_p99_ms": None, "error_rate_percent": None}
    alone = rules.model_copy(update={"rollback": rules.rollback.model_copy(update=changes)})
    assert with_latency_alarm(settings(alone), alone).alarms.names == ()
    assert delay_s(alone) > 1


def test_a_slow_version_is_slower_than_the_alarm_takes() -> None:
    rules = policy()
    assert rules.rollback
    assert rules.rollback.latency_p99_ms
    assert delay_s(rules) * 1000 > rules.rollback.latency_p99_ms
