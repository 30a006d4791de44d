"""Integration tests that need CI's database, and such that do without."""

from __future__ import annotations

import pytest

from exitgate.checks.pipeline import untried_databases
from exitgate.errors import ObservationError, PrerequisiteMissing
from exitgate.observe.workflow_run import DatabaseTrials, ExecutedStatement
from tests.checks.pipeline.trials import STEP, SUBSTRATE, trial, trials


def observed(
    *texts: str, merged: bool = False, sound: bool = True, steps: tuple[str, ...] = (STEP,), stores: bool = True
) -> DatabaseTrials:
    return DatabaseTrials(
        substrate=SUBSTRATE,
        service="shop",
        stores=stores,
        steps=steps,
        trials=trials(trial("without-database-shop", merged=merged), sound=sound),
        statements=tuple(ExecutedStatement(database="d", text=text, times=2) for text in texts),
    )


@pytest.mark.parametrize(
    "text",
    [
        'INSERT INTO "orders" VALUES ($1)',
        "select id from public.products where id = $1",
        "WITH one AS (SELECT 1) SELECT * FROM one JOIN orders USING (id)",
        'UPDATE "orders" SET total = 1',
        "DELETE FROM orders",
        "copy orders from stdin",
        "/* trace: 1 */ SELECT id FROM orders",
    ],
)
def test_a_statement_on_rows_and_a_failure_without_a_database_are_no_findings(text: str) -> None:
    assert untried_databases(observed("BEGIN", text)) == []


@pytest.mark.parametrize(
    ("texts", "got"),
    [
        ((), "no statement at all"),
        (("SELECT 1", "BEGIN", "SET search_path = public"), "6 statements, none of them on a table"),
        (("CREATE DATABASE test_1", "DROP DATABASE test_1"), "4 statements, none of them on a table"),
        (("SELECT datname FROM pg_database", "select * from information_schema.tables"), "4 statements"),
        (('INSERT INTO "_prisma_migrations" ("id") VALUES ($1)', "SELECT name FROM knex_migrations"), "4 statements"),
    ],
)
def test_tests_that_touch_no_row_are_a_finding(texts: tuple[str, ...], got: str) -> None:
    (finding,) = untried_databases(observed(*texts))
    assert finding.location == STEP
    assert finding.message == "no statement on a table reaches CI's PostgreSQL while shop's integration tests run"
    assert finding.got.startswith(got)


def test_tests_that_pass_without_a_database_are_a_finding() -> None:
    (finding,) = untried_databases(observed("SELECT id FROM orders", merged=True))
    assert finding.message == "a change was merged though it breaks something: a change: without-database-shop"


def test_nothing_tried_is_no_pass() -> None:
    with pytest.raises(ObservationError, match="no step"):
        untried_databases(observed("SELECT id FROM orders", steps=()))
    with pytest.raises(PrerequisiteMissing, match=r"blocked by 3\.1\.C\.1"):
        untried_databases(observed("SELECT id FROM orders", sound=False))


def test_a_service_of_which_nothing_tells_of_a_database_is_not_called_wrong() -> None:
    with pytest.raises(PrerequisiteMissing, match="shop: no statement on a table, and no PostgreSQL or migrations"):
        untried_databases(observed("SELECT 1", merged=True, stores=False))
    assert untried_databases(observed("SELECT id FROM orders", stores=False)) == []
