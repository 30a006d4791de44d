"""The target's own limits for what scanners find: are there any, and do they rule anything out?

Sources of the bounds: PCI DSS 4.0, 6.3.3 (critical ones within a month); FedRAMP's vulnerability scanning requirements (moderate
ones within 90 days); Trivy's public database, made anew every 6 hours.
"""

from __future__ import annotations

from exitgate.finding import Finding
from exitgate.policy.containers import SEVERITIES, Severity, VulnerabilityPolicy
from exitgate.target import Target

_LONGEST_DAYS: dict[Severity, int] = {"critical": 30, "high": 90}
"""Days for which a vulnerability may stand; most that are exploited at all are so within the first month."""
_MILDEST_MISCONFIGURATION: Severity = "high"
_OLDEST_DATABASE_HOURS = 7 * 24
_WHERE = ("policy", "containers", "vulnerabilities")


def lax_scan_limits(target: Target) -> list[Finding]:
    """Say where no limits are set for what scanners find, and name each limit that lets everything stand."""
    policy = target.policy.containers
    limits = policy.vulnerabilities if policy else None
    if limits is None:
        return [
            Finding(
                location=target.locate(*_WHERE),
                message="no limits are set for what scanners find in images",
                expected="[policy.containers.vulnerabilities] with all of its limits",
                got="no such table",
                remedy="Decide for how long a vulnerability of each severity may stand, and write it down.",
            )
        ]
    return [*_lax_ages(target, limits), *_lax_rest(target, limits)]


def _lax_ages(target: Target, limits: VulnerabilityPolicy) -> list[Finding]:
    return [
        Finding(
            location=target.locate(*_WHERE, "max_age_days"),
            message=f"the policy lets vulnerabilities of severity {severity} stand for longer than anybody has to exploit them",
            expected=f"at most {most} days for {severity}",
            got=f"{days} days" if days is not None else "no limit",
            remedy="Lower it; waive single vulnerabilities that have no fix, each until a date.",
        )
        for severity, most in _LONGEST_DAYS.items()
        for days in (limits.max_age_days.get(severity),)
        if days is None or days > most
    ]


def _lax_rest(target: Target, limits: VulnerabilityPolicy) -> list[Finding]:
    findings = []
    if SEVERITIES.index(limits.misconfiguration_severity) > SEVERITIES.index(_MILDEST_MISCONFIGURATION):
        findings.append(
            Finding(
                location=target.locate(*_WHERE, "misconfiguration_severity"),
                message="the policy lets almost every misconfiguration stand: scanners call hardly one of them critical",
                expected=f"{_MILDEST_MISCONFIGURATION} or milder",
                got=limits.misconfiguration_severity,
                remedy="Set it to high or medium.",
            )
        )
    if limits.database_max_age_hours > _OLDEST_DATABASE_HOURS:
        findings.append(
            Finding(
                location=target.locate(*_WHERE, "database_max_age_hours"),
                message="the policy takes a vulnerability database for today's knowledge that is more than a week old",
                expected=f"at most {_OLDEST_DATABASE_HOURS} hours",
                got=f"{limits.database_max_age_hours} hours",
                remedy="Have the scanner's database downloaded daily: a new one is made every 6 hours.",
            )
        )
    return findings
