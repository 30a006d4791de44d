"""Whether a migration keeps the release that serves out of its tables for longer than the policy allows."""

from __future__ import annotations

from collections.abc import Iterator

from exitgate.errors import ObservationError, PrerequisiteMissing
from exitgate.finding import Finding
from exitgate.observe.migrations.measured import MeasuredMigration, Measurements
from exitgate.policy import LockPolicy


def long_locks(measurements: Measurements, locks: LockPolicy) -> list[Finding]:
    """Name each statement that keeps others out for too long at production's rows, and each index that is left invalid.

    Raises:
        ObservationError: if a migration was not measured, and none before it failed.
        PrerequisiteMissing: if one could not be run on made-up rows, and nothing is found in the others.
    """
    findings = [finding for migration in measurements.migrations for finding in _judge(measurements, migration, locks)]
    if findings:
        return findings
    failed = next((each for each in measurements.migrations if each.failure), None)
    if failed:
        raise PrerequisiteMissing(
            failed.path,
            got=f"it fails on made-up rows: {failed.failure}",
            expected="a migration that they let through, to see what it holds and for how long",
            action="Validate what may fail on rows in a migration of its own, or waive the control for this service.",
        )
    if missing := set(measurements.pending) - {each.name for each in measurements.migrations}:
        raise ObservationError(
            "measured migrations",
            got=f"none of {min(missing)}",
            expected=f"each of {len(measurements.pending)} since the previous release",
            action="Run again; report it if it stays.",
        )
    return []


def _judge(measurements: Measurements, migration: MeasuredMigration, locks: LockPolicy) -> Iterator[Finding]:
    told: set[str] = set()
    for statement in migration.statements:
        for held in statement.held:
            if not held.keeps_out or held.table in told or statement.held_ms <= locks.longest_blocking_ms:
                continue
            told.add(held.table)
            rows = measurements.production_rows.get(held.table, 0)
            said = f"; squawk: {', '.join(statement.linter)}" if statement.linter else ""
            yield Finding(
                location=f"{migration.path}:{statement.line}",
                message=f"the migration {migration.name} keeps {held.keeps_out} out of {held.table} for too long",
                expected=f"at most {locks.longest_blocking_ms} ms with {rows} rows",
                got=f"{statement.held_ms:.0f} ms, from {statement.took_ms:g} ms with {measurements.rows.get(held.table, 0)}{said}",
                remedy="Build indexes CONCURRENTLY, add constraints NOT VALID and validate them later, fill columns in batches.",
            )
    for index in migration.invalid_indexes:
        yield Finding(
            location=migration.path,
            message=f"the migration {migration.name} leaves an index that is not valid",
            expected="every index valid",
            got=index,
            remedy="Drop it and build it anew: it costs every write, and no query uses it.",
        )
