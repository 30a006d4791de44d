"""Git's history of migrations: what was merged or released, and what was done to it since."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from exitgate.checks.migrations import late_migrations, rewritten_migrations, unplanned_destructions
from exitgate.errors import ObservationError, PrerequisiteMissing
from exitgate.migration_settings import MigrationSettings
from exitgate.observe.migrations.destructive import read_destructions
from exitgate.observe.migrations.files import read_migrations
from exitgate.observe.migrations.history import read_migration_history
from exitgate.observe.releases import read_releases
from exitgate.policy import MigrationPolicy
from exitgate.provision.git import git, succeeded

SETTINGS = MigrationSettings(folder="m")


def policy(**rules: object) -> MigrationPolicy:
    sound = {
        "forward_only": True,
        "applied_when": "merged",
        "release_tags": "v*",
        "rollback": "expand_contract",
        "releases_between": 1,
        "destructive_plan": "plan.md",
        "recovery": ["resolve {migration}"],
        "way": "startup",
        "concurrent_starts": 2,
    }
    return MigrationPolicy.model_validate({**sound, **rules})


def commit(root: Path, tag: str = "") -> None:
    succeeded(git(root, "add", "--all"), root)
    succeeded(git(root, "commit", "--quiet", "--allow-empty", "-m", "x"), root)
    if tag:
        succeeded(git(root, "tag", tag), root)


def write(root: Path, name: str, sql: str = "SELECT 1;\n", plan: str = "") -> None:
    (root / "m" / name).mkdir(parents=True, exist_ok=True)
    (root / "m" / name / "migration.sql").write_text(sql, encoding="utf-8")
    if plan:
        (root / "m" / name / "plan.md").write_text(plan, encoding="utf-8")


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    succeeded(git(tmp_path, "init", "--quiet", "--initial-branch=main"), tmp_path)
    write(tmp_path, "1_a", "CREATE TABLE a (i int, j int);\n")
    write(tmp_path, "2_b", "CREATE TABLE b (i int);\n")
    commit(tmp_path, "v1")
    return tmp_path


def found(root: Path, **rules: object) -> list[str]:
    chosen = policy(**rules)
    history, folder = (
        read_migration_history(root, "s", SETTINGS, chosen),
        read_migrations(root, "s", SETTINGS),
    )
    return [
        each.message for each in (*rewritten_migrations(history, folder, chosen), *late_migrations(history, folder))
    ]


def test_new_migrations_at_the_end_are_no_fault(repository: Path) -> None:
    write(repository, "3_c")
    commit(repository)
    assert found(repository) == []


def test_an_edit_is_found_and_taking_it_back_cures_it(repository: Path) -> None:
    write(repository, "1_a", "CREATE TABLE a (i bigint);\n")
    commit(repository)
    assert found(repository) == ["the migration 1_a was edited after it counted as applied"]
    write(repository, "1_a", "CREATE TABLE a (i int, j int);\n")
    commit(repository)
    assert found(repository) == []


def test_renamed_removed_and_slipped_in(repository: Path) -> None:
    (repository / "m/1_a").rename(repository / "m/1_z")
    shutil.rmtree(repository / "m/2_b")
    write(repository, "0_early", "SELECT 0;\n")
    commit(repository)
    assert {each.split(" was ")[1].split()[0] for each in found(repository)} == {"renamed", "removed", "added"}


def test_a_declared_squash_may_remove(repository: Path) -> None:
    shutil.rmtree(repository / "m/2_b")
    write(repository, "3_squashed", "SELECT 3;\n")
    commit(repository)
    squash = [{"service": "s", "into": "3_squashed", "replaces": ["2_b"], "why": "one file"}]
    assert found(repository, squash=squash) == []


def test_what_is_not_released_may_change_where_releases_count(repository: Path) -> None:
    write(repository, "3_c")
    commit(repository)
    write(repository, "3_c", "SELECT 2;\n")
    commit(repository)
    assert found(repository, applied_when="released") == []
    assert found(repository) == ["the migration 3_c was edited after it counted as applied"]


def test_a_folder_that_moved_as_a_whole_is_followed(repository: Path) -> None:
    (repository / "m").rename(repository / "old")
    commit(repository)
    (repository / "old").rename(repository / "m")
    write(repository, "3_c")
    commit(repository)
    assert found(repository) == []


def test_releases_are_needed_where_they_count(repository: Path) -> None:
    succeeded(git(repository, "tag", "-d", "v1"), repository)
    with pytest.raises(PrerequisiteMissing, match="no release"):
        found(repository, applied_when="released")


def test_nothing_to_look_at_is_said(repository: Path) -> None:
    with pytest.raises(ObservationError, match="no commit that touches it"):
        read_migration_history(repository, "s", MigrationSettings(folder="nowhere"), policy())
    with pytest.raises(ObservationError, match="no migration of s"):
        read_migrations(repository, "s", MigrationSettings(folder="nowhere"))


@pytest.mark.parametrize(
    ("plan", "words"),
    [
        ("", "has no plan"),
        ("why not", "does not name the release"),
        ("Unused since: v9", "names a release that there is not"),
        ("Unused since: v2", "contracts too early"),
        ("Unused since: v1", ""),
    ],
)
def test_what_takes_something_away_wants_its_plan(repository: Path, plan: str, words: str) -> None:
    commit(repository, "v2")
    write(repository, "3_c", "-- squawk-ignore ban-drop-column\nALTER TABLE a DROP COLUMN j;\n", plan)
    commit(repository)
    folder = read_migrations(repository, "s", SETTINGS)
    seen = unplanned_destructions(read_destructions(folder), folder, policy(), read_releases(repository, "v*"))
    assert [words in each.message for each in seen] == ([True] if words else [])
