"""What tasks themselves did wrong while they were replaced, whoever else noticed."""

from __future__ import annotations

from exitgate.finding import Finding
from exitgate.observe.rollout.facts import Rollout


def killed_tasks(rollout: Rollout) -> list[Finding]:
    """Name each version whose tasks did not end on their stop signal."""
    return [
        Finding(
            location=rollout.location,
            message=f"a task of version {version!r} does not end on its stop signal and is killed",
            expected=f"an end within its stop timeout of {rollout.settings.stop_timeout_s:g} s",
            got=f"{', '.join(names)} still ran then",
            remedy="Start the server itself as the container's first process, and have it end on its stop signal.",
        )
        for version, names in _by_version(rollout, "killed").items()
    ]


def flooded_logs(rollout: Rollout) -> list[Finding]:
    """Name each version whose tasks write logs at a rate that hides what matters, and fills disks."""
    return [
        Finding(
            location=rollout.location,
            message=f"a task of version {version!r} floods its log",
            expected="lines that somebody can read",
            got=f"the last 2,000 lines of {', '.join(names)} within two seconds",
            remedy="Log less, a line a request at most.",
        )
        for version, names in _by_version(rollout, "floods").items()
    ]


def _by_version(rollout: Rollout, what: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for task in rollout.tasks:
        if getattr(task, what):
            found.setdefault(task.version, []).append(task.name)
    return found
