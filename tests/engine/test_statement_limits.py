"""The limit of time that a migration sets itself, on a server of its own: one holds no more databases than those of a module."""

from __future__ import annotations

import pytest

from tests.engine.test_measured_migrations import Measure, measure

pytestmark = [pytest.mark.engine, pytest.mark.slow]
__all__ = ["measure"]


@pytest.mark.parametrize(
    ("sql", "limit_ms"),
    [
        ("SELECT 1;", None),
        ("SET statement_timeout = '90s';\nSELECT 1;", 90_000),
        ("SET LOCAL statement_timeout = 0;\nSELECT 1;", 0),
        ("SET statement_timeout = '90s';\nRESET statement_timeout;\nSELECT 1;", None),
    ],
)
def test_a_statement_is_known_with_the_limit_that_its_migration_sets(
    measure: Measure, sql: str, limit_ms: int | None
) -> None:
    (migration,) = measure(sql).migrations
    assert migration.statements[-1].own_limit_ms == limit_ms
