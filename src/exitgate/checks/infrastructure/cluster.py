"""3.3.B.1.1: an ECS cluster on Fargate, and every workload on it."""

from __future__ import annotations

from collections.abc import Collection

from exitgate.checks.infrastructure.compute import containers_of, runs_elsewhere, service_of
from exitgate.checks.infrastructure.judging import Judgement, absent, judged
from exitgate.finding import Finding
from exitgate.observe.terraform import Infrastructure, Reference, Resource, Stack, Unknown
from exitgate.target import Workload

_FARGATE = ("FARGATE", "FARGATE_SPOT")


def missing_clusters(planned: Infrastructure, workloads: Collection[Workload]) -> list[Finding]:
    """Say where a stack plans no cluster, one whose capacity nobody declared, or one with capacity that is not Fargate's.

    Raises:
        PrerequisiteMissing: if nothing is wrong, and a task is none of the workloads: no other rule looks at it.
    """
    known = {each.container_name for each in workloads}

    def judge(stack: Stack, judgement: Judgement) -> None:
        for task in stack.of("aws_ecs_task_definition"):
            containers = containers_of(task)
            if containers is None:
                judgement.open(task, "container_definitions")
            elif not known & {str(each.get("name")) for each in containers}:
                judgement.beyond(
                    task, "a task that exitgate.toml describes no workload of, so that no rule looks at it"
                )
        clusters = stack.of("aws_ecs_cluster")
        if runs_elsewhere(stack, judgement, "ECS cluster"):
            return
        if not clusters:
            absent(judgement, stack, "ECS cluster", "Declare aws_ecs_cluster with Fargate's capacity.")
        for cluster in clusters:
            owners = _capacity_of(stack, cluster, judgement)
            if owners == []:
                judgement.fault(
                    cluster.locate(),
                    f"{cluster.address} has no capacity that the code declares",
                    expected="aws_ecs_cluster_capacity_providers with FARGATE",
                    got="none",
                    remedy="Declare aws_ecs_cluster_capacity_providers with FARGATE for it.",
                )
            for owner in owners or ():
                _judge_capacity(owner, judgement)

    return judged(planned, judge)


def _capacity_of(stack: Stack, cluster: Resource, judgement: Judgement) -> list[Resource] | None:
    """Return what declares a cluster's capacity; None where it can't be told whose some capacity is."""
    # Provider 5 takes it at the cluster itself still; it is computed, so only what the code writes counts.
    found = [cluster] if "capacity_providers" in dict(cluster.lines) else []
    for each in stack.of("aws_ecs_cluster_capacity_providers"):
        name = each.get("cluster_name")
        if isinstance(name, Unknown):
            judgement.open(each, "cluster_name")
            return None
        if name == cluster.get("name") or (isinstance(name, Reference) and name.address == cluster.address):
            found.append(each)
    return found


def _judge_capacity(owner: Resource, judgement: Judgement) -> None:
    got = owner.get("capacity_providers")
    names = got if isinstance(got, tuple) else ()
    if isinstance(got, Unknown) or any(isinstance(each, Unknown) for each in names):
        judgement.open(owner, "capacity_providers")
    elif not names or any(name not in _FARGATE for name in names):
        judgement.fault(
            owner.locate("capacity_providers"),
            f"{owner.address} has capacity that is not Fargate's",
            expected="FARGATE",
            got=", ".join(each.address if isinstance(each, Reference) else str(each) for each in names) or "none",
            remedy="Leave FARGATE alone in capacity_providers.",
        )


def workloads_off_fargate(planned: Infrastructure, workload: Workload) -> list[Finding]:
    """Say where a workload has no ECS service on Fargate in a planned cluster, or one with a public address or network mode."""

    def judge(stack: Stack, judgement: Judgement) -> None:
        pair = service_of(stack, workload, judgement)
        if pair is None:
            return
        service, task = pair
        _judge_launch(service, workload, judgement)
        _judge_cluster(stack, service, workload, judgement)
        _judge_task(task, workload, judgement)
        blocks = service.blocks("network_configuration")
        if blocks is None:
            judgement.open(service, "network_configuration")
        elif not blocks:
            judgement.fault(
                service.locate("network_configuration"),
                f"the ECS service of {workload.name} has no network configuration",
                expected="network_configuration with private subnets and assign_public_ip = false",
                got="none",
                remedy="Declare network_configuration.",
            )
        for block in blocks or ():
            public = block.get("assign_public_ip")
            if isinstance(public, Unknown):
                judgement.open(service, "network_configuration.assign_public_ip")
            # Left out it is false: the provider's own default, which is not AWS's.
            elif public not in (False, None):
                judgement.fault(
                    service.locate("assign_public_ip"),
                    f"the tasks of {workload.name} get a public address",
                    expected="assign_public_ip = false",
                    got=str(public),
                    remedy="Set assign_public_ip = false and put the tasks into private subnets.",
                )

    return judged(planned, judge)


def _judge_launch(service: Resource, workload: Workload, judgement: Judgement) -> None:
    strategies = service.blocks("capacity_provider_strategy")
    kinds = [service.get("launch_type"), *(each.get("capacity_provider") for each in strategies or ())]
    chosen = [each for each in kinds if each not in (None, "") and not isinstance(each, Unknown)]
    if any(each not in _FARGATE for each in chosen) or (
        not chosen and strategies == () and not isinstance(kinds[0], Unknown)
    ):
        judgement.fault(
            service.locate("launch_type"),
            f"the ECS service of {workload.name} does not run on Fargate",
            expected="launch_type FARGATE",
            got=", ".join(map(str, chosen)) or "none",
            remedy="Set launch_type, or a capacity provider strategy of FARGATE alone.",
        )
    elif not chosen or strategies is None or any(isinstance(each, Unknown) for each in kinds[1:]):
        # The launch type is computed where a strategy is given.
        judgement.open(service, "launch_type, capacity_provider_strategy")


def _judge_cluster(stack: Stack, service: Resource, workload: Workload, judgement: Judgement) -> None:
    cluster = service.get("cluster")
    if isinstance(cluster, Unknown):
        judgement.open(service, "cluster")
        return
    known = stack.of("aws_ecs_cluster")
    names = {each.get("name") for each in known} | {each.get("arn") for each in known}
    address = cluster.address if isinstance(cluster, Reference) else ""
    if address not in {each.address for each in known} and cluster not in names - {None}:
        judgement.fault(
            service.locate("cluster"),
            f"the ECS service of {workload.name} runs in a cluster that the code does not make",
            expected=", ".join(each.address for each in known) or "a planned cluster",
            got=address or str(cluster or "the account's default cluster"),
            remedy="Set cluster to the planned one.",
        )


def _judge_task(task: Resource, workload: Workload, judgement: Judgement) -> None:
    compatible = task.get("requires_compatibilities")
    if isinstance(compatible, Unknown):
        judgement.open(task, "requires_compatibilities")
    elif not isinstance(compatible, tuple) or "FARGATE" not in compatible:
        judgement.fault(
            task.locate("requires_compatibilities"),
            f"the task definition of {workload.name} is not made for Fargate",
            expected="FARGATE",
            got=str(compatible),
            remedy="Set requires_compatibilities.",
        )
    mode = task.get("network_mode")
    if isinstance(mode, Unknown):
        judgement.open(task, "network_mode")
    elif mode != "awsvpc":
        judgement.fault(
            task.locate("network_mode"),
            f"the task definition of {workload.name} is not on a network of its own",
            expected="awsvpc",
            got=str(mode),
            remedy="Set network_mode = awsvpc.",
        )
