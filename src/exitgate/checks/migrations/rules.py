"""The target's own rules for migrations: are there any, and do they say anything?"""

from __future__ import annotations

from exitgate.finding import Finding
from exitgate.target import Target

_ADD = "Add [policy.migrations]; `exitgate schema target` describes its keys."


def _absent(target: Target, what: str) -> Finding:
    return Finding(
        location=target.locate("policy", "migrations"),
        message=f"no rule says {what}",
        expected="[policy.migrations]",
        got="no such table",
        remedy=_ADD,
    )


def rewritable_histories(target: Target) -> list[Finding]:
    """Say where no rule keeps applied migrations as they are."""
    policy = target.policy.migrations
    if policy is None:
        return [_absent(target, "that applied migrations are never changed")]
    if policy.forward_only:
        return []
    return [
        Finding(
            location=target.locate("policy", "migrations", "forward_only"),
            message="the policy lets applied migrations be changed",
            expected="forward_only = true",
            got="forward_only = false",
            remedy="Set it; a mistake is mended by the next migration.",
        )
    ]


def undefined_rollbacks(target: Target) -> list[Finding]:
    """Say where no rule tells how a schema change is taken back."""
    policy = target.policy.migrations
    if policy is None:
        return [_absent(target, "how a schema change is taken back")]
    findings = []
    if not any("{migration}" in step for step in policy.recovery):
        findings.append(
            Finding(
                location=target.locate("policy", "migrations", "recovery"),
                message="no step of the recovery settles the migration that failed",
                expected="a command that names {migration}",
                got=" · ".join(policy.recovery),
                remedy="Add the command that says what became of the failed migration, ahead of deploying again.",
            )
        )
    return findings


def unowned_services(target: Target) -> list[Finding]:
    """Name each service with a database whose migrations nobody owns by the policy."""
    policy = target.policy.migrations
    if policy is None:
        return [_absent(target, "who owns the migrations")]
    servers = {backing.name for backing in target.backings if backing.kind == "postgres"}
    return [
        Finding(
            location=target.locate("policy", "migrations", "owners"),
            message=f"the policy names no owner of the migrations of {service.name}",
            expected="a person or team that approves them",
            got="none",
            remedy=f"Add {service.name} to [policy.migrations.owners], as CODEOWNERS names its owner.",
        )
        for service in target.configuration.service
        if (service.migrations or any(use.backing in servers for use in service.backing.values()))
        and service.name not in policy.owners
    ]
