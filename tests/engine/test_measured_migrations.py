"""Migrations measured on a real PostgreSQL: rows made from schemas, locks that are held, what grows with rows and what does not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from exitgate.assurance import Assurance
from exitgate.errors import PrerequisiteMissing
from exitgate.evidence_folder import EvidenceFolder
from exitgate.observation import Substrate
from exitgate.observe.migrations.files import FILES, Migration, MigrationFolder
from exitgate.observe.migrations.measured import Measurements, read_measurements
from exitgate.observe.migrations.sample_rows import fill
from exitgate.policy import MigrationPolicy
from exitgate.provision.databases import Databases

pytestmark = [pytest.mark.engine, pytest.mark.slow]

SCHEMA = """
CREATE TYPE state AS ENUM ('open', 'paid');
CREATE DOMAIN short AS varchar(12);
CREATE TABLE owners (id serial PRIMARY KEY, name text NOT NULL UNIQUE, parent int REFERENCES owners (id));
CREATE TABLE bills (
    id uuid PRIMARY KEY,
    owner int NOT NULL REFERENCES owners (id),
    state state NOT NULL,
    code short,
    kind text NOT NULL CHECK (kind IN ('in', 'out')),
    stars int NOT NULL CHECK (stars BETWEEN 1 AND 5),
    price numeric(6, 2) NOT NULL,
    tags text[] NOT NULL,
    made timestamptz NOT NULL DEFAULT now(),
    more jsonb NOT NULL,
    twice int GENERATED ALWAYS AS (stars * 2) STORED
);
CREATE TABLE days (day date NOT NULL) PARTITION BY RANGE (day);
CREATE TABLE days_all PARTITION OF days FOR VALUES FROM (MINVALUE) TO (MAXVALUE);
CREATE TABLE lines (bill uuid NOT NULL REFERENCES bills (id), place int NOT NULL, PRIMARY KEY (bill, place));
"""
POLICY = MigrationPolicy.model_validate(
    {
        "forward_only": True,
        "applied_when": "merged",
        "release_tags": "v*",
        "rollback": "restore",
        "destructive_plan": "plan.md",
        "recovery": ["migrate {migration}"],
        "way": "startup",
        "concurrent_starts": 2,
        "sample_rows": 3_000,
        "production_rows": {"shop": {"bills": 300_000}},
    }
)
Measure = Callable[..., Measurements]


@pytest.fixture
def measure(databases: Databases, tmp_path: Path) -> Measure:
    """Measures one migration on the schema above."""

    def measured(sql: str, path: str = "m/2/migration.sql", **policy: object) -> Measurements:
        migrations = (
            Migration(name="1", path="m/1/migration.sql", sql=SCHEMA),
            Migration(name="2", path=path, sql=sql),
        )
        return read_measurements(
            databases,
            Substrate(assurance=Assurance.EXECUTED, name="PostgreSQL"),
            MigrationFolder(substrate=FILES, service="shop", folder="m", migrations=migrations),
            pending=frozenset({path}),
            policy=POLICY.model_copy(update=policy),
            keep=EvidenceFolder(tmp_path),
        )

    return measured


def held(measurements: Measurements) -> set[tuple[str, str, bool, bool]]:
    (migration,) = measurements.migrations
    assert migration.failure == ""
    return {
        (each.table, each.keeps_out, each.grows, each.rewritten)
        for statement in migration.statements
        for each in statement.held
    }


def test_nothing_of_a_measurement_is_left_on_the_server(measure: Measure, databases: Databases) -> None:
    def there() -> int:
        with databases.server.connect() as connection:
            row = connection.execute("SELECT count(*) FROM pg_database").fetchone()
        return int(row[0]) if row else 0

    before = there()
    measure("ALTER TABLE bills ADD COLUMN note text;")
    measure("ALTER TABLE nowhere ADD COLUMN note text;")
    assert there() == before


def test_rows_are_made_for_keys_checks_domains_and_enums(databases: Databases) -> None:
    with databases.connect(databases.make()) as connection:
        connection.execute(SCHEMA.encode())
        asked = {"owners": 50, "bills": 200, "lines": 200, "days": 20}
        assert fill(connection, asked) == asked
        row = connection.execute("SELECT count(DISTINCT owner), count(DISTINCT kind), max(stars) FROM bills").fetchone()
        assert row == (50, 2, 1)


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ("CREATE TABLE a (p point NOT NULL)", "the type point"),
        ("CREATE TABLE a (t text CHECK (t ~ '^[A-Z]{9}x$') NOT NULL)", "no value that was tried"),
        (
            (
                "CREATE TABLE a (i int PRIMARY KEY, b int NOT NULL); CREATE TABLE b (i int PRIMARY KEY REFERENCES a);"
                "ALTER TABLE a ADD FOREIGN KEY (b) REFERENCES b"
            ),
            "refer to each other",
        ),
    ],
)
def test_a_schema_that_no_rows_can_be_made_for_is_not_assessed(databases: Databases, schema: str, words: str) -> None:
    with databases.connect(databases.make()) as connection:
        connection.execute(schema.encode())
        with pytest.raises(PrerequisiteMissing, match=words):
            fill(connection, {"a": 10, "b": 10})


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("ALTER TABLE bills ADD COLUMN note text;", {("bills", "readers and writers", False, False)}),
        (
            "ALTER TABLE bills ADD COLUMN other uuid DEFAULT gen_random_uuid();",
            {("bills", "readers and writers", True, True)},
        ),
        ("ALTER TABLE bills ALTER COLUMN code SET NOT NULL;", {("bills", "readers and writers", True, False)}),
        ("CREATE INDEX by_owner ON bills (owner);", {("bills", "writers", True, False)}),
        ("CREATE INDEX CONCURRENTLY by_owner ON bills (owner);", set()),
        (
            "ALTER TABLE bills ADD CONSTRAINT low CHECK (price < 9999) NOT VALID;",
            {("bills", "readers and writers", False, False)},
        ),
        ("UPDATE bills SET stars = 2;", {("bills", "writers of the rows that it changed", True, False)}),
        ("CREATE TABLE fresh (i int); CREATE INDEX by_i ON fresh (i);", set()),
    ],
)
def test_what_is_held_is_seen(measure: Measure, sql: str, expected: set[tuple[str, str, bool, bool]]) -> None:
    found = held(measure(sql))
    assert {each for each in found if each[1]} == expected


def test_a_validated_constraint_keeps_nobody_out_and_takes_as_long_as_there_are_rows(measure: Measure) -> None:
    parts = ("ADD CONSTRAINT low CHECK (price < 9999) NOT VALID", "VALIDATE CONSTRAINT low")
    sql = "\n".join(f"BEGIN;\nALTER TABLE bills {each};\nCOMMIT;" for each in parts)
    (migration,) = measure(sql, production_rows={"shop": {"bills": 5_000_000_000}}).migrations
    validated = next(each for each in migration.statements if "VALIDATE" in each.text)
    assert [(each.table, each.keeps_out, each.grows) for each in validated.held] == [("bills", "", True)]
    assert validated.reckoned_ms > 60_000


def test_time_is_reckoned_for_what_grows_alone_and_until_the_transaction_ends(measure: Measure) -> None:
    (migration,) = measure(
        "ALTER TABLE bills ADD COLUMN note text;\nALTER TABLE bills ALTER COLUMN code SET NOT NULL;"
    ).migrations
    first, second = migration.statements
    assert first.reckoned_ms == pytest.approx(first.took_ms, abs=0.1)
    assert second.reckoned_ms == pytest.approx(second.took_ms * 100, rel=0.01)
    assert first.held_ms == pytest.approx(first.reckoned_ms + second.reckoned_ms, abs=0.2)
    assert second.linter == ()


def test_rows_grow_by_the_policy_until_the_migration_comes(measure: Measure) -> None:
    found = measure("ALTER TABLE bills ALTER COLUMN code SET NOT NULL;", growth_percent=50)
    assert (found.production_rows["bills"], found.production_rows["owners"]) == (450_000, 1_500_000)
    ((statement,),) = (each.statements for each in found.migrations)
    assert statement.reckoned_ms == pytest.approx(statement.took_ms * 150, rel=0.01)


def test_what_others_do_meanwhile_is_seen(measure: Measure) -> None:
    (migration,) = measure("ALTER TABLE bills ADD COLUMN note text;\nSELECT pg_sleep(0.3);").migrations
    assert migration.traffic.made > 0
    assert migration.traffic.longest_ms > 100
    assert any("bills" in each for each in migration.traffic.blocked)
    assert "bills: AccessExclusiveLock" in migration.traffic.locks


def test_squawk_names_the_rule_of_a_statement(measure: Measure) -> None:
    (migration,) = measure(
        "-- squawk-ignore require-concurrent-index-creation\nCREATE INDEX i ON bills (owner);"
    ).migrations
    assert migration.statements[0].linter == ("require-concurrent-index-creation",)


def test_an_index_that_is_left_invalid_is_seen(measure: Measure) -> None:
    (migration,) = measure("CREATE INDEX by_day ON ONLY days (day);").migrations
    assert migration.invalid_indexes == ("by_day",)


def test_what_fails_on_made_up_rows_is_told(measure: Measure) -> None:
    (migration,) = measure("ALTER TABLE bills ADD CONSTRAINT none CHECK (stars > 9);").migrations
    assert 'check constraint "none"' in migration.failure


def test_a_migration_that_is_no_sql_is_not_assessed(measure: Measure) -> None:
    with pytest.raises(PrerequisiteMissing, match="no SQL"):
        measure("print()", path="m/2.py")


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
