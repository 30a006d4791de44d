"""A planned service like the reference's, of which a test changes one thing."""

from __future__ import annotations

import json
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any

from exitgate.assurance import Assurance
from exitgate.observation import Substrate
from exitgate.observe.deployment_settings import PlannedDeployments, read_planned_deployments
from exitgate.observe.terraform import Infrastructure, Reference, Resource, Stack
from exitgate.observe.workload_settings import read_workload_settings
from exitgate.policy import DeploymentPolicy
from exitgate.target import Target, load_target

REFERENCE = Path(__file__).parents[3] / "reference"
GROUP = "module.service.aws_lb_target_group.this"
DIMENSIONS = {"TargetGroup": Reference(GROUP, "arn_suffix")}
MISSING = object()

VALUES: dict[str, dict[str, Any]] = {
    "aws_ecs_service": {
        "name": "orders",
        "desired_count": 2,
        "deployment_minimum_healthy_percent": 100,
        "deployment_maximum_percent": 200,
        "health_check_grace_period_seconds": 60,
        "deployment_controller": ({"type": "ECS"},),
        "deployment_circuit_breaker": ({"enable": True, "rollback": True},),
        "alarms": ({"enable": True, "rollback": True, "alarm_names": ("errors", "latency")},),
        "load_balancer": ({"container_name": "orders", "target_group_arn": Reference(GROUP, "arn")},),
    },
    "aws_lb_target_group": {
        "deregistration_delay": "30",
        "health_check": (
            {
                "path": "/healthz",
                "matcher": "200",
                "protocol": "HTTP",
                "interval": 10,
                "timeout": 3,
                "healthy_threshold": 2,
                "unhealthy_threshold": 3,
            },
        ),
    },
    "aws_lb": {"load_balancer_type": "application", "idle_timeout": 60},
    "errors": {
        "alarm_name": "errors",
        "comparison_operator": "GreaterThanThreshold",
        "threshold": 1,
        "evaluation_periods": 2,
        "datapoints_to_alarm": 2,
        "metric_query": (
            {"expression": "100 * errors / requests"},
            {
                "metric": (
                    {"metric_name": "HTTPCode_Target_5XX_Count", "period": 60, "dimensions": DIMENSIONS},
                    {"metric_name": "RequestCount", "period": 60, "dimensions": DIMENSIONS},
                )
            },
        ),
    },
    "latency": {
        "alarm_name": "latency",
        "comparison_operator": "GreaterThanThreshold",
        "threshold": 1,
        "evaluation_periods": 2,
        "metric_name": "TargetResponseTime",
        "extended_statistic": "p99",
        "period": 60,
        "dimensions": DIMENSIONS,
    },
    "aws_ecs_task_definition": {
        "container_definitions": json.dumps([{"name": "orders", "image": f"shop/orders@sha256:{'0' * 64}"}])
    },
    "aws_appautoscaling_target": {"resource_id": "service/shop/orders", "min_capacity": 2, "max_capacity": 8},
}


@cache
def reference() -> Target:
    return load_target(REFERENCE)


def policy() -> DeploymentPolicy:
    rules = reference().policy.deployments
    assert rules
    return rules


def planned(*change: Any, without: tuple[str, ...] = ()) -> PlannedDeployments:
    """Return the planned service; `change` is the resource, the keys to a value, and the value (`MISSING` for none)."""
    values = {key: each for key, each in deepcopy(VALUES).items() if key not in without}
    if change:
        *keys, last, value = change
        place: Any = values
        for key in keys:
            place = place[key][0] if isinstance(place[key], tuple) else place[key]
        place.pop(last, None)
        if value is not MISSING:
            place[last] = value
    resources = tuple(_resource(key, each) for key, each in values.items())
    workload = reference().workload("orders")
    substrate = Substrate(assurance=Assurance.DECLARED, name="plan")
    # The same in both stacks: what is found in both is told once.
    stacks = tuple(Stack(name=name, resources=resources, named=True) for name in ("staging", "production"))
    infrastructure = Infrastructure(substrate=substrate, stacks=stacks)
    return read_planned_deployments(infrastructure, workload, read_workload_settings(REFERENCE, workload))


def _resource(key: str, values: dict[str, Any]) -> Resource:
    kind = key if key.startswith("aws_") else "aws_cloudwatch_metric_alarm"
    name = "this" if key == kind else key
    return Resource(
        address=f"module.service.{kind}.{name}", type=kind, values=values, path=f"infra/{kind}.tf", line=1, lines=()
    )
