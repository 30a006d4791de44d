"""Every answer that a target holds on one workload, and what they leave open."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from exitgate.observe.deployment_settings.answers import (
    AlarmAnswers,
    AnswerFile,
    Attributes,
    ScalableTargets,
    ServiceAnswer,
    Services,
    TargetGroupAnswer,
    TargetGroups,
    read_answer,
)
from exitgate.observe.deployment_settings.facts import Topic, Unanswered
from exitgate.target import CONFIGURATION_FILE, Answers, Workload

_SERVICES = "aws ecs describe-services"
_GROUPS = "aws elbv2 describe-target-groups"
_GROUP_ATTRIBUTES = "aws elbv2 describe-target-group-attributes"
_BALANCER_ATTRIBUTES = "aws elbv2 describe-load-balancer-attributes"
_ALARMS = "aws cloudwatch describe-alarms"
_SCALING = "aws application-autoscaling describe-scalable-targets"
DELAY, IDLE = "deregistration_delay.timeout_seconds", "idle_timeout.timeout_seconds"


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedAnswers:
    """All answers on one workload; nothing for a command that was not asked."""

    services: AnswerFile[Services]
    groups: AnswerFile[TargetGroups] | None
    group_attributes: AnswerFile[Attributes] | None
    balancer_attributes: AnswerFile[Attributes] | None
    alarms: AnswerFile[AlarmAnswers] | None
    scaling: AnswerFile[ScalableTargets] | None


def read_saved(root: Path, answers: Answers) -> SavedAnswers:
    """Read all files that a target names.

    Raises:
        ObservationError: if one of them is no such answer.
    """
    groups = answers.target_groups and read_answer(root, answers.target_groups, TargetGroups, _GROUPS)
    of_group, of_balancer = answers.target_group_attributes, answers.load_balancer_attributes
    alarms = answers.alarms and read_answer(root, answers.alarms, AlarmAnswers, _ALARMS)
    scaling = answers.scalable_targets and read_answer(root, answers.scalable_targets, ScalableTargets, _SCALING)
    return SavedAnswers(
        services=read_answer(root, answers.service, Services, _SERVICES),
        groups=groups or None,
        group_attributes=read_answer(root, of_group, Attributes, _GROUP_ATTRIBUTES) if of_group else None,
        balancer_attributes=read_answer(root, of_balancer, Attributes, _BALANCER_ATTRIBUTES) if of_balancer else None,
        alarms=alarms or None,
        scaling=scaling or None,
    )


def own_group(saved: SavedAnswers, service: ServiceAnswer) -> tuple[int, TargetGroupAnswer | None]:
    """Return the target group that the service names first, and its position; nothing where no answer tells of it."""
    arn = service.load_balancers[0].target_group_arn if service.load_balancers else ""
    groups = saved.groups.answer.target_groups if saved.groups else ()
    return next(((n, each) for n, each in enumerate(groups) if each.target_group_arn == arn), (0, None))


def place_of_attribute(file: AnswerFile[Attributes], key: str) -> tuple[str | int, ...]:
    """Return the keys that lead to an attribute; to all of them where it is not there."""
    index = next((n for n, each in enumerate(file.answer.attributes) if each.key == key), None)
    return ("Attributes",) if index is None else ("Attributes", index)


def read_unanswered(saved: SavedAnswers, service: ServiceAnswer, workload: Workload) -> Iterator[Unanswered]:
    """Yield each topic that the answers leave open, with what would tell of it."""
    for topic, path, command, name in (*_of_service(saved, service), *_of_balancer(saved, service)):
        action = f"Save what `{command}` prints, and name the file as {name} in [service.answers] of {workload.name}."
        yield Unanswered(topic=topic, location=path or CONFIGURATION_FILE, action=action)


_Open = Iterator[tuple[Topic, str, str, str]]
"""Topics, each with the file that lacks it, the command, and what exitgate.toml calls its file."""


def _of_service(saved: SavedAnswers, service: ServiceAnswer) -> _Open:
    how, path = service.deployment_configuration, saved.services.path
    for topic, is_told in (
        (Topic.PERCENTAGES, how.minimum_healthy_percent is not None and how.maximum_percent is not None),
        (Topic.GRACE, service.health_check_grace_period_seconds is not None or not service.load_balancers),
        (Topic.BREAKER, how.deployment_circuit_breaker is not None),
        (Topic.ALARMS, how.alarms is not None),
    ):
        if not is_told:
            yield topic, path, _SERVICES, "service"
    if how.alarms and how.alarms.alarm_names and not _tells_of_all(saved.alarms, how.alarms.alarm_names):
        yield Topic.ALARMS, saved.alarms.path if saved.alarms else "", _ALARMS, "alarms"
    if saved.scaling is None:
        yield Topic.SCALING, "", f"{_SCALING} --service-namespace ecs", "scalable_targets"


def _of_balancer(saved: SavedAnswers, service: ServiceAnswer) -> _Open:
    if not service.load_balancers:
        return
    if not _tells_all(own_group(saved, service)[1]):
        yield Topic.TARGET_CHECK, saved.groups.path if saved.groups else "", _GROUPS, "target_groups"
    for topic, file, key, command, name in (
        (Topic.DEREGISTRATION, saved.group_attributes, DELAY, _GROUP_ATTRIBUTES, "target_group_attributes"),
        (Topic.IDLE_TIMEOUT, saved.balancer_attributes, IDLE, _BALANCER_ATTRIBUTES, "load_balancer_attributes"),
    ):
        if not (file and file.answer.find(key)):
            yield topic, file.path if file else "", command, name


def _tells_all(group: TargetGroupAnswer | None) -> bool:
    if group is None or not group.health_check_protocol:
        return False
    numbers = (
        group.health_check_interval_seconds,
        group.health_check_timeout_seconds,
        group.healthy_threshold_count,
        group.unhealthy_threshold_count,
    )
    by_http = group.health_check_protocol in ("HTTP", "HTTPS")
    # gRPC's codes have no rule of ours; a check that does not speak HTTP has neither a path nor codes.
    return None not in numbers and (not by_http or bool(group.health_check_path and group.matcher.http_code))


def _tells_of_all(alarms: AnswerFile[AlarmAnswers] | None, names: Sequence[str]) -> bool:
    """Say whether an alarm that is not in the answer does not exist: the answer is whole, and none is made of others."""
    if alarms is None:
        return False
    known = {each.alarm_name for each in alarms.answer.metric_alarms}
    composite = {each.alarm_name for each in alarms.answer.composite_alarms}
    return not composite.intersection(names) and (not alarms.answer.next_token or known.issuperset(names))
