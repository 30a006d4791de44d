"""Blocks with their lines, values with their unknowns, and the answers to bad programs."""

from __future__ import annotations

from pathlib import Path

import pytest

from exitgate.errors import ExitgateError, ObservationError, PrerequisiteMissing
from exitgate.observe.terraform import UNKNOWN, Reference, Sensitive, read_locks
from exitgate.observe.terraform.blocks import read_blocks
from exitgate.observe.terraform.resources import merged
from exitgate.provision.stack_plan import plan_stack
from exitgate.provision.terraform import TerraformTool, find_mirror, find_terraform
from exitgate.target import Target, load_target
from tests.runs import run_in

FAILS = """[ "$1" = init ] || { echo '{"diagnostic":{"severity":"error","summary":"%s","detail":"%s"}}'; exit 1; }"""
CONFIGURATION = """[target]
name = "shop"

[infrastructure]
plan_timeout_s = 3

[[infrastructure.stack]]
name = "only"
path = "infra"
"""


def target_with(folder: Path, code: str) -> Target:
    (folder / "infra").mkdir(parents=True)
    (folder / "infra" / "main.tf").write_text(code, encoding="utf-8")
    (folder / "exitgate.toml").write_text(CONFIGURATION, encoding="utf-8")
    return load_target(folder)


def plan_by(script: str, folder: Path) -> None:
    program = folder / "terraform"
    program.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    program.chmod(0o755)
    target = target_with(folder / "target", 'resource "aws_vpc" "this" {}\n')
    scratch = folder / "scratch"
    scratch.mkdir()
    run = run_in(scratch, name="r", owner="o")
    code = target.configuration.infrastructure
    assert code is not None
    tool = TerraformTool(name="terraform", executable=str(program), version="1.11.4")
    told: list[ExitgateError] = []
    for _ in range(2):
        # A second worker hears the same, and nothing is run again.
        with pytest.raises(ExitgateError) as caught:
            plan_stack(tool, run, target, code, code.stack[0])
        told.append(caught.value)
        program.write_text("#!/bin/sh\nexit 99\n", encoding="utf-8")
    raise told[-1]


@pytest.mark.parametrize(
    ("script", "kind", "words"),
    [
        ("sleep 30", ObservationError, "no end after 3 s"),
        ("echo 'Error: Unclosed configuration block' >&2; exit 1", ObservationError, "Unclosed configuration block"),
        (
            "echo 'Error: Failed to query available provider packages' >&2; exit 1",
            PrerequisiteMissing,
            "registry or a mirror",
        ),
        (
            FAILS % ("No value for required variable", ""),
            PrerequisiteMissing,
            "a value for each variable",
        ),
        (
            FAILS % ("x", "dial tcp: refused"),
            PrerequisiteMissing,
            "without a network",
        ),
    ],
)
def test_a_plan_that_fails_says_why(tmp_path: Path, script: str, kind: type[ExitgateError], words: str) -> None:
    with pytest.raises(kind, match=words):
        plan_by(script, tmp_path)


@pytest.mark.parametrize(("said", "words"), [("Terraform v1.0.11", "version 1.0.11"), ("hello", "no version")])
def test_an_old_terraform_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: str, words: str) -> None:
    program = tmp_path / "tofu"
    program.write_text(f"#!/bin/sh\necho '{said}'\n", encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    find_terraform.cache_clear()
    with pytest.raises(PrerequisiteMissing, match=words):
        find_terraform("tofu")
    find_terraform.cache_clear()


def test_a_missing_terraform_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    find_terraform.cache_clear()
    with pytest.raises(PrerequisiteMissing, match="not installed"):
        find_terraform("tofu")
    find_terraform.cache_clear()


def test_a_mirror_is_found_two_levels_below(tmp_path: Path) -> None:
    assert find_mirror([str(tmp_path)]) is None
    (tmp_path / "vendor" / "registry.terraform.io" / "hashicorp").mkdir(parents=True)
    assert find_mirror([str(tmp_path)]) == tmp_path / "vendor"


def test_blocks_have_their_lines(tmp_path: Path) -> None:
    (tmp_path / "main.tf").write_text(
        '# resource "aws_x" "no" {}\nresource "aws_vpc" "this" {\n  cidr_block = "${var.a}}"\n'
        '  lifecycle {\n    ignore_changes = [\n      tags, # why\n    ]\n  }\n}\n\nresource "aws_y" "z" {}\n',
        encoding="utf-8",
    )
    blocks = read_blocks(tmp_path, tmp_path)
    assert sorted(blocks) == ["aws_vpc.this", "aws_y.z"]
    assert (blocks["aws_vpc.this"].line, dict(blocks["aws_vpc.this"].lines)["cidr_block"]) == (2, 3)
    assert blocks["aws_vpc.this"].ignores == ("tags",)
    assert blocks["aws_y.z"].line == 11


def test_values_tell_unknown_secret_and_reference_apart() -> None:
    names = {"exitgate-1-id": ("aws_subnet.a", "id")}
    unknown = {"ids": True, "other": True}
    value = merged(
        {"a": 1, "token": "hunter2"}, unknown, {"token": True}, {"ids": ["exitgate-1-id"], "other": "?"}, names
    )
    assert value == {
        "a": 1,
        "ids": (Reference("aws_subnet.a", "id"),),
        "other": UNKNOWN,
        "token": Sensitive(known=True),
    }
    assert "hunter2" not in repr(value)


def test_a_block_with_an_unknown_secret_is_not_known() -> None:
    assert merged([{"user": "a"}], [{"password": True}], True, None, {}) == Sensitive(known=False)
    assert merged([{"user": "a", "password": "b"}], [{}], True, None, {}) == Sensitive(known=True)


@pytest.mark.parametrize(
    ("code", "lock", "found"),
    [
        ("", 'provider "x" {\n  hashes = ["h1:abc"]\n}\n', []),
        ("", 'provider "x" {\n}\n', ["provider x, which has no checksum"]),
        ("", None, ["its providers, as there is no .terraform.lock.hcl"]),
        (
            'module "m" {\n  source = "git::https://user:secret@git.example/m.git?ref=main"\n}\n',
            'provider "x" {\n  hashes = ["zh:abc"]\n}\n',
            ["module.m from git.example/m.git"],
        ),
        (
            f'module "m" {{\n  source = "git::https://git.example/m.git?ref={"a" * 40}"\n}}\n',
            'provider "x" {\n  hashes = ["zh:abc"]\n}\n',
            [],
        ),
    ],
)
def test_locks(tmp_path: Path, code: str, lock: str | None, found: list[str]) -> None:
    target = target_with(tmp_path, code)
    if lock is not None:
        (tmp_path / "infra" / ".terraform.lock.hcl").write_text(lock, encoding="utf-8")
    assert [each.what for each in read_locks(target).unlocked] == found
