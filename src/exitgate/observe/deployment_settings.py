"""How a workload's ECS service is planned to replace its tasks: the service, its target group, load balancer, alarms and scaling.

Source: Terraform, "JSON Output Format"; AWS provider, aws_ecs_service, aws_lb_target_group, aws_cloudwatch_metric_alarm. What a
plan does not know yet (ARNs) is told by what the code refers to, and by the module in which it stands.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from exitgate.assurance import Assurance
from exitgate.errors import PrerequisiteMissing
from exitgate.observation import Observation, Substrate
from exitgate.rollout.settings import Breaker, DeploymentAlarms, RolloutSettings, TargetCheck, ThresholdType
from exitgate.settings import HealthCheck

_INDEX = re.compile(r"\[[^\]]*\]")


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmFacts:
    """A CloudWatch alarm that a service's deployments listen to."""

    name: str
    address: str
    metrics: tuple[str, ...]
    """Of the load balancer, the target or ECS, e.g. ``HTTPCode_Target_5XX_Count``."""
    threshold: float | None
    period_s: float | None
    periods: int | None
    datapoints: int | None
    comparison: str
    on_missing_data: str

    @property
    def fires_after_s(self) -> float | None:
        """Seconds of trouble that it needs, one period more for the one that was half over; nothing where that is not known."""
        return (self.periods + 1) * self.period_s if self.periods and self.period_s else None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeploymentSettings(Observation):
    """One workload's service as one stack plans it. Nothing stands for what is not written out, or not known before an apply."""

    workload: str
    stack: str
    service: str
    """Address of the ECS service."""
    target_group: str
    """Address of the target group; the service's where it has none."""
    balancer: str
    """Address of the load balancer; the service's where the plan has none."""
    controller: str | None
    strategy: str | None
    minimum_healthy_percent: int | None
    maximum_percent: int | None
    grace_period_s: int | None
    smallest_count: int
    """Tasks, as scaling may go down to; the declared count where nothing scales."""
    alarms: tuple[AlarmFacts, ...]
    missing_alarms: tuple[str, ...]
    """Names that no alarm of the plan has."""
    idle_timeout_s: int | None
    deregistration_delay_s: int | None
    stop_timeout_s: float
    health_protocol: str
    settings: RolloutSettings
    """With ECS's defaults in the place of what is not written out."""

    def at(self, what: str, key: str) -> str:
        """Return where a setting stands: the stack, the resource, the argument."""
        return f"{self.stack}: {what}.{key}"


@dataclass(frozen=True, slots=True)
class _Resource:
    address: str
    kind: str
    values: Mapping[str, Any]

    @property
    def module(self) -> str:
        """The address of the module that it stands in; empty for the root."""
        return self.address.rpartition(f".{self.kind}.")[0] if f".{self.kind}." in self.address else ""

    @property
    def name(self) -> str:
        return _INDEX.sub("", self.address.rpartition(".")[2])

    def block(self, key: str) -> Mapping[str, Any]:
        """Return a nested block, empty where it is not there."""
        found = self.values.get(key)
        return found[0] if isinstance(found, list) and found and isinstance(found[0], dict) else {}


