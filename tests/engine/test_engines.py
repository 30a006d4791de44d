"""Engines that are absent, hang, or are not ours to look into: not assessed, in one line, and never a pass."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from exitgate.errors import PrerequisiteMissing
from exitgate.observe.processes import ContainerProcesses
from exitgate.provision.engine import connect

from .conftest import Small


def _blocked(small: Small, address: str, words: str) -> None:
    done = small.run(environment={"DOCKER_HOST": address})
    assert done.returncode == 3
    assert "Traceback" not in done.stdout + done.stderr
    checks = small.checks()
    assert checks["3.2.B.2.1 every-process"]["status"] == "not_assessed"
    assert words in checks["3.2.B.2.1 every-process"]["message"]
    assert "\n" not in checks["3.2.B.2.1 every-process"]["message"]
    assert checks["3.2.B.2.2 drops-all"]["status"] == "met"


def test_without_an_engine_what_needs_none_is_still_assessed(small: Small) -> None:
    _blocked(small, f"unix://{small.path}/none.sock", "nothing there")


def test_a_remote_engine_that_does_not_answer_is_not_assessed(small: Small) -> None:
    _blocked(small, "tcp://127.0.0.1:1", "nothing listens there")


def test_an_engine_that_accepts_and_never_answers_is_given_up(tmp_path: Path) -> None:
    path = tmp_path / "hangs.sock"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()
        with (
            pytest.raises(PrerequisiteMissing, match="it accepts and does not answer"),
            connect(f"unix://{path}", answer_timeout_s=1),
        ):
            pass


def test_processes_of_an_engine_elsewhere_are_not_taken_for_ours() -> None:
    with pytest.raises(PrerequisiteMissing, match="means another process here"):
        ContainerProcesses("f" * 64, 1)
    with pytest.raises(PrerequisiteMissing, match="not in /proc"):
        ContainerProcesses("f" * 64, 2**22)
