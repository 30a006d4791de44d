"""A target that holds answers of AWS on a service like the reference's, of which a test changes one thing."""

from __future__ import annotations

import json
from copy import deepcopy
from pathlib import Path
from typing import Any

from exitgate.observe.deployment_settings import PlannedDeployments, read_answered_deployments
from exitgate.observe.workload_settings import read_workload_settings
from exitgate.target import Answers, Workload

REFERENCE = Path(__file__).parents[3] / "reference"
MISSING = object()
REGION = "arn:aws:elasticloadbalancing:eu-central-1:123456789012"
GROUP_ARN = f"{REGION}:targetgroup/orders/73e2d6bc24d8a067"
DIMENSIONS = [
    {"Name": "LoadBalancer", "Value": "app/shop/50dc6c495c0c9188"},
    {"Name": "TargetGroup", "Value": "targetgroup/orders/73e2d6bc24d8a067"},
]
ANSWERS: dict[str, Any] = {
    "service": {
        "services": [
            {
                "serviceArn": "arn:aws:ecs:eu-central-1:123456789012:service/shop/orders",
                "serviceName": "orders",
                "clusterArn": "arn:aws:ecs:eu-central-1:123456789012:cluster/shop",
                "loadBalancers": [{"targetGroupArn": GROUP_ARN, "containerName": "orders", "containerPort": 3000}],
                "status": "ACTIVE",
                "desiredCount": 2,
                "runningCount": 2,
                "pendingCount": 0,
                "launchType": "FARGATE",
                "taskDefinition": "arn:aws:ecs:eu-central-1:123456789012:task-definition/orders:7",
                "deploymentConfiguration": {
                    "deploymentCircuitBreaker": {"enable": True, "rollback": True},
                    "maximumPercent": 200,
                    "minimumHealthyPercent": 100,
                    "alarms": {"alarmNames": ["errors", "latency"], "rollback": True, "enable": True},
                    "strategy": "ROLLING",
                },
                "healthCheckGracePeriodSeconds": 60,
                "schedulingStrategy": "REPLICA",
                "deploymentController": {"type": "ECS"},
            }
        ],
        "failures": [],
    },
    "target_groups": {
        "TargetGroups": [
            {
                "TargetGroupArn": GROUP_ARN,
                "TargetGroupName": "orders",
                "Protocol": "HTTP",
                "Port": 3000,
                "HealthCheckProtocol": "HTTP",
                "HealthCheckPort": "traffic-port",
                "HealthCheckEnabled": True,
                "HealthCheckIntervalSeconds": 10,
                "HealthCheckTimeoutSeconds": 3,
                "HealthyThresholdCount": 2,
                "UnhealthyThresholdCount": 3,
                "HealthCheckPath": "/healthz",
                "Matcher": {"HttpCode": "200"},
                "TargetType": "ip",
            }
        ]
    },
    "target_group_attributes": {
        "Attributes": [
            {"Key": "stickiness.enabled", "Value": "false"},
            {"Key": "deregistration_delay.timeout_seconds", "Value": "30"},
        ]
    },
    "load_balancer_attributes": {
        "Attributes": [
            {"Key": "deletion_protection.enabled", "Value": "true"},
            {"Key": "idle_timeout.timeout_seconds", "Value": "60"},
        ]
    },
    "alarms": {
        "MetricAlarms": [
            {
                "AlarmName": "errors",
                "EvaluationPeriods": 2,
                "DatapointsToAlarm": 2,
                "Threshold": 1.0,
                "ComparisonOperator": "GreaterThanThreshold",
                "TreatMissingData": "notBreaching",
                "Metrics": [
                    {"Id": "rate", "Expression": "100 * errors / requests", "ReturnData": True},
                    {
                        "Id": "errors",
                        "MetricStat": {
                            "Metric": {
                                "Namespace": "AWS/ApplicationELB",
                                "MetricName": "HTTPCode_Target_5XX_Count",
                                "Dimensions": DIMENSIONS,
                            },
                            "Period": 60,
                            "Stat": "Sum",
                        },
                        "ReturnData": False,
                    },
                    {
                        "Id": "requests",
                        "MetricStat": {
                            "Metric": {
                                "Namespace": "AWS/ApplicationELB",
                                "MetricName": "RequestCount",
                                "Dimensions": DIMENSIONS,
                            },
                            "Period": 60,
                            "Stat": "Sum",
                        },
                        "ReturnData": False,
                    },
                ],
            },
            {
                "AlarmName": "latency",
                "MetricName": "TargetResponseTime",
                "Namespace": "AWS/ApplicationELB",
                "ExtendedStatistic": "p99",
                "Dimensions": DIMENSIONS,
                "Period": 60,
                "EvaluationPeriods": 2,
                "Threshold": 1.0,
                "ComparisonOperator": "GreaterThanThreshold",
                "TreatMissingData": "notBreaching",
            },
        ],
        "CompositeAlarms": [],
    },
    "scalable_targets": {
        "ScalableTargets": [
            {
                "ServiceNamespace": "ecs",
                "ResourceId": "service/shop/orders",
                "ScalableDimension": "ecs:service:DesiredCount",
                "MinCapacity": 2,
                "MaxCapacity": 8,
            }
        ]
    },
}
ANSWERED_BY = {
    "service": ("ecs", "DescribeServices"),
    "target_groups": ("elbv2", "DescribeTargetGroups"),
    "target_group_attributes": ("elbv2", "DescribeTargetGroupAttributes"),
    "load_balancer_attributes": ("elbv2", "DescribeLoadBalancerAttributes"),
    "alarms": ("cloudwatch", "DescribeAlarms"),
    "scalable_targets": ("application-autoscaling", "DescribeScalableTargets"),
}


def changed(*change: Any) -> dict[str, Any]:
    """Return the answers; `change` is the file, the keys to a value, and the value (`MISSING` for none)."""
    answers = deepcopy(ANSWERS)
    if change:
        *keys, last, value = change
        place: Any = answers
        for key in keys:
            place = place[key]
        if value is MISSING:
            del place[last]
        else:
            place[last] = value
    return answers


def answered(folder: Path, *change: Any, raw: dict[str, bytes] | None = None) -> PlannedDeployments:
    """Read the answers, as they lie in a folder; `raw` are files as they are."""
    given = changed(*change)
    for name, answer in given.items():
        (folder / f"{name}.json").write_text(json.dumps(answer, indent=4), encoding="utf-8")
    for name, content in (raw or {}).items():
        (folder / f"{name}.json").write_bytes(content)
    workload = own_workload(*given)
    assert workload.answers
    task = read_workload_settings(REFERENCE, workload)
    return read_answered_deployments(folder, workload, workload.answers, task)


def own_workload(*names: str) -> Workload:
    """Return the workload, for which those files are named."""
    return Workload(
        name="orders",
        path="apps/orders",
        dockerfile="apps/orders/Dockerfile",
        port=3000,
        task_definition="deploy/orders.task-definition.json",
        answers=Answers(**{name: f"{name}.json" for name in names}),
    )
