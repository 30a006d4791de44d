"""What stands before a workload in a plan: the listener of TLS that leads to it, with its rules in order, and its target group.

Sources: the Application Load Balancers user guide, "Listener rules", "Security policies for your Application Load Balancer".
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from exitgate.observe.terraform import Reference, Resource, Sensitive, Stack, Unknown, Value
from exitgate.provision.balancer import Rule

_CONDITIONS: Final = ("path_pattern", "host_header")
_ACTIONS: Final = ("forward", "fixed-response", "redirect")
_OWNERS: Final = ("action", "default_action")
"""Blocks that hold a rule's actions, and a listener's."""
_NOBODYS: Final = "sample.invalid"
_ELSEWHERE: Final = 503
_POLICY: Final = re.compile(r"TLS13-1-(\d)|TLS-1-(\d)|FS-1-(\d)")
_LISTENERS: Final = ("aws_lb_listener", "aws_alb_listener")
_RULES: Final = ("aws_lb_listener_rule", "aws_alb_listener_rule")
_HEALTH: Final = {"path": "/", "matcher": "200"}
"""AWS's defaults for HTTP."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedFront:
    """A listener of TLS that leads to a workload, and the target group behind it."""

    listener: str
    """Address of the resource."""
    location: str
    """Where it is written."""
    balancer: str
    """Address of its load balancer."""
    port: int
    domain: str
    """Of its certificate; a made-up one where the plan does not tell."""
    oldest: str
    """The oldest version of TLS of its security policy, as ``TLSv1_2``."""
    newest: str
    rules: tuple[Rule, ...]
    """In order; what leads to other target groups is answered with 503, since nobody stands behind them."""
    places: Mapping[str, str]
    """Address of a rule to where it is written."""
    group: str
    group_location: str
    by_tls: bool
    """Whether targets are asked by TLS."""
    health_path: str
    success_codes: tuple[int, ...]
    unchecked: tuple[str, ...] = ()
    """Why its health checks are not tried, as ``address: what``: they go another way than requests."""
    unknown: tuple[str, ...] = ()
    """What the way of a request hangs on and is not known or not modelled, as ``address: what``."""

    def host_for(self, path: str) -> str:
        """Return a host under which the rules hand a path on; the certificate's domain where that is one, or there is none."""
        plain = path.partition("?")[0]
        told = [each.replace("*", "any").replace("?", "a") for rule in self.rules for each in rule.hosts]
        for host in (self.domain, *told):
            rule = next((each for each in self.rules if each.takes(host, plain)), None)
            if rule and not rule.answers:
                return host
        return self.domain


def read_front(stack: Stack, service: Resource, container: str) -> PlannedFront | None:
    """Return what stands before an ECS service's container; nothing where no listener of TLS leads to it.

    Args:
        stack: The plan.
        service: The ECS service.
        container: Its container that takes requests.
    """
    attached = [each for each in service.blocks("load_balancer") or () if each.get("container_name") == container]
    groups = [each.get("target_group_arn") for each in attached]
    group = next((stack.find(each.address) for each in groups if isinstance(each, Reference)), None)
    if group is None:
        return None
    for listener in stack.of(*_LISTENERS):
        rules = _rules_of(stack, listener)
        if listener.get("protocol") == "HTTPS" and any(group.address in set(_groups(each)) for each in rules):
            return _read(stack, listener, rules, group)
    return None


def _rules_of(stack: Stack, listener: Resource) -> list[Resource]:
    """Return a listener's rules in the order in which they are asked, and it itself, whose action is the default one."""
    own = [each for each in stack.of(*_RULES) if each.references("listener_arn") == (listener.address,)]
    return [*sorted(own, key=_priority), listener]


def _priority(rule: Resource) -> int:
    value = rule.get("priority")
    return value if isinstance(value, int) else 10**6


def _read(stack: Stack, listener: Resource, rules: list[Resource], group: Resource) -> PlannedFront:
    unknown: list[str] = []
    read = [_rule(each, group, unknown) for each in rules]
    oldest, newest = _versions(listener, unknown)
    checks = next(iter(group.blocks("health_check") or ()), {})
    version = [f"{group.address}: protocol_version"] if _has_other_version(group) else []
    unknown += version
    port = listener.get("port")
    if not isinstance(port, int):
        unknown.append(f"{listener.address}: port")
    return PlannedFront(
        listener=listener.address,
        location=listener.locate(),
        balancer=next(iter(listener.references("load_balancer_arn") or ()), ""),
        port=port if isinstance(port, int) else 0,
        domain=_domain(stack, listener),
        oldest=oldest,
        newest=newest,
        rules=tuple(read),
        places={each.address: each.locate() for each in rules},
        group=group.address,
        group_location=group.locate(),
        by_tls=group.get("protocol") == "HTTPS",
        unchecked=(*_unlike(group, checks), *version),
        health_path=_text(checks.get("path"), _HEALTH["path"]),
        success_codes=_codes(_text(checks.get("matcher"), _HEALTH["matcher"])),
        unknown=tuple(unknown),
    )


def _unlike(group: Resource, checks: Mapping[str, Value]) -> Iterator[str]:
    """Yield what has a target group's health checks go another way than requests."""
    if checks.get("protocol") not in (None, "", group.get("protocol")):
        yield f"{group.address}: health checks by another protocol than requests"
    if checks.get("port") not in (None, "", "traffic-port", str(group.get("port"))):
        yield f"{group.address}: health checks on another port than requests"


