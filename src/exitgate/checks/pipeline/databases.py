"""Whether a service's integration tests need, and use, the database that CI gives them."""

from __future__ import annotations

import re

from exitgate.checks.pipeline.blocking import refuse_unsound, unblocked_failures
from exitgate.errors import ObservationError, PrerequisiteMissing
from exitgate.finding import Finding
from exitgate.observe.workflow_run.databases import DatabaseTrials

_ON_ROWS = re.compile(
    r"\s*(?:/\*.*?\*/\s*)*(?:INSERT\s+INTO|UPDATE|DELETE\s+FROM|MERGE\s+INTO|COPY|(?:WITH|SELECT)\b.*\bFROM)\s+(?P<rest>.*)",
    re.IGNORECASE,
)
_OF_THE_SERVER = re.compile(r"[\"']?(?:pg_|information_schema)", re.IGNORECASE)
_OF_A_TOOL = re.compile(r"migrations?\b|schema_history|databasechangelog", re.IGNORECASE)
"""Tables in which tools that migrate keep their lists."""


def untried_databases(observed: DatabaseTrials) -> list[Finding]:
    """Name a service whose integration tests touch no row of CI's database, or that CI lets in where there is none.

    Raises:
        ObservationError: if no step runs them, or the change was not tried without a database.
        PrerequisiteMissing: if the change does not get in beside the database, or nothing says that the service has one.
    """
    if not observed.steps:
        raise ObservationError(
            observed.service, got="no step", expected="one with integration tests", action="Run the gate again."
        )
    refuse_unsound(observed.trials)
    findings = []
    touched = any(_on_rows(each.text) for each in observed.statements)
    if not touched and not observed.stores:
        raise PrerequisiteMissing(
            observed.service,
            got="no statement on a table, and no PostgreSQL or migrations in exitgate.toml",
            expected="a service that is known to have a database, or statements that show it",
            action="Name its database in [service.backing], or declare the control not applicable to what stores nothing.",
        )
    if not touched:
        count = sum(each.times for each in observed.statements)
        findings.append(
            Finding(
                location=observed.steps[0],
                message=f"no statement on a table reaches CI's PostgreSQL while {observed.service}'s integration tests run",
                expected="statements that read or write rows",
                got=f"{count} statements, none of them on a table" if count else "no statement at all",
                remedy="Run the integration target of each affected service against the job's own PostgreSQL.",
            )
        )
    return [*findings, *unblocked_failures(observed.trials)]


def _on_rows(text: str) -> bool:
    match = _ON_ROWS.match(text)
    return bool(match) and not _OF_THE_SERVER.match(match["rest"]) and not _OF_A_TOOL.search(text)  # type: ignore[index]
