"""Planted secrets never get into a message, whatever program says them, and however it writes them."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from exitgate.errors import ExitgateError, ObservationError
from exitgate.provision.redaction import HIDDEN, Redaction, redaction_of, secrets_of_plan
from exitgate.provision.stack_plan import StackPlan, plan_stack
from exitgate.provision.terraform import TerraformTool
from exitgate.provision.variables import declared_variables, write_values
from exitgate.target import load_target
from tests.runs import run_in

PLANTED = {
    "default": "plain-default-41",
    "file": "from-var-file-42",
    "nested": "nested-in-object-43",
    "document": "line of a document 44",
    "toml": 'to\\ml "quoted" <&> 45',
    "literal": "literal-argument-46",
    "module": "deep-in-a-module-47",
}
MAIN = f"""
variable "first" {{
  type      = string
  sensitive = true
  default   = "{PLANTED["default"]}"
}}
variable "second" {{
  type      = string
  sensitive = true
}}
variable "third" {{
  type      = object({{ user = string, word = string }})
  sensitive = true
  default = {{
    user = "somebody"
    word = "{PLANTED["nested"]}"
  }}
}}
variable "fourth" {{
  sensitive = true
  default   = <<-EOT
    {PLANTED["document"]}
  EOT
}}
variable "fifth" {{
  sensitive = true
}}
variable "count_of_tasks" {{
  type = number
}}
variable "zones" {{
  type = list(string)
}}
resource "aws_db_instance" "this" {{
  master_password = "{PLANTED["literal"]}"
}}
"""
CONFIGURATION = f"""[target]
name = "shop"

[infrastructure]

[[infrastructure.stack]]
name = "only"
path = "infra"
var_files = ["infra/only.tfvars"]

[infrastructure.stack.variables]
fifth = {json.dumps(PLANTED["toml"])}
count_of_tasks = "2"
zones = '["a", "b"]'
"""
PLAN = {
    "configuration": {"root_module": {"variables": {"second": {"sensitive": True}, "zones": {}}}},
    "variables": {"second": {"value": "known-to-the-plan-48"}, "zones": {"value": ["zone-a"]}},
    "resource_changes": [
        {
            "address": "aws_mq_broker.this",
            "mode": "managed",
            "type": "aws_mq_broker",
            "name": "this",
            "change": {
                "actions": ["create"],
                "after": {"user": [{"password": "marked-by-the-provider-49"}], "name": "broker-name"},
                "after_sensitive": {"user": True},
                "after_unknown": {},
            },
        }
    ],
}


def plan_by(folder: Path, said: str, *, at: str) -> StackPlan:
    target = folder / "target"
    (target / "infra" / "modules" / "deep").mkdir(parents=True)
    (target / "infra" / "main.tf").write_text(MAIN, encoding="utf-8")
    deep = f'resource "x" "y" {{\n  api_key = "{PLANTED["module"]}"\n}}\n'
    (target / "infra" / "modules" / "deep" / "main.tf").write_text(deep, encoding="utf-8")
    (target / "infra" / "only.tfvars").write_text(f'second = "{PLANTED["file"]}"\n', encoding="utf-8")
    (target / "exitgate.toml").write_text(CONFIGURATION, encoding="utf-8")
    (folder / "said").write_text(said, encoding="utf-8")
    (folder / "plan").write_text(json.dumps(PLAN), encoding="utf-8")
    program = folder / "terraform"
    program.write_text(
        f"""#!/bin/sh
printf '%s\\n' "$@" >> {folder}/arguments
env >> {folder}/environment
for each; do
  case "$each" in -var-file=*own.tfvars) stat -c %a "${{each#-var-file=}}" > {folder}/mode;
    cp "${{each#-var-file=}}" {folder}/given;;
  esac
done
case "$1" in
  {at}) cat {folder}/said; cat {folder}/said >&2; exit 1;;
  show) cat {folder}/plan;;
