"""AWS's own answers judged as a plan is; what they lack is not assessed by name, what is none is refused in one line."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from botocore.model import ListShape, Shape, StructureShape

from exitgate.assurance import Assurance
from exitgate.checks.deployments import (
    inconsistent_health,
    inconsistent_shutdowns,
    lax_matchers,
    lost_capacity,
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
from exitgate.observe.ecs import task_definition_in
from tests.checks.deployments.plans import planned, policy
from tests.observe.deployment_settings.saved import ANSWERED_BY, ANSWERS, MISSING, REFERENCE, answered, own_workload

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
    "reachable": lambda found: unreachable_breakers(found, policy().rollback),  # type: ignore[arg-type]
}
SERVICE, GROUP = ("service", "services", 0), ("target_groups", "TargetGroups", 0)
HOW = (*SERVICE, "deploymentConfiguration")


@pytest.mark.parametrize("name", ANSWERS)
def test_the_answers_of_these_tests_have_the_shape_that_aws_documents(name: str) -> None:
    service, operation = ANSWERED_BY[name]
    shape = botocore.session.get_session().get_service_model(service).operation_model(operation).output_shape
    assert shape is not None
    assert strangers(shape, ANSWERS[name]) == []


def strangers(shape: Shape, value: Any) -> list[str]:
    """Return the keys that a value has and its documented shape does not."""
    if isinstance(shape, StructureShape):
        assert isinstance(value, dict)
        unknown = [key for key in value if key not in shape.members]
        return unknown + [s for k, v in value.items() if k in shape.members for s in strangers(shape.members[k], v)]
    if isinstance(shape, ListShape):
        return [stranger for each in value for stranger in strangers(shape.member, each)]
    return []


@pytest.mark.parametrize("rule", RULES)
def test_right_answers_have_no_finding(rule: str, tmp_path: Path) -> None:
    assert RULES[rule](answered(tmp_path)) == []


def test_answers_are_read_as_the_same_settings_as_a_plan(tmp_path: Path) -> None:
    by_answers, by_plan = answered(tmp_path).stacks[0].settings, planned().stacks[0].settings
    assert by_answers == by_plan


@pytest.mark.parametrize(
    ("rule", "change", "words", "file"),
    [
        ("strategy", (*SERVICE, "deploymentController", {"type": "CODE_DEPLOY"}), "deployment controller", "service"),
        ("strategy", (*HOW, "maximumPercent", 150), "maximum percent is not that of the rules", "service"),
        ("strategy", (*HOW, "strategy", "CANARY"), "strategy is not that of the rules", "service"),
        ("thresholds", (*GROUP, "UnhealthyThresholdCount", 10), "unhealthy count is not", "target_groups"),
        ("health", (*GROUP, "HealthCheckIntervalSeconds", 30), "stays in traffic for too long", "target_groups"),
        ("health", (*SERVICE, "healthCheckGracePeriodSeconds", 0), "is killed before it is healthy", "service"),
        ("health", (*SERVICE, "healthCheckGracePeriodSeconds", 86_400), "hides failures", "service"),
        ("matcher", (*GROUP, "HealthCheckPath", "/"), "another path", "target_groups"),
        ("matcher", (*GROUP, "Matcher", {"HttpCode": "200-499"}), "takes status codes", "target_groups"),
        ("matcher", (*GROUP, "HealthCheckProtocol", "TCP"), "does not speak HTTP", "target_groups"),
        ("matcher", (*SERVICE, "loadBalancers", []), "no load balancer checks the tasks", "service"),
        ("breaker", (*HOW, "deploymentCircuitBreaker", "enable", False), "circuit breaker is off", "service"),
        ("breaker", (*HOW, "deploymentCircuitBreaker", "rollback", False), "does not roll back", "service"),
        ("alarms", (*HOW, "alarms", "enable", False), "no deployment listens", "service"),
        ("alarms", (*HOW, "alarms", "alarmNames", ["errors", "gone", "latency"]), "gone is not in the plan", "service"),
        ("alarms", ("alarms", "MetricAlarms", 0, "Threshold", 50), "error rate alarm has another limit", "alarms"),
        ("alarms", ("alarms", "MetricAlarms", 1, "Period", 300), "measures over another time", "alarms"),
        (
            "alarms",
            ("alarms", "MetricAlarms", 1, "Dimensions", [{"Name": "TargetGroup", "Value": "targetgroup/web/1"}]),
            "measures something else",
            "alarms",
        ),
        (
            "leaving",
            ("target_group_attributes", "Attributes", 1, "Value", "300"),
            "deregistration delay is not that of the rules",
            "target_group_attributes",
        ),
        (
            "times",
            ("load_balancer_attributes", "Attributes", 1, "Value", "120"),
            "keeps idle connections for longer",
            "load_balancer_attributes",
        ),
        ("progress", (*HOW, "maximumPercent", 100), "can take no step", "service"),
        ("capacity", (*HOW, "minimumHealthyPercent", 0), "may stop more healthy tasks", "service"),
        ("capacity", ("scalable_targets", "ScalableTargets", 0, "MinCapacity", 1), "may stop more", "service"),
        ("reachable", (*HOW, "deploymentCircuitBreaker", "rollback", False), "is not given up", "service"),
    ],
)
def test_each_fault_is_found_in_its_own_file(
    rule: str, change: tuple[Any, ...], words: str, file: str, tmp_path: Path
) -> None:
    findings = RULES[rule](answered(tmp_path, *change))
    (finding,) = [each for each in findings if words in each.message][:1]
    assert finding.location.startswith(f"{file}.json:")
    assert finding.location != f"{file}.json:1"


@pytest.mark.parametrize(
    ("rule", "change", "topic"),
    [
        ("strategy", (*HOW, "maximumPercent", MISSING), "minimum healthy and maximum percent"),
        ("capacity", (*HOW, "minimumHealthyPercent", MISSING), "minimum healthy and maximum percent"),
        ("health", (*SERVICE, "healthCheckGracePeriodSeconds", MISSING), "health check grace period"),
        ("breaker", (*HOW, "deploymentCircuitBreaker", MISSING), "circuit breaker"),
        ("reachable", (*HOW, "deploymentCircuitBreaker", MISSING), "circuit breaker"),
        ("alarms", (*HOW, "alarms", MISSING), "alarms"),
        ("alarms", ("alarms", MISSING), "alarms"),
        ("alarms", ("alarms", "CompositeAlarms", [{"AlarmName": "errors"}]), "alarms"),
        ("thresholds", ("target_groups", MISSING), "load balancer's health check"),
        ("matcher", (*GROUP, "TargetGroupArn", "arn:of:another"), "load balancer's health check"),
        ("matcher", (*GROUP, "Matcher", {"GrpcCode": "12"}), "load balancer's health check"),
        ("leaving", ("target_group_attributes", MISSING), "deregistration delay"),
        ("times", ("target_group_attributes", "Attributes", 1, MISSING), "deregistration delay"),
        ("times", ("load_balancer_attributes", "Attributes", []), "load balancer's idle timeout"),
        ("progress", ("scalable_targets", MISSING), "smallest number of tasks"),
    ],
)
def test_what_an_answer_lacks_is_not_assessed_by_name(
    rule: str, change: tuple[Any, ...], topic: str, tmp_path: Path
) -> None:
    with pytest.raises(PrerequisiteMissing, match=f"nothing of the {topic} of orders.*Save what `aws "):
        RULES[rule](answered(tmp_path, *change))


def test_what_one_answer_lacks_leaves_the_others_to_be_judged(tmp_path: Path) -> None:
    found = answered(tmp_path, "target_groups", MISSING)
    assert RULES["breaker"](found) == []
    assert RULES["leaving"](found) == []


def test_an_answer_that_was_cut_short_says_nothing_of_an_alarm_that_is_not_in_it(tmp_path: Path) -> None:
    assert unwired_alarms(answered(tmp_path, "alarms", "NextToken", "more"), policy().rollback) == []  # type: ignore[arg-type]
    cut = {"alarms": json.dumps({"MetricAlarms": [], "NextToken": "more"}).encode()}
    with pytest.raises(PrerequisiteMissing, match="nothing of the alarms"):
        RULES["alarms"](answered(tmp_path, raw=cut))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", r"service\.json:1: no JSON"),
        (b"[]", "the whole: Input should be"),
        (b"{}", "services: Field required"),
        (b'{\n "TargetGroups": []}', "services: Field required"),
        ('{"services": []}'.encode("utf-16"), "can't be read"),
        (
            b'{"services": [\n{"serviceName": "orders",\n"status": "ACTIVE",\n"desiredCount": "two"}]}',
            r"\.json:4: services",
        ),
        (b"services:\n- serviceName: orders\n", "no JSON"),
        (b'{"services": [], "failures": [{"arn": "arn:x", "reason": "MISSING"}]}', "a failure: MISSING arn:x"),
    ],
)
def test_a_file_that_is_no_such_answer_is_refused_in_one_line(content: bytes, words: str, tmp_path: Path) -> None:
    with pytest.raises(ObservationError, match=words) as caught:
        answered(tmp_path, raw={"service": content})
    assert len(str(caught.value).splitlines()) == 1
    assert caught.value.subject.startswith("service.json")


@pytest.mark.parametrize("status", ["INACTIVE", "DRAINING"])
def test_a_service_that_was_deleted_is_none(status: str, tmp_path: Path) -> None:
    with pytest.raises(PrerequisiteMissing, match=r"the services of service\.json: no ECS services of orders"):
        answered(tmp_path, *SERVICE, "status", status)


def test_another_service_in_the_same_answer_is_left_alone(tmp_path: Path) -> None:
    other = {"serviceName": "web", "status": "ACTIVE", "desiredCount": 9}
    found = answered(tmp_path, "service", "services", [other, ANSWERS["service"]["services"][0]])
    assert found.stacks[0].settings.desired_count == 2
    assert "services[1]" in found.stacks[0].service.address


def test_answers_stand_beside_a_plan_and_both_are_judged(tmp_path: Path) -> None:
    both = planned().beside(answered(tmp_path, *HOW, "deploymentCircuitBreaker", "enable", False))
    (finding,) = unwired_breakers(both)
    assert finding.location.startswith("service.json:")
    assert both.substrate.assurance is Assurance.DECLARED
    assert "answers of the AWS CLI" in both.substrate.name


def test_a_described_task_definition_is_read_as_a_written_one() -> None:
    source = (REFERENCE / "deploy/orders.task-definition.json").read_text(encoding="utf-8")
    described = f'{{\n"tags": [],\n"taskDefinition":\n{source.strip()}\n}}'
    written, read = task_definition_in(source, "t.json", "orders"), task_definition_in(described, "t.json", "orders")
    assert read.settings == written.settings
    line = int(written.locate("stopTimeout").rpartition(":")[2])
    assert read.locate("stopTimeout") == f"t.json:{line + 3}"


def test_no_answer_of_ecs_goes_with_a_compose_file() -> None:
    with pytest.raises(ValueError, match="answers of ECS with compose"):
        type(own_workload("service")).model_validate(
            {
                "name": "orders",
                "path": "a",
                "dockerfile": "a/Dockerfile",
                "port": 1,
                "compose": "compose.yaml",
                "answers": {"service": "service.json"},
            }
        )
