"""The target's non-root execution policy: is there one, and does it say anything?"""

from __future__ import annotations

from exitgate.finding import Finding
from exitgate.target import Target

_ROOT = "is as good as root on the host"
_INSIDE = "undoes the non-root user: its holder is root inside the container"
_DANGEROUS = {
    **dict.fromkeys(
        ("SYS_ADMIN", "SYS_MODULE", "SYS_RAWIO", "DAC_READ_SEARCH", "BPF", "SYS_BOOT", "SYS_PTRACE", "ALL"), _ROOT
    ),
    **dict.fromkeys(("PERFMON", "MAC_ADMIN", "MAC_OVERRIDE", "SYSLOG", "MKNOD"), "opens the kernel or its devices"),
    "NET_ADMIN": "changes routes and filters of the network, those that confine the workload included",
    **dict.fromkeys(("SETUID", "SETGID", "SETFCAP", "SETPCAP"), _INSIDE),
    **dict.fromkeys(("DAC_OVERRIDE", "FOWNER"), "gives its holder every file of the container"),
}
"""What a capability lets its holder do, see capabilities(7); what stands here no web service needs."""


def lax_policies(target: Target) -> list[Finding]:
    """Name each way in which ``[policy.containers]`` is absent or lets root in."""
    policy = target.policy.containers
    if policy is None:
        return [
            Finding(
                location=target.locate("policy", "containers"),
                message="no non-root execution policy is defined",
                expected="[policy.containers] with uid_range and gid_range",
                got="no such table",
                remedy="Add [policy.containers] with the ranges of user and group ids that workloads may run as.",
            )
        ]
    findings = [
        Finding(
            location=target.locate("policy", "containers", key),
            message=f"the policy's {key} lets root in",
            expected="a range that starts above 0",
            got=str(ids),
            remedy=f"Start {key} above 0, best above 999, where system users end.",
        )
        for key, ids in (("uid_range", policy.uid_range), ("gid_range", policy.gid_range))
        if 0 in ids
    ]
    findings += [
        Finding(
            location=target.locate("policy", "containers", "allow_capabilities"),
            message=f"the policy allows {capability}, which {_DANGEROUS[capability]}",
            expected=f"none of {', '.join(sorted(_DANGEROUS))}",
            got=capability,
            remedy="Take it from allow_capabilities, and give the workload what it needs in another way.",
        )
        for capability in policy.allow_capabilities
        if capability in _DANGEROUS
    ]
    return findings
