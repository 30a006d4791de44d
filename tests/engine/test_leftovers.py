"""Runs that are killed in the middle, on a real engine: a sweep leaves nothing of theirs, and touches nothing else."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest

from exitgate.provision.engine import Engine
from exitgate.provision.ownership import RUN_LABEL
from exitgate.provision.sweep import leftovers
from exitgate.record import read_record
from exitgate.waiting import wait_for

from .conftest import Small

pytestmark = [pytest.mark.engine, pytest.mark.slow]


@pytest.fixture
def bystander(engine: Engine, small: Small) -> Iterator[str]:
    """A container that is not exitgate's, of an image that lies on the engine anyway."""
    small.run("--control", "3.2.C.1")
    image = next(
        image for image in engine.client.images.list() if any("exitgate-substitute" in tag for tag in image.tags)
    )
    container = engine.client.containers.create(
        image.id, ["/bin/true"], name=f"bystander-{os.getpid()}", labels={"somebody": "else"}
    )
    try:
        yield str(container.id)
    finally:
        container.remove(force=True)


def _start(small: Small, report: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        small.command(report=report),
        cwd=small.path,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def _run_id(small: Small, report: str) -> str:
    def look() -> str:
        path = small.path / report / "record.json"
        return str(json.loads(path.read_text(encoding="utf-8"))["run_id"]) if path.exists() else ""

    found, there = wait_for(look, until=bool, timeout_s=60)
    assert there
    return found


def _await_container(engine: Engine, run_id: str) -> None:
    _, there = wait_for(
        lambda: engine.client.containers.list(filters={"label": f"{RUN_LABEL}={run_id}"}),
        until=bool,
        timeout_s=120,
        interval_s=0.05,
    )
    assert there


def _of(engine: Engine, run_id: str) -> list[str]:
    return [f"{item.kind} {item.name}" for item in leftovers(engine) if item.run == run_id]


def test_after_sigkill_the_record_is_valid_and_a_sweep_leaves_nothing_of_the_run(
    small: Small, engine: Engine, bystander: str
) -> None:
    process = _start(small, "killed")
    run_id = _run_id(small, "killed")
    _await_container(engine, run_id)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    record = read_record(small.path / "killed/record.json")
    assert (record.verdict, record.finished_whole) == ("not_assessed", False)
    assert _of(engine, run_id) != []
    swept = subprocess.run([sys.executable, "-m", "exitgate", "sweep"], capture_output=True, text=True, check=False)
    assert swept.returncode == 0, swept.stdout
    assert _of(engine, run_id) == []
    assert engine.client.containers.get(bystander).status == "created"


def test_after_sigterm_nothing_is_left(small: Small, engine: Engine) -> None:
    process = _start(small, "ended")
    run_id = _run_id(small, "ended")
    _await_container(engine, run_id)
    process.send_signal(signal.SIGTERM)
    assert process.wait(60) == 3
    assert _of(engine, run_id) == []
    assert read_record(small.path / "ended/record.json").finished_whole is False


def test_two_runs_at_once_do_not_meet(small: Small, engine: Engine) -> None:
    first, second = _start(small, "first"), _start(small, "second")
    ids = [_run_id(small, "first"), _run_id(small, "second")]
    assert ids[0] != ids[1]
    assert [first.wait(200), second.wait(200)] == [3, 3]
    for report in ("first", "second"):
        assert {check["status"] for check in small.checks(report).values()} == {"met"}
    assert [_of(engine, run_id) for run_id in ids] == [[], []]
