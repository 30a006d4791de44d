"""Each fault of infrastructure finds the code that it changes in the reference, and changes it."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from exitgate.faults.fault import Fault, FaultSite
from exitgate.faults.infrastructure import FAULTS
from exitgate.target import load_target

REFERENCE = Path(__file__).parents[2] / "reference"
PARTS = ("infra", "deploy", "apps/catalog/src")


@pytest.fixture
def site(tmp_path: Path) -> FaultSite:
    for part in PARTS:
        shutil.copytree(REFERENCE / part, tmp_path / part, ignore=shutil.ignore_patterns(".terraform", "generated"))
    shutil.copy(REFERENCE / "exitgate.toml", tmp_path / "exitgate.toml")
    target = replace(load_target(REFERENCE), directory=tmp_path)
    return FaultSite(target, target.workload("orders"))


def texts(root: Path) -> dict[str, str]:
    files = [root / "exitgate.toml", *(path for part in PARTS for path in sorted((root / part).rglob("*")))]
    return {str(path): path.read_text(encoding="utf-8") for path in files if path.is_file()}


@pytest.mark.parametrize("fault", FAULTS, ids=[fault.id for fault in FAULTS])
def test_a_fault_changes_the_reference(fault: Fault, site: FaultSite) -> None:
    before = texts(site.root)
    fault.inject(site)
    assert texts(site.root) != before
