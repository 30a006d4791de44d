"""A workload's service as AWS says that it is: saved answers of the AWS CLI, put into the form that a plan has.

So they are read, and judged, by what reads and judges a plan. A value that an answer lacks has no default here: AWS would have
answered with it, so it is told by name as what is not known.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel

from exitgate.assurance import Assurance
from exitgate.errors import ObservationError
from exitgate.observation import Substrate
from exitgate.observe.deployment_settings.answers import (
    AlarmAnswer,
    AlarmAnswers,
    AnswerFile,
    Dimension,
    MetricQuery,
    ServiceAnswer,
    Services,
)
from exitgate.observe.deployment_settings.facts import PlannedDeployments
from exitgate.observe.deployment_settings.planned import read_stack
from exitgate.observe.deployment_settings.saved import (
    DELAY,
    IDLE,
    SavedAnswers,
    own_group,
    place_of_attribute,
    read_saved,
    read_unanswered,
)
from exitgate.observe.task_definition import TaskDefinition
from exitgate.observe.terraform import Reference, Resource, Stack, Value
from exitgate.target import Answers, Workload

_Answer = TypeVar("_Answer", bound=BaseModel)


def read_answered_deployments(
    root: Path, workload: Workload, answers: Answers, task: TaskDefinition
) -> PlannedDeployments:
    """Read how a workload is deployed by the answers that AWS gave.

    Args:
        root: The target.
        workload: Whose service.
        answers: The files that the target names.
        task: Its task definition.

    Raises:
        PrerequisiteMissing: if none of the services is the workload's, or several are.
        ObservationError: if a file is not such an answer, or says that ECS did not find the service.
    """
    saved = read_saved(root, answers)
    own = _active(saved.services)
    stack = Stack(name="answers", named=True, resources=tuple(_resources(saved, own, workload)))
    settings = read_stack(stack, workload, task, source=f"the services of {saved.services.path}")
    return PlannedDeployments(
        substrate=Substrate(
            assurance=Assurance.DECLARED,
            name="answers of the AWS CLI that the target holds",
            limits=(
                "of which account and moment the saved answers are, they don't say",
                "which target group or load balancer an answer on attributes is of, it does not say: exitgate.toml does",
            ),
        ),
        workload=workload.name,
        stacks=(
            replace(
                settings,
                unanswered=tuple(read_unanswered(saved, own[_position(settings.service)], workload)),
                elsewhere=(("deregistration_delay", f"{delay.path}:{delay.line(*place_of_attribute(delay, DELAY))}"),)
                if (delay := saved.group_attributes)
                else (),
            ),
        ),
    )


def _active(file: AnswerFile[Services]) -> Mapping[int, ServiceAnswer]:
    """Return the services that run, by their position.

    Raises:
        ObservationError: if ECS did not find what was asked for.
    """
    for index, failure in enumerate(file.answer.failures):
        raise ObservationError(
            f"{file.path}:{file.line('failures', index)}",
            got=f"a failure: {failure.reason} {failure.arn}",
            expected="the service, described",
            action="Ask again with the service's own cluster, region and account.",
        )
    # ECS goes on describing a service for a while after it was deleted.
    return {index: each for index, each in enumerate(file.answer.services) if each.status == "ACTIVE"}


def _position(service: Resource) -> int:
    return int(service.address.rpartition("[")[2].rstrip("]"))


def _resources(saved: SavedAnswers, own: Mapping[int, ServiceAnswer], workload: Workload) -> Iterator[Resource]:
    """Yield every service that runs, and beside the workload's what belongs to it."""
    for index, each in own.items():
        yield _service(saved.services, index, each)
    mine = next((index for index, each in own.items() if _is_of(each, workload)), None)
    if mine is not None and own[mine].load_balancers:
        yield _target_group(saved, mine, own[mine])
        yield _balancer(saved, mine)
    if saved.alarms:
        for index, alarm in enumerate(saved.alarms.answer.metric_alarms):
            yield _alarm(saved.alarms, index, alarm)
    if saved.scaling:
        for index, target in enumerate(saved.scaling.answer.scalable_targets):
            values: dict[str, Value] = {"resource_id": target.resource_id, "min_capacity": target.min_capacity}
            at = ("ScalableTargets", index)
            yield _resource(saved.scaling, at, "aws_appautoscaling_target", target.resource_id, values)


def _is_of(service: ServiceAnswer, workload: Workload) -> bool:
    """Say whether a service may be the workload's; whether it is the only one, who reads the whole says."""
    containers = {each.container_name for each in service.load_balancers}
    return workload.container_name in {*containers, service.service_name} or workload.name == service.service_name


