"""What has to have been passed before this gate means anything."""

from __future__ import annotations

from exitgate.finding import Finding
from exitgate.observe.earlier_gate import EarlierGate


def unproven_passes(seen: EarlierGate) -> list[Finding]:
    """Say why a statement on an earlier gate is not the pass that this gate builds on; nothing where it is one."""
    if seen.refused:
        return [
            _finding(
                seen,
                f"the statement on {seen.gate} does not hold: {seen.refused}",
                seen.demanded,
                seen.refused,
                "Ask whoever signs for that gate for a statement on this target; don't make one yourself.",
            )
        ]
    findings = []
    if not seen.passed:
        findings.append(
            _finding(
                seen,
                f"{seen.gate} was not passed: {seen.verdict}",
                "passed, and no rehearsal",
                seen.verdict,
                f"Pass {seen.gate} first.",
            )
        )
    if not seen.is_in_history:
        findings.append(
            _finding(
                seen,
                f"the statement on {seen.gate} is of a commit that does not lead to this one",
                "a commit in this target's history",
                seen.commit or "no commit",
                "Have that gate assessed on a commit of this branch.",
            )
        )
    if seen.signs_this_gate:
        findings.append(
            _finding(
                seen,
                f"{seen.signer} signs for {seen.gate} and for the gate that builds on it",
                "two keys, kept by two people or systems",
                f"one key, {seen.signer}",
                "Let another key sign for one of the two, and take that gate out of [[policy.prerequisites.signer]].",
            )
        )
    return findings


def _finding(seen: EarlierGate, message: str, expected: str, got: str, remedy: str) -> Finding:
    return Finding(location=seen.location, message=message, expected=expected, got=got, remedy=remedy)
