"""A live database's list, read from a real PostgreSQL, where nothing that a query says can write."""

from __future__ import annotations

import re

import pytest

from exitgate.errors import PrerequisiteMissing
from exitgate.migration_settings import MigrationSettings
from exitgate.observe.migrations.live import read_live_database
from exitgate.provision.databases import Databases

pytestmark = [pytest.mark.engine, pytest.mark.slow]

PRISMA = MigrationSettings(folder="m", live="LIVE_URL")
LIST = """
CREATE TABLE _prisma_migrations (migration_name text, checksum text, finished_at timestamptz, rolled_back_at timestamptz,
  logs text, started_at timestamptz DEFAULT now());
INSERT INTO _prisma_migrations VALUES ('1', 'abc', now(), NULL, NULL), ('2', 'def', NULL, NULL, 'why');
CREATE FUNCTION wicked() RETURNS text LANGUAGE plpgsql AS $$ BEGIN
  PERFORM set_config('transaction_read_only', 'off', true);
  DELETE FROM _prisma_migrations; RETURN '1';
END $$;
"""
WRITING = (
    "DELETE FROM _prisma_migrations RETURNING migration_name",
    "SET TRANSACTION READ WRITE",
    "SET TRANSACTION READ WRITE; DELETE FROM _prisma_migrations",
    "COMMIT; DELETE FROM _prisma_migrations; SELECT '1'",
    "SELECT wicked()",
    "CREATE TABLE more AS SELECT 1",
)


@pytest.fixture(scope="module")
def url(databases: Databases) -> str:
    """The address of a database with Prisma's list."""
    name = databases.make()
    with databases.connect(name) as connection:
        connection.execute(LIST.encode())
        info = connection.info
        return f"postgresql://{info.user}:{info.password}@{info.host}:{info.port}/{name}"


def test_the_list_is_read_with_its_checksums(url: str) -> None:
    live = read_live_database("s", PRISMA, {"LIVE_URL": url})
    assert live is not None
    assert [(each.name, each.finished) for each in live.applied] == [("1", True), ("2", False)]
    assert [each.checksum for each in live.applied if each.finished] == ["abc"]
    assert live.substrate.tools[0].version.split(".")[0].isdigit()


@pytest.mark.parametrize("query", WRITING)
def test_nothing_that_a_query_says_can_write(url: str, query: str) -> None:
    settings = MigrationSettings(tool="commands", folder="m", deploy=("x",), applied=query, live="LIVE_URL")
    with pytest.raises(PrerequisiteMissing) as told:
        read_live_database("s", settings, {"LIVE_URL": url})
    assert "\n" not in str(told.value)
    again = read_live_database("s", PRISMA, {"LIVE_URL": url})
    assert again is not None
    assert len(again.applied) == 2


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ((":[0-9]+/", ":1/"), "refused"),
        (("://([^:]+):[^@]+@", r"://\1:wrong-secret@"), "password authentication failed"),
        (("/[^/]*$", "/no_such"), "no_such"),
        (("^postgresql", "nonsense"), "live database"),
    ],
)
def test_a_database_that_can_not_be_asked_is_told_without_its_password(
    url: str, change: tuple[str, str], words: str
) -> None:
    wrong = re.sub(*change, url)
    with pytest.raises(PrerequisiteMissing, match=words) as told:
        read_live_database("s", PRISMA, {"LIVE_URL": wrong})
    said = str(told.value)
    assert "\n" not in said
    assert "wrong-secret" not in said
    assert url.split(":")[2].partition("@")[0] not in said


def test_a_variable_that_is_not_set_and_a_database_without_a_list_are_not_assessed(
    databases: Databases, url: str
) -> None:
    with pytest.raises(PrerequisiteMissing, match=r"\$LIVE_URL: the variable is not set"):
        read_live_database("s", PRISMA, {})
    empty = databases.make()
    with pytest.raises(PrerequisiteMissing, match="no list of migrations"):
        read_live_database("s", PRISMA, {"LIVE_URL": f"{url.rpartition('/')[0]}/{empty}"})
    with databases.connect(empty) as connection:
        connection.execute(LIST.encode())
        connection.execute("DELETE FROM _prisma_migrations")
    with pytest.raises(PrerequisiteMissing, match="an empty list"):
        read_live_database("s", PRISMA, {"LIVE_URL": f"{url.rpartition('/')[0]}/{empty}"})


def test_a_service_that_names_none_is_not_asked_about() -> None:
    assert read_live_database("s", MigrationSettings(folder="m")) is None
