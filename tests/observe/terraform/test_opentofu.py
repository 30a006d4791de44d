"""OpenTofu's plans, as far as that can be told without OpenTofu: the same JSON, without names for unknowns, is read and judged.

No registry that is reachable here has OpenTofu, so no test runs it: these hold what the code does with its plan, whose form
OpenTofu documents as Terraform's.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from exitgate.checks.infrastructure import escaping_code, exposed_tiers, plain_caches
from exitgate.errors import PrerequisiteMissing
from exitgate.observe.terraform import Infrastructure, read_infrastructure, read_locks
from exitgate.provision.stack_plan import plan_stack
from exitgate.provision.terraform import find_terraform
from exitgate.target import Target, load_target
from tests.checks.infrastructure.plans import POLICY
from tests.runs import run_in

CONFIGURATION = """[target]
name = "shop"

[infrastructure]
program = "tofu"

[[infrastructure.stack]]
name = "only"
path = "infra"
"""
CODE = """resource "aws_elasticache_replication_group" "this" {
  transit_encryption_enabled = false
}
"""
LOCK = 'provider "registry.opentofu.org/hashicorp/aws" {\n  version = "5.100.0"\n  hashes = [\n    "h1:abc",\n  ]\n}\n'


def change(address: str, unknown: dict[str, bool], **after: object) -> dict[str, object]:
    kind, name = address.split(".")
    told = {"actions": ["create"], "after": after, "after_unknown": unknown, "after_sensitive": {}}
    return {"address": address, "mode": "managed", "type": kind, "name": name, "change": told}


PLAN = {
    "format_version": "1.2",
    "terraform_version": "1.9.1",
    "configuration": {"root_module": {}},
    "resource_changes": [
        change("aws_vpc.this", {"id": True}, cidr_block="10.20.0.0/16"),
        change(
            "aws_subnet.data",
            {"id": True, "vpc_id": True},
            availability_zone="eu-central-1a",
            cidr_block="10.20.32.0/24",
        ),
        change("aws_internet_gateway.this", {"id": True, "vpc_id": True}),
        change("aws_route_table.this", {"id": True, "vpc_id": True}),
        change("aws_route.out", {"route_table_id": True, "gateway_id": True}, destination_cidr_block="0.0.0.0/0"),
        change("aws_route_table_association.data", {"route_table_id": True, "subnet_id": True}),
        change(
            "aws_elasticache_replication_group.this",
            {"id": True},
            transit_encryption_enabled=False,
            at_rest_encryption_enabled="true",
        ),
    ],
}


@pytest.fixture
def tofu(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A program by that name, which plans what was recorded and notes what it was asked for."""
    (tmp_path / "plan").write_text(json.dumps(PLAN), encoding="utf-8")
    program = tmp_path / "bin" / "tofu"
    program.parent.mkdir()
    program.write_text(
        f'#!/bin/sh\necho "$1" >> {tmp_path}/asked\ncase "$1" in\n'
        f"  version) echo 'OpenTofu v1.9.1';;\n  show) cat {tmp_path}/plan;;\nesac\n",
        encoding="utf-8",
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent), prepend=":")
    find_terraform.cache_clear()
    return tmp_path


def target_in(folder: Path) -> Target:
    (folder / "target" / "infra").mkdir(parents=True)
    (folder / "target" / "infra" / "main.tofu").write_text(CODE, encoding="utf-8")
    (folder / "target" / "infra" / ".terraform.lock.hcl").write_text(LOCK, encoding="utf-8")
    (folder / "target" / "exitgate.toml").write_text(CONFIGURATION, encoding="utf-8")
    return load_target(folder / "target")


def plan(folder: Path) -> Infrastructure:
    target = target_in(folder)
    code = target.configuration.infrastructure
    assert code is not None
    (folder / "scratch").mkdir()
    run = run_in(folder / "scratch", name="r", owner="o")
    tool = find_terraform(code.program)
    find_terraform.cache_clear()
    return read_infrastructure(target, tool, [plan_stack(tool, run, target, code, code.stack[0])])


def test_the_configuration_chooses_it_and_its_plan_is_read(tofu: Path) -> None:
    seen = plan(tofu)
    assert seen.substrate.name == "plan by tofu 1.9.1 without an account, of only"
    assert (tofu / "asked").read_text(encoding="utf-8").split() == ["version", "init", "plan", "show"]
    found = plain_caches(seen)
    assert [each.location for each in found if "in transit" in each.message or "plain" in each.message] == [
        "infra/main.tofu:2"
    ]


def test_what_hangs_on_a_reference_is_not_assessed_by_name(tofu: Path) -> None:
    seen = plan(tofu)
    assert not seen.stacks[0].named
    assert "stack only: tofu 1.9.1 can't plan with names in the place of unknowns" in seen.substrate.limits
    with pytest.raises(PrerequisiteMissing, match=r"aws_route\.out|aws_route_table_association\.data"):
        exposed_tiers(seen, POLICY)
    assert escaping_code(seen) == []


def test_its_lock_file_is_read(tmp_path: Path) -> None:
    target = target_in(tmp_path)
    assert read_locks(target).unlocked == ()
    lock = tmp_path / "target" / "infra" / ".terraform.lock.hcl"
    lock.write_text(LOCK.replace('    "h1:abc",\n', ""), encoding="utf-8")
    assert [each.what for each in read_locks(target).unlocked] == [
        "provider registry.opentofu.org/hashicorp/aws, which has no checksum"
    ]
