"""Trivy's own words on Terraform, by Trivy itself: each file is heard of, suppressions are not obeyed, values are its stack's."""

from __future__ import annotations

from pathlib import Path

import pytest

from exitgate.errors import ObservationError, PrerequisiteMissing
from exitgate.observe.terraform import CodeScan, read_code_scan
from exitgate.provision.scanner import ScanTool, find_trivy
from exitgate.target import Target, load_target

STACKS = """[target]
name = "shop"

[infrastructure]

[[infrastructure.stack]]
name = "open"
path = "infra"
var_files = ["infra/open.tfvars"]

[[infrastructure.stack]]
name = "closed"
path = "infra"
variables = { open = "false" }
"""
ROOT = """variable "open" {
  type = bool
}

module "broker" {
  source = "../modules/broker"
  open   = var.open
}
"""
# trivy:ignore of a broker that everybody reaches, as somebody would write it.
BROKER = """variable "open" {}

# trivy:ignore:AWS-0072
resource "aws_mq_broker" "this" {
  engine_type         = "RabbitMQ"
  publicly_accessible = var.open
}
"""


@pytest.fixture(scope="module")
def trivy() -> ScanTool:
    try:
        return find_trivy()
    except PrerequisiteMissing as missing:
        pytest.skip(str(missing))


def target_with(folder: Path, *, broker: str = BROKER, more: str = "") -> Target:
    for name in ("infra", "modules/broker", "other"):
        (folder / name).mkdir(parents=True)
    (folder / "infra" / "main.tf").write_text(ROOT + more, encoding="utf-8")
    (folder / "infra" / "versions.tf").write_text("terraform {}\n", encoding="utf-8")
    (folder / "infra" / "open.tfvars").write_text("open = true\n", encoding="utf-8")
    (folder / "modules" / "broker" / "main.tf").write_text(broker, encoding="utf-8")
    (folder / "other" / "main.tf").write_text(BROKER.replace("var.open", "true"), encoding="utf-8")
    (folder / ".trivyignore").write_text("AWS-0072\n", encoding="utf-8")
    (folder / "exitgate.toml").write_text(STACKS, encoding="utf-8")
    return load_target(folder)


def scan(trivy: ScanTool, folder: Path, target: Target) -> CodeScan:
    code = target.configuration.infrastructure
    assert code is not None
    return read_code_scan(trivy, target, code.stack, folder / "scratch")


def test_each_stack_is_judged_by_its_own_values_and_suppressions_are_told(trivy: ScanTool, tmp_path: Path) -> None:
    target = target_with(tmp_path / "target")
    seen = scan(trivy, tmp_path, target)
    assert [(each.stack, each.path, each.line) for each in seen.found if each.rule == "AWS-0072"] == [
        ("open", "modules/broker/main.tf", 6)
    ]
    assert seen.asked == 6
    assert seen.silent == ()
    assert [each.location for each in seen.suppressions] == [".trivyignore", "modules/broker/main.tf:3"]
    assert any("modules/broker/main.tf:3 is not obeyed" in each for each in seen.substrate.limits)
    # A second worker reads what the first one wrote, and nothing of the target's values is left beside it.
    assert scan(ScanTool(name="trivy", executable="/nowhere", version="0"), tmp_path, target).found == seen.found
    assert not (tmp_path / "scratch" / "open" / "tree").exists()


def test_a_file_that_trivy_leaves_out_without_a_word_is_an_error(trivy: ScanTool, tmp_path: Path) -> None:
    target = target_with(tmp_path / "target", more='resource "aws_mq_broker" {{{\n')
    with pytest.raises(ObservationError, match=r"nothing said of infra/main.tf: 3 files asked about, 2 heard of"):
        scan(trivy, tmp_path, target)


def test_a_module_without_instances_is_told_as_a_limit(trivy: ScanTool, tmp_path: Path) -> None:
    target = target_with(tmp_path / "target")
    root = tmp_path / "target" / "infra" / "main.tf"
    root.write_text(
        ROOT.replace("  open   = var.open", "  open   = var.open\n  count  = var.open ? 1 : 0"), encoding="utf-8"
    )
    seen = scan(trivy, tmp_path, target)
    assert seen.silent == (("closed", "modules/broker/main.tf"),)
    assert "Trivy said nothing of modules/broker in closed: it sees no instance of that module" in seen.substrate.limits


def test_a_secret_that_a_message_quotes_is_not_told(trivy: ScanTool, tmp_path: Path) -> None:
    planted = "planted-in-a-name-51"
    task = (
        'variable "marked" {\n  sensitive = true\n  default   = "' + planted + '"\n}\n'
        'resource "aws_ecs_task_definition" "this" {\n  family = "a"\n  container_definitions = jsonencode([{ name = "a", '
        'environment = [{ name = "PASSWORD-${var.marked}", value = "${var.marked}" }] }])\n}\n'
    )
    seen = scan(trivy, tmp_path, target_with(tmp_path / "target", broker=BROKER + task))
    assert [each.rule for each in seen.found if each.rule == "AWS-0036"]
    assert planted not in repr(seen)
