"""Linux capabilities and the system-call filter: asked for, and really held by every process."""

from __future__ import annotations

from exitgate.finding import Finding
from exitgate.observe.life import Life
from exitgate.observe.task_definition import Neighbour, TaskDefinition
from exitgate.policy import ContainerPolicy

_FILTERED = 2


def _plain(name: str) -> str:
    return name.upper().removeprefix("CAP_")


def added_capabilities(task: TaskDefinition, policy: ContainerPolicy) -> list[Finding]:
    """Name privileged mode, what is shared of the host, and each added capability that the policy does not allow.

    Of the task definition's other containers too, of which nothing is run.
    """
    findings = []
    if task.settings.privileged:
        findings.append(
            Finding(
                location=task.locate("privileged"),
                message="the container is privileged",
                expected="privileged unset or false",
                got="privileged: true",
                remedy="Remove `privileged`; it gives every capability and every device of the host.",
            )
        )
    findings += [
        Finding(
            location=task.locate("linuxParameters", "capabilities", "add"),
            message=f"the {task.noun} adds the capability {_plain(name)}",
            expected=_allowed(policy),
            got=_plain(name),
            remedy=f"Remove it from {task.key('linuxParameters', 'capabilities', 'add')}, or have the policy allow it by name.",
        )
        for name in task.settings.capabilities_added
        if _plain(name) not in policy.allow_capabilities
    ]
    findings += [
        Finding(
            location=share.location,
            message=f"the {task.noun} gives the container {share.what}",
            expected="nothing of the host",
            got=share.got,
            remedy="Remove it: a container that has it can reach beyond its own walls, whatever user it runs as.",
        )
        for share in task.host_shares
    ]
    return [*findings, *(finding for other in task.neighbours for finding in _privileges_of(other, policy))]


def _privileges_of(other: Neighbour, policy: ContainerPolicy) -> list[Finding]:
    added = [_plain(name) for name in other.capabilities_added if _plain(name) not in policy.allow_capabilities]
    got = ["privileged: true"] if other.privileged else []
    got += [f"adds {', '.join(added)}"] if added else []
    return [
        Finding(
            location=other.location,
            message=f"the container {other.name}, of the same task definition, has privileges",
            expected="not privileged, and capabilities: " + _allowed(policy),
            got=word,
            remedy="Take them from it: it runs beside the workload, and shares its network.",
        )
        for word in got
    ]


def undropped_capabilities(task: TaskDefinition) -> list[Finding]:
    """Say where the task definition does not drop all capabilities."""
    if "ALL" in map(_plain, task.settings.capabilities_dropped) and not task.settings.privileged:
        return []
    key = task.key("linuxParameters", "capabilities", "drop")
    got = (
        "privileged: true"
        if task.settings.privileged
        else ", ".join(task.settings.capabilities_dropped) or "nothing dropped"
    )
    return [
        Finding(
            location=task.locate("linuxParameters", "capabilities", "drop"),
            message=f"the {task.noun} does not drop all capabilities",
            expected=f'{key}: ["ALL"]',
            got=got,
            remedy=f'Set {key} to ["ALL"].',
        )
    ]


def kept_capabilities(life: Life, policy: ContainerPolicy) -> list[Finding]:
    """Name each process that holds, in any of its five sets, a capability that the policy does not allow."""
    findings: dict[str, Finding] = {}
    for process in life.processes:
        for kind, names in process.capabilities:
            extra = [name for name in names if name not in policy.allow_capabilities]
            if extra:
                message = f"process {process.command!r} holds capabilities in its {kind} set"
                findings.setdefault(
                    f"{message} {extra}",
                    Finding(
                        location=life.locations.capabilities,
                        message=message,
                        expected=_allowed(policy),
                        got=", ".join(extra),
                        remedy=f"Drop ALL in the {life.locations.noun}, add none, and run as a user other than root.",
                    ),
                )
    return list(findings.values())


def unfiltered_system_calls(life: Life) -> list[Finding]:
    """Name each process that runs without a seccomp filter."""
    commands = sorted({process.command for process in life.processes if process.seccomp != _FILTERED})
    return [
        Finding(
            location=life.locations.privileged,
            message=f"process {command!r} runs without a system-call filter",
            expected="seccomp mode 2 (filter)",
            got="seccomp off",
            remedy="Do not run privileged or unconfined; the engine applies its default profile by itself.",
        )
        for command in commands
    ]


def _allowed(policy: ContainerPolicy) -> str:
    return f"only {', '.join(policy.allow_capabilities)}" if policy.allow_capabilities else "none"
