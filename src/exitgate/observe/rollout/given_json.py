"""Settings of one ECS service in JSON: a plan (``terraform show -json``), or what the AWS CLI answered."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from exitgate.errors import UsageError
from exitgate.observe.deployment_settings.answers import Attributes, Services, TargetGroups, read_answer
from exitgate.observe.deployment_settings.saved import DELAY, IDLE

_Values = dict[str, Any]


def settings_in_json(file: Path, source: str, service: str) -> _Values:
    """Return the settings that a file tells of, by the names that they have in TOML.

    Raises:
        UsageError: if it is no JSON, nothing that is known here, or tells of no service or of several.
        ObservationError: if it is an answer of AWS in another shape than AWS gives.
    """
    try:
        found = json.loads(source)
    except (json.JSONDecodeError, RecursionError) as error:
        raise _refusal(file, f"no JSON: {error}", "JSON, or TOML") from error
    readers: Mapping[str, Callable[[], _Values]] = {
        "planned_values": lambda: _of_plan(file, found, service),
        "services": lambda: _of_services(file, service),
        "TargetGroups": lambda: _of_groups(file),
        "Attributes": lambda: _of_attributes(file),
        "taskDefinition": lambda: _of_task(found["taskDefinition"], service),
    }
    for key, read in readers.items():
        if isinstance(found, dict) and key in found:
            return {name: value for name, value in read().items() if value not in (None, "")}
    raise _refusal(
        file,
        f"JSON with {', '.join(list(found)[:5]) or 'nothing'}" if isinstance(found, dict) else "JSON that is no object",
        "what `terraform show -json PLAN` or an `aws … describe-…` of a service, its target groups or their attributes prints",
    )


def _of_services(file: Path, service: str) -> _Values:
    answer = read_answer(file.parent, file.name, Services, "aws ecs describe-services").answer
    own = _only(file, [each for each in answer.services if service in ("", each.service_name)], "services")
    how = own.deployment_configuration
    breaker = how.deployment_circuit_breaker
    return {
        "port": next((each.container_port for each in own.load_balancers if each.container_port), None),
        "desired_count": own.desired_count,
        "minimum_healthy_percent": how.minimum_healthy_percent,
        "maximum_percent": how.maximum_percent,
        "grace_period_s": own.health_check_grace_period_seconds,
        "circuit_breaker": breaker.enable if breaker else None,
        "rollback": (breaker.enable and breaker.rollback) if breaker else None,
    }


def _of_groups(file: Path) -> _Values:
    answer = read_answer(file.parent, file.name, TargetGroups, "aws elbv2 describe-target-groups").answer
    group = _only(file, answer.target_groups, "target groups")
    return {
        "health_path": group.health_check_path,
        "matcher": group.matcher.http_code,
        "interval_s": group.health_check_interval_seconds,
        "timeout_s": group.health_check_timeout_seconds,
        "healthy_count": group.healthy_threshold_count,
        "unhealthy_count": group.unhealthy_threshold_count,
    }


def _of_attributes(file: Path) -> _Values:
    answer = read_answer(file.parent, file.name, Attributes, "aws elbv2 describe-target-group-attributes").answer
    return {"deregistration_delay_s": answer.find(DELAY), "idle_timeout_s": answer.find(IDLE)}


def _of_task(task: Any, service: str) -> _Values:
    containers = task.get("containerDefinitions") if isinstance(task, dict) else None
    serving = [each for each in containers or () if isinstance(each, dict) and each.get("portMappings")]
    own = next((each for each in serving if each.get("name") == service), serving[0] if serving else {})
    return {
        "port": next((each.get("containerPort") for each in own.get("portMappings", ())), None),
        "stop_timeout_s": own.get("stopTimeout"),
    }


def _of_plan(file: Path, plan: Mapping[str, Any], service: str) -> _Values:
    resources = list(_resources(plan["planned_values"].get("root_module") or {}))
    services = [each for each in resources if each["type"] == "aws_ecs_service"]
    own = _only(file, [each for each in services if service in ("", each["values"].get("name"))], "ECS services")
    module = own["address"].rpartition("aws_ecs_service.")[0]
    beside = [each for each in resources if each["address"].startswith(module)]

    def values(*kinds: str) -> Mapping[str, Any]:
        found = [each["values"] for each in beside if each["type"] in kinds]
        found = found or [each["values"] for each in resources if each["type"] in kinds]
        return found[0] if len(found) == 1 else {}

    mine, group = own["values"], values("aws_lb_target_group")
    check = _block(group, "health_check")
    breaker = _block(mine, "deployment_circuit_breaker")
    written = values("aws_ecs_task_definition").get("container_definitions")
    task = _of_task({"containerDefinitions": json.loads(written)}, service) if isinstance(written, str) else {}
    return {
        **task,
        "port": task.get("port") or _block(mine, "load_balancer").get("container_port"),
        "desired_count": mine.get("desired_count"),
        "minimum_healthy_percent": mine.get("deployment_minimum_healthy_percent"),
        "maximum_percent": mine.get("deployment_maximum_percent"),
        "grace_period_s": mine.get("health_check_grace_period_seconds"),
        "circuit_breaker": breaker.get("enable"),
        "rollback": breaker.get("enable") and breaker.get("rollback"),
        "health_path": check.get("path"),
        "matcher": check.get("matcher"),
        "interval_s": check.get("interval"),
        "timeout_s": check.get("timeout"),
        "healthy_count": check.get("healthy_threshold"),
        "unhealthy_count": check.get("unhealthy_threshold"),
        "deregistration_delay_s": group.get("deregistration_delay"),
        "idle_timeout_s": values("aws_lb", "aws_alb").get("idle_timeout"),
    }


def _resources(module: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for each in module.get("resources") or ():
        if each.get("mode") == "managed" and isinstance(each.get("values"), dict):
            yield each
    for child in module.get("child_modules") or ():
        yield from _resources(child)


def _block(values: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = values.get(name)
    return found[0] if isinstance(found, list) and found and isinstance(found[0], dict) else {}


def _only(file: Path, found: Sequence[Any], noun: str) -> Any:
    if len(found) != 1:
        raise _refusal(file, f"{len(found) or 'no'} {noun}", "one; --service names which, where there are several")
    return found[0]


def _refusal(file: Path, got: str, expected: str) -> UsageError:
    return UsageError(f"--settings {file}", got=got, expected=expected, action="Name another file.")
