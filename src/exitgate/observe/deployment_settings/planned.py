"""How a workload's ECS service is planned to replace its tasks: the service, its target group, load balancer, alarms and scaling.

Source: Terraform, "JSON Output Format"; AWS provider, aws_ecs_service, aws_lb_target_group, aws_cloudwatch_metric_alarm. What a
plan does not know yet (ARNs) is told by what the code refers to, and by the module in which it stands.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from exitgate.assurance import Assurance
from exitgate.errors import ObservationError, PrerequisiteMissing
from exitgate.observe.deployment_settings.facts import AlarmFacts, DeployedImage, DeploymentSettings, PlannedDeployments
from exitgate.observe.task_definition import TaskDefinition
from exitgate.observe.terraform import Infrastructure, Reference, Resource, Stack, Unknown, Value
from exitgate.observe.terraform.resources import parsed
from exitgate.rollout.settings import Breaker, DeploymentAlarms, RolloutSettings, TargetCheck, ThresholdType
from exitgate.target import Workload


def read_planned_deployments(
    infrastructure: Infrastructure, workload: Workload, task: TaskDefinition
) -> PlannedDeployments:
    """Read how a workload is planned to be deployed, in each stack.

    Args:
        infrastructure: What the target's code plans.
        workload: Whose service.
        task: Its task definition, which says how its container is checked and stopped.

    Raises:
        PrerequisiteMissing: if a stack has no ECS service of the workload, or does not tell which target group is its.
        ObservationError: if a planned number is none.
    """
    return PlannedDeployments(
        substrate=replace(infrastructure.substrate, assurance=Assurance.DECLARED),
        workload=workload.name,
        stacks=tuple(read_stack(stack, workload, task) for stack in infrastructure.stacks),
        left_out=infrastructure.left_out,
    )


def read_stack(stack: Stack, workload: Workload, task: TaskDefinition, *, source: str = "") -> DeploymentSettings:
    """Read how a workload is deployed by one stack, or by what has a stack's form.

    Args:
        stack: With the workload's service, and what belongs to it.
        workload: Whose service.
        task: Its task definition.
        source: What messages call the stack; its plan where not given.

    Raises:
        PrerequisiteMissing: if it has no ECS service of the workload, or does not tell which target group is its.
        ObservationError: if a number is none.
    """
    service = _service(stack, workload, source or f"plan of stack {stack.name}")
    group = _target_group(stack, service)
    balancers = [each for each in stack.of("aws_lb", "aws_alb") if _text(each.get("load_balancer_type")) != "network"]
    balancer = balancers[0] if len(balancers) == 1 else None
    listened = _block(service, "alarms")
    names = tuple(_text(name) for name in _members(listened.get("alarm_names")))
    known = {_text(each.get("alarm_name")): each for each in stack.of("aws_cloudwatch_metric_alarm")}
    alarms = tuple(_alarm(known[name]) for name in names if name in known)
    delay = _number(group, group.get("deregistration_delay")) if group else None
    idle = _number(balancer, balancer.get("idle_timeout")) if balancer else None
    minimum = _number(service, service.get("deployment_minimum_healthy_percent"))
    maximum = _number(service, service.get("deployment_maximum_percent"))
    grace = _number(service, service.get("health_check_grace_period_seconds"))
    count = int(_number(service, service.get("desired_count")) or 0)
    check = _block(group, "health_check") if group else {}
    own = task.settings.health_check
    return DeploymentSettings(
        workload=workload.name,
        stack=stack.name,
        service=service,
        target_group=group,
        balancer=balancer,
        task=task,
        controller=_text(_block(service, "deployment_controller").get("type")) or None,
        strategy=_text(_block(service, "deployment_configuration").get("strategy")) or None,
        minimum_healthy_percent=minimum,
        maximum_percent=maximum,
        grace_period_s=grace,
        smallest_count=_smallest(stack, service, count),
        alarms=alarms,
        missing_alarms=tuple(name for name in names if name not in known),
        idle_timeout_s=idle,
        deregistration_delay_s=delay,
        health_protocol=_text(check.get("protocol")),
        image=_image(stack, service, task),
        settings=RolloutSettings(
            workload=workload.name,
            desired_count=count,
            minimum_healthy_percent=100 if minimum is None else int(minimum),
            maximum_percent=200 if maximum is None else int(maximum),
            grace_period_s=grace or 0.0,
            target_check=_target_check(group, check) if group else None,
            container_check=own if own and own.is_set else None,
            deregistration_delay_s=300.0 if delay is None else delay,
            stop_timeout_s=task.settings.stop_timeout_s,
            idle_timeout_s=60.0 if idle is None else idle,
            breaker=_breaker(service),
            alarms=DeploymentAlarms(
                enable=listened.get("enable") is True,
                rollback=listened.get("rollback") is True,
                names=names,
                bake_time_s=max((each.fires_after_s or 0.0 for each in alarms), default=0.0),
            ),
        ),
    )


def _service(stack: Stack, workload: Workload, source: str) -> Resource:
    services = stack.of("aws_ecs_service")
    container = workload.container_name
    own = [each for each in services if _text(_block(each, "load_balancer").get("container_name")) == container]
    own = own or [each for each in services if _text(each.get("name")) in (workload.name, container)]
    if len(own) != 1:
        raise PrerequisiteMissing(
            source,
            got=f"{len(own) or 'no'} ECS services of {workload.name}",
            expected=f"one, whose load balancer leads to the container {container} or whose name is {workload.name}",
            action="Name container and workload in exitgate.toml as they are named there.",
        )
    return own[0]


def _target_group(stack: Stack, service: Resource) -> Resource | None:
    if service.blocks("load_balancer") == ():
        return None
    groups = stack.of("aws_lb_target_group", "aws_alb_target_group")
    referred = service.references("load_balancer", 0, "target_group_arn") or ()
    own = [each for each in groups if each.address in referred]
    # Where what refers to what is not known, a target group that stands alone beside the service is its own.
    own = own or [each for each in groups if _module(each) == _module(service)]
    if len(own) != 1:
        raise PrerequisiteMissing(
            f"{service.address} in the plan of stack {stack.name}",
            got=f"{len(own) or 'no'} target groups that may be its own",
            expected="one that it refers to, or that stands alone beside it",
            action="Make the target group beside the service, or use a Terraform that names unknown values (1.11).",
        )
    return own[0]


def _module(resource: Resource) -> str:
    before, found, _ = resource.address.rpartition(f".{resource.type}.")
    return before if found else ""


def _smallest(stack: Stack, service: Resource, count: int) -> int:
    ending = f"/{_text(service.get('name'))}"
    bounds = [
        int(_number(each, each.get("min_capacity")) or 0)
        for each in stack.of("aws_appautoscaling_target")
        if _text(each.get("resource_id")).endswith(ending)
    ]
    return min((count, *bounds))


def _image(stack: Stack, service: Resource, task: TaskDefinition) -> DeployedImage:
    """Return what the plan's own task definition names; what the file does, where the stack has none."""
    referred = service.references("task_definition") or ()
    planned = [each for each in stack.of("aws_ecs_task_definition") if each.address in referred]
    planned = planned or [each for each in stack.of("aws_ecs_task_definition") if _module(each) == _module(service)]
    if len(planned) != 1:
        return DeployedImage(
            reference=task.image, version_consistency=task.version_consistency, location=task.locate("image")
        )
    location = planned[0].locate("container_definitions")
    containers = parsed(planned[0].get("container_definitions"))
    own = [each for each in containers if each.get("name") == task.container] if isinstance(containers, list) else []
    if len(own) != 1 or not isinstance(own[0].get("image"), str):
        return DeployedImage(reference=None, version_consistency="", location=location)
    consistency = str(own[0].get("versionConsistency") or "")
    return DeployedImage(reference=own[0]["image"], version_consistency=consistency, location=location)


