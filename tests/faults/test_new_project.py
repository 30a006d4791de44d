"""A project without tests: what is added to a copy of the reference, by npm's own word on the lockfile."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from exitgate.errors import PrerequisiteMissing
from exitgate.faults.pipeline.new_project import project_without_tests

REFERENCE = Path(__file__).parents[2] / "reference"


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    left_out = shutil.ignore_patterns("node_modules", "dist*", ".nx", ".git", "releases", "infra")
    shutil.copytree(REFERENCE, tmp_path / "reference", ignore=left_out)
    return tmp_path / "reference"


def relative(folder: Path) -> set[str]:
    return {each.relative_to(folder).as_posix() for each in folder.rglob("*") if each.is_file()}


@pytest.mark.parametrize("like", ["libs/contracts", "apps/catalog", "apps/shell"])
def test_it_is_the_other_project_but_for_its_tests_and_name(copy: Path, like: str) -> None:
    mutant = project_without_tests(copy, like)
    mutant.apply(copy)
    added, other = copy / mutant.project, copy / like
    missing = relative(other) - relative(added)
    assert missing
    assert all(".test." in each or ".spec." in each for each in missing)
    assert relative(added) <= relative(other)
    assert json.loads((added / "package.json").read_text())["name"] == "@reference-shop/exitgate-mutant"
    changed = {each for each in relative(added) if (added / each).read_bytes() != (other / each).read_bytes()}
    assert changed == {"package.json"}


def test_npm_finds_nothing_to_change_in_the_lockfile(copy: Path) -> None:
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("no npm")
    project_without_tests(copy, "libs/contracts").apply(copy)
    before = json.loads((copy / "package-lock.json").read_text())
    words = [npm, "install", "--package-lock-only", "--ignore-scripts", "--offline", "--no-audit", "--no-fund"]
    done = subprocess.run(words, cwd=copy, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    assert json.loads((copy / "package-lock.json").read_text()) == before


@pytest.mark.parametrize(
    ("path", "text", "words"),
    [
        ("package.json", '{"workspaces": ["libs/contracts"]}', "workspaces that leave libs/exitgate-mutant out"),
        ("package.json", "{}", "workspaces that leave"),
        ("package.json", "[]", "no object"),
        ("package-lock.json", '{"lockfileVersion": 1}', "no entry of libs/contracts in a lockfile of version 3"),
        ("package-lock.json", "{", "none that can be read"),
        ("libs/contracts/package.json", "", "none that can be read"),
    ],
)
def test_where_none_can_be_added_nothing_is_assessed(copy: Path, path: str, text: str, words: str) -> None:
    (copy / path).write_text(text, encoding="utf-8")
    with pytest.raises(PrerequisiteMissing, match=words):
        project_without_tests(copy, "libs/contracts")


def test_a_project_that_has_no_tests_itself_is_none_to_be_like(copy: Path) -> None:
    shutil.rmtree(copy / "libs/contracts/test")
    with pytest.raises(PrerequisiteMissing, match="no tests that could be left out"):
        project_without_tests(copy, "libs/contracts")
