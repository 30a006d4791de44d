"""Workers that die, signals, two runs at once, a full disk: nothing is lost, nothing is left, and never a pass."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from exitgate.record import read_record
from exitgate.waiting import wait_for

from .conftest import EACH, FIRST, SECOND, Tiny

WAIT = """
    import pathlib, threading
    pathlib.Path({ready!r}).touch()
    threading.Event().wait(60)
"""


def _await_file(path: Path) -> None:
    _, there = wait_for(path.exists, until=bool, timeout_s=40)
    assert there, f"{path} never came"


@contextmanager
def _waiting_run(tiny: Tiny, workers: str) -> Iterator[subprocess.Popen[str]]:
    """Start a run whose second module is met for a and then waits for b."""
    ready = tiny.path / "ready"
    tiny.write(
        "gates/tiny/test_second.py",
        SECOND.replace(
            f"    {EACH}",
            f"    if workload.name == 'b':{WAIT.format(ready=str(ready)).replace(chr(10), chr(10) + '    ')}",
        ),
    )
    process = tiny.start("-n", workers)
    try:
        _await_file(ready)
        yield process
    finally:
        process.kill()
        process.wait()


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_worker_that_dies_takes_its_results_into_error(tiny: Tiny, workers: str) -> None:
    tiny.write(
        "gates/tiny/test_second.py",
        SECOND.replace(EACH, "import os, signal\n    if workload.name == 'a': os.kill(os.getpid(), signal.SIGKILL)"),
    )
    done = tiny.run("-n", workers)
    assert done.returncode != 0
    record = tiny.record()
    assert record["verdict"] == "not_assessed"
    assert any("died" in problem for problem in record["problems"])
    assert tiny.statuses()["1.2.B.1 each a"] == "error"
    assert "passed" not in record["verdict"]
    assert tiny.leftovers() == []


def test_a_worker_that_dies_in_a_teardown_leaves_an_error(tiny: Tiny) -> None:
    fixture = "import os\n@pytest.fixture\ndef thing():\n    yield\n    os._exit(7)\n"
    tiny.write(
        "gates/tiny/test_first.py",
        FIRST.replace("@pytest.mark", fixture + "\n@pytest.mark").replace("(target)", "(target, thing)"),
    )
    assert tiny.run("-n", "2").returncode != 0
    assert tiny.statuses()["1.1.A.1 rule tiny-target"] == "error"
    assert tiny.record()["verdict"] == "not_assessed"


@pytest.mark.parametrize("workers", ["0", "2"])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_run_cleanly_with_what_it_knew(tiny: Tiny, workers: str, number: signal.Signals) -> None:
    with _waiting_run(tiny, workers) as process:
        process.send_signal(number)
        assert process.wait(40) != 0
    record = read_record(tiny.path / "reports/tiny/record.json")
    assert (record.verdict, record.finished_whole) == ("not_assessed", False)
    assert any("interrupted" in problem for problem in record.problems)
    assert tiny.statuses()["1.2.B.1 each b"] == "not_assessed"
    assert tiny.leftovers() == []


SWALLOWS = """import os, signal, time
class Told:
    def __del__(self):
        os.kill(os.getpid(), SIGNAL)
        time.sleep(1)
@pytest.fixture
def thing():
    Told()
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_that_comes_in_a_finaliser_ends_the_run_all_the_same(tiny: Tiny, number: signal.Signals) -> None:
    tiny.write(
        "gates/tiny/test_first.py",
        FIRST.replace("@pytest.mark", SWALLOWS.replace("SIGNAL", str(int(number))) + "\n@pytest.mark").replace(
            "(target)", "(target, thing)"
        ),
    )
    assert tiny.run("-n", "0").returncode != 0
    record = read_record(tiny.path / "reports/tiny/record.json")
    assert (record.verdict, record.finished_whole) == ("not_assessed", False)
    assert f"the run was interrupted ({number.name})" in record.problems
    assert tiny.statuses()["1.2.B.1 each b"] == "not_assessed"


def _kill_tree(process: subprocess.Popen[str]) -> None:
    children = subprocess.run(
        ["pgrep", "-P", str(process.pid)], capture_output=True, text=True, check=False
    ).stdout.split()
    process.kill()
    process.wait()
    for child in children:
        try:
            os.kill(int(child), signal.SIGKILL)
        except ProcessLookupError:
            continue