def _target_check(group: Resource, check: Mapping[str, Value]) -> TargetCheck:
    def number(key: str, otherwise: float) -> float:
        found = _number(group, check.get(key))
        return otherwise if found is None else found

    default = TargetCheck(path="/")
    return TargetCheck(
        path=_text(check.get("path")) or default.path,
        matcher=_text(check.get("matcher")) or default.matcher,
        interval_s=number("interval", default.interval_s),
        timeout_s=number("timeout", default.timeout_s),
        healthy_count=int(number("healthy_threshold", default.healthy_count)),
        unhealthy_count=int(number("unhealthy_threshold", default.unhealthy_count)),
    )


_THRESHOLDS: tuple[ThresholdType, ...] = ("BOUNDED_PERCENT", "UNBOUNDED_PERCENT", "COUNT")


def _breaker(service: Resource) -> Breaker:
    block = _block(service, "deployment_circuit_breaker")
    configured = block.get("threshold_configuration")
    own = configured[0] if isinstance(configured, tuple) and configured and isinstance(configured[0], Mapping) else {}
    value = _number(service, own.get("value"))
    return Breaker(
        enable=block.get("enable") is True,
        rollback=block.get("rollback") is True,
        threshold_type=next((each for each in _THRESHOLDS if each == own.get("type")), "BOUNDED_PERCENT"),
        threshold_value=50 if value is None else int(value),
        reset_on_healthy_task=block.get("reset_on_healthy_task") is not False,
    )


