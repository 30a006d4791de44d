"""Whether a container runs: by its process between two questions to the engine, and never longer than a second by that alone."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest

from exitgate.observe.migrations import pulse
from exitgate.observe.migrations.pulse import Pulse


class Container:
    """As the engine tells of one."""

    def __init__(self, pid: int) -> None:
        self.told: dict[str, Any] = {"Running": True, "Pid": pid}
        self.attrs: dict[str, Any] = {}
        self.asked = 0

    def reload(self) -> None:
        self.asked += 1
        self.attrs = {"State": self.told}


@pytest.fixture
def process() -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE) as started:
        yield started


def test_the_engine_is_asked_once_while_the_process_is_there() -> None:
    container = Container(os.getpid())
    beating = Pulse(container)  # type: ignore[arg-type]
    assert [beating.beats() for _ in range(5)] == [True] * 5
    assert container.asked == 1
    assert beating.pid == os.getpid()


def test_once_the_process_is_gone_the_engine_says_how_it_ended(process: subprocess.Popen[bytes]) -> None:
    container = Container(process.pid)
    beating = Pulse(container)  # type: ignore[arg-type]
    assert beating.beats()
    process.kill()
    process.wait()
    assert beating.beats(), "the engine has not noticed yet"
    container.told = {"Running": False, "Pid": 0, "ExitCode": 137}
    assert not beating.beats()
    assert container.attrs["State"]["ExitCode"] == 137
    assert beating.pid == 0
    assert not beating.beats()


def test_a_process_that_took_over_the_number_is_not_taken_for_it_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pulse, "_ASK_EVERY_S", 0.0)
    container = Container(os.getpid())
    beating = Pulse(container)  # type: ignore[arg-type]
    assert beating.beats()
    container.told = {"Running": False, "Pid": 0, "ExitCode": 1}
    assert not beating.beats()
