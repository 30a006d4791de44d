"""How a task leaves: is it planned, and do the times fit each other (3.5.B.3)?"""

from __future__ import annotations

from exitgate.checks.deployments.planned import differences, in_every_stack, needing
from exitgate.finding import Finding
from exitgate.observe.deployment_settings import DeploymentSettings, Topic
from exitgate.policy.deployments import ShutdownPolicy


@in_every_stack
@needing(Topic.DEREGISTRATION, Topic.IDLE_TIMEOUT)
def unplanned_shutdowns(planned: DeploymentSettings, policy: ShutdownPolicy) -> list[Finding]:
    """Name each time of leaving that is not planned as the rules have it."""
    return list(
        differences(
            (
                (
                    planned.at_target_group("deregistration_delay"),
                    "deregistration delay",
                    planned.deregistration_delay_s,
                    policy.deregistration_delay_s,
                ),
                (
                    planned.at_balancer("idle_timeout"),
                    "load balancer's idle timeout",
                    planned.idle_timeout_s,
                    policy.balancer_idle_timeout_s,
                ),
                (
                    planned.task.locate("stopTimeout"),
                    "stop timeout",
                    planned.settings.stop_timeout_s,
                    policy.stop_timeout_s,
                ),
            )
        )
    )


@in_every_stack
@needing(Topic.DEREGISTRATION, Topic.IDLE_TIMEOUT)
def inconsistent_shutdowns(planned: DeploymentSettings, policy: ShutdownPolicy) -> list[Finding]:
    """Compute from the planned times whether the longest request ends, and who closes idle connections first."""
    settings, findings = planned.settings, []
    for location, name, value_s in (
        (
            planned.at_target_group("deregistration_delay"),
            "the deregistration delay",
            settings.deregistration_delay_s,
        ),
        (planned.task.locate("stopTimeout"), "the stop timeout", settings.stop_timeout_s),
    ):
        if value_s < policy.longest_request_s:
            findings.append(
                Finding(
                    location=location,
                    message=f"{name} is shorter than the longest request",
                    expected=f"at least {policy.longest_request_s} s",
                    got=f"{value_s:g} s",
                    remedy="Make it longer than the longest request.",
                )
            )
    if settings.drain_s > policy.drain_limit_s:
        findings.append(
            Finding(
                location=planned.at_target_group("deregistration_delay"),
                message="a task takes longer to leave than the rules allow",
                expected=f"at most {policy.drain_limit_s} s",
                got=f"{settings.drain_s:g} s",
                remedy="Shorten the deregistration delay or the stop timeout.",
            )
        )
    if settings.idle_timeout_s >= policy.keep_alive_timeout_s:
        findings.append(
            Finding(
                location=planned.at_balancer("idle_timeout"),
                message="the load balancer keeps idle connections for longer than the workload does",
                expected=f"less than the workload's {policy.keep_alive_timeout_s} s",
                got=f"{settings.idle_timeout_s:g} s",
                remedy="Make the load balancer's idle timeout shorter than the workload's keep-alive timeout.",
            )
        )
    return findings
