"""Changes of real code: what each does to a copy of the reference, and what is said where there is nothing to break."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from exitgate.errors import PrerequisiteMissing
from exitgate.faults.migrations.mutants import failing_migration
from exitgate.faults.pipeline import mutants
from exitgate.faults.pipeline.mutants import Mutant
from exitgate.target import load_target
from tests.provision.repository import git

REFERENCE = Path(__file__).parents[2] / "reference"


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("copy") / "reference"
    left_out = shutil.ignore_patterns("node_modules", "dist*", ".nx", ".git", "releases", "infra")
    shutil.copytree(REFERENCE, folder, ignore=left_out)
    git(folder, "init", "--quiet")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message=reference")
    return folder


def changes(root: Path, mutant: Mutant) -> list[str]:
    mutant.apply(root)
    git(root, "add", "--all")
    found = git(root, "diff", "--cached", "--name-status").splitlines()
    git(root, "reset", "--quiet", "--hard")
    return [line.replace("\t", " ") for line in found]


@pytest.mark.parametrize(
    ("make", "project", "changed"),
    [
        (mutants.failing_unit_test, "apps/catalog", "A apps/catalog/test/exitgate-mutant.test.ts"),
        (mutants.failing_unit_test, "libs/contracts", "A libs/contracts/test/exitgate-mutant.test.ts"),
        (mutants.failing_integration_test, "apps/orders", "A apps/orders/integration/exitgate-mutant.test.ts"),
        (mutants.type_error, "libs/service-kit", "M libs/service-kit/src/index.ts"),
        (mutants.broken_library, "libs/contracts", "M libs/contracts/src/index.ts"),
        (mutants.library_broken_elsewhere, "libs/contracts", "M libs/contracts/src/index.ts"),
        (partial(mutants.failing_on_node, version="22"), "apps/web", "A apps/web/test/exitgate-mutant.test.ts"),
    ],
)
def test_each_changes_one_file(make: Callable[[Path, str], Mutant], project: str, changed: str, copy: Path) -> None:
    mutant = make(copy, project)
    assert changes(copy, mutant) == [changed]
    assert mutant.what.startswith(project)


def test_a_test_fails_on_one_version_and_a_library_in_other_folders_alone(copy: Path) -> None:
    node = shutil.which("node")
    if node is None:
        pytest.skip("no node")
    version = subprocess.run([node, "--version"], check=True, capture_output=True, text=True).stdout.strip()
    major = version.removeprefix("v").partition(".")[0]
    for wanted, fails in ((major, True), (f"{major}9", False)):
        mutants.failing_on_node(copy, "apps/web", wanted).apply(copy)
        made = copy / "apps/web/test/exitgate-mutant.test.ts"
        (copy / "run.mjs").write_text(made.read_text())
        made.unlink()
        done = subprocess.run([node, "run.mjs"], check=False, cwd=copy, capture_output=True, text=True)
        assert (done.returncode, f"{mutants.SAYS_NODE}{version}" in done.stderr) == (int(fails), fails)
    index = copy / "libs/contracts/src/index.ts"
    before = index.read_text()
    mutants.library_broken_elsewhere(copy, "libs/contracts").apply(copy)
    (copy / "run.mjs").write_text(index.read_text().removeprefix(before))
    git(copy, "reset", "--quiet", "--hard")
    for folder, fails in (("libs/contracts", False), ("apps/orders", True)):
        run = [node, str(copy / "run.mjs")]
        done = subprocess.run(run, check=False, cwd=copy / folder, capture_output=True, text=True)
        assert (done.returncode, mutants.SAYS_LIBRARY in done.stderr) == (int(fails), fails)
    (copy / "run.mjs").unlink()


@pytest.mark.parametrize("project", ["apps/shell", "apps/mfe-cart", "apps/mfe-catalog"])
def test_a_front_end_breaks_in_its_own_source(project: str, copy: Path) -> None:
    (changed,) = changes(copy, mutants.front_end_break(copy, project))
    assert changed.startswith(f"M {project}/src/")


def test_all_unit_tests_and_nothing_else_are_deleted(copy: Path) -> None:
    found = changes(copy, mutants.deleted_tests(copy, "apps/catalog"))
    assert found == ["D apps/catalog/test/config.test.ts", "D apps/catalog/test/order-consumer.test.ts"]


def test_the_lockfile_is_left_behind(copy: Path) -> None:
    mutant = mutants.lock_drift(copy)
    assert changes(copy, mutant) == ["M package.json"]
    mutant.apply(copy)
    data = json.loads((copy / "package.json").read_text())
    git(copy, "reset", "--quiet", "--hard")
    assert data["devDependencies"]["exitgate-not-locked"] == "1.0.0"


@pytest.mark.parametrize(
    "make",
    [
        mutants.failing_unit_test,
        mutants.failing_integration_test,
        mutants.type_error,
        mutants.front_end_break,
        mutants.broken_library,
        mutants.deleted_tests,
    ],
)
def test_where_there_is_nothing_to_break_nothing_is_assessed(
    make: Callable[[Path, str], Mutant], tmp_path: Path
) -> None:
    with pytest.raises(PrerequisiteMissing, match="apps/a: no "):
        make(tmp_path, "apps/a")
    with pytest.raises(PrerequisiteMissing, match=r"package\.json"):
        mutants.lock_drift(tmp_path)


def test_a_migration_that_fails_comes_last_and_is_well_formed(copy: Path) -> None:
    target = load_target(REFERENCE)
    made = [failing_migration(service, settings) for service, settings in target.migrating]
    assert [each.aim for each in made] == ["migration-orders", "migration-catalog"]
    assert changes(copy, made[0]) == ["A apps/orders/prisma/migrations/29991231235958_exitgate/migration.sql"]
    settings = target.migrating[0][1].model_copy(update={"tool": "commands"})
    other = failing_migration(target.migrating[0][0], settings)
    assert changes(copy, other) == ["A apps/orders/prisma/migrations/29991231235958_exitgate.sql"]
