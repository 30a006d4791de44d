"""Triggers, functions, views, row policies and grants are read from a real PostgreSQL, and each that is left behind shows."""

from __future__ import annotations

import pytest

from exitgate.observe.migrations.schema_extras import read_schema_extras
from exitgate.observe.migrations.state import differences
from exitgate.provision.databases import Databases

pytestmark = [pytest.mark.engine, pytest.mark.slow]

SCHEMA = """
CREATE TABLE orders (id int PRIMARY KEY, note text);
CREATE FUNCTION stamp() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;
CREATE TRIGGER stamped BEFORE INSERT ON orders FOR EACH ROW EXECUTE FUNCTION stamp();
CREATE VIEW notes AS SELECT note FROM orders;
CREATE POLICY own ON orders USING (id > 0);
"""
LEFT = {
    "CREATE TRIGGER t BEFORE UPDATE ON orders FOR EACH ROW EXECUTE FUNCTION stamp()": "trigger t of orders (",
    "DROP TRIGGER stamped ON orders": "trigger stamped of orders (",
    "ALTER TABLE orders DISABLE TRIGGER stamped": "trigger stamped of orders is ",
    "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'": "function f() (text ",
    "CREATE OR REPLACE FUNCTION stamp() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN OLD; END'": "function stamp() is text",
    "CREATE OR REPLACE VIEW notes AS SELECT 'x' || note AS note FROM orders": "view notes is text",
    "ALTER POLICY own ON orders USING (true)": "row policy own of orders is ",
    "ALTER TABLE orders ENABLE ROW LEVEL SECURITY": "row security of orders (on)",
    "GRANT SELECT ON orders TO PUBLIC": "grant of SELECT on orders to everybody (there) is there as well",
    "GRANT SELECT (note) ON orders TO PUBLIC": "grant of SELECT on orders.note to everybody (there) is there as well",
    "REVOKE EXECUTE ON FUNCTION stamp() FROM PUBLIC": "grant of EXECUTE on stamp() to everybody (there) is not there",
    "REVOKE DELETE ON orders FROM CURRENT_USER": "grant of DELETE on orders to ",
    "CREATE SCHEMA more": "grant of USAGE on schema more to ",
}


@pytest.fixture(scope="module")
def model(databases: Databases) -> str:
    """A database with a schema of all kinds."""
    name = databases.make()
    with databases.connect(name) as connection:
        connection.execute(SCHEMA.encode())
    return name


@pytest.mark.parametrize("left", LEFT)
def test_what_a_recovery_leaves_behind_shows(databases: Databases, model: str, left: str) -> None:
    with databases.connect(databases.make(of=model)) as connection:
        before = read_schema_extras(connection)
        assert differences(before, read_schema_extras(connection)) == ()
        connection.execute(left.encode())
        said = differences(before, read_schema_extras(connection))
    assert any(each.startswith(LEFT[left]) for each in said), said
    assert not any("\n" in each for each in said)


def test_the_same_schema_twice_is_the_same(databases: Databases, model: str) -> None:
    other = databases.make()
    with databases.connect(other) as connection, databases.connect(model) as first:
        connection.execute(SCHEMA.encode())
        assert differences(read_schema_extras(first), read_schema_extras(connection)) == ()


def test_an_empty_database_has_no_more_than_the_grants_of_its_schema(databases: Databases) -> None:
    with databases.connect(databases.make()) as connection:
        assert {name.partition(" ")[0] for name in read_schema_extras(connection)} == {"grant"}