def _alarm(own: Resource) -> AlarmFacts:
    queries = own.blocks("metric_query") or ()
    measured = [metric for query in queries for metric in _members(query.get("metric")) if isinstance(metric, Mapping)]
    names = [_text(own.get("metric_name")), *(_text(metric.get("metric_name")) for metric in measured)]
    periods = [_number(own, own.get("period")), *(_number(own, metric.get("period")) for metric in measured)]
    count, datapoints = _number(own, own.get("evaluation_periods")), _number(own, own.get("datapoints_to_alarm"))
    return AlarmFacts(
        name=_text(own.get("alarm_name")),
        resource=own,
        metrics=tuple(filter(None, names)),
        threshold=_number(own, own.get("threshold")),
        period_s=max((each for each in periods if each), default=None),
        periods=None if count is None else int(count),
        datapoints=int(datapoints) if datapoints else None,
        comparison=_text(own.get("comparison_operator")),
        on_missing_data=_text(own.get("treat_missing_data")),
        statistics=(
            *([_text(own.get("extended_statistic")) or _text(own.get("statistic"))] if own.get("metric_name") else ()),
            *(_text(metric.get("stat")) for metric in measured),
        ),
        reckons=len(measured) > 1 and any(query.get("expression") for query in queries),
        measures=_referred([own.get("dimensions"), *(metric.get("dimensions") for metric in measured)]),
    )


def _referred(dimensions: Sequence[Value]) -> tuple[str, ...] | None:
    found: set[str] = set()
    for each in filter(None, dimensions):
        values = list(each.values()) if isinstance(each, Mapping) else [each]
        if any(isinstance(value, Unknown) for value in values):
            return None
        found |= {value.address for value in values if isinstance(value, Reference)}
    return tuple(sorted(found))


def _block(resource: Resource, name: str) -> Mapping[str, Value]:
    """Return a nested block, empty where it is not there or not known."""
    return next(iter(resource.blocks(name) or ()), {})


def _members(value: Value) -> Iterator[Value]:
    if isinstance(value, Sequence) and not isinstance(value, str):
        yield from value


def _text(value: Value) -> str:
    return value if isinstance(value, str) else ""


def _number(resource: Resource, value: Value) -> float | None:
    """Return a number that may be written as text; None where it is not there or not known."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        return float(value)
    except ValueError as error:
        raise ObservationError(
            resource.locate(), got=repr(value), expected="a number", action="Correct the infrastructure code."
        ) from error
