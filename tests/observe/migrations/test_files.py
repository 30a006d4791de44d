"""Migrations as files: how tools lay them out, and what can't be read, in one line each."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from exitgate.errors import ObservationError
from exitgate.migration_settings import MigrationSettings
from exitgate.observe.migrations.files import read_migrations
from exitgate.observe.migrations.tool import Commands, Prisma, bare_name

PRISMA = MigrationSettings(folder="m")
OTHERS = MigrationSettings(
    tool="commands", folder="m", deploy=("flyway", "migrate"), applied="SELECT version FROM flyway_schema_history"
)


def write(root: Path, path: str, content: bytes) -> None:
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    (root / path).write_bytes(content)


def test_prisma_has_a_folder_a_migration_and_its_plan_beside_it(tmp_path: Path) -> None:
    write(tmp_path, "m/1_a/migration.sql", "\ufeffSELECT 'ä';".encode())
    write(tmp_path, "m/1_a/plan.md", b"Unused since: v1")
    write(tmp_path, "m/2_b/README.md", b"no migration")
    folder = read_migrations(tmp_path, "s", PRISMA)
    assert [(each.name, each.sql, each.plan) for each in folder.migrations] == [
        ("1_a", "SELECT 'ä';", "Unused since: v1")
    ]
    assert folder.strangers == ("2_b",)


def test_other_tools_have_files_sorted_by_the_numbers_in_their_names(tmp_path: Path) -> None:
    for name in ("V10__c.sql", "V2__b.sql", "V1__a.sql"):
        write(tmp_path, f"m/{name}", b"SELECT 1;")
    write(tmp_path, "m/V2__b.plan.md", b"Restore: from last night")
    folder = read_migrations(tmp_path, "s", OTHERS)
    assert [each.name for each in folder.migrations] == ["V1__a.sql", "V2__b.sql", "V10__c.sql"]
    assert [each.plan for each in folder.migrations] == [None, "Restore: from last night", None]


def test_a_migration_of_50_megabytes_is_told_by_its_size(tmp_path: Path) -> None:
    write(tmp_path, "m/1/migration.sql", b"")
    with (tmp_path / "m/1/migration.sql").open("r+b") as file:
        file.truncate(50 * 1000 * 1000)
    with pytest.raises(ObservationError) as told:
        read_migrations(tmp_path, "s", PRISMA)
    assert str(told.value) == (
        "m/1/migration.sql: more than 4 MiB; expected a migration that can be read. Load data by other means."
    )


def test_a_migration_that_is_no_utf_8_is_told_by_its_place(tmp_path: Path) -> None:
    write(tmp_path, "m/1/migration.sql", "SELECT 'ä';".encode("latin-1"))
    with pytest.raises(
        ObservationError, match=r"^m/1/migration.sql: can't be read .*0xe4 in position 8.*UTF-8"
    ) as told:
        read_migrations(tmp_path, "s", PRISMA)
    assert "\n" not in str(told.value)


@pytest.mark.parametrize("settings", [PRISMA, OTHERS])
def test_a_folder_without_migrations_is_no_pass(tmp_path: Path, settings: MigrationSettings) -> None:
    (tmp_path / "m").mkdir()
    with pytest.raises(ObservationError, match="no migration of s"):
        read_migrations(tmp_path, "s", settings)


def test_a_tools_own_table_is_told_by_its_query_and_by_no_part_of_a_name() -> None:
    script = Commands(history_query='SELECT name FROM "public"."schema_version" ORDER BY name')
    assert script.owns("schema_version")
    assert not script.owns("orders")
    assert not script.owns("schema")
    assert Commands(history_query="SELECT name FROM schema_version").owns("schema_version")
    assert Commands(history_query='SELECT name FROM "schema_version"').owns("schema_version")
    assert Prisma().owns("_prisma_migrations")
    assert not Prisma().owns("prisma_orders")


def test_a_name_without_its_suffix_is_the_same_migration() -> None:
    assert [bare_name(name) for name in ("001_a.sql", "001_a", "V1.2__b", "V1.2__b.sql", "x.mjs")] == [
        "001_a",
        "001_a",
        "V1.2__b",
        "V1.2__b",
        "x",
    ]


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"tool": "prisma", "file": "{number}_{name}.sql"}, 'file with tool = "prisma"'),
        ({"tool": "prisma", "status": ["x"]}, 'status with tool = "prisma"'),
        ({"tool": "commands", "deploy": ["x"], "applied": "y", "file": "{name}.sql"}, "file"),
        ({"tool": "commands", "deploy": ["x"], "applied": "y", "file": "{number}_{name}_{0}.sql"}, "file"),
        ({"pooler": "statement"}, "pooler"),
        ({"pool_size": 0}, "pool_size"),
    ],
)
def test_settings_that_can_not_be_meant_are_refused(more: dict[str, object], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        MigrationSettings.model_validate({"folder": "m", **more})