def _service(file: AnswerFile[Services], index: int, own: ServiceAnswer) -> Resource:
    at, how = ("services", index), own.deployment_configuration
    breaker, alarms = how.deployment_circuit_breaker, how.alarms
    threshold = breaker.threshold_configuration if breaker else None
    values: dict[str, Value] = {
        "name": own.service_name,
        "desired_count": own.desired_count,
        "deployment_minimum_healthy_percent": how.minimum_healthy_percent,
        "deployment_maximum_percent": how.maximum_percent,
        "health_check_grace_period_seconds": own.health_check_grace_period_seconds,
        "deployment_controller": ({"type": own.deployment_controller.type},),
        "deployment_configuration": ({"strategy": how.strategy},),
        "load_balancer": tuple(
            {
                "container_name": each.container_name,
                "target_group_arn": Reference(_group_name(each.target_group_arn), "arn"),
            }
            for each in own.load_balancers
        ),
    }
    if breaker:
        values["deployment_circuit_breaker"] = (
            {
                "enable": breaker.enable,
                "rollback": breaker.rollback,
                "reset_on_healthy_task": breaker.reset_on_healthy_task,
                "threshold_configuration": ({"type": threshold.type, "value": threshold.value},) if threshold else (),
            },
        )
    if alarms:
        listened: dict[str, Value] = {"enable": alarms.enable, "rollback": alarms.rollback}
        values["alarms"] = ({**listened, "alarm_names": tuple(alarms.alarm_names)},)
    lines = {
        "deployment_minimum_healthy_percent": ("deploymentConfiguration", "minimumHealthyPercent"),
        "deployment_maximum_percent": ("deploymentConfiguration", "maximumPercent"),
        "health_check_grace_period_seconds": ("healthCheckGracePeriodSeconds",),
        "deployment_controller": ("deploymentController",),
        "deployment_configuration": ("deploymentConfiguration",),
        "deployment_circuit_breaker": ("deploymentConfiguration", "deploymentCircuitBreaker"),
        "alarms": ("deploymentConfiguration", "alarms"),
        "load_balancer": ("loadBalancers",),
    }
    return _resource(file, at, "aws_ecs_service", f"services[{index}]", values, lines)


def _group_name(arn: str) -> str:
    return f"target group {arn.rpartition(':')[2]}"


def _target_group(saved: SavedAnswers, index: int, service: ServiceAnswer) -> Resource:
    """Return the service's target group, empty where no answer tells of it."""
    arn = service.load_balancers[0].target_group_arn
    kind, name, delay = "aws_lb_target_group", _group_name(arn), saved.group_attributes
    values: dict[str, Value] = {"deregistration_delay": delay.answer.find(DELAY) or None} if delay else {}
    number, group = own_group(saved, service)
    if group is None or saved.groups is None:
        return _resource(saved.services, ("services", index, "loadBalancers"), kind, name, values)
    values["health_check"] = (
        {
            "path": group.health_check_path,
            "matcher": group.matcher.http_code,
            "protocol": group.health_check_protocol,
            "interval": group.health_check_interval_seconds,
            "timeout": group.health_check_timeout_seconds,
            "healthy_threshold": group.healthy_threshold_count,
            "unhealthy_threshold": group.unhealthy_threshold_count,
        },
    )
    return _resource(saved.groups, ("TargetGroups", number), kind, name, values)


def _balancer(saved: SavedAnswers, index: int) -> Resource:
    told = saved.balancer_attributes
    if told is None:
        return _resource(saved.services, ("services", index, "loadBalancers"), "aws_lb", "load balancer", {})
    values: dict[str, Value] = {"idle_timeout": told.answer.find(IDLE) or None}
    return _resource(told, place_of_attribute(told, IDLE), "aws_lb", "load balancer", values)


def _alarm(file: AnswerFile[AlarmAnswers], index: int, own: AlarmAnswer) -> Resource:
    values: dict[str, Value] = {
        "alarm_name": own.alarm_name,
        "metric_name": own.metric_name,
        "statistic": own.statistic,
        "extended_statistic": own.extended_statistic,
        "period": own.period,
        "evaluation_periods": own.evaluation_periods,
        "datapoints_to_alarm": own.datapoints_to_alarm,
        "threshold": own.threshold,
        "comparison_operator": own.comparison_operator,
        "treat_missing_data": own.treat_missing_data,
        "dimensions": _measured(own.dimensions),
        "metric_query": tuple(_query(query) for query in own.metrics),
    }
    lines = {"threshold": ("Threshold",), "dimensions": ("Dimensions",)}
    return _resource(file, ("MetricAlarms", index), "aws_cloudwatch_metric_alarm", own.alarm_name, values, lines)


def _measured(dimensions: Sequence[Dimension]) -> Value:
    # CloudWatch tells a target group by the last part of its ARN.
    groups = [each for each in dimensions if each.name == "TargetGroup"]
    return {each.name: Reference(f"target group {each.value}", "arn_suffix") for each in groups}


def _query(query: MetricQuery) -> Value:
    own = query.metric_stat
    if own is None:
        return {"expression": query.expression}
    metric: dict[str, Value] = {"metric_name": own.metric.metric_name, "stat": own.stat, "period": own.period}
    return {"metric": ({**metric, "dimensions": _measured(own.metric.dimensions)},)}


def _resource(
    file: AnswerFile[_Answer],
    at: tuple[str | int, ...],
    kind: str,
    address: str,
    values: Mapping[str, Value],
    lines: Mapping[str, tuple[str, ...]] | None = None,
) -> Resource:
    return Resource(
        address=address,
        type=kind,
        values=values,
        path=file.path,
        line=file.line(*at),
        lines=tuple((key, file.line(*at, *keys)) for key, keys in (lines or {}).items()),
    )
