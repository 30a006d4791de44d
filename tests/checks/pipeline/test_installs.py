"""Installs that keep to the lockfile, and those that don't; what is no install is none."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from exitgate.checks.pipeline import loose_installs
from exitgate.errors import PrerequisiteMissing
from exitgate.observe.workflow.packages import read_packages
from exitgate.target import Pipeline
from tests.checks.pipeline.targets import steps, workflows
from tests.provision.repository import git
from tests.workflows import PATH

LOCKFILES = {"npm": "package-lock.json", "pnpm": "pnpm-lock.yaml", "yarn": "yarn.lock"}


def found(folder: Path, *runs: str, manager: str = "npm", lockfile: bool = True) -> list[tuple[str, str]]:
    (folder / "package.json").write_text(json.dumps({"name": "a"}))
    if lockfile:
        (folder / LOCKFILES[manager]).write_text("{}" if manager == "npm" else "")
    place = Pipeline.model_validate({"package_manager": manager})
    read = workflows(folder, steps(*runs))
    git(folder, "init", "--quiet")
    git(folder, "add", "--all")
    return [(each.location, each.got) for each in loose_installs(read, read_packages(folder), place)]


@pytest.mark.parametrize(
    ("manager", "run"),
    [
        ("npm", "npm ci"),
        ("npm", "npm ci --ignore-scripts && npm install --global corepack"),
        ("npm", "npm ci # npm install"),
        ("npm", "npm ci\necho 'npm install' \"npm i\"\necho npm install"),
        ("npm", "npm ci\ncat <<'END'\nnpm install\nEND"),
        ("npm", "npm ci\ngrep -q 'npm install' README.md || echo npm install"),
        ("npm", "env CI=1 timeout 60 npm ci"),
        ("pnpm", "pnpm install --frozen-lockfile"),
        ("yarn", "yarn --immutable"),
    ],
)
def test_frozen_installs_and_words_of_other_commands_are_no_findings(manager: str, run: str, tmp_path: Path) -> None:
    assert found(tmp_path, run, manager=manager) == []


@pytest.mark.parametrize(
    ("manager", "run", "line", "got"),
    [
        ("npm", "npm install", 7, "npm install"),
        ("npm", "npm ci || npm i", 7, "npm i"),
        ("npm", "echo first\nif ! npm ci; then\n  npm install --no-audit\nfi", 9, "npm install --no-audit"),
        ("npm", "sudo npm \\\n  install", 7, "npm install"),
        ("npm", 'bash -c "npm install"', 7, "npm install"),
        ("npm", "bash <<END\nnpm install\nEND", 8, "npm install"),
        ("npm", "for d in a b; do (cd $d && npm add x); done", 7, "npm add x"),
        ("npm", "retry 3 npm install", 7, "npm install"),
        ("npm", 'out="$(npm update)"', 7, "npm update"),
        ("npm", "corepack npm install", 7, "npm install"),
        ("pnpm", "pnpm install", 7, "pnpm install"),
        ("yarn", "yarn", 7, "yarn"),
    ],
)
def test_an_install_that_may_change_the_lockfile_is_found_wherever_it_stands(
    manager: str, run: str, line: int, got: str, tmp_path: Path
) -> None:
    assert found(tmp_path, run, manager=manager) == [(f"{PATH}:{line}", got)]


def test_no_lockfile_is_a_finding(tmp_path: Path) -> None:
    assert found(tmp_path, "npm ci", lockfile=False) == [("package.json", "no lockfile at all")]


@pytest.mark.parametrize("run", ["echo hello", "npm test"])
def test_without_an_install_nothing_is_assessed(run: str, tmp_path: Path) -> None:
    with pytest.raises(PrerequisiteMissing, match="no install command"):
        found(tmp_path, run)


def test_a_script_that_can_t_be_parsed_is_not_assessed(tmp_path: Path) -> None:
    with pytest.raises(PrerequisiteMissing, match=rf"{PATH}:\d+: a shell script that can't be parsed"):
        found(tmp_path, "npm ci\nif then fi (")
