"""Each fault of masking, put into a copy of the reference, is found where it was made; the clean reference has none."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from exitgate.checks.pipeline import masked_failures, undecided
from exitgate.faults.fault import Fault, FaultSite
from exitgate.faults.pipeline.masking import FAULTS
from exitgate.observe.verification import Verification, read_verification
from exitgate.observe.workflow import read_workflows
from exitgate.target import load_target
from tests.provision.repository import git

REFERENCE = Path(__file__).parents[2] / "reference"


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("copy") / "reference"
    left_out = shutil.ignore_patterns("node_modules", "dist*", ".nx", ".git", "releases")
    shutil.copytree(REFERENCE, folder, ignore=left_out)
    git(folder, "init", "--quiet")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message=reference")
    return folder


def seen(folder: Path) -> Verification:
    target = load_target(folder)
    return read_verification(folder, read_workflows(folder, target.configuration.pipeline.workflows), ("ci",))


def test_the_reference_hides_nothing(copy: Path) -> None:
    found = seen(copy)
    assert masked_failures(found) == []
    assert undecided(found) == ()
    assert len(found.commands) > 50


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.id)
def test_a_fault_is_found_where_it_was_made(fault: Fault, copy: Path) -> None:
    target = load_target(copy)
    try:
        fault.inject(FaultSite(target, target.workloads[-1]))
        git(copy, "add", "--all")
        findings = masked_failures(seen(copy))
    finally:
        git(copy, "reset", "--quiet", "--hard")
    assert [each for each in findings if fault.location in each.location and fault.message in each.message], findings
