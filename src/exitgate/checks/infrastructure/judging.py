"""How a rule is applied to several stacks: findings that are the same in each are told once, and an unknown is never a pass."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from exitgate.errors import PrerequisiteMissing
from exitgate.finding import Finding
from exitgate.observe.terraform import Infrastructure, Resource, Stack


@dataclass(slots=True, kw_only=True)
class Judgement:
    """What a rule has to say about a stack."""

    findings: list[Finding] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    """What it hangs on and is not known before an apply, as ``address: attribute``."""

    def fault(self, location: str, message: str, *, expected: str, got: str, remedy: str) -> None:
        """Say what is wrong."""
        self.findings.append(Finding(location=location, message=message, expected=expected, got=got, remedy=remedy))

    def open(self, resource: Resource, attribute: str) -> None:
        """Say what can't be told."""
        self.unknown.append(f"{resource.address}: {attribute}")


Judge = Callable[[Stack, Judgement], None]


def judged(planned: Infrastructure, judge: Judge) -> list[Finding]:
    """Apply a rule to every stack.

    Raises:
        PrerequisiteMissing: if there is no stack, or nothing is wrong as far as is known and something is not.
    """
    if not planned.stacks:
        raise PrerequisiteMissing(
            "exitgate.toml", got="no stack", expected="one to look at", action="Add [[infrastructure.stack]]."
        )
    told: dict[Finding, list[str]] = {}
    unknown: dict[str, list[str]] = {}
    for stack in planned.stacks:
        judgement = Judgement()
        judge(stack, judgement)
        for finding in judgement.findings:
            told.setdefault(finding, []).append(stack.name)
        for each in judgement.unknown:
            unknown.setdefault(each, []).append(stack.name)
    if told:
        return [
            Finding(
                location=finding.location,
                message=f"{finding.message}, in {' and '.join(stacks)}",
                expected=finding.expected,
                got=finding.got,
                remedy=finding.remedy,
            )
            for finding, stacks in told.items()
        ]
    if unknown:
        first, stacks = next(iter(unknown.items()))
        more = f", and {len(unknown) - 1} more" if len(unknown) > 1 else ""
        raise PrerequisiteMissing(
            first,
            got=f"not known before an apply, in {' and '.join(stacks)}{more}",
            expected="a value that the plan shows",
            action="Write it in a way that a plan can show, or have it assessed on an emulator.",
        )
    return []


def absent(judgement: Judgement, stack: Stack, what: str, remedy: str) -> None:
    """Say that a stack plans none of something that every environment needs."""
    judgement.fault(
        f"stack:{stack.name}", f"the plan holds no {what}", expected=f"at least one {what}", got="none", remedy=remedy
    )
