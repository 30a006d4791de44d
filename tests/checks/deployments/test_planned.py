"""Rules on planned services: one right, and each fault found for its own reason, at its own place."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from exitgate.checks.deployments import (
    drifting_versions,
    inconsistent_health,
    inconsistent_shutdowns,
    lax_matchers,
    lost_capacity,
    missing_rollback_rules,
    missing_strategy,
    missing_thresholds,
    strange_strategies,
    strange_thresholds,
    stuck_deployments,
    unplanned_shutdowns,
    unreachable_breakers,
    unwired_alarms,
    unwired_breakers,
)
from exitgate.errors import ObservationError, PrerequisiteMissing
from exitgate.finding import Finding
from exitgate.observe.deployment_settings import PlannedDeployments
from exitgate.observe.terraform import UNKNOWN
from exitgate.target import Target
from tests.checks.deployments.plans import DIMENSIONS, MISSING, planned, policy, reference

Rule = Callable[[PlannedDeployments], list[Finding]]
RULES: dict[str, Rule] = {
    "strategy": lambda found: strange_strategies(found, policy()),
    "thresholds": lambda found: strange_thresholds(found, policy().health, policy().container_health),  # type: ignore[arg-type]
    "health": lambda found: inconsistent_health(found, policy().health),  # type: ignore[arg-type]
    "matcher": lambda found: lax_matchers(found, policy().health, "/healthz"),  # type: ignore[arg-type]
    "breaker": unwired_breakers,
    "alarms": lambda found: unwired_alarms(found, policy().rollback),  # type: ignore[arg-type]
    "leaving": lambda found: unplanned_shutdowns(found, policy().shutdown),  # type: ignore[arg-type]
    "times": lambda found: inconsistent_shutdowns(found, policy().shutdown),  # type: ignore[arg-type]
    "progress": lambda found: stuck_deployments(found, policy(), 35),
    "capacity": lambda found: lost_capacity(found, policy()),
    "image": drifting_versions,
    "reachable": lambda found: unreachable_breakers(found, policy().rollback),  # type: ignore[arg-type]
}
SERVICE, GROUP = "aws_ecs_service", "aws_lb_target_group"
GRACE, MINIMUM, MAXIMUM = (
    "health_check_grace_period_seconds",
    "deployment_minimum_healthy_percent",
    "deployment_maximum_percent",
)


ONLY_ERRORS = ({"metric": ({"metric_name": "HTTPCode_Target_5XX_Count", "period": 60, "dimensions": DIMENSIONS},)},)
BY_TAG = json.dumps([{"name": "orders", "image": "shop/orders:latest", "versionConsistency": "disabled"}])


@pytest.mark.parametrize("rule", RULES)
def test_a_right_plan_has_no_finding(rule: str) -> None:
    assert RULES[rule](planned()) == []


@pytest.mark.parametrize("rule", RULES)
def test_no_rule_is_met_without_all_stacks(rule: str) -> None:
    with pytest.raises(PrerequisiteMissing, match="stack production: not planned"):
        RULES[rule](replace(planned(), left_out=("production",)))


@pytest.mark.parametrize(
    ("rule", "change", "words"),
    [
        ("strategy", (SERVICE, "deployment_controller", ()), "deployment controller is not written out"),
        ("strategy", (SERVICE, MAXIMUM, 150), "maximum percent is not that of the rules"),
        ("thresholds", (GROUP, "health_check", "unhealthy_threshold", 10), "unhealthy count is not"),
        ("thresholds", (SERVICE, GRACE, MISSING), "grace period is not written out"),
        ("health", (GROUP, "health_check", "interval", 30), "stays in traffic for too long"),
        ("health", (SERVICE, GRACE, 0), "is killed before it is healthy"),
        ("health", (SERVICE, GRACE, 86_400), "so long that it hides failures"),
        ("health", (SERVICE, GRACE, 40), "is unhealthy when its grace period ends"),
        ("matcher", (GROUP, "health_check", "path", "/"), "another path"),
        ("matcher", (GROUP, "health_check", "matcher", "200-499"), "takes status codes"),
        ("matcher", (GROUP, "health_check", "protocol", "TCP"), "does not speak HTTP"),
        ("breaker", (SERVICE, "deployment_circuit_breaker", ()), "circuit breaker is off"),
        ("breaker", (SERVICE, "deployment_circuit_breaker", "rollback", False), "does not roll back"),
        ("alarms", (SERVICE, "alarms", ()), "no deployment listens"),
        ("alarms", (SERVICE, "alarms", "rollback", False), "alarms do not roll back"),
        ("alarms", (SERVICE, "alarms", "alarm_names", ("errors", "gone", "latency")), "gone is not in the plan"),
        ("alarms", (SERVICE, "alarms", "alarm_names", ("errors",)), "no alarm measures the latency"),
        ("alarms", ("errors", "threshold", 50), "error rate alarm has another limit"),
        ("alarms", ("latency", "period", 300), "latency alarm measures over another time"),
        ("alarms", ("errors", "datapoints_to_alarm", 3), "can't fire"),
        ("alarms", ("errors", "comparison_operator", "LessThanThreshold"), "fires when all is well"),
        ("alarms", ("errors", "metric_query", ONLY_ERRORS), "counts errors, and no rate"),
        ("alarms", ("latency", "extended_statistic", "p50"), "does not measure the slowest hundredth"),
        ("alarms", ("latency", "extended_statistic", MISSING), "does not measure the slowest hundredth"),
        ("alarms", ("latency", "treat_missing_data", "breaching"), "ignore one that rings as they begin"),
        ("image", ("aws_ecs_task_definition", "container_definitions", BY_TAG), "may run different images"),
        ("leaving", (GROUP, "deregistration_delay", MISSING), "deregistration delay is not written out"),
        ("leaving", ("aws_lb", "idle_timeout", 50), "idle timeout is not that of the rules"),
        ("times", (GROUP, "deregistration_delay", "0"), "delay is shorter than the longest request"),
        ("times", (GROUP, "deregistration_delay", "300"), "takes longer to leave"),
        ("times", ("aws_lb", "idle_timeout", 120), "keeps idle connections for longer"),
        ("progress", (SERVICE, MAXIMUM, 100), "can take no step"),
        ("progress", (SERVICE, GRACE, 0), "does not complete"),
        ("progress", (SERVICE, "desired_count", 0), "can take no step"),
        ("capacity", (SERVICE, MINIMUM, 0), "may stop more healthy tasks"),
        ("capacity", ("aws_appautoscaling_target", "min_capacity", 1), "may stop more healthy tasks"),
        ("reachable", (SERVICE, GRACE, 86_400), "never becomes healthy is not given up"),
        ("reachable", (SERVICE, "deployment_circuit_breaker", "enable", False), "exits at its start is not given up"),
        ("reachable", (SERVICE, "deployment_circuit_breaker", "rollback", False), "not given up and rolled back"),
    ],
)
def test_each_fault_is_found_for_its_own_reason(rule: str, change: tuple[Any, ...], words: str) -> None:
    findings = RULES[rule](planned(*change))
    assert [finding for finding in findings if words in finding.message]
    assert len(findings) == len(set(findings))
    assert all(finding.location.startswith(("infra/", "deploy/")) for finding in findings)


def test_a_service_without_a_load_balancer_has_no_checks_that_are_right() -> None:
    (finding,) = RULES["matcher"](planned(SERVICE, "load_balancer", ()))
    assert finding.message == "no load balancer checks the tasks"


def test_alarms_that_the_rules_do_not_name_are_not_asked_for() -> None:
    rules = policy().rollback
    assert rules
    alone = rules.model_copy(update={"triggers": ("circuit_breaker",)})
    assert unwired_alarms(planned(SERVICE, "alarms", ()), alone) == []


def test_what_the_plan_does_not_have_is_missing_and_not_right() -> None:
    with pytest.raises(PrerequisiteMissing, match="no ECS services of orders"):
        planned(without=(SERVICE,))
    with pytest.raises(PrerequisiteMissing, match="no target groups"):
        planned(without=(GROUP,))
    with pytest.raises(ObservationError, match="expected a number"):
        planned(GROUP, "deregistration_delay", "soon")


def test_what_is_computed_is_modelled() -> None:
    assert planned().modelled.substrate.assurance.label == "modelled"
    assert planned().substrate.assurance.label == "declared"


def without(*tables: str) -> Target:
    """Return the reference without some tables of its rules; with none named, without any rule for deployments."""
    target = reference()
    rules = policy().model_copy(update=dict.fromkeys(tables)) if tables else None
    whole = target.policy.model_copy(update={"deployments": rules})
    return replace(target, configuration=target.configuration.model_copy(update={"policy": whole}))


def test_rules_that_nobody_made_are_found() -> None:
    for rule in (missing_strategy, missing_thresholds, missing_rollback_rules):
        assert rule(reference()) == []
        assert rule(without())
    assert [each.message for each in missing_thresholds(without("shutdown"))] == [
        "no thresholds are defined for drain and stop"
    ]
    assert [each.message for each in missing_rollback_rules(without("rollback"))] == [
        "no triggers for a rollback are defined"
    ]


@pytest.mark.parametrize("consistency", ["", "enabled"])
def test_a_tag_that_ecs_resolves_once_is_one_image(consistency: str) -> None:
    container = {
        "name": "orders",
        "image": "shop/orders:7",
        **({"versionConsistency": consistency} if consistency else {}),
    }
    found = planned("aws_ecs_task_definition", "container_definitions", json.dumps([container]))
    assert drifting_versions(found) == []


def test_an_image_that_is_not_known_before_an_apply_is_not_judged() -> None:
    found = planned("aws_ecs_task_definition", "container_definitions", UNKNOWN)
    with pytest.raises(PrerequisiteMissing, match="not known before an apply"):
        drifting_versions(found)


def test_where_a_stack_has_no_task_definition_the_file_says_what_runs() -> None:
    found = planned(without=("aws_ecs_task_definition",))
    assert found.stacks[0].image.location.startswith("deploy/orders.task-definition.json:")
    assert drifting_versions(found) == []
