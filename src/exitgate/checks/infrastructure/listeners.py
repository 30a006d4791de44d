"""Load balancers' listeners and rules, and the target groups that they forward to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from exitgate.observe.terraform import Reference, Resource, Stack, Unknown, Value


@dataclass(frozen=True, slots=True, kw_only=True)
class Forwards:
    """Where a listener or one of its rules sends requests on to."""

    groups: frozenset[str]
    """Addresses of target groups."""
    unknown: bool
    """Whether it forwards to one that can't be told."""

    @property
    def any(self) -> bool:
        """Whether it forwards at all."""
        return bool(self.groups) or self.unknown


def balancers_of(stack: Stack) -> tuple[Resource, ...]:
    """Return the load balancers, classic ones left out."""
    return stack.of("aws_lb", "aws_alb")


def listeners_of(stack: Stack) -> tuple[Resource, ...]:
    """Return the listeners."""
    return stack.of("aws_lb_listener", "aws_alb_listener")


def rules_of(stack: Stack) -> tuple[Resource, ...]:
    """Return the rules of listeners."""
    return stack.of("aws_lb_listener_rule", "aws_alb_listener_rule")


def forwards_of(owner: Resource) -> Forwards:
    """Return where a listener or a rule forwards to, by ``target_group_arn`` or by ``forward`` blocks."""
    groups: set[str] = set()
    unknown = False
    for name in ("action", "default_action"):
        blocks = owner.blocks(name)
        unknown = unknown or blocks is None
        for action in blocks or ():
            if action.get("type") != "forward" and not isinstance(action.get("type"), Unknown):
                continue
            arns = list(_group_arns(action))
            groups |= {arn.address for arn in arns if isinstance(arn, Reference)}
            groups |= {arn for arn in arns if isinstance(arn, str)}
            unknown = unknown or not arns or any(isinstance(arn, Unknown) for arn in arns)
    return Forwards(groups=frozenset(groups), unknown=unknown)


def _group_arns(action: Mapping[str, Value]) -> Iterator[Value]:
    if (arn := action.get("target_group_arn")) not in (None, ""):
        yield arn
    forward = action.get("forward")
    for block in forward if isinstance(forward, tuple) else ():
        several = block.get("target_group") if isinstance(block, Mapping) else block
        for group in several if isinstance(several, tuple) else (several,):
            yield group.get("arn") if isinstance(group, Mapping) else group
