"""A stack's life as it is read: places in the code, what is at rest by the code's words, what it ignores, limits of the record."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from exitgate.assurance import Assurance
from exitgate.observe.applied import Applied, known_gaps, read_applied
from exitgate.provision.outside_changes import WAYS
from exitgate.provision.stack_files import StackLife
from exitgate.provision.terraform import TerraformTool
from exitgate.target import Target, load_target

REFERENCE = Path(__file__).parents[3] / "reference"
TOOL = TerraformTool(name="terraform", executable="terraform", version="1.11.4")
CODE = """resource "aws_vpc" "this" {
  cidr_block = "10.0.0.0/16"
  tags       = { Name = "a" }

  lifecycle {
    ignore_changes = [tags]
  }
}

resource "aws_ecs_service" "this" {
  name = "a"

  lifecycle {
    ignore_changes = [desired_count]
  }
}
"""
VPC, SERVICE, BROKER = ('module.net["a"].aws_vpc.this', "module.net.aws_ecs_service.this", "aws_mq_broker.this")
CONFIGURATION = {
    "root_module": {
        "module_calls": {
            "net": {
                "source": "./net",
                "module": {
                    "resources": [
                        {"address": "aws_vpc.this", "expressions": {"tags": {}, "cidr_block": {}}},
                        {"address": "aws_ecs_service.this", "expressions": {"name": {}}},
                    ]
                },
            }
        }
    }
}


def changed(address: str, before: dict[str, Any], after: dict[str, Any], action: str = "update") -> dict[str, Any]:
    module, _, local = address.rpartition(".aws_")
    kind = f"aws_{local}" if module else address
    return {
        "address": address,
        "module_address": module,
        "mode": "managed",
        "type": kind.partition(".")[0],
        "name": "this",
        "change": {"actions": [action], "before": before, "after": after},
    }


def lived(folder: Path, **files: Any) -> Applied:
    """Write the files of a stack's life, those that are given in the place of plain ones, and read them."""
    target: Target = load_target(REFERENCE)
    code = folder / "target" / "infra"
    (code / "net").mkdir(parents=True)
    (code / "main.tf").write_text('module "net" {\n  source = "./net"\n}\n', encoding="utf-8")
    (code / "net" / "main.tf").write_text(CODE, encoding="utf-8")
    still = [changed(VPC, {}, {}, "no-op"), changed(SERVICE, {}, {}, "no-op")]
    state = {
        "values": {
            "root_module": {
                "resources": [{"address": BROKER, "type": "aws_mq_broker", "mode": "managed", "values": {}}]
            }
        }
    }
    told = {
        "emulator": {"name": "ministack", "version": "1.5.33"},
        "place": "on loopback",
        "assurance": "emulated",
        "variables": ["tasks"],
        "accounts": ["111111111111", "222222222222"],
        "limits": ["it can't do that"],
        "stack": "staging",
        "changes": [],
        "destroy": {"step": "destroy", "error": "", "left": []},
        "before": ["ec2 VpcId vpc-1"],
        "after": ["ec2 VpcId vpc-1", "logs logGroupName /left"],
        "seconds": {"apply 1": 60.0, "apply 2": 61.0},
    }
    plain: dict[str, Any] = {
        "told": told,
        "first": state,
        "second": state,
        "schema": {},
        "again": {"configuration": CONFIGURATION, "resource_changes": still},
        "quiet": {},
        "drift": {},
    }
    for name, content in {**plain, **files}.items():
        merged = {**plain[name], **content} if name in ("told", "again") else content
        (folder / f"{name}.json").write_text(json.dumps(merged), encoding="utf-8")
    return read_applied(replace(target, directory=folder / "target"), TOOL, StackLife(folder=folder))


def test_it_is_emulated_and_every_limit_is_told(tmp_path: Path) -> None:
    applied = lived(tmp_path)
    assert applied.substrate.assurance is Assurance.EMULATED
    assert "ministack 1.5.33" in applied.substrate.name
    assert {"it can't do that", "not applied as it stands: tasks is set for it"} <= set(applied.substrate.limits)
    assert any("121 s together" in limit for limit in applied.substrate.limits)


def test_resources_have_their_places_and_what_is_left_is_what_was_not_there_before(tmp_path: Path) -> None:
    applied = lived(tmp_path)
    assert (applied.place(VPC), applied.place(SERVICE)) == ("infra/net/main.tf:1", "infra/net/main.tf:10")
    assert applied.place("nobody.knows") == "infra"
    assert applied.destroyed.in_account == ("logs logGroupName /left",)


def test_right_after_the_apply_what_the_code_sets_is_at_rest_and_what_it_does_not_may_settle(tmp_path: Path) -> None:
    drifted = [
        changed(VPC, {"tags": {"Name": "a"}}, {"tags": {"Name": "b"}}),
        changed(SERVICE, {"desired_count": 2}, {"desired_count": 3}),
    ]
    applied = lived(tmp_path, again={"resource_drift": drifted})
    assert [(each.address, each.attribute) for each in applied.quiet] == [(VPC, "tags")]


def test_after_it_was_taken_in_everything_is_at_rest(tmp_path: Path) -> None:
    applied = lived(tmp_path, quiet={"resource_drift": [changed(SERVICE, {"desired_count": 2}, {"desired_count": 3})]})
    assert [(each.address, each.attribute) for each in applied.quiet] == [(SERVICE, "desired_count")]


def test_what_the_code_ignores_is_told_but_for_what_another_system_owns(tmp_path: Path) -> None:
    assert lived(tmp_path).ignored == {(VPC, "tags")}


def test_gaps_are_limits_whether_they_showed_or_not(tmp_path: Path) -> None:
    plan = {"resource_changes": [changed(BROKER, {"logs": []}, {"logs": [{"general": True}]})]}
    applied = lived(tmp_path, again=plan)
    assert applied.again == ()
    shown = [limit for limit in applied.substrate.limits if limit.startswith("gap of the emulator: ")]
    unshown = [limit for limit in applied.substrate.limits if "did not show" in limit]
    assert [limit.split()[4] for limit in shown] == ["aws_mq_broker.logs:"]
    assert len(unshown) == len([gap for gap in known_gaps("ministack", "1.5.33") if gap.type == "aws_mq_broker"]) - 1


@pytest.mark.parametrize("version", ["1.5.34", "2.0.0"])
def test_another_version_s_gaps_excuse_nothing(version: str, tmp_path: Path) -> None:
    plan = {"resource_changes": [changed(BROKER, {"logs": []}, {"logs": [{"general": True}]})]}
    applied = lived(tmp_path, again=plan, told={"emulator": {"name": "ministack", "version": version}})
    assert [each.attribute for each in applied.again] == ["logs"]


def test_a_change_that_could_not_be_tried_beyond_the_required_is_a_limit(tmp_path: Path) -> None:
    changes = [{"kind": WAYS[-1].kind, "address": "", "attribute": "x", "landed": False, "refusal": ""}]
    applied = lived(tmp_path, told={"changes": changes})
    assert f"not tried as drift: {WAYS[-1].kind} (nothing there that it suits)" in applied.substrate.limits
