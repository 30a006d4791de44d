"""Migrations as staging runs them: from nothing, from the previous release, and to what the schema says."""

from __future__ import annotations

from exitgate.checks.migrations.told import told
from exitgate.finding import Finding
from exitgate.observe.migrations.upgrades import StagingRun


def failing_migrations(run: StagingRun, folder: str) -> list[Finding]:
    """Say where the migrations do not apply to an empty database, or others than the committed ones are applied."""
    findings = [
        told(
            f"{folder}/{name}",
            f"{name} is applied with another text than is committed",
            "the checksum in the database to be that of the committed file",
            "another one",
            "Build migrations into the image as they are committed, and put each change into a new one.",
        )
        for name in run.edited
    ]
    findings += [
        told(
            folder,
            "the tool itself says that a migrated database is not up to date",
            "exit code 0 of `status`",
            each,
            "See what it lists as pending.",
        )
        for each in run.pending
    ]
    if not run.from_empty.answered or run.missing:
        findings.append(
            told(
                f"{folder}/{run.missing[0]}" if run.missing else folder,
                "the migrations do not apply to an empty database",
                "every committed migration finished, and a service that answers",
                run.from_empty.said,
                "Mend the migration that fails; on an empty database nothing may lean on data.",
            )
        )
    return findings


def lossy_upgrades(run: StagingRun, folder: str) -> list[Finding]:
    """Say where the migrations fail on the previous release's data, or change it."""
    findings = []
    if run.upgrade:
        findings.append(
            told(
                folder,
                f"the migrations since {run.previous} do not apply to its schema with data",
                "an exit code of 0",
                run.upgrade,
                "Add the backfill or default that rows which are there need.",
            )
        )
    findings += [
        told(
            folder,
            f"the migrations since {run.previous} lose data that was there",
            f"all {run.rows} rows as they were",
            each,
            "Keep what is there: expand first, and contract when no release uses it.",
        )
        for each in run.lost
    ]
    return findings


def drifts(run: StagingRun, folder: str) -> list[Finding]:
    """Name each difference between the migrated database and the schema, and between the two ways to it.

    Raises:
        PrerequisiteMissing: if there is none of the second kind, and no schema for the first.
    """
    remedy = "Generate the migration that is missing, or put into the schema what the database has."
    findings = [
        told(folder, "the migrated database is not what the schema says", "no difference", each, remedy)
        for each in run.drift
    ]
    findings += [
        told(
            folder,
            f"a database upgraded from {run.previous} is not what an empty one becomes",
            "no difference",
            each,
            remedy,
        )
        for each in run.paths_differ
    ]
    if not findings and run.no_schema:
        raise run.no_schema
    return findings
