"""3.3.B.1.2, 3.3.B.1.3: the load balancer, who it leads to, and TLS."""

from __future__ import annotations

from collections.abc import Mapping

from exitgate.checks.infrastructure.cluster import planned_service
from exitgate.checks.infrastructure.judging import Judgement, absent, judged
from exitgate.finding import Finding
from exitgate.observe.terraform import Infrastructure, Reference, Resource, Stack, Unknown
from exitgate.policy import InfrastructurePolicy
from exitgate.target import Workload

_LEAST_ZONES = 2
_HTTP, _TLS = ("HTTP", "TCP", "UDP", "TCP_UDP"), ("HTTPS", "TLS")


def unsound_balancers(planned: Infrastructure, policy: InfrastructurePolicy) -> list[Finding]:
    """Say where a stack has no application load balancer over public subnets in two zones, with listeners and access logs."""
    public = {
        cidr: zone
        for tier in (policy.network.tier if policy.network else ())
        if tier.public
        for zone, cidr in tier.subnets.items()
    }

    def judge(stack: Stack, judgement: Judgement) -> None:
        found = [each for each in stack.of("aws_lb", "aws_alb") if each.get("load_balancer_type") == "application"]
        if not found:
            absent(judgement, stack, "application load balancer", "Declare aws_lb over the public subnets.")
        for balancer in found:
            if not any(block.get("enabled") is True for block in balancer.blocks("access_logs") or ()):
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
            if not any(
                isinstance(each.get("load_balancer_arn"), Unknown)
                or each.references("load_balancer_arn") == (balancer.address,)
                for each in _listeners(stack)
            ):
                judgement.fault(
                    balancer.locate(),
                    f"{balancer.address} has no listener",
                    expected="aws_lb_listener",
                    got="none",
                    remedy="Declare its listeners.",
                )

    return judged(planned, judge)


def unrouted_workloads(planned: Infrastructure, policy: InfrastructurePolicy, workload: Workload) -> list[Finding]:
    """Say where requests do not reach a workload that the policy exposes."""

    def judge(stack: Stack, judgement: Judgement) -> None:
        if workload.name not in policy.exposed:
            return
        pair = planned_service(stack, workload)
        if pair is None:
            absent(
                judgement, stack, f"ECS service of {workload.name}", "Declare its aws_ecs_service and task definition."
            )
            return
        service = pair[0]
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
            if not any(group.address in _forwards_to(each) for each in (*_rules(stack), *_listeners(stack))):
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


def plain_forwards(planned: Infrastructure, policy: InfrastructurePolicy) -> list[Finding]:
    """Name each listener that forwards and has no TLS, no certificate, or a security policy that the target's does not list."""

    def judge(stack: Stack, judgement: Judgement) -> None:
        if not any(each.get("protocol") in _TLS for each in _listeners(stack)):
            absent(judgement, stack, "HTTPS listener", "Declare aws_lb_listener with a certificate.")
        for listener in _listeners(stack):
            if listener.get("protocol") not in _TLS:
                continue
            if listener.get("certificate_arn") in (None, ""):
                judgement.fault(
                    listener.locate("certificate_arn"),
                    f"{listener.address} has no certificate",
                    expected="certificate_arn",
                    got="none",
                    remedy="Attach a validated certificate.",
                )
            got = listener.get("ssl_policy")
            if isinstance(got, Unknown):
                got = "the provider's default"
            if got not in policy.tls_policies:
                judgement.fault(
                    listener.locate("ssl_policy"),
                    f"{listener.address} has a security policy that the target's policy does not list",
                    expected=", ".join(policy.tls_policies) or "one that is listed",
                    got=str(got),
                    remedy="Set ssl_policy to a listed one.",
                )

    return judged(planned, judge)


def served_without_tls(planned: Infrastructure) -> list[Finding]:
    """Name each plain listener, and each rule of one, that does anything but redirect to HTTPS."""

    def judge(stack: Stack, judgement: Judgement) -> None:
        plain = {each.address: each for each in _listeners(stack) if each.get("protocol") in _HTTP}
        for listener in plain.values():
            _judge_actions(listener, listener.blocks("default_action"), judgement)
        for rule in _rules(stack):
            owner = rule.references("listener_arn")
            if owner is None:
                judgement.open(rule, "listener_arn")
            elif owner and owner[0] in plain:
                _judge_actions(rule, rule.blocks("action"), judgement)

    return judged(planned, judge)


def _judge_actions(owner: Resource, actions: tuple[Mapping[str, object], ...] | None, judgement: Judgement) -> None:
    if actions is None:
        judgement.open(owner, "action")
    for action in actions or ():
        redirects = action.get("redirect")
        to = (
            [each.get("protocol") for each in redirects if isinstance(each, Mapping)]
            if isinstance(redirects, tuple)
            else []
        )
        if action.get("type") != "redirect" or to != ["HTTPS"]:
            judgement.fault(
                owner.locate("action" if owner.type.endswith("rule") else "default_action"),
                f"{owner.address} does something else than redirect to HTTPS",
                expected="a redirect to HTTPS",
                got=f"{action.get('type')} {', '.join(map(str, to))}".strip(),
                remedy="Redirect to HTTPS, and serve there.",
            )


def _listeners(stack: Stack) -> tuple[Resource, ...]:
    return stack.of("aws_lb_listener", "aws_alb_listener")


def _rules(stack: Stack) -> tuple[Resource, ...]:
    return stack.of("aws_lb_listener_rule", "aws_alb_listener_rule")


def _forwards_to(owner: Resource) -> set[str]:
    found: set[str] = set()
    for name in ("action", "default_action"):
        for action in owner.blocks(name) or ():
            if isinstance(arn := action.get("target_group_arn"), Reference):
                found.add(arn.address)
    return found
