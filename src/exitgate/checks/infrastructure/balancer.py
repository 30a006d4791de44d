"""3.3.B.1.2: the load balancer, and who it leads to."""

from __future__ import annotations

from typing import Final

from exitgate.checks.infrastructure.compute import service_of
from exitgate.checks.infrastructure.judging import Judgement, absent, judged
from exitgate.checks.infrastructure.listeners import balancers_of, forwards_of, listeners_of, rules_of
from exitgate.finding import Finding
from exitgate.observe.terraform import Infrastructure, Reference, Resource, Stack, Unknown
from exitgate.policy import InfrastructurePolicy
from exitgate.target import Workload

_LEAST_ZONES: Final = 2
_OTHER_ENTRIES: Final = {
    "aws_api_gateway_rest_api": "an API Gateway",
    "aws_apigatewayv2_api": "an API Gateway",
    "aws_elb": "a classic load balancer",
    "aws_lambda_function_url": "a function's own address",
}
"""What lets requests in and is no load balancer of the kind that the rules know."""


def unsound_balancers(planned: Infrastructure, policy: InfrastructurePolicy) -> list[Finding]:
    """Say where a stack has no application load balancer over public subnets in two zones, with listeners and access logs."""
    public = {
        cidr: zone
        for tier in (policy.network.tier if policy.network else ())
        if tier.public
        for zone, cidr in tier.subnets.items()
    }

    def judge(stack: Stack, judgement: Judgement) -> None:
        everything = balancers_of(stack)
        found = [each for each in everything if each.get("load_balancer_type") in ("application", None)]
        if not found:
            _none_of_its_kind(stack, everything, judgement)
        for balancer in found:
            logs = [each.get("enabled") for each in balancer.blocks("access_logs") or ()]
            if balancer.blocks("access_logs") is None or any(isinstance(each, Unknown) for each in logs):
                judgement.open(balancer, "access_logs")
            elif True not in logs:
                judgement.fault(
                    balancer.locate("access_logs"),
                    f"{balancer.address} keeps no access logs",
                    expected="access_logs with enabled = true",
                    got="none",
                    remedy="Send its access logs to a bucket.",
                )
            subnets = balancer.references("subnets")
            ranges = [stack.find(each) for each in subnets or ()]
            zones = {public.get(str(each.get("cidr_block"))) for each in ranges if each}
            if not subnets or None in ranges:
                judgement.open(balancer, "subnets")
            elif None in zones or len(zones) < _LEAST_ZONES:
                judgement.fault(
                    balancer.locate("subnets"),
                    f"{balancer.address} does not stand in public subnets of two zones",
                    expected="subnets of a public tier, in two zones at least",
                    got=", ".join(str(each.get("cidr_block")) for each in ranges if each),
                    remedy="Give it the public tier's subnets.",
                )
            owners = [each.references("load_balancer_arn") for each in listeners_of(stack)]
            if (balancer.address,) not in owners:
                if None in owners:
                    judgement.open(balancer, "its listeners, as the load_balancer_arn of some is not known")
                    continue
                judgement.fault(
                    balancer.locate(),
                    f"{balancer.address} has no listener",
                    expected="aws_lb_listener",
                    got="none",
                    remedy="Declare its listeners.",
                )

    return judged(planned, judge)


def _none_of_its_kind(stack: Stack, others: tuple[Resource, ...], judgement: Judgement) -> None:
    """Say what stands in the place of an application load balancer, or that nothing does."""
    for each in others:
        if isinstance(each.get("load_balancer_type"), Unknown):
            judgement.open(each, "load_balancer_type")
            return
        judgement.beyond(each, f"a {each.get('load_balancer_type')} load balancer, and no application load balancer")
        return
    for each in stack.of(*_OTHER_ENTRIES):
        judgement.beyond(each, f"{_OTHER_ENTRIES[each.type]}, and no application load balancer")
        return
    absent(judgement, stack, "application load balancer", "Declare aws_lb over the public subnets.")


def unrouted_workloads(planned: Infrastructure, policy: InfrastructurePolicy, workload: Workload) -> list[Finding]:
    """Say where requests do not reach a workload that the policy exposes."""

    def judge(stack: Stack, judgement: Judgement) -> None:
        if workload.name not in policy.exposed:
            return
        pair = service_of(stack, workload, judgement)
        if pair is None:
            return
        service = pair[0]
        if service.blocks("load_balancer") is None:
            judgement.open(service, "load_balancer")
            return
        attached = [
            block
            for block in service.blocks("load_balancer") or ()
            if block.get("container_name") == workload.container_name
        ]
        ports = [block.get("container_port") for block in attached]
        if workload.port not in ports:
            judgement.fault(
                service.locate("load_balancer"),
                f"the ECS service of {workload.name} is attached to no target group on its port",
                expected=f"container_port {workload.port}",
                got=", ".join(map(str, ports)) or "no load_balancer block",
                remedy="Attach the service to its target group.",
            )
        for block in attached:
            arn = block.get("target_group_arn")
            group = stack.find(arn.address) if isinstance(arn, Reference) else None
            if group is None:
                judgement.open(service, "load_balancer.target_group_arn")
                continue
            _judge_group(group, workload, judgement)
            owners = (*rules_of(stack), *listeners_of(stack))
            groups = [forwards_of(each) for each in owners]
            if not any(group.address in each.groups for each in groups):
                if vague := [owner for owner, each in zip(owners, groups, strict=True) if each.unknown]:
                    judgement.open(vague[0], "action.target_group_arn")
                    continue
                judgement.fault(
                    group.locate(),
                    f"no listener rule leads to the target group of {workload.name}",
                    expected="a rule that forwards to it",
                    got="none",
                    remedy="Declare aws_lb_listener_rule for its paths.",
                )

    return judged(planned, judge)


def _judge_group(group: Resource, workload: Workload, judgement: Judgement) -> None:
    if group.get("target_type") != "ip":
        judgement.fault(
            group.locate("target_type"),
            f"the target group of {workload.name} takes no addresses of tasks",
            expected="target_type ip",
            got=str(group.get("target_type")),
            remedy="Set target_type = ip, which awsvpc needs.",
        )
    # A path that the plan leaves unknown is one that nobody gave: the provider fills it in.
    if "health_check" not in dict(group.lines) or not any(
        block.get("enabled") is not False and isinstance(path := block.get("path"), str) and path
        for block in group.blocks("health_check") or ()
    ):
        judgement.fault(
            group.locate("health_check"),
            f"the target group of {workload.name} has no health check of its own",
            expected="health_check with a path",
            got="none",
            remedy="Declare health_check with the workload's own path.",
        )
