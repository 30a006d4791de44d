"""Answers of the AWS CLI in JSON, each as the command prints it; a file that is none is refused in one line.

Source: API references of Amazon ECS (DescribeServices), Elastic Load Balancing v2 (DescribeTargetGroups, Describe…Attributes),
CloudWatch (DescribeAlarms) and Application Auto Scaling (DescribeScalableTargets). AWS adds keys every year: unknown ones are
left alone.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel, to_pascal

from exitgate.errors import ObservationError, one_line
from exitgate.observe.json_source import line_of_key


class _Camel(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True, populate_by_name=True, alias_generator=to_camel)


class _Pascal(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True, populate_by_name=True, alias_generator=to_pascal)


class ThresholdAnswer(_Camel):
    """When the circuit breaker gives up."""

    type: str
    value: int


class BreakerAnswer(_Camel):
    """The circuit breaker."""

    enable: bool
    rollback: bool
    reset_on_healthy_task: bool = True
    threshold_configuration: ThresholdAnswer | None = None


class ListenedAlarms(_Camel):
    """The alarms that deployments listen to."""

    alarm_names: tuple[str, ...]
    enable: bool
    rollback: bool


class DeploymentConfiguration(_Camel):
    """How tasks are replaced."""

    deployment_circuit_breaker: BreakerAnswer | None = None
    maximum_percent: int | None = None
    minimum_healthy_percent: int | None = None
    alarms: ListenedAlarms | None = None
    strategy: str = ""


class Controller(_Camel):
    """Who replaces tasks."""

    # "If no deployment controller is specified, the default value of ECS is used" (API reference, CreateService).
    type: str = "ECS"


class ServiceTarget(_Camel):
    """A target group of a service."""

    target_group_arn: str = ""
    container_name: str = ""
    container_port: int = 0


class ServiceAnswer(_Camel):
    """A service."""

    service_name: str
    status: str
    desired_count: int
    deployment_configuration: DeploymentConfiguration = DeploymentConfiguration()
    health_check_grace_period_seconds: int | None = None
    load_balancers: tuple[ServiceTarget, ...] = ()
    deployment_controller: Controller = Controller()


class FailureAnswer(_Camel):
    """What ECS could not describe."""

    arn: str = ""
    reason: str = ""


class Services(_Camel):
    """Of ``aws ecs describe-services``."""

    services: tuple[ServiceAnswer, ...]
    failures: tuple[FailureAnswer, ...] = ()


class Matcher(_Pascal):
    """The codes that mean healthy; gRPC's are others."""

    http_code: str = ""


class TargetGroupAnswer(_Pascal):
    """A target group."""

    target_group_arn: str
    target_group_name: str
    health_check_protocol: str = ""
    health_check_interval_seconds: int | None = None
    health_check_timeout_seconds: int | None = None
    healthy_threshold_count: int | None = None
    unhealthy_threshold_count: int | None = None
    health_check_path: str = ""
    matcher: Matcher = Matcher()


class TargetGroups(_Pascal):
    """Of ``aws elbv2 describe-target-groups``."""

    target_groups: tuple[TargetGroupAnswer, ...]


class Attribute(_Pascal):
    """A name and a value."""

    key: str
    value: str = ""


class Attributes(_Pascal):
    """Of ``aws elbv2 describe-target-group-attributes`` and ``describe-load-balancer-attributes``."""

    attributes: tuple[Attribute, ...]

    def find(self, key: str) -> str:
        """Return a value; empty where there is none."""
        return next((each.value for each in self.attributes if each.key == key), "")


class Dimension(_Pascal):
    """What a metric is of."""

    name: str
    value: str


class Metric(_Pascal):
    """What is measured."""

    metric_name: str
    dimensions: tuple[Dimension, ...] = ()


class MetricStat(_Pascal):
    """A metric over time."""

    metric: Metric
    period: int
    stat: str = ""


class MetricQuery(_Pascal):
    """One of the metrics that an alarm reckons with; an expression has none of its own."""

    metric_stat: MetricStat | None = None
    expression: str = ""


class AlarmAnswer(_Pascal):
    """An alarm on metrics."""

    alarm_name: str
    metric_name: str = ""
    statistic: str = ""
    extended_statistic: str = ""
    dimensions: tuple[Dimension, ...] = ()
    period: int | None = None
    evaluation_periods: int | None = None
    datapoints_to_alarm: int | None = None
    threshold: float | None = None
    comparison_operator: str = ""
    treat_missing_data: str = ""
    metrics: tuple[MetricQuery, ...] = ()


class CompositeAlarm(_Pascal):
    """An alarm on alarms."""

    alarm_name: str


class AlarmAnswers(_Pascal):
    """Of ``aws cloudwatch describe-alarms``."""

    metric_alarms: tuple[AlarmAnswer, ...]
    composite_alarms: tuple[CompositeAlarm, ...] = ()
    next_token: str = ""
    """There where the answer was cut short."""


class ScalableTarget(_Pascal):
    """What scales, and how far."""

    resource_id: str
    min_capacity: int = Field(ge=0)


class ScalableTargets(_Pascal):
    """Of ``aws application-autoscaling describe-scalable-targets --service-namespace ecs``."""

    scalable_targets: tuple[ScalableTarget, ...]


_Answer = TypeVar("_Answer", bound=BaseModel)


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerFile(Generic[_Answer]):
    """An answer, and where it stands."""

    path: str
    """Relative to the target."""
    source: str
    answer: _Answer

    def line(self, *keys: str | int) -> int:
        """Return the line of a key, or of what encloses it."""
        return line_of_key(self.source, keys)


def read_answer(root: Path, path: str, model: type[_Answer], command: str) -> AnswerFile[_Answer]:
    """Read a file with an answer of the AWS CLI.

    Args:
        root: The target.
        path: Relative to it.
        model: What the answer is made of.
        command: What prints it, for messages.

    Raises:
        ObservationError: if it can't be read, is no JSON, or is the answer of something else.
    """
    source = ""
    expected, action = f"what `{command}` prints", f"Save it again: `{command} … --output json`, in UTF-8."
    try:
        source = (root / path).read_text(encoding="utf-8")
        return AnswerFile(path=path, source=source, answer=model.model_validate(json.loads(source)))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise ObservationError(
            f"{path}:{line_of_key(source, tuple(first['loc']))}",
            got=one_line(f"{'.'.join(map(str, first['loc'])) or 'the whole'}: {first['msg']}", 200),
            expected=expected,
            action=action,
        ) from error
    except json.JSONDecodeError as error:
        raise ObservationError(
            f"{path}:{error.lineno}", got=f"no JSON: {error.msg}", expected=expected, action=action
        ) from error
    except (OSError, UnicodeDecodeError, RecursionError) as error:
        raise ObservationError(path, got=f"can't be read: {error}", expected=expected, action=action) from error
