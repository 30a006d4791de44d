"""The settings with which a service is rehearsed here: those of the policy, in less time than production takes."""

from __future__ import annotations

from dataclasses import replace

from exitgate.errors import PrerequisiteMissing
from exitgate.observe.rollout.alarms import ERROR_RATE, LATENCY, AlarmLimits
from exitgate.policy.deployments import DeploymentPolicy, RollbackPolicy
from exitgate.rollout.settings import Breaker, DeploymentAlarms, RolloutSettings, TargetCheck
from exitgate.settings import ContainerSettings
from exitgate.target import Workload

COMPRESSION = 20.0
ROLLBACKS_LOAD_SHARE = 0.75
"""Of the usual load, while bad versions are taken back: enough for an alarm, and processors are left for all the starts."""
_LEAST_INTERVAL_S, _LEAST_DELAY_S, _LEAST_GRACE_S = 0.5, 1.5, 3.0
"""Seconds below which a timer measures this machine and not the workload."""
_STARTS_IN_GRACE = 5.0
"""The first starts are quick: later ones leave the processors to what serves, and were seen to take three times as long."""
_OWN_TIME_S = 60.0
"""What workload and machine need for a deployment, beside all waits."""
_MILLISECONDS = 1000


def settings_by_policy(workload: Workload, policy: DeploymentPolicy, container: ContainerSettings) -> RolloutSettings:
    """Return ECS's settings as the policy and the task definition give them.

    Raises:
        PrerequisiteMissing: if the policy leaves a part out.
    """
    health, shutdown, rollback = policy.health, policy.shutdown, policy.rollback
    if health is None or shutdown is None:
        raise PrerequisiteMissing(
            "exitgate.toml",
            got="no [policy.deployments.health] or no [policy.deployments.shutdown]",
            expected="the settings to roll with",
            action="Add both.",
        )
    triggers = rollback.triggers if rollback else ()
    breaks = "circuit_breaker" in triggers
    return RolloutSettings(
        workload=workload.name,
        desired_count=policy.minimum_tasks,
        minimum_healthy_percent=policy.minimum_healthy_percent,
        maximum_percent=policy.maximum_percent,
        grace_period_s=health.grace_period_s,
        target_check=TargetCheck(
            path=workload.health_path,
            matcher=",".join(map(str, health.success_codes)),
            interval_s=health.interval_s,
            timeout_s=health.timeout_s,
            healthy_count=health.healthy_count,
            unhealthy_count=health.unhealthy_count,
        ),
        deregistration_delay_s=shutdown.deregistration_delay_s,
        stop_timeout_s=container.stop_timeout_s,
        idle_timeout_s=shutdown.balancer_idle_timeout_s,
        breaker=Breaker(enable=breaks, rollback=breaks),
        alarms=_alarms(rollback) if rollback and "alarms" in triggers else DeploymentAlarms(),
    )


def with_latency_alarm(settings: RolloutSettings, policy: DeploymentPolicy) -> RolloutSettings:
    """Return the settings with the policy's alarm on latency, too; for versions that are to be taken back anyway."""
    if not settings.alarms.enable or policy.rollback is None or policy.rollback.latency_p99_ms is None:
        return settings
    return replace(settings, alarms=replace(settings.alarms, names=(ERROR_RATE, LATENCY)))


def delay_s(policy: DeploymentPolicy) -> float:
    """Return the seconds by which a version has to be slower to be noticed by the alarm on latency."""
    rollback = policy.rollback
    limit_ms = rollback.latency_p99_ms if rollback and rollback.latency_p99_ms else _MILLISECONDS
    return 1.3 * limit_ms / _MILLISECONDS


def _alarms(rollback: RollbackPolicy) -> DeploymentAlarms:
    # That of latency is left to `latency-kept`: a neighbour on this machine would take good versions back by it.
    # ECS takes the bake time from the alarms' own periods; one period more, since a period is under way when it begins.
    bake_s = float((rollback.period_s or 0) * ((rollback.periods or 0) + 1))
    return DeploymentAlarms(enable=True, rollback=True, names=(ERROR_RATE,), bake_time_s=bake_s)


def rehearsed(settings: RolloutSettings, k: float = COMPRESSION) -> RolloutSettings:
    """Return the settings with what is mere waiting divided by `k`, and nothing below what this machine can keep.

    What a workload needs its own time for stays as it is: the answer to a check, and the stop timeout, which nobody waits out who
    stops in order. The grace period is set anew once starts were measured (`with_grace`). The container's own health check
    is left to 3.2.B.2.3: run many times as often, it would be most of the load.
    """
    small = settings.compressed(k)
    check = small.target_check
    real = settings.target_check
    if check is not None and real is not None:
        interval = min(max(check.interval_s, _LEAST_INTERVAL_S), real.interval_s)
        check = replace(check, interval_s=interval, timeout_s=real.timeout_s)
    return replace(
        small,
        target_check=check,
        container_check=None,
        grace_period_s=settings.grace_period_s,
        deregistration_delay_s=min(max(small.deregistration_delay_s, _LEAST_DELAY_S), settings.deregistration_delay_s),
        stop_timeout_s=settings.stop_timeout_s,
        idle_timeout_s=settings.idle_timeout_s,
    )


def with_grace(settings: RolloutSettings, slowest_start_s: float) -> RolloutSettings:
    """Return the settings with a grace period that is divided as the rest is, but leaves a task the time that starts take here.

    Args:
        settings: From `rehearsed`, with production's grace period.
        slowest_start_s: Seconds from start to the first passed check, as measured just now.
    """
    least = max(settings.grace_period_s / settings.compression, _LEAST_GRACE_S, _STARTS_IN_GRACE * slowest_start_s)
    return replace(settings, grace_period_s=min(settings.grace_period_s, least))


def alarm_limits(policy: DeploymentPolicy, k: float = COMPRESSION) -> AlarmLimits | None:
    """Return when the policy's alarms fire, in compressed time; nothing where it has none."""
    rollback = policy.rollback
    if (
        rollback is None
        or rollback.error_rate_percent is None
        or rollback.latency_p99_ms is None
        or rollback.period_s is None
        or rollback.periods is None
    ):
        return None
    return AlarmLimits(
        error_rate_percent=rollback.error_rate_percent,
        latency_p99_s=rollback.latency_p99_ms / _MILLISECONDS,
        period_s=rollback.period_s / k,
        periods=rollback.periods,
    )


def step_limit_s(policy: DeploymentPolicy, k: float = COMPRESSION) -> float:
    """Return the seconds that a deployment may take, a rollback included: the waits of the policy, and what nobody divides."""
    rollback = policy.rollback
    waits_s = (policy.completion_limit_s or 0) + (rollback.breaker_limit_s or 0 if rollback else 0)
    return _OWN_TIME_S + waits_s / k


def failing_share(policy: DeploymentPolicy) -> float:
    """Return the share of requests that a version has to fail to be noticed by the alarm, and to stay within the budget.

    Only reads are failed, and a compressed period has one or two hundred requests: at one and a half times the alarm's limit, one
    failure more or less in a period decided.
    """
    rollback, limits = policy.rollback, policy.limits
    least = rollback.error_rate_percent if rollback and rollback.error_rate_percent is not None else 1.0
    most = limits.error_budget_percent if limits else 0.0
    return max(2 * least, (least + most) / 2, 0.1) / 100