def _has_other_version(group: Resource) -> bool:
    """Say whether targets are, or may be, asked by another version than HTTP/1.1, which is AWS's default."""
    version = group.get("protocol_version")
    # What the code does not say is only known after an apply.
    is_left_to_aws = isinstance(version, Unknown) and "protocol_version" not in dict(group.lines)
    return version not in (None, "", "HTTP1") and not is_left_to_aws


def _rule(owner: Resource, group: Resource, unknown: list[str]) -> Rule:
    paths: list[str] = []
    hosts: list[str] = []
    if owner.blocks("condition") is None:
        unknown.append(f"{owner.address}: its conditions")
    for condition in owner.blocks("condition") or ():
        for name, value in condition.items():
            if value in (None, (), ""):
                continue
            told = _values(value) if name in _CONDITIONS else None
            if told is None:
                unknown.append(f"{owner.address}: its condition on {name}")
                continue
            (paths if name == "path_pattern" else hosts).extend(told)
    unknown += [f"{owner.address}: {each}" for each in _unmodelled(owner, group)]
    answers = 0 if group.address in set(_groups(owner)) else _answer(owner)
    return Rule(address=owner.address, paths=tuple(paths), hosts=tuple(hosts), answers=answers)


def _actions(owner: Resource) -> Iterator[Mapping[str, Value]]:
    for name in _OWNERS:
        yield from owner.blocks(name) or ()


def _unmodelled(owner: Resource, group: Resource) -> Iterator[str]:
    """Yield what of a rule's actions is not known, or done by AWS's balancer and not by ours."""
    if any(owner.blocks(name) is None for name in _OWNERS):
        yield "action"
    if owner.get("transform") not in (None, ()):
        yield "transform"
    for action in _actions(owner):
        kind = action.get("type")
        if kind == "forward":
            yield from _shares(action, group)
        elif kind not in _ACTIONS:
            yield f"action {kind}" if isinstance(kind, str) else "action"


def _shares(action: Mapping[str, Value], group: Resource) -> Iterator[str]:
    """Yield what is not known of the groups between which a forward shares out requests, where the workload's is one."""
    named = set(_handed(action))
    targets = [each for block in _nested(action.get("forward")) for each in _nested(block.get("target_group"))]
    if not named or len(targets) > len(named):
        yield "where it forwards to"
    elif group.address in named:
        weights = [each.get("weight") for each in targets]
        if len(named) > 1:
            yield "forward to several target groups"
        elif any(each is not None and not (isinstance(each, int | float) and each > 0) for each in weights):
            yield "weight of a target group"


def _answer(owner: Resource) -> int:
    """Return the status with which a rule answers that leads not to the workload."""
    for action in _actions(owner):
        for block in ("fixed_response", "redirect"):
            for each in _nested(action.get(block)):
                digits = re.sub(r"\D", "", str(each.get("status_code")))
                if digits:
                    return int(digits[-3:])
    return _ELSEWHERE


def _groups(owner: Resource) -> Iterator[str]:
    """Yield the addresses of the target groups that a rule hands requests to."""
    for action in _actions(owner):
        if action.get("type") == "forward":
            yield from _handed(action)


def _handed(action: Mapping[str, Value]) -> Iterator[str]:
    yield from _named(action.get("target_group_arn"))
    yield from _named(action.get("forward"))


def _nested(blocks: Value) -> list[Mapping[str, Value]]:
    return [each for each in blocks if isinstance(each, Mapping)] if isinstance(blocks, tuple) else []


def _named(value: Value) -> Iterator[str]:
    if isinstance(value, Reference):
        yield value.address
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from _named(each)
    elif isinstance(value, tuple):
        for each in value:
            yield from _named(each)


def _values(blocks: Value) -> list[str] | None:
    """Return the patterns of a condition; None where one is not known, or they are of another kind."""
    lists = [each.get("values") for each in _nested(blocks)]
    found = [one for each in lists if isinstance(each, tuple) for one in each]
    told = [each for each in found if isinstance(each, str)]
    return told if told and len(told) == len(found) else None


def _versions(listener: Resource, unknown: list[str]) -> tuple[str, str]:
    policy = listener.get("ssl_policy")
    if isinstance(policy, Unknown | Sensitive | Reference):
        unknown.append(f"{listener.address}: ssl_policy")
        return "TLSv1_2", "TLSv1_3"
    found = _POLICY.search(str(policy or ""))
    if found is None:
        # ELBSecurityPolicy-2016-08, the default of the API, and its like.
        return "TLSv1_0", "TLSv1_2"
    oldest = next(each for each in found.groups() if each is not None)
    return f"TLSv1_{oldest}", "TLSv1_3" if found.group(1) is not None else "TLSv1_2"


def _domain(stack: Stack, listener: Resource) -> str:
    """Return the domain of a listener's certificate, on whichever way it is attached."""
    name = next(iter(listener.references("certificate_arn") or ()), "")
    for _ in range(2):
        found = stack.find(name)
        domain = found.get("domain_name") if found else None
        if isinstance(domain, str) and domain:
            return domain.replace("*", "any")
        name = next(iter(found.references("certificate_arn") or ()), "") if found else ""
    return _NOBODYS


def _text(value: Value, default: str) -> str:
    return value if isinstance(value, str) and value else default


def _codes(matcher: str) -> tuple[int, ...]:
    """Return the codes of a matcher: ``200``, ``200,204`` or ``200-299``."""
    found: list[int] = []
    for part in matcher.split(","):
        low, _, high = part.strip().partition("-")
        if low.isdigit() and (high or low).isdigit():
            found += range(int(low), int(high or low) + 1)
    return tuple(found) or (200,)