def read_deployment_settings(
    plan: Mapping[str, Any],
    stack: str,
    workload: str,
    container: str,
    *,
    health_check: HealthCheck | None,
    stop_timeout_s: float,
    substrate: Substrate | None = None,
) -> DeploymentSettings:
    """Read how a workload is planned to be deployed.

    Args:
        plan: What ``terraform show -json`` says of a plan.
        stack: The plan's name.
        workload: Also the name of the service, where its container tells nothing.
        container: The name of the workload's container.
        health_check: The task definition's own.
        stop_timeout_s: Its container's.
        substrate: What it is seen on, where that is more than the plan.

    Raises:
        PrerequisiteMissing: if the plan has no ECS service of the workload, or does not tell which target group is its.
    """
    resources = [
        _Resource(change["address"], change["type"], change["change"]["after"])
        for change in plan.get("resource_changes", ())
        if change.get("mode") == "managed" and isinstance(change["change"].get("after"), dict)
    ]
    service = _service(resources, stack, workload, container)
    group = _target_group(resources, service, plan, stack)
    balancers = [each for each in resources if each.kind in ("aws_lb", "aws_alb")]
    balancer = balancers[0] if len(balancers) == 1 else None
    listened = service.block("alarms")
    names = tuple(str(name) for name in listened.get("alarm_names") or ())
    known = {
        str(each.values.get("alarm_name")): each for each in resources if each.kind == "aws_cloudwatch_metric_alarm"
    }
    alarms = tuple(_alarm(known[name]) for name in names if name in known)
    delay = group.values.get("deregistration_delay") if group else None
    idle = balancer.values.get("idle_timeout") if balancer else None
    minimum = service.values.get("deployment_minimum_healthy_percent")
    maximum = service.values.get("deployment_maximum_percent")
    grace = service.values.get("health_check_grace_period_seconds")
    count = int(service.values.get("desired_count") or 0)
    check = group.block("health_check") if group else {}
    return DeploymentSettings(
        substrate=substrate
        or Substrate(
            assurance=Assurance.DECLARED,
            name=f"plan of stack {stack}",
            limits=("what is known only after an apply is told by what the code refers to",),
        ),
        workload=workload,
        stack=stack,
        service=service.address,
        target_group=group.address if group else service.address,
        balancer=balancer.address if balancer else service.address,
        controller=service.block("deployment_controller").get("type"),
        strategy=service.block("deployment_configuration").get("strategy"),
        minimum_healthy_percent=minimum,
        maximum_percent=maximum,
        grace_period_s=grace,
        smallest_count=_smallest(resources, service, count),
        alarms=alarms,
        missing_alarms=tuple(name for name in names if name not in known),
        idle_timeout_s=idle,
        deregistration_delay_s=int(delay) if delay is not None else None,
        stop_timeout_s=stop_timeout_s,
        health_protocol=str(check.get("protocol") or ""),
        settings=RolloutSettings(
            workload=workload,
            desired_count=count,
            minimum_healthy_percent=100 if minimum is None else int(minimum),
            maximum_percent=200 if maximum is None else int(maximum),
            grace_period_s=float(grace or 0),
            target_check=_target_check(group),
            container_check=health_check if health_check and health_check.is_set else None,
            deregistration_delay_s=300.0 if delay is None else float(delay),
            stop_timeout_s=stop_timeout_s,
            idle_timeout_s=60.0 if idle is None else float(idle),
            breaker=_breaker(service.block("deployment_circuit_breaker")),
            alarms=DeploymentAlarms(
                enable=bool(listened.get("enable")),
                rollback=bool(listened.get("rollback")),
                names=names,
                bake_time_s=max((each.fires_after_s or 0.0 for each in alarms), default=0.0),
            ),
        ),
    )


def _service(resources: list[_Resource], stack: str, workload: str, container: str) -> _Resource:
    services = [each for each in resources if each.kind == "aws_ecs_service"]
    own = [each for each in services if each.block("load_balancer").get("container_name") == container]
    own = own or [each for each in services if each.values.get("name") in (workload, container)]
    if len(own) != 1:
        raise PrerequisiteMissing(
            f"plan of stack {stack}",
            got=f"{len(own) or 'no'} ECS services of {workload}",
            expected=f"one, whose load balancer leads to the container {container} or whose name is {workload}",
            action="Name container and workload in exitgate.toml as the infrastructure code does.",
        )
    return own[0]


