"""The planned health checks beside the rules', and beside each other (3.5.A.2, 3.5.B.2)."""

from __future__ import annotations

from exitgate.checks.deployments.planned import differences, in_every_stack, needing
from exitgate.finding import Finding
from exitgate.observe.deployment_settings import DeploymentSettings, Topic
from exitgate.policy.deployments import BalancerHealthPolicy, ContainerHealthPolicy

_SLACK = 4
"""A grace period longer than so many times the slowest start hides failures instead of waiting for starts."""


@in_every_stack
@needing(Topic.GRACE, Topic.TARGET_CHECK)
def strange_thresholds(
    planned: DeploymentSettings, health: BalancerHealthPolicy, container: ContainerHealthPolicy
) -> list[Finding]:
    """Name each threshold that is not planned as the rules have it, or not written out at all."""
    check, own = planned.settings.target_check, planned.settings.container_check
    rows: list[tuple[str, str, object, object]] = [
        (
            planned.at_service("health_check_grace_period_seconds"),
            "grace period",
            planned.grace_period_s,
            health.grace_period_s,
        )
    ]
    at = planned.at_target_group("health_check")
    rows += [
        (at, "load balancer's check interval", check and check.interval_s, health.interval_s),
        (at, "load balancer's check timeout", check and check.timeout_s, health.timeout_s),
        (at, "load balancer's healthy count", check and check.healthy_count, health.healthy_count),
        (at, "load balancer's unhealthy count", check and check.unhealthy_count, health.unhealthy_count),
    ]
    at = planned.task.locate("healthCheck")
    rows += [
        (at, "container's check interval", own and own.interval_s, container.interval_s),
        (at, "container's check timeout", own and own.timeout_s, container.timeout_s),
        (at, "container's retries", own and own.retries, container.retries),
        (at, "container's start period", own and own.start_period_s, container.start_period_s),
    ]
    return list(differences(rows))


@in_every_stack
@needing(Topic.GRACE, Topic.TARGET_CHECK)
def inconsistent_health(planned: DeploymentSettings, health: BalancerHealthPolicy) -> list[Finding]:
    """Compute from the planned thresholds when a failure is noticed and whether a slow start is survived."""
    settings, findings = planned.settings, []
    check, own, start_s = settings.target_check, settings.container_check, health.start_limit_s
    if check and check.detection_s > health.detection_limit_s:
        findings.append(
            Finding(
                location=planned.at_target_group("health_check"),
                message="a task that stopped answering stays in traffic for too long",
                expected=f"at most {health.detection_limit_s} s",
                got=f"{check.unhealthy_count} checks every {check.interval_s:g} s and {check.timeout_s:g} s: "
                f"{check.detection_s:g} s",
                remedy="Check more often, or call a task unhealthy after fewer failures.",
            )
        )
    if settings.grace_period_s < start_s:
        findings.append(
            Finding(
                location=planned.at_service("health_check_grace_period_seconds"),
                message="a task as slow to start as the rules allow is killed before it is healthy",
                expected=f"at least {start_s} s",
                got=f"{settings.grace_period_s:g} s",
                remedy="Make the grace period longer than the slowest start.",
            )
        )
    elif settings.grace_period_s > _SLACK * start_s:
        findings.append(
            Finding(
                location=planned.at_service("health_check_grace_period_seconds"),
                message="the grace period is so long that it hides failures",
                expected=f"at most {_SLACK} times the slowest start, {_SLACK * start_s} s",
                got=f"{settings.grace_period_s:g} s in which no failing check counts",
                remedy="Make the grace period only somewhat longer than the slowest start.",
            )
        )
    again_s = start_s + check.interval_s * check.healthy_count if check else 0.0
    if check and start_s >= check.interval_s * check.unhealthy_count and start_s <= settings.grace_period_s < again_s:
        findings.append(
            Finding(
                location=planned.at_service("health_check_grace_period_seconds"),
                message="a task as slow to start as the rules allow is unhealthy when its grace period ends",
                expected=f"at least {again_s:g} s: by then it is unhealthy, and needs {check.healthy_count} passes",
                got=f"{settings.grace_period_s:g} s",
                remedy="Make the grace period longer than the slowest start and the checks that make it healthy again.",
            )
        )
    patience_s = own.start_period_s + own.interval_s * own.retries if own else None
    if patience_s is not None and max(patience_s, settings.grace_period_s) < start_s:
        findings.append(
            Finding(
                location=planned.task.locate("healthCheck"),
                message="the container's own check gives up on a slow start",
                expected=f"start period and retries of at least {start_s} s",
                got=f"{patience_s:g} s",
                remedy="Make startPeriod longer.",
            )
        )
    return findings


@in_every_stack
@needing(Topic.TARGET_CHECK)
def lax_matchers(planned: DeploymentSettings, health: BalancerHealthPolicy, health_path: str) -> list[Finding]:
    """Name a health check of the target group that asks elsewhere, or takes codes that the rules don't."""
    check = planned.settings.target_check
    at = planned.at_target_group("health_check")
    if check is None:
        return [
            Finding(
                location=planned.at_service("load_balancer"),
                message="no load balancer checks the tasks",
                expected="a target group with a health check",
                got="no load_balancer block",
                remedy="Put the service behind a target group.",
            )
        ]
    findings = []
    if check.path != health_path:
        findings.append(
            Finding(
                location=at,
                message="the load balancer asks another path than the workload's health path",
                expected=health_path,
                got=check.path,
                remedy="Set the target group's path to the workload's health_path.",
            )
        )
    if planned.health_protocol not in ("HTTP", "HTTPS"):
        findings.append(
            Finding(
                location=at,
                message="the load balancer's check does not speak HTTP",
                expected="HTTP or HTTPS: a port that is open says nothing of what listens there",
                got=planned.health_protocol or "no protocol written out",
                remedy="Set the health check's protocol.",
            )
        )
    strange = [code for code in range(100, 600) if check.accepts(code) and code not in health.success_codes]
    if strange:
        findings.append(
            Finding(
                location=at,
                message="the load balancer takes status codes for healthy that are not",
                expected=", ".join(map(str, health.success_codes)),
                got=f"matcher {check.matcher}",
                remedy="Set the matcher to the success codes of the rules.",
            )
        )
    return findings
