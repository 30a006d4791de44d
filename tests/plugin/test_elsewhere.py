"""A whole run on an emulator that somebody else started: judged, told where, and, where it was killed, swept."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from exitgate.provision.emulator import Emulator
from exitgate.provision.scratch import marked_folders
from exitgate.provision.stack_takedown import standing_below
from exitgate.waiting import wait_for
from tests.observe.terraform.real_plans import terraform_here
from tests.provision.test_life_elsewhere import CODE, THEIRS, standing, theirs

__all__ = ["theirs"]

pytestmark = pytest.mark.slow
CONFIGURATION = """[target]
name = "shop"
rehearsal = true
materialise = true

[infrastructure]
[[infrastructure.stack]]
name = "own"
path = "infra"
variables = { account_id = "345678901234" }

[infrastructure.emulated]
stack = "own"
region = "eu-central-1"
account_variable = "account_id"

[infrastructure.emulated.lift]
kept = "false"
"""


@pytest.fixture
def words(tmp_path: Path, theirs: Emulator) -> list[str]:
    """The words of a run on it of what is asked of an apply."""
    terraform_here()
    (tmp_path / "target" / "infra").mkdir(parents=True)
    (tmp_path / "target" / "infra" / "main.tf").write_text(CODE, encoding="utf-8")
    (tmp_path / "target" / "exitgate.toml").write_text(CONFIGURATION, encoding="utf-8")
    told = ["--gate-target", str(tmp_path / "target"), "--gate-report", str(tmp_path / "report"), "-n", "0"]
    # Its provider can't plan without an account, and would try for a minute.
    wanted = ["--control", "3.3.destroy", "--control", "3.3.drift", "--without", "3.3.drift:nothing-hidden"]
    return [sys.executable, "-m", "exitgate", "run", "gate3", *told, *wanted, "--aws-endpoint", theirs.endpoint]


def test_a_run_is_judged_there_and_says_so(words: list[str], tmp_path: Path, theirs: Emulator) -> None:
    before = standing(theirs, *THEIRS)
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, check=False, timeout=300)
    record = json.loads((tmp_path / "report" / "record.json").read_text(encoding="utf-8"))
    requirements = {each["id"]: each for each in (*record["controls"], *record["requirements"])}
    assert requirements["3.3.destroy"]["status"] == "met", done.stdout
    # It has no ECS and no database, so two of the four changes that have to be seen can't be.
    assert requirements["3.3.drift"]["status"] == "not_assessed"
    assert f"ministack 1.5.33 at {theirs.endpoint}, which the run was given" in json.dumps(record)
    assert record["problems"] == []
    assert standing(theirs, *THEIRS) == before
    assert b"Traceback" not in done.stdout + done.stderr


@pytest.fixture
def killed(words: list[str], tmp_path: Path) -> Iterator[Path]:
    """The folder of a run that was killed once something of it stood."""
    process = subprocess.Popen(
        words, cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )
    known = {path for path, *_ in marked_folders()}

    def applied() -> Path | None:
        for path in {path for path, *_ in marked_folders()} - known:
            logs = [log.read_text(encoding="utf-8") for log in path.glob("stack-life/*/apply.log")]
            if len(standing_below(path)) == 2 and len([log for log in logs if "Apply complete" in log]) == 2:
                return path
        return None

    folder, _ = wait_for(applied, until=lambda found: found is not None, timeout_s=120, interval_s=0.1)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert folder is not None
    yield folder
    subprocess.run([sys.executable, "-m", "exitgate", "sweep", "--run", _run_of(folder)], check=False)


def _run_of(folder: Path) -> str:
    return next((run for path, run, _ in marked_folders() if path == folder), "")


def test_what_a_run_that_was_killed_left_there_is_swept(killed: Path, theirs: Emulator) -> None:
    numbers = [path.name for path in standing_below(killed)]
    assert any(each["iam RoleName"] for each in standing(theirs, *numbers))
    done = subprocess.run(
        [sys.executable, "-m", "exitgate", "sweep", "--run", _run_of(killed)],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout
    assert done.stdout.count(f"removing stack own in account {numbers[0]} at {theirs.endpoint}") == 1
    fresh: list[Counter[str]] = standing(theirs, "399999999999")
    assert standing(theirs, *numbers) == 2 * fresh
    assert not killed.exists()