@pytest.mark.parametrize("workers", ["0", "2"])
def test_a_killed_run_leaves_a_valid_record_and_a_sweep_removes_the_rest(tiny: Tiny, workers: str) -> None:
    bystander = tiny.path / "tmp" / "exitgate-not-ours"
    with _waiting_run(tiny, workers) as process:
        bystander.mkdir()
        _kill_tree(process)
    record = read_record(tiny.path / "reports/tiny/record.json")
    assert (record.verdict, record.finished_whole) == ("not_assessed", False)
    events = (tiny.path / "reports/tiny/events.jsonl").read_text(encoding="utf-8").splitlines()
    assert json.loads(events[0])["event"] == "started"
    assert len(tiny.leftovers()) == 2
    swept = subprocess.run(
        [sys.executable, "-m", "exitgate", "sweep"],
        cwd=tiny.path,
        env={**tiny.environment(), "DOCKER_HOST": f"unix://{tiny.path}/none.sock"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert swept.returncode == 0, swept.stdout + swept.stderr
    assert tiny.leftovers() == [bystander]


def test_a_sweep_leaves_a_living_run_alone(tiny: Tiny) -> None:
    with _waiting_run(tiny, "2") as process:
        swept = subprocess.run(
            [sys.executable, "-m", "exitgate", "sweep"],
            cwd=tiny.path,
            env={**tiny.environment(), "DOCKER_HOST": f"unix://{tiny.path}/none.sock"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert "nothing left behind" in swept.stdout
        assert len(tiny.leftovers()) == 1
        assert process.poll() is None
        process.send_signal(signal.SIGTERM)
        process.wait(40)


def test_two_runs_at_once_do_not_meet_and_may_not_share_a_report(tiny: Tiny) -> None:
    with _waiting_run(tiny, "2") as first:
        second = tiny.run("-n", "0", "-k", "rule", "--gate-report", "reports/other")
        assert tiny.record("reports/other")["verdict"] == "not_assessed"
        assert tiny.statuses("reports/other")["1.1.A.1 rule tiny-target"] == "met"
        third = tiny.run("-n", "0")
        assert (second.returncode, third.returncode) == (10, 4)
        assert "another run writes its report there now" in third.stderr
        first.send_signal(signal.SIGTERM)
        first.wait(40)
    assert tiny.record()["run_id"] != tiny.record("reports/other")["run_id"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount a file system of 64 KiB")
def test_a_full_disk_is_one_clear_line(tiny: Tiny) -> None:
    small = tiny.path / "small"
    small.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(small)], check=True)
    try:
        (small / "filler").write_bytes(b"x" * 60 * 1024)
        done = tiny.run("-n", "0", "--gate-report", str(small))
    finally:
        subprocess.run(["umount", str(small)], check=True)
    assert done.returncode in (3, 4)
    assert "No space left" in done.stderr + done.stdout
    assert "Traceback" not in done.stderr + done.stdout


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (None, "no exitgate.toml"),
        ("[target\n", "expected valid TOML"),
        (
            '[target]\nname = "x"\nmaterialize = true\n',
            "exitgate.toml:3: unknown key 'target.materialize'; expected the key 'materialise'",
        ),
    ],
)
def test_a_bad_configuration_is_one_line_and_no_run(tiny: Tiny, text: str | None, words: str) -> None:
    (tiny.path / "reference/exitgate.toml").unlink()
    if text is not None:
        tiny.write("reference/exitgate.toml", text)
    done = tiny.run()
    assert done.returncode == 4
    assert words in done.stderr
    assert "Traceback" not in done.stderr + done.stdout
    assert tiny.leftovers() == []


def test_an_unknown_control_on_the_command_line_is_refused(tiny: Tiny) -> None:
    done = tiny.run("--gate-control", "9.9.Z.9")
    assert done.returncode == 4
    assert "no control '9.9.Z.9'" in done.stderr


def test_waivers_are_checked_before_anything_runs(tiny: Tiny, with_target: Callable[[str], None]) -> None:
    with_target('[[waiver]]\ncontrol = "1.1.A.1"\nowner = "o"\nreason = "r"\napprover = "a"\nexpires = "2999-01-01"\n')
    done = tiny.run()
    assert done.returncode == 4
    assert "TOML date without quotes" in done.stderr


def test_python_without_assertions_is_refused(tiny: Tiny, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONOPTIMIZE", "1")
    done = tiny.run("--assert=plain", "-W", "ignore")
    assert done.returncode == 4
    assert "assertions that are not executed" in done.stdout + done.stderr
