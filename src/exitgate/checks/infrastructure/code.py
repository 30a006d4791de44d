"""What the code itself must not do: leave versions open, or look away from what is judged. And the policy that it follows."""

from __future__ import annotations

from exitgate.checks.infrastructure.judging import Judgement, judged
from exitgate.finding import Finding
from exitgate.observe.terraform import Infrastructure, Stack
from exitgate.target import Target


def unlocked_code(planned: Infrastructure) -> list[Finding]:
    """Name what is locked to no one version: providers without a lock file, modules from elsewhere without version or commit."""

    def judge(stack: Stack, judgement: Judgement) -> None:
        for location, what in stack.unlocked:
            judgement.fault(
                location,
                f"what the code is made of may change by itself: {what}",
                expected="one version, by lock file or by an exact version or commit",
                got="none",
                remedy="Commit the lock file; pin modules to one version or commit.",
            )

    return judged(planned, judge)


def undeclared_infrastructure(target: Target, part: str) -> list[Finding]:
    """Say where a part of ``[policy.infrastructure]`` was never written."""
    policy = target.policy.infrastructure
    absent = policy is None or not getattr(policy, part)
    if not absent:
        return []
    return [
        Finding(
            location=target.locate("policy", "infrastructure", part),
            message=f"the target's rules say nothing of {part}",
            expected=f"{part} in [policy.infrastructure]",
            got="nothing",
            remedy=f"Write {part} into [policy.infrastructure].",
        )
    ]
