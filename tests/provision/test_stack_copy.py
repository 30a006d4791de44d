"""Copies of a stack's code: what one was initialised with serves another of the same code and locks, and no other."""

from __future__ import annotations

from pathlib import Path

import pytest

from exitgate.errors import PrerequisiteMissing
from exitgate.provision.stack_copy import initialised_copy
from exitgate.provision.terraform import TerraformTool
from exitgate.target import Target, load_target

CONFIGURATION = """[target]
name = "shop"

[infrastructure]

[[infrastructure.stack]]
name = "staging"
path = "infra"

[[infrastructure.stack]]
name = "production"
path = "infra"

[[infrastructure.stack]]
name = "emulated"
path = "infra"
override = "other_override.tf"
"""
INIT = '#!/bin/sh\necho "$*" >> "{log}"\nmkdir .terraform && echo here > .terraform/providers\n'


def target_in(folder: Path, *, locked: bool) -> Target:
    (folder / "infra").mkdir(parents=True)
    (folder / "infra" / "main.tf").write_text('resource "aws_vpc" "this" {}\n', encoding="utf-8")
    (folder / "other_override.tf").write_text('provider "aws" {}\n', encoding="utf-8")
    if locked:
        (folder / "infra" / ".terraform.lock.hcl").write_text("# locks\n", encoding="utf-8")
    (folder / "exitgate.toml").write_text(CONFIGURATION, encoding="utf-8")
    return load_target(folder)


def copies(tmp_path: Path, *names: str, locked: bool = True, script: str = INIT) -> tuple[list[Path], list[str]]:
    """Return the root modules of copies, and how the program was called for them."""
    log = tmp_path / "log"
    log.touch()
    program = tmp_path / "terraform"
    program.write_text(script.format(log=log), encoding="utf-8")
    program.chmod(0o755)
    tool = TerraformTool(name="terraform", executable=str(program), version="1.11.4")
    target = target_in(tmp_path / "target", locked=locked)
    code = target.configuration.infrastructure
    assert code is not None
    stacks = {each.name: each for each in code.stack}
    made = []
    for name in names:
        folder = tmp_path / "run" / name
        folder.mkdir(parents=True)
        made.append(initialised_copy(tool, folder, target, stacks[name], 5.0).root)
    return made, log.read_text(encoding="utf-8").splitlines()


def test_a_second_stack_of_the_same_code_and_locks_is_not_initialised_again(tmp_path: Path) -> None:
    roots, calls = copies(tmp_path, "staging", "production")
    assert calls == ["init -input=false -lockfile=readonly"]
    assert [(root / ".terraform/providers").read_text(encoding="utf-8") for root in roots] == ["here\n", "here\n"]


def test_another_override_is_other_code(tmp_path: Path) -> None:
    assert len(copies(tmp_path, "staging", "emulated")[1]) == 2


def test_without_locks_each_is_initialised(tmp_path: Path) -> None:
    assert copies(tmp_path, "staging", "production", locked=False)[1] == ["init -input=false"] * 2


def test_what_failed_is_no_example(tmp_path: Path) -> None:
    with pytest.raises(PrerequisiteMissing, match="a registry or a mirror"):
        copies(
            tmp_path,
            "staging",
            script="#!/bin/sh\necho 'Error: Failed to query available provider packages' >&2; exit 1\n",
        )
    assert not [*(tmp_path / "run").glob("initialised-????????????????")]