esac
exit 0
""",
        encoding="utf-8",
    )
    program.chmod(0o755)
    scratch = folder / "scratch"
    scratch.mkdir()
    loaded = load_target(target)
    code = loaded.configuration.infrastructure
    assert code is not None
    run = run_in(scratch, name="r", owner="o")
    tool = TerraformTool(name="terraform", executable=str(program), version="1.11.4")
    return plan_stack(tool, run, loaded, code, code.stack[0])


def everything_said(secrets: list[str]) -> str:
    """Return what a careless program writes: for people, and as a document a line."""
    detail = " and ".join(secrets)
    human = "".join(f"Error: x {each}\n\n  on main.tf line 3:\n   3: a = {each}\n" for each in secrets)
    told = {"diagnostic": {"severity": "error", "summary": "Broken", "detail": detail}}
    return human + json.dumps(told, ensure_ascii=False) + "\n"


@pytest.mark.parametrize("at", ["init", "plan"])
@pytest.mark.parametrize("which", sorted(PLANTED))
def test_a_planted_secret_is_in_no_message(tmp_path: Path, at: str, which: str) -> None:
    with pytest.raises(ExitgateError) as caught:
        plan_by(tmp_path, everything_said([PLANTED[which]]), at=at)
    told = str(caught.value) + repr(caught.value.__dict__)
    assert PLANTED[which] not in told
    assert json.dumps(PLANTED[which])[1:-1] not in told
    assert HIDDEN in told
    kept = (tmp_path / "scratch" / "terraform" / "only" / "done.json").read_text(encoding="utf-8")
    assert PLANTED[which] not in kept


@pytest.mark.parametrize("secret", ["known-to-the-plan-48", "marked-by-the-provider-49"])
def test_what_the_plan_marks_is_in_no_reason_either(tmp_path: Path, secret: str) -> None:
    plan = plan_by(tmp_path, everything_said([secret]), at="test")
    assert plan.named is None
    assert HIDDEN in plan.why_not_named
    assert secret not in plan.why_not_named


def test_values_reach_the_program_by_a_file_that_nobody_else_reads(tmp_path: Path) -> None:
    plan_by(tmp_path, "Error: no", at="test")
    assert (tmp_path / "mode").read_text(encoding="utf-8").strip() == "600"
    given = (tmp_path / "given").read_text(encoding="utf-8")
    assert 'fifth = "to\\\\ml \\"quoted\\" <&> 45"\n' in given
    assert 'zones = ["a", "b"]\n' in given
    for kept in ("arguments", "environment"):
        assert "quoted" not in (tmp_path / kept).read_text(encoding="utf-8")
    assert stat.S_IMODE((tmp_path / "scratch" / "terraform" / "only").stat().st_mode) == 0o700


def test_a_variable_that_is_declared_nowhere_is_a_mistake(tmp_path: Path) -> None:
    (tmp_path / "main.tf").write_text('variable "known" {}\n', encoding="utf-8")
    with pytest.raises(ObservationError, match=r"variable unkown .* expected one of known"):
        write_values(tmp_path / "own.tfvars", {"unkown": "1"}, declared_variables(tmp_path))


def test_a_text_is_a_literal_in_which_nothing_is_evaluated(tmp_path: Path) -> None:
    (tmp_path / "main.tf").write_text('variable "a" {\n  type = string # text\n}\n', encoding="utf-8")
    write_values(tmp_path / "own.tfvars", {"a": "${var.b} %{if} \n\x07"}, declared_variables(tmp_path))
    assert (tmp_path / "own.tfvars").read_text(encoding="utf-8") == 'a = "$${var.b} %%{if} \\n\\U00000007"\n'


def test_variables_are_read_from_json_too(tmp_path: Path) -> None:
    declared = {"variable": {"a": {"type": "string", "sensitive": True}, "b": [{"type": "list(string)"}]}}
    (tmp_path / "main.tf.json").write_text(json.dumps(declared), encoding="utf-8")
    (tmp_path / "broken.tf.json").write_text("{", encoding="utf-8")
    found = declared_variables(tmp_path)
    assert {name: (each.sensitive, each.takes_text) for name, each in found.items()} == {
        "a": (True, True),
        "b": (False, False),
    }


def test_addresses_with_a_password_and_keys_of_aws_are_hidden_wherever_they_come_from() -> None:
    assert Redaction()("postgresql://shop:word@db:5432/shop") == f"postgresql://{HIDDEN}@db:5432/shop"
    assert Redaction()("key AKIAABCDEFGHIJKLMNOP is old") == f"key {HIDDEN} is old"


def test_a_redaction_says_nothing_of_what_it_hides() -> None:
    assert repr(Redaction(frozenset({"hunter2hunter2"}))) == "Redaction(1 secrets)"


def test_words_that_are_everywhere_are_no_secrets() -> None:
    assert Redaction().with_more(["true", "enabled", "abc", " "]) == Redaction()


def test_a_clean_folder_hides_nothing(tmp_path: Path) -> None:
    assert redaction_of(tmp_path, tmp_path, {}) == Redaction()
    assert list(secrets_of_plan({})) == []
