"""How a rule is applied to several stacks: findings that are the same in each are told once, and an unknown is never a pass."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Protocol, TypeVar

from exitgate.errors import PrerequisiteMissing
from exitgate.finding import Finding
from exitgate.observe.terraform import Resource, Stack


@dataclass(slots=True, kw_only=True)
class Judgement:
    """What a rule has to say about a stack."""

    findings: list[Finding] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    """What it hangs on and is not known before an apply, as ``address: attribute``."""
    outside: list[str] = field(default_factory=list)
    """What stands in the place of what the rule knows, and is no part of exitgate's model, as ``address: what it is``."""

    def fault(self, location: str, message: str, *, expected: str, got: str, remedy: str, rule: str = "") -> None:
        """Say what is wrong."""
        self.findings.append(
            Finding(location=location, message=message, expected=expected, got=got, remedy=remedy, rule=rule)
        )

    def open(self, resource: Resource, attribute: str) -> None:
        """Say what can't be told."""
        self.unknown.append(f"{resource.address}: {attribute}")

    def beyond(self, resource: Resource, what: str) -> None:
        """Say what the model does not hold."""
        self.outside.append(f"{resource.address}: {what}")


class _Named(Protocol):
    @property
    def name(self) -> str: ...


_Seen = TypeVar("_Seen", bound=_Named)
_Seen_co = TypeVar("_Seen_co", bound=_Named, covariant=True)


class Stacks(Protocol[_Seen_co]):
    """What was seen of several stacks."""

    @property
    def stacks(self) -> tuple[_Seen_co, ...]:
        """What was seen of each."""
        ...

    @property
    def left_out(self) -> tuple[str, ...]:
        """Those of which nothing was, as the command line names others."""
        ...


def judged(planned: Stacks[_Seen], judge: Callable[[_Seen, Judgement], None]) -> list[Finding]:
    """Apply a rule to every stack.

    Raises:
        PrerequisiteMissing: if there is no stack, or nothing is wrong as far as is known and something is not, is outside of
            the model, or was not planned.
    """
    if not planned.stacks:
        raise PrerequisiteMissing(
            "exitgate.toml", got="no stack", expected="one to look at", action="Add [[infrastructure.stack]]."
        )
    told: dict[Finding, list[str]] = {}
    unknown: dict[str, list[str]] = {}
    outside: dict[str, list[str]] = {}
    for stack in planned.stacks:
        judgement = Judgement()
        judge(stack, judgement)
        for finding in judgement.findings:
            _note(told.setdefault(finding, []), stack.name)
        for each in judgement.unknown:
            _note(unknown.setdefault(each, []), stack.name)
        for each in judgement.outside:
            _note(outside.setdefault(each, []), stack.name)
    if told:
        return [
            replace(finding, message=f"{finding.message}, in {' and '.join(stacks)}")
            for finding, stacks in told.items()
        ]
    if outside:
        raise _not_told(
            outside,
            "outside of what exitgate models",
            "what the rule knows: ECS on Fargate behind an application load balancer",
            "Have it assessed by other means, or declare the control not applicable with a reason.",
        )
    if unknown:
        raise _not_told(
            unknown,
            "not known before an apply",
            "a value that the plan shows",
            "Write it in a way that a plan can show, or have it assessed on an emulator.",
        )
    if planned.left_out:
        raise stack_left_out(planned.left_out)
    return []


def stack_left_out(names: tuple[str, ...]) -> PrerequisiteMissing:
    """Return why nothing is met where stacks were not planned."""
    return PrerequisiteMissing(
        f"stack {names[0]}",
        got="not planned, as the command line names others",
        expected="the plans of all stacks",
        action="Leave --gate-stack out: what is well in one stack says nothing of the others.",
    )


def _note(stacks: list[str], stack: str) -> None:
    if stack not in stacks:
        stacks.append(stack)


def _not_told(told: dict[str, list[str]], why: str, expected: str, action: str) -> PrerequisiteMissing:
    first, stacks = next(iter(told.items()))
    more = f", and {len(told) - 1} more" if len(told) > 1 else ""
    return PrerequisiteMissing(first, got=f"{why}, in {' and '.join(stacks)}{more}", expected=expected, action=action)


def absent(judgement: Judgement, stack: Stack, what: str, remedy: str) -> None:
    """Say that a stack plans none of something that every environment needs."""
    judgement.fault(
        f"stack:{stack.name}", f"the plan holds no {what}", expected=f"at least one {what}", got="none", remedy=remedy
    )
