"""Whether migrations have the owners that the policy names, and databases have one service each."""

from __future__ import annotations

from exitgate.finding import Finding
from exitgate.observe.codeowners import CodeOwners
from exitgate.observe.migrations.ownership import DatabaseOwnership
from exitgate.policy import MigrationPolicy


def disowned_migrations(owners: CodeOwners, service: str, folder: str, policy: MigrationPolicy) -> list[Finding]:
    """Name each file of the folder that CODEOWNERS gives to somebody else, or to nobody: once a line that decides so."""
    wanted = policy.owners.get(service, "")
    findings: dict[int, Finding] = {}
    for file in owners.files:
        if not file.startswith(f"{folder}/"):
            continue
        rule = owners.rule_for(file)
        given = rule.owners if rule else ()
        if any(wanted.lower() == owner.lower() for owner in given) and wanted:
            continue
        line = rule.line if rule else 0
        findings.setdefault(
            line,
            Finding(
                location=f"{owners.path}:{line}" if line else owners.path,
                message=f"CODEOWNERS does not give the migrations of {service} to the owner that the policy names",
                expected=wanted or "an owner in [policy.migrations.owners]",
                got=f"{', '.join(given) or 'nobody'} for {file}",
                remedy="Add a line for the folder after all broader ones: the last that matches decides.",
            ),
        )
    return list(findings.values())


def shared_databases(ownership: DatabaseOwnership) -> list[Finding]:
    """Name each place where another workload refers to what names the service's database."""
    own = {reference.value: reference for reference in ownership.own}
    return [
        Finding(
            location=other.location,
            message=f"{other.workload} refers to the database of {ownership.service}",
            expected=f"a database that {ownership.service} alone uses",
            got=f"{other.what} is {other.value!r}, as {own[other.value].what} of {ownership.service} ({own[other.value].location})",
            remedy="Give the other one a database of its own, and let it ask the service for what it needs.",
        )
        for other in ownership.others
        if other.value in own
    ]
