"""Rules for what migrations keep out: each with what is sound and with each fault that it is there for."""

from __future__ import annotations

from dataclasses import replace

import pytest

from exitgate.assurance import Assurance
from exitgate.checks.migrations import long_locks
from exitgate.errors import ObservationError, PrerequisiteMissing
from exitgate.observation import Substrate
from exitgate.observe.migrations.beside import Traffic
from exitgate.observe.migrations.measured import Held, MeasuredMigration, MeasuredStatement, Measurements
from exitgate.policy import LockPolicy

LOCKS = LockPolicy(lock_timeout_ms=2000, statement_timeout_ms=60000, longest_blocking_ms=3000)
HELD = Held(table="orders", keeps_out="writers", grows=True, rewritten=False)
STATEMENT = MeasuredStatement(
    line=3, text="CREATE INDEX", transaction=0, took_ms=10.0, reckoned_ms=3001.0, held=(HELD,), held_ms=3001.0
)
QUIET = Traffic(made=9, longest_ms=1.0, blocked=(), locks=())
MIGRATION = MeasuredMigration(
    name="2", path="m/2/migration.sql", statements=(STATEMENT,), invalid_indexes=(), traffic=QUIET
)


def measured(*migrations: MeasuredMigration, pending: tuple[str, ...] | None = None) -> Measurements:
    return Measurements(
        substrate=Substrate(assurance=Assurance.EXECUTED, name="PostgreSQL"),
        rows={"orders": 20_000},
        production_rows={"orders": 6_002_000},
        migrations=migrations,
        pending=pending if pending is not None else tuple(each.name for each in migrations),
    )


def test_short_locks_and_those_that_keep_nobody_out_are_sound() -> None:
    short = replace(STATEMENT, held_ms=3000.0)
    harmless = replace(STATEMENT, held=(replace(HELD, keeps_out=""),))
    assert long_locks(measured(replace(MIGRATION, statements=(short, harmless))), LOCKS) == []


def test_without_migrations_since_the_previous_release_none_holds_anything() -> None:
    assert long_locks(measured(), LOCKS) == []


def test_a_long_lock_is_told_once_a_table_with_the_linters_words() -> None:
    again = replace(STATEMENT, line=4, linter=())
    first = replace(STATEMENT, linter=("require-concurrent-index-creation",))
    (finding,) = long_locks(measured(replace(MIGRATION, statements=(first, again))), LOCKS)
    assert finding.location == "m/2/migration.sql:3"
    assert finding.message == "the migration 2 keeps writers out of orders for too long"
    assert finding.expected == "at most 3000 ms with 6002000 rows"
    assert finding.got == "3001 ms, from 10 ms with 20000; squawk: require-concurrent-index-creation"


CHECKED = replace(STATEMENT, held=(replace(HELD, keeps_out=""),), took_ms=200.0, reckoned_ms=60_001.0)


def test_a_statement_that_is_cut_off_is_told() -> None:
    (finding,) = long_locks(measured(replace(MIGRATION, statements=(CHECKED,))), LOCKS)
    assert finding.location == "m/2/migration.sql:3"
    assert finding.message == "a statement of the migration 2 is cut off before its end"
    assert finding.expected == "at most 60000 ms, statement_timeout_ms with 6002000 rows of orders"
    assert finding.got == "60001 ms, from 200 ms on made-up rows"


def test_one_that_ends_in_time_or_has_a_limit_of_its_own_is_sound() -> None:
    at_once, patient, endless = (
        replace(CHECKED, reckoned_ms=60_000.0),
        replace(CHECKED, own_limit_ms=90_000),
        replace(CHECKED, own_limit_ms=0),
    )
    assert long_locks(measured(replace(MIGRATION, statements=(at_once, patient, endless))), LOCKS) == []


def test_one_that_is_cut_off_by_its_own_limit_is_told() -> None:
    hasty = replace(CHECKED, reckoned_ms=5_001.0, own_limit_ms=5_000)
    (finding,) = long_locks(measured(replace(MIGRATION, statements=(hasty,))), LOCKS)
    assert finding.expected.startswith("at most 5000 ms, its own statement_timeout")


def test_an_invalid_index_is_told() -> None:
    left = replace(MIGRATION, statements=(), invalid_indexes=("by_day",))
    (finding,) = long_locks(measured(left), LOCKS)
    assert (finding.location, finding.got) == ("m/2/migration.sql", "by_day")


def test_what_fails_on_made_up_rows_is_not_assessed_unless_another_is_found() -> None:
    failed = replace(MIGRATION, name="3", statements=(), failure="duplicate key")
    with pytest.raises(PrerequisiteMissing, match="fails on made-up rows: duplicate key"):
        long_locks(measured(failed), LOCKS)
    assert len(long_locks(measured(MIGRATION, failed), LOCKS)) == 1


def test_asked_about_two_and_heard_about_one_is_an_error() -> None:
    sound = replace(MIGRATION, statements=())
    with pytest.raises(ObservationError, match="none of 3"):
        long_locks(measured(sound, pending=("2", "3")), LOCKS)
