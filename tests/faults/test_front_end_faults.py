"""Faults of built front ends break no step of CI, whichever front end they go to: a red one would be another control's."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from exitgate.faults.fault import FaultSite
from exitgate.faults.pipeline.runs import FAULTS
from exitgate.target import load_target

REFERENCE = Path(__file__).parents[2] / "reference"
FRONT_ENDS = tuple(each.name for each in load_target(REFERENCE).configuration.frontend)
BUILT = {fault.id: fault for fault in FAULTS if fault.check == "built"}


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    folder = tmp_path / "reference"
    shutil.copytree(
        REFERENCE, folder, ignore=shutil.ignore_patterns("node_modules", "dist*", ".nx", ".git", "releases")
    )
    return folder


def inject(folder: Path, fault: str, name: str) -> Path:
    """Inject a fault into a front end, and return its folder."""
    target = load_target(folder)
    BUILT[fault].inject(FaultSite(target, None, frontend=name))
    return folder / next(each.path for each in target.configuration.frontend if each.name == name)


def test_there_are_several_front_ends_and_two_such_faults() -> None:
    assert len(FRONT_ENDS) > 2
    assert set(BUILT) == {"front-end-without-scripts", "front-end-without-a-build"}


@pytest.mark.parametrize("name", FRONT_ENDS)
def test_a_build_without_scripts_ends_well_and_leaves_something(copy: Path, name: str) -> None:
    folder = inject(copy, "front-end-without-scripts", name)
    script = json.loads((folder / "package.json").read_text(encoding="utf-8"))["scripts"]["build"]
    subprocess.run(["sh", "-c", script], cwd=folder, check=True)
    left = [each.suffix for each in (folder / "dist").iterdir()]
    assert left
    assert not {".js", ".mjs", ".cjs"} & set(left)


@pytest.mark.parametrize("name", FRONT_ENDS)
def test_front_ends_are_put_together_without_the_one_that_has_no_build(copy: Path, name: str) -> None:
    folder = inject(copy, "front-end-without-a-build", name)
    assert "build" not in json.loads((folder / "package.json").read_text(encoding="utf-8"))["scripts"]
    for each in load_target(copy).configuration.frontend:
        if each.name != name:
            (copy / each.path / "dist").mkdir()
            (copy / each.path / "dist" / "main.js").write_text("1\n", encoding="utf-8")
    subprocess.run(["sh", "assemble.sh", "dist/public"], cwd=copy / "apps/web", check=True)
    assert list((copy / "apps/web/dist/public").rglob("main.js"))
