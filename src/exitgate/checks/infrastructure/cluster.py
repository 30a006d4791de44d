"""3.3.B.1.1: an ECS cluster on Fargate, and every workload on it."""

from __future__ import annotations

from exitgate.checks.infrastructure.judging import Judgement, absent, judged
from exitgate.finding import Finding
from exitgate.observe.terraform import Infrastructure, Reference, Resource, Stack, Unknown
from exitgate.observe.terraform.resources import parsed
from exitgate.target import Workload

_FARGATE = ("FARGATE", "FARGATE_SPOT")


def missing_clusters(planned: Infrastructure) -> list[Finding]:
    """Say where a stack plans no cluster, or one with capacity that is not Fargate's."""

    def judge(stack: Stack, judgement: Judgement) -> None:
        if not stack.of("aws_ecs_cluster"):
            absent(judgement, stack, "ECS cluster", "Declare aws_ecs_cluster with Fargate's capacity.")
            return
        providers = stack.of("aws_ecs_cluster_capacity_providers")
        if not providers and not stack.of("aws_ecs_service"):
            absent(judgement, stack, "Fargate capacity", "Declare aws_ecs_cluster_capacity_providers with FARGATE.")
        for each in providers:
            got = each.get("capacity_providers")
            if isinstance(got, Unknown):
                judgement.open(each, "capacity_providers")
                continue
            names = got if isinstance(got, tuple) else ()
            if not names or any(name not in _FARGATE for name in names):
                judgement.fault(
                    each.locate("capacity_providers"),
                    f"{each.address} has capacity that is not Fargate's",
                    expected="FARGATE",
                    got=", ".join(map(str, names)) or "none",
                    remedy="Leave FARGATE alone in capacity_providers.",
                )

    return judged(planned, judge)


def workloads_off_fargate(planned: Infrastructure, workload: Workload) -> list[Finding]:
    """Say where a workload has no ECS service on Fargate, or one with a public address or another network mode."""

    def judge(stack: Stack, judgement: Judgement) -> None:
        pair = planned_service(stack, workload)
        if pair is None:
            absent(
                judgement, stack, f"ECS service of {workload.name}", "Declare its aws_ecs_service and task definition."
            )
            return
        service, task = pair
        kinds = {service.get("launch_type")} | {
            block.get("capacity_provider") for block in service.blocks("capacity_provider_strategy") or ()
        }
        if not kinds & set(_FARGATE) or kinds - {None, "", *_FARGATE, *([Unknown()])}:
            judgement.fault(
                service.locate("launch_type"),
                f"the ECS service of {workload.name} does not run on Fargate",
                expected="launch_type FARGATE",
                got=", ".join(str(kind) for kind in kinds if kind) or "none",
                remedy="Set launch_type, or a capacity provider strategy of FARGATE alone.",
            )
        compatible = task.get("requires_compatibilities")
        if not isinstance(compatible, tuple) or "FARGATE" not in compatible:
            judgement.fault(
                task.locate("requires_compatibilities"),
                f"the task definition of {workload.name} is not made for Fargate",
                expected="FARGATE",
                got=str(compatible),
                remedy="Set requires_compatibilities.",
            )
        if task.get("network_mode") != "awsvpc":
            judgement.fault(
                task.locate("network_mode"),
                f"the task definition of {workload.name} is not on a network of its own",
                expected="awsvpc",
                got=str(task.get("network_mode")),
                remedy="Set network_mode = awsvpc.",
            )
        for block in service.blocks("network_configuration") or ():
            if block.get("assign_public_ip") is not False:
                judgement.fault(
                    service.locate("assign_public_ip"),
                    f"the tasks of {workload.name} get a public address",
                    expected="assign_public_ip = false",
                    got=str(block.get("assign_public_ip")),
                    remedy="Set assign_public_ip = false and put the tasks into private subnets.",
                )

    return judged(planned, judge)


def containers_of(task: Resource) -> list[dict[str, object]]:
    """Return the container definitions of a task definition, as far as they are known."""
    read = parsed(task.get("container_definitions"))
    return [each for each in read if isinstance(each, dict)] if isinstance(read, list) else []


def planned_service(stack: Stack, workload: Workload) -> tuple[Resource, Resource] | None:
    """Return a workload's ECS service and its task definition: the one that holds its container."""
    tasks = {
        task.address: task
        for task in stack.of("aws_ecs_task_definition")
        if any(each.get("name") == workload.container_name for each in containers_of(task))
    }
    for service in stack.of("aws_ecs_service"):
        definition = service.get("task_definition")
        if isinstance(definition, Reference) and definition.address in tasks:
            return service, tasks[definition.address]
    return None
