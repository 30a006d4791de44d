"""When ECS counts a task as healthy, and when as one to replace.

Source: Amazon ECS developer guide, "Amazon ECS services"; API reference, DeploymentConfiguration and healthCheckGracePeriodSeconds.
"""

from __future__ import annotations

from typing import Literal

from exitgate.rollout.settings import RolloutSettings
from exitgate.rollout.state import Task

Opinion = Literal["healthy", "unhealthy", "undecided"]


def opinion(task: Task, settings: RolloutSettings, now_s: float) -> Opinion:
    """Return what ECS makes of a task: every check that there is has to pass, and no failure counts within the grace period.

    A task that is pending, or on its way out, is undecided: it counts for nothing.
    """
    if task.phase != "running":
        return "undecided"
    if now_s >= grace_ends_s(task, settings) and _fails(task, settings):
        return "unhealthy"
    checks = []
    if settings.has_balancer:
        checks.append(task.target_state == "healthy")
    if settings.container_check:
        checks.append(task.container_healthy is True)
    if not checks:
        checks.append(now_s >= task.started_s + settings.settling_s)
    return "healthy" if all(checks) else "undecided"


def grace_ends_s(task: Task, settings: RolloutSettings) -> float:
    """Return from when on failing checks count."""
    return task.started_s + settings.grace_period_s


def next_change_s(task: Task, settings: RolloutSettings, now_s: float) -> float | None:
    """Return when time alone changes what ECS makes of a task; nothing where only its checks can."""
    if task.phase != "running":
        return None
    due = grace_ends_s(task, settings)
    if _fails(task, settings):
        return due if due > now_s else None
    if settings.has_balancer or settings.container_check:
        return None
    due = task.started_s + settings.settling_s
    return due if due > now_s else None


def _fails(task: Task, settings: RolloutSettings) -> bool:
    return (settings.has_balancer and task.target_state == "unhealthy") or (
        settings.container_check is not None and task.container_healthy is False
    )
