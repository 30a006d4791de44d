"""What CI's own databases list after a run, against what is committed."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import pytest

from exitgate.assurance import Assurance
from exitgate.checks.migrations import undeployed_migrations
from exitgate.errors import ObservationError, PrerequisiteMissing
from exitgate.observation import Substrate
from exitgate.observe.migrations.deployed import CiDeployment, MigrationList
from exitgate.observe.migrations.files import Migration, MigrationFolder
from exitgate.observe.migrations.tool import Applied

SUBSTRATE = Substrate(assurance=Assurance.EXECUTED, name="act")


def folder(service: str, *names: str) -> MigrationFolder:
    migrations = tuple(Migration(name=name, path=f"{service}/{name}", sql=f"-- {service} {name}") for name in names)
    return MigrationFolder(substrate=SUBSTRATE, service=service, folder=service, migrations=migrations)


def applied(service: str, name: str, *, finished: bool = True, text: str | None = None) -> Applied:
    content = f"-- {service} {name}" if text is None else text
    return Applied(name=name, finished=finished, checksum=hashlib.sha256(content.encode()).hexdigest())


def listed(database: str, *found: Applied) -> MigrationList:
    return MigrationList(server="ci.yml:9", database=database, tool="Prisma", applied=found)


FOLDERS = (folder("orders", "1", "2"), folder("catalog", "1"))
SEEN = CiDeployment(
    substrate=SUBSTRATE,
    servers=1,
    failing=(),
    lists=(
        listed("a", applied("orders", "1"), applied("orders", "2")),
        listed("b", applied("catalog", "1")),
    ),
)


def test_every_service_has_a_database_that_lists_its_migrations() -> None:
    assert undeployed_migrations(SEEN, FOLDERS) == []


@pytest.mark.parametrize(
    ("of_orders", "missing"),
    [
        ((applied("orders", "1"),), "2 in none of 2 lists"),
        ((applied("orders", "1"), applied("orders", "2", finished=False)), "2 in none of 2 lists"),
        ((applied("orders", "1"), replace(applied("orders", "2"), rolled_back=True)), "2 in none of 2 lists"),
        ((applied("orders", "1", text="other"), applied("orders", "2")), "1 in none of 2 lists"),
    ],
    ids=["absent", "unfinished", "rolled back", "another text"],
)
def test_what_is_not_finished_is_named(of_orders: tuple[Applied, ...], missing: str) -> None:
    seen = replace(SEEN, lists=(listed("a", *of_orders), SEEN.lists[1]))
    found = undeployed_migrations(seen, FOLDERS)
    assert [(each.location, each.got) for each in found] == [("orders", missing)]
    assert found[0].message == "CI does not apply the migrations of orders to a real database"


def test_a_service_is_not_taken_for_another_whose_migrations_have_the_same_names() -> None:
    found = undeployed_migrations(replace(SEEN, lists=SEEN.lists[:1]), FOLDERS)
    assert [each.location for each in found] == ["catalog"]


def test_without_any_list_every_migration_is_named() -> None:
    assert [each.got for each in undeployed_migrations(replace(SEEN, lists=()), FOLDERS)] == [
        "1, 2 in none of 0 lists",
        "1 in none of 0 lists",
    ]


def test_a_run_that_fails_by_itself_says_nothing() -> None:
    seen = replace(SEEN, lists=(), failing=("ci.yml:20",))
    with pytest.raises(PrerequisiteMissing, match="a step that fails on the unmodified target"):
        undeployed_migrations(seen, FOLDERS)


def test_nothing_to_look_at_is_never_a_pass() -> None:
    with pytest.raises(PrerequisiteMissing, match="no PostgreSQL"):
        undeployed_migrations(replace(SEEN, servers=0), FOLDERS)
    with pytest.raises(ObservationError, match="no migrations"):
        undeployed_migrations(SEEN, ())
