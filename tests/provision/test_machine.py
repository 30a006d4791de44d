"""The machine's lock: who works beside who works, who rolls beside who rolls, nobody for ever in anybody's way."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from exitgate.provision.machine import FOLDER_VARIABLE, Machine, lock_folder

_LONG_S = 10.0
"""Longer than any step of these tests takes; waited out only by one that fails."""
_MOMENT_S = 0.2


@pytest.fixture
def machines(tmp_path: Path) -> Iterator[list[Machine]]:
    found = [Machine(tmp_path) for _ in range(3)]
    yield found
    for machine in found:
        machine.close()


class Measuring:
    """A thread that asks for the machine, and keeps it until it is told to let go."""

    def __init__(self, machine: Machine) -> None:
        self.has_it, self.let_go = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._measure, args=(machine,), daemon=True)
        self._thread.start()

    def _measure(self, machine: Machine) -> None:
        with machine.rolling():
            self.has_it.set()
            self.let_go.wait(_LONG_S)

    def end(self) -> None:
        self.let_go.set()
        self._thread.join(_LONG_S)
        assert not self._thread.is_alive()


def test_those_who_work_do_so_side_by_side(machines: list[Machine]) -> None:
    with ExitStack() as stack:
        entered = [stack.enter_context(machine.shared()) for machine in machines]
        assert len(entered) == 3


def test_who_measures_waits_for_those_who_work(machines: list[Machine]) -> None:
    with machines[0].shared():
        measuring = Measuring(machines[1])
        assert not measuring.has_it.wait(_MOMENT_S)
    assert measuring.has_it.wait(_LONG_S)
    measuring.end()


def test_nobody_begins_to_work_while_somebody_measures_or_waits_to(machines: list[Machine]) -> None:
    began = threading.Event()

    def work() -> None:
        with machines[2].shared():
            began.set()

    with machines[0].shared():
        measuring = Measuring(machines[1])
        assert not measuring.has_it.wait(_MOMENT_S)
        worker = threading.Thread(target=work, daemon=True)
        worker.start()
        assert not began.wait(_MOMENT_S)
    assert measuring.has_it.wait(_LONG_S)
    assert not began.wait(_MOMENT_S)
    measuring.end()
    assert began.wait(_LONG_S)


def test_two_who_work_and_then_both_roll_do_so_side_by_side(machines: list[Machine]) -> None:
    measured: list[int] = []
    both_work, both_roll = threading.Barrier(2), threading.Barrier(2)

    def work(number: int) -> None:
        with machines[number].shared():
            both_work.wait(_LONG_S)
            with machines[number].rolling():
                both_roll.wait(_LONG_S)
                measured.append(number)

    threads = [threading.Thread(target=work, args=(number,), daemon=True) for number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(_LONG_S)
    assert sorted(measured) == [0, 1]


def test_after_measuring_one_goes_on_working(machines: list[Machine]) -> None:
    with machines[0].shared():
        with machines[0].rolling():
            pass
        measuring = Measuring(machines[1])
        assert not measuring.has_it.wait(_MOMENT_S)
    assert measuring.has_it.wait(_LONG_S)
    measuring.end()


def test_one_that_fails_gives_the_machine_back(machines: list[Machine]) -> None:
    with pytest.raises(RuntimeError), machines[0].rolling():
        raise RuntimeError
    with machines[1].rolling():
        pass


def test_a_process_that_is_killed_gives_the_machine_back(tmp_path: Path) -> None:
    code = (
        "import sys, time; from pathlib import Path; from exitgate.provision.machine import Machine\n"
        "with Machine(Path(sys.argv[1])).rolling(): print('rolling', flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "rolling\n"
        other.kill()
    machine = Machine(tmp_path)
    with machine.rolling():
        pass
    machine.close()


def test_runs_take_turns_where_the_environment_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "both").mkdir()
    assert lock_folder(tmp_path) == tmp_path
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path / "both"))
    assert lock_folder(tmp_path) == tmp_path / "both"
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path / "nowhere"))
    assert lock_folder(tmp_path) == tmp_path


def test_those_of_one_run_roll_side_by_side_and_those_of_another_wait(tmp_path: Path) -> None:
    one, other, stranger = Machine(tmp_path, "a"), Machine(tmp_path, "a"), Machine(tmp_path, "b")
    first, beside = Measuring(one), Measuring(other)
    assert first.has_it.wait(_LONG_S)
    assert beside.has_it.wait(_LONG_S)
    waiting = Measuring(stranger)
    first.end()
    assert not waiting.has_it.wait(_MOMENT_S)
    beside.end()
    assert waiting.has_it.wait(_LONG_S)
    waiting.end()
