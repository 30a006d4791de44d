"""What scanners have against a Dockerfile and its image, from the policy's severity on."""

from __future__ import annotations

from exitgate.finding import Finding
from exitgate.observe.misconfigurations import Misconfigurations
from exitgate.policy.containers import SEVERITIES, VulnerabilityPolicy


def standing_misconfigurations(seen: Misconfigurations, policy: VulnerabilityPolicy) -> list[Finding]:
    """Name each misconfiguration at or above the policy's severity, suppressed or not."""
    mildest = SEVERITIES.index(policy.misconfiguration_severity)
    return [
        Finding(
            location=each.location,
            message=f"{each.rule}: {each.message}",
            expected=f"nothing of severity {policy.misconfiguration_severity} or above",
            got=each.severity,
            remedy=each.remedy or f"Do as the rule says: it is explained under its name, {each.rule}.",
        )
        for each in seen.found
        if SEVERITIES.index(each.severity) >= mildest
    ]
