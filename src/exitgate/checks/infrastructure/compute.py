"""Which ECS service runs a workload, and what is said where none is found: that there is none, or that it can't be told."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from exitgate.checks.infrastructure.judging import Judgement, absent
from exitgate.observe.terraform import Reference, Resource, Sensitive, Stack, Unknown
from exitgate.observe.terraform.resources import parsed
from exitgate.target import Workload

_ECS: Final = ("aws_ecs_cluster", "aws_ecs_service", "aws_ecs_task_definition")
OTHER_COMPUTE: Final = {
    "aws_instance": "an EC2 instance",
    "aws_launch_template": "EC2 instances",
    "aws_autoscaling_group": "EC2 instances",
    "aws_lambda_function": "a function of Lambda",
    "aws_eks_cluster": "a Kubernetes cluster",
    "aws_apprunner_service": "a service of App Runner",
    "aws_elastic_beanstalk_environment": "an environment of Elastic Beanstalk",
}
"""What runs code and is no ECS."""


def containers_of(task: Resource) -> list[dict[str, object]] | None:
    """Return the container definitions of a task definition; None where they are not known."""
    read = parsed(task.get("container_definitions"))
    return [each for each in read if isinstance(each, dict)] if isinstance(read, list) else None


def service_of(stack: Stack, workload: Workload, judgement: Judgement) -> tuple[Resource, Resource] | None:
    """Return a workload's ECS service and its task definition, the one that holds its container; else say why there is none.

    Only where everything that it hangs on is known does the plan hold none.
    """
    if moved := _elsewhere(stack):
        judgement.beyond(moved, f"{OTHER_COMPUTE[moved.type]}, and no ECS that {workload.name} could run on")
        return None
    tasks = [
        each
        for each in stack.of("aws_ecs_task_definition")
        if any(found.get("name") == workload.container_name for found in containers_of(each) or ())
    ]
    for service in stack.of("aws_ecs_service"):
        for task in tasks:
            if _is_of(service.get("task_definition"), task):
                return service, task
    vague = [(each, "container_definitions") for each in stack.of(_ECS[2]) if containers_of(each) is None]
    vague += [
        (each, "task_definition")
        for each in stack.of(_ECS[1])
        if isinstance(each.get("task_definition"), Unknown | Sensitive)
    ]
    for resource, attribute in vague:
        judgement.open(resource, attribute)
    if not vague:
        absent(judgement, stack, f"ECS service of {workload.name}", "Declare its aws_ecs_service and task definition.")
    return None


def other_services(stack: Stack, own: Resource) -> Iterator[Resource]:
    """Yield the ECS services beside a workload's own."""
    return (each for each in stack.of("aws_ecs_service") if each is not own)


def task_of(stack: Stack, service: Resource) -> Resource | None:
    """Return the planned task definition of an ECS service; None where it is another's or not known."""
    tasks = stack.of("aws_ecs_task_definition")
    return next((each for each in tasks if _is_of(service.get("task_definition"), each)), None)


def _elsewhere(stack: Stack) -> Resource | None:
    """Return what runs code in a stack that has nothing of ECS."""
    return None if stack.of(*_ECS) else next(iter(stack.of(*OTHER_COMPUTE)), None)


def _is_of(definition: object, task: Resource) -> bool:
    """Say whether a service's ``task_definition`` is that one: by reference, or by its family with or without a revision."""
    if isinstance(definition, Reference):
        return definition.address == task.address
    family = task.get("family")
    return isinstance(definition, str) and isinstance(family, str) and definition.partition(":")[0] == family


def runs_elsewhere(stack: Stack, judgement: Judgement, what: str) -> bool:
    """Say whether a stack's code runs on something that is no ECS, and name it."""
    if moved := _elsewhere(stack):
        judgement.beyond(moved, f"{OTHER_COMPUTE[moved.type]}, and no {what}")
    return moved is not None