def _target_group(
    resources: list[_Resource], service: _Resource, plan: Mapping[str, Any], stack: str
) -> _Resource | None:
    if not service.block("load_balancer"):
        return None
    groups = [each for each in resources if each.kind in ("aws_lb_target_group", "aws_alb_target_group")]
    given = service.block("load_balancer").get("target_group_arn")
    if given is not None and (same := [each for each in groups if each.values.get("arn") == given]):
        return same[0]
    near = [each for each in groups if each.module == service.module]
    if len(near) > 1:
        referred = _references(plan, service)
        near = [each for each in near if f"{each.kind}.{each.name}" in referred]
    if len(near) != 1:
        raise PrerequisiteMissing(
            f"{service.address} in the plan of stack {stack}",
            got=f"{len(near) or 'no'} target groups that may be its own",
            expected="one, in the same module or referred to by the service",
            action="Make the target group beside the service.",
        )
    return near[0]


def _references(plan: Mapping[str, Any], service: _Resource) -> set[str]:
    """Return what the code of a service's load balancer block refers to, as ``type.name``."""
    module = plan.get("configuration", {}).get("root_module", {})
    for name in _INDEX.sub("", service.module).split("."):
        if name and name != "module":
            module = module.get("module_calls", {}).get(name, {}).get("module", {})
    found: set[str] = set()
    for each in module.get("resources", ()):
        if each.get("type") == service.kind and each.get("name") == service.name:
            for block in each.get("expressions", {}).get("load_balancer", ()):
                for reference in block.get("target_group_arn", {}).get("references", ()):
                    found.add(".".join(_INDEX.sub("", reference).split(".")[:2]))
    return found


def _smallest(resources: list[_Resource], service: _Resource, count: int) -> int:
    ending = f"/{service.values.get('name')}"
    bounds = [
        int(each.values.get("min_capacity") or 0)
        for each in resources
        if each.kind == "aws_appautoscaling_target" and str(each.values.get("resource_id", "")).endswith(ending)
    ]
    return min((count, *bounds))


def _target_check(group: _Resource | None) -> TargetCheck | None:
    if group is None:
        return None
    check = group.block("health_check")
    default = TargetCheck(path="/")
    return TargetCheck(
        path=str(check.get("path") or default.path),
        matcher=str(check.get("matcher") or default.matcher),
        interval_s=float(check.get("interval") or default.interval_s),
        timeout_s=float(check.get("timeout") or default.timeout_s),
        healthy_count=int(check.get("healthy_threshold") or default.healthy_count),
        unhealthy_count=int(check.get("unhealthy_threshold") or default.unhealthy_count),
    )


def _breaker(block: Mapping[str, Any]) -> Breaker:
    configured = block.get("threshold_configuration")
    threshold = configured[0] if isinstance(configured, list) and configured else {}
    kind: ThresholdType = threshold.get("type", "BOUNDED_PERCENT")
    reset = block.get("reset_on_healthy_task")
    return Breaker(
        enable=bool(block.get("enable")),
        rollback=bool(block.get("rollback")),
        threshold_type=kind,
        threshold_value=int(threshold.get("value", 50)),
        reset_on_healthy_task=True if reset is None else bool(reset),
    )


def _alarm(own: _Resource) -> AlarmFacts:
    queries = [query for query in own.values.get("metric_query") or () if isinstance(query, dict)]
    measured = [metric for query in queries for metric in query.get("metric") or ()]
    names = [own.values.get("metric_name"), *(metric.get("metric_name") for metric in measured)]
    periods = [own.values.get("period"), *(metric.get("period") for metric in measured)]
    period = max((float(each) for each in periods if each), default=None)
    threshold, count = own.values.get("threshold"), own.values.get("evaluation_periods")
    datapoints = own.values.get("datapoints_to_alarm")
    return AlarmFacts(
        name=str(own.values.get("alarm_name")),
        address=own.address,
        metrics=tuple(str(name) for name in names if name),
        threshold=None if threshold is None else float(threshold),
        period_s=period,
        periods=None if count is None else int(count),
        datapoints=int(datapoints) if datapoints else None,
        comparison=str(own.values.get("comparison_operator") or ""),
        on_missing_data=str(own.values.get("treat_missing_data") or ""),
    )
