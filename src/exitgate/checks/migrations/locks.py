"""Whether a migration keeps the release that serves out of its tables for longer than the policy allows, or is cut off itself."""

from __future__ import annotations

from collections.abc import Iterator

from exitgate.errors import ObservationError, PrerequisiteMissing
from exitgate.finding import Finding
from exitgate.observe.migrations.measured import MeasuredMigration, MeasuredStatement, Measurements
from exitgate.policy import LockPolicy


def long_locks(measurements: Measurements, locks: LockPolicy) -> list[Finding]:
    """Name each statement that keeps others out for too long at production's rows or would be cut off, and each index left invalid.

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
        yield from _cut_off(measurements, migration, statement, locks)
    for index in migration.invalid_indexes:
        yield Finding(
            location=migration.path,
            message=f"the migration {migration.name} leaves an index that is not valid",
            expected="every index valid",
            got=index,
            remedy="Drop it and build it anew: it costs every write, and no query uses it.",
        )


def _cut_off(
    measurements: Measurements, migration: MeasuredMigration, statement: MeasuredStatement, locks: LockPolicy
) -> Iterator[Finding]:
    """Name a statement that runs into the policy's statement timeout, or into the one that the migration itself has set."""
    own = statement.own_limit_ms
    limit_ms = locks.statement_timeout_ms if own is None else own
    if not limit_ms or statement.reckoned_ms <= limit_ms:
        return
    grown = {held.table: measurements.production_rows.get(held.table, 0) for held in statement.held if held.grows}
    rows = "".join(f" with {count} rows of {table}" for table, count in grown.items())
    yield Finding(
        location=f"{migration.path}:{statement.line}",
        message=f"a statement of the migration {migration.name} is cut off before its end",
        expected=f"at most {limit_ms} ms, {'statement_timeout_ms' if own is None else 'its own statement_timeout'}{rows}",
        got=f"{statement.reckoned_ms:.0f} ms, from {statement.took_ms:g} ms on made-up rows",
        remedy="Work through large tables in batches; where nobody waits for it, give the statement a limit of its own.",
    )
