"""Plans by Terraform itself, with the AWS provider that this machine has; where it has none, the tests of them are skipped."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from exitgate.errors import PrerequisiteMissing
from exitgate.observe.terraform import Infrastructure, read_infrastructure
from exitgate.provision.stack_plan import plan_stack
from exitgate.provision.terraform import TerraformTool, find_mirror, find_terraform
from exitgate.target import load_target
from tests.runs import run_in

STACKS = Path(__file__).parent / "stacks"
PLANTED = "planted-for-planning-53"
CONFIGURATION = f"""[target]
name = "shop"

[infrastructure]
plan_timeout_s = 120

[[infrastructure.stack]]
name = "only"
path = "infra"
variables = {{ password = "{PLANTED}" }}
"""


def terraform_here() -> TerraformTool:
    """Return Terraform; skip the test where there is none, or no provider for it."""
    try:
        tool = find_terraform()
    except PrerequisiteMissing as missing:
        pytest.skip(str(missing))
    if find_mirror() is None:
        pytest.skip("no mirror of Terraform's providers is here, and tests ask no registry")
    return tool


def planned_really(folder: Path, shape: str = "", code: str = "", variables: bool = True) -> Infrastructure:
    """Return what Terraform plans of one of the stacks that lie here, or of some code."""
    tool = terraform_here()
    target_folder = folder / "target"
    if shape:
        shutil.copytree(STACKS / shape, target_folder)
    else:
        (target_folder / "infra").mkdir(parents=True)
        (target_folder / "infra" / "main.tf").write_text(code, encoding="utf-8")
    lines = CONFIGURATION.splitlines(keepends=True)
    (target_folder / "exitgate.toml").write_text("".join(lines if variables else lines[:-1]), encoding="utf-8")
    target = load_target(target_folder)
    scratch = folder / "scratch"
    scratch.mkdir()
    run = run_in(scratch, name="r", owner="o")
    declared = target.configuration.infrastructure
    assert declared is not None
    return read_infrastructure(target, tool, [plan_stack(tool, run, target, declared, declared.stack[0])])
