"""The target's own rules for deployments: are they there?"""

from __future__ import annotations

from exitgate.finding import Finding
from exitgate.target import Target


def _absent(target: Target, message: str, *keys: str) -> Finding:
    table = ".".join(("policy", "deployments", *keys))
    return Finding(
        location=target.locate("policy", "deployments", *keys),
        message=message,
        expected=f"[{table}]",
        got="no such table",
        remedy=f"Write [{table}]; `exitgate schema target` describes every key.",
    )


def missing_strategy(target: Target) -> list[Finding]:
    """Say where the rules name no strategy for deployments."""
    return [] if target.policy.deployments else [_absent(target, "no deployment strategy is defined")]


def missing_thresholds(target: Target) -> list[Finding]:
    """Name each table of thresholds that the rules lack: the balancer's, the container's, and those of leaving."""
    policy = target.policy.deployments
    return [
        _absent(target, f"no thresholds are defined for {what}", key)
        for key, what in (
            ("health", "the load balancer's health checks"),
            ("container_health", "the container's own health check"),
            ("shutdown", "drain and stop"),
        )
        if policy is None or getattr(policy, key) is None
    ]


def missing_rollback_rules(target: Target) -> list[Finding]:
    """Say where the rules name no triggers for a rollback, or none that sees a version that is healthy and errs."""
    policy = target.policy.deployments
    if policy is None or policy.rollback is None:
        return [_absent(target, "no triggers for a rollback are defined", "rollback")]
    return [
        Finding(
            location=target.locate("policy", "deployments", "rollback", "triggers"),
            message=f"the rules name no trigger that sees {what}",
            expected=f"{trigger} among the triggers",
            got=", ".join(policy.rollback.triggers),
            remedy=f"Add {trigger} to triggers, with its limits.",
        )
        for trigger, what in (
            ("circuit_breaker", "a version that never becomes healthy"),
            ("alarms", "a version that is healthy and errs"),
        )
        if trigger not in policy.rollback.triggers
    ]
