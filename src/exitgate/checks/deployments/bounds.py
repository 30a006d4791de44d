"""Whether a deployment gets on, keeps its capacity and is given up in time: computed and simulated by ECS's rules (3.5.B.1)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from exitgate.checks.deployments.planned import in_every_stack, needing
from exitgate.finding import Finding
from exitgate.observe.deployment_settings import DeploymentSettings, Topic
from exitgate.policy import DeploymentPolicy
from exitgate.policy.deployments import RollbackPolicy
from exitgate.rollout.settings import RolloutSettings
from exitgate.rollout.world import Behaviour, simulate

_LAUNCH_S = 30.0
"""Seconds from the order to start until a task runs on Fargate, the image pulled; a model's figure, on the long side."""


def _counts(planned: DeploymentSettings) -> Iterator[RolloutSettings]:
    for count in sorted({planned.settings.desired_count, planned.smallest_count}):
        yield replace(planned.settings, desired_count=count)


@in_every_stack
@needing(Topic.PERCENTAGES, Topic.GRACE, Topic.TARGET_CHECK, Topic.DEREGISTRATION, Topic.ALARMS, Topic.SCALING)
def stuck_deployments(planned: DeploymentSettings, policy: DeploymentPolicy, start_s: float) -> list[Finding]:
    """Roll a good version out in a simulation, at every count that scaling allows as the least, and see whether it completes.

    Args:
        planned: What is planned.
        policy: With the limit for completion.
        start_s: Seconds that a task may take from running to healthy.
    """
    findings = []
    for settings in _counts(planned):
        course = simulate(
            settings,
            Behaviour(launch_s=_LAUNCH_S, ready_s=start_s, stop_s=settings.stop_timeout_s),
            old=Behaviour(stop_s=settings.stop_timeout_s),
            limit_s=float(policy.completion_limit_s),
        )
        if course.outcome == "completed" and settings.desired_count > 0:
            continue
        stuck = settings.upper_bound <= settings.lower_bound
        findings.append(
            Finding(
                location=planned.at_service("deployment_maximum_percent"),
                message="a deployment can take no step"
                if stuck
                else "a deployment of a good version does not complete",
                expected=f"completed within {policy.completion_limit_s} s at {settings.desired_count} tasks",
                got=f"{course.outcome}: at least {settings.lower_bound} healthy and at most {settings.upper_bound} "
                f"running allowed, {course.started} started",
                remedy="Leave room for at least one more task than stays healthy, and time for it to start.",
            )
        )
    return findings


@in_every_stack
@needing(Topic.PERCENTAGES, Topic.SCALING)
def lost_capacity(planned: DeploymentSettings, policy: DeploymentPolicy) -> list[Finding]:
    """Name each count of tasks at which ECS may stop more than the rules allow."""
    return [
        Finding(
            location=planned.at_service("deployment_minimum_healthy_percent"),
            message="ECS may stop more healthy tasks than the rules allow",
            expected=f"at least {max(policy.minimum_tasks, 1)} healthy tasks throughout",
            got=f"{settings.lower_bound} of {settings.desired_count} ({settings.minimum_healthy_percent} %, rounded up)",
            remedy="Raise the minimum healthy percent, or run more tasks.",
        )
        for settings in _counts(planned)
        if settings.lower_bound < max(policy.minimum_tasks, 1)
    ]


@in_every_stack
@needing(
    Topic.PERCENTAGES, Topic.GRACE, Topic.TARGET_CHECK, Topic.DEREGISTRATION, Topic.BREAKER, Topic.ALARMS, Topic.SCALING
)
def unreachable_breakers(planned: DeploymentSettings, policy: RollbackPolicy) -> list[Finding]:
    """Simulate a version that never becomes healthy, and one that exits at once: each has to be given up in time."""
    findings = []
    for settings in _counts(planned):
        for what, behaviour in (
            ("never becomes healthy", Behaviour(launch_s=_LAUNCH_S, ready_s=None)),
            ("exits at its start", Behaviour(launch_s=_LAUNCH_S, ready_s=None, exits_s=1.0)),
        ):
            limit_s = float(policy.breaker_limit_s)
            # Until it is given up; the old version's return is not part of that limit.
            course = simulate(settings, behaviour, limit_s=limit_s + settings.drain_s)
            if course.failed_s is not None and course.failed_s <= limit_s and course.outcome == "rolled back":
                continue
            findings.append(
                Finding(
                    location=planned.at_service("deployment_circuit_breaker"),
                    message=f"a version that {what} is not given up and rolled back in time",
                    expected=f"rolled back, begun within {policy.breaker_limit_s} s at {settings.desired_count} tasks",
                    got=f"{course.outcome}, "
                    + (f"given up after {course.failed_s:g} s" if course.failed_s is not None else "never given up"),
                    remedy="Enable the circuit breaker with rollback, lower its threshold, or shorten the grace period.",
                )
            )
    return findings
