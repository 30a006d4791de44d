"""What would be asked of AWS while a plan with names is made waits for the apply, or it is said that it does not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from exitgate.provision.unasked import leave_unasked, waiting_data

OURS = "terraform_data.exitgate_unknown"
READ = ("aws_secretsmanager_secret_version", "back")
DATA = 'data "aws_secretsmanager_secret_version" "back" {\n  secret_id = "x"\n}\n'


def copy_of(folder: Path, text: str, name: str = "main.tf") -> tuple[Path, Path]:
    """Return a copy of a target, and the root module in it, whose only file has a text."""
    root = folder / "tree" / "infra"
    root.mkdir(parents=True)
    (root / name).write_text(text, encoding="utf-8")
    return folder / "tree", root


def change(mode: str, kind: str, name: str, *actions: str) -> dict[str, Any]:
    return {"mode": mode, "type": kind, "name": name, "change": {"actions": list(actions)}}


def test_what_waits_is_what_a_plan_leaves_to_the_apply_and_somebody_would_be_asked_for() -> None:
    plan = {
        "resource_changes": [
            change("data", *READ, "read"),
            change("data", "aws_iam_policy_document", "trust", "read"),
            change("data", "aws_vpc", "known", "no-op"),
            change("managed", "aws_vpc", "main", "create"),
        ]
    }
    assert waiting_data(plan) == {READ}
    assert waiting_data({}) == frozenset()


def test_a_data_source_waits_and_others_stay_as_they_are(tmp_path: Path) -> None:
    other = 'data "aws_vpc" "other" {\n  id = "vpc-1"\n}\n'
    tree, root = copy_of(tmp_path, DATA + other)
    assert leave_unasked(tree, root, {READ})
    text = (root / "main.tf").read_text(encoding="utf-8")
    assert f"depends_on = [{OURS}]\n  secret_id" in text
    assert text.endswith(other)
    assert OURS.partition(".")[2] in (root / "zz_exitgate_unknown.tf").read_text(encoding="utf-8")


def test_one_that_waits_for_something_already_waits_for_ours_too(tmp_path: Path) -> None:
    tree, root = copy_of(tmp_path, DATA.replace("\n}", "\n  depends_on = [aws_vpc.main]\n}"))
    assert leave_unasked(tree, root, {READ})
    assert f"depends_on = [{OURS}, aws_vpc.main]" in (root / "main.tf").read_text(encoding="utf-8")


def test_one_of_a_module_that_was_fetched_waits_too(tmp_path: Path) -> None:
    tree, root = copy_of(tmp_path, "")
    module = root / ".terraform" / "modules" / "db"
    module.mkdir(parents=True)
    (module / "main.tf").write_text(DATA, encoding="utf-8")
    assert leave_unasked(tree, root, {READ})
    assert OURS in (module / "main.tf").read_text(encoding="utf-8")
    assert (module / "zz_exitgate_unknown.tf").is_file()


@pytest.mark.parametrize(
    ("body", "changed"),
    [
        ("  length = 8\n", f'  length = {OURS}.id == "" ? (8) : null'),
        ("  count = 2\n  length = max(8, 9)\n", f'  length = {OURS}.id == "" ? (max(8, 9)) : null'),
        ('  length = 8 # long\n  set = "a"\n', f'  set = {OURS}.id == "" ? ("a") : null'),
        ("  lifecycle {\n    note = 1\n  }\n  length = 8\n", f'  length = {OURS}.id == "" ? (8) : null'),
    ],
)
def test_an_argument_of_an_ephemeral_resource_becomes_unknown(tmp_path: Path, body: str, changed: str) -> None:
    tree, root = copy_of(tmp_path, f'ephemeral "random_password" "this" {{\n{body}}}\n')
    assert leave_unasked(tree, root, ())
    assert changed in (root / "main.tf").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("name", "text", "waiting"),
    [
        ("main.tf", "", {READ}),
        ("main.tf", 'data "aws_secretsmanager_secret_version" "back" { secret_id = "x" }\n', {READ}),
        ("main.tf.json", '{"data": {"aws_secretsmanager_secret_version": {"back": {"secret_id": "x"}}}}', {READ}),
        ("main.tf.json", '{"ephemeral": {"random_password": {"this": {"length": 8}}}}', ()),
        ("main.tf", 'ephemeral "random_password" "this" {\n}\n', ()),
        ("main.tf", 'ephemeral "random_password" "this" {\n  count = 1\n  set = [\n    "a",\n  ]\n}\n', ()),
        ("main.tf", 'ephemeral "random_password" "this" {\n  length = max(\n    8, 9)\n}\n', ()),
    ],
)
def test_what_can_t_be_kept_waiting_is_said(
    tmp_path: Path, name: str, text: str, waiting: set[tuple[str, str]]
) -> None:
    tree, root = copy_of(tmp_path, text, name)
    assert not leave_unasked(tree, root, waiting)
    assert (root / name).read_text(encoding="utf-8") == text


def test_a_link_out_of_the_copy_is_not_written_through(tmp_path: Path) -> None:
    theirs = tmp_path / "theirs.tf"
    theirs.write_text(DATA, encoding="utf-8")
    tree, root = copy_of(tmp_path, "")
    (root / "link.tf").symlink_to(theirs)
    assert not leave_unasked(tree, root, {READ})
    assert theirs.read_text(encoding="utf-8") == DATA


def test_code_that_asks_nobody_is_left_as_it_is(tmp_path: Path) -> None:
    tree, root = copy_of(tmp_path, 'resource "aws_vpc" "main" {\n}\n')
    assert leave_unasked(tree, root, ())
    assert [path.name for path in root.iterdir()] == ["main.tf"]
