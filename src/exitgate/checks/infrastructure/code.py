"""What the code itself must not do, leave versions open; and the policy that it follows."""

from __future__ import annotations

from exitgate.finding import Finding
from exitgate.observe.terraform import Locks
from exitgate.policy.network import INTERNET
from exitgate.target import Target

_DATA_PORTS = frozenset({1433, 1521, 3306, 5432, 5671, 5672, 6379, 9042, 9092, 9200, 11211, 15671, 15672, 27017})
"""Where databases, caches and brokers listen, see IANA's registry of ports."""


def unlocked_code(locks: Locks) -> list[Finding]:
    """Name what is locked to no one version: providers without a checksum, modules without an exact version or commit."""
    return [
        Finding(
            location=each.location,
            message=f"what the code is made of may change by itself: {each.what}",
            expected="one version, by lock file or by an exact version or commit",
            got="none",
            remedy="Commit the lock file; pin modules to one version or commit.",
        )
        for each in locks.unlocked
    ]


def undeclared_infrastructure(target: Target, part: str) -> list[Finding]:
    """Say where a part of ``[policy.infrastructure]`` was never written."""
    policy = target.policy.infrastructure
    if policy is not None and getattr(policy, part):
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


def lax_flows(target: Target) -> list[Finding]:
    """Say where no flow is listed, and name each that opens a port of data stores to the internet."""
    policy = target.policy.infrastructure
    return undeclared_infrastructure(target, "flow") + [
        Finding(
            location=target.locate("policy", "infrastructure", "flow", index, "ports"),
            message=f"the policy opens port {port} to the internet, where data stores listen",
            expected="no such port",
            got=f"{flow.destination}: {port}",
            remedy="Let services reach the data store, and nobody else.",
        )
        for index, flow in enumerate(policy.flow if policy else ())
        for port in flow.ports
        if flow.source == INTERNET and port in _DATA_PORTS
    ]
