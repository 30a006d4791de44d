"""Subprocesses of tools."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from exitgate.errors import ExitgateError, ObservationError, PrerequisiteMissing
from exitgate.process import OUTPUT_LIMIT_BYTES, RUN_VARIABLE, Completed, find_program, run_tool, scrubbed_environment
from exitgate.provision.ownership import started_ticks
from exitgate.waiting import wait_for

ENVIRONMENT = {"PATH": "/usr/bin:/bin"}


def shell(script: str, *, timeout_s: float = 30) -> Completed:
    return run_tool(["/bin/sh", "-c", script], timeout_s=timeout_s, environment=ENVIRONMENT)


def has_ended(pid: int) -> bool:
    _, ended = wait_for(lambda: started_ticks(pid), until=lambda ticks: ticks is None, timeout_s=5)
    return ended


def end(pid: int) -> None:
    """End a process that a failing test would leave behind."""
    if started_ticks(pid) is not None:
        os.kill(pid, 9)


def test_a_tool_that_ends_is_told_with_its_code_and_both_outputs() -> None:
    completed = shell("echo out; echo err >&2; exit 3")
    assert (completed.exit_code, completed.stdout, completed.stderr) == (3, "out\n", "err\n")
    assert completed.arguments[0] == "/bin/sh"


def test_a_tool_that_a_signal_ends_has_a_negative_code() -> None:
    assert shell("kill -9 $$").exit_code == -9


def test_a_tool_sees_the_given_environment_and_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "made-up")
    completed = run_tool(["/usr/bin/env"], timeout_s=30, environment={"A": "1"})
    assert completed.stdout == "A=1\n"


def test_a_tool_runs_in_the_given_folder(tmp_path: Path) -> None:
    completed = run_tool(["/bin/pwd"], timeout_s=30, environment=ENVIRONMENT, cwd=tmp_path)
    assert Path(completed.stdout.strip()) == tmp_path


def test_a_tool_has_no_input_to_wait_for() -> None:
    assert shell("cat; echo done").stdout == "done\n"


def test_a_tool_has_a_session_of_its_own() -> None:
    code = "import os; print(os.getsid(0) == os.getpid(), os.getsid(0))"
    words = run_tool([sys.executable, "-c", code], timeout_s=30, environment=ENVIRONMENT).stdout.split()
    assert words[0] == "True"
    assert int(words[1]) != os.getsid(0)


def test_output_that_is_no_unicode_is_read_all_the_same() -> None:
    assert shell(r"printf 'a\377b'").stdout == "a�b"


def test_of_a_flood_the_last_part_is_kept() -> None:
    completed = shell(f"head -c {OUTPUT_LIMIT_BYTES} /dev/zero | tr '\\0' x; echo end")
    assert len(completed.stdout) == OUTPUT_LIMIT_BYTES
    assert completed.stdout.endswith("xend\n")


def test_the_limit_of_an_output_is_four_mebibytes() -> None:
    assert OUTPUT_LIMIT_BYTES == 4 * 1024 * 1024


def test_output_of_just_the_limit_is_kept_whole() -> None:
    completed = shell(f"printf s; head -c {OUTPUT_LIMIT_BYTES - 1} /dev/zero | tr '\\0' x")
    assert completed.stdout.startswith("sx")
    assert len(completed.stdout) == OUTPUT_LIMIT_BYTES


def test_a_tool_that_is_not_installed_is_a_missing_prerequisite() -> None:
    with pytest.raises(PrerequisiteMissing, match="exitgate-no-such-tool: not installed"):
        run_tool(["exitgate-no-such-tool"], timeout_s=30, environment=ENVIRONMENT)


def test_a_folder_that_is_not_there_is_not_called_a_missing_tool(tmp_path: Path) -> None:
    with pytest.raises((OSError, ExitgateError)) as caught:
        run_tool(["/bin/pwd"], timeout_s=30, environment=ENVIRONMENT, cwd=tmp_path / "nowhere")
    assert "not installed" not in str(caught.value)


def test_a_tool_that_may_not_be_executed_is_an_error_of_ours(tmp_path: Path) -> None:
    tool = tmp_path / "tool"
    tool.write_text("#!/bin/sh\n", encoding="utf-8")
    with pytest.raises(ExitgateError, match="tool"):
        run_tool([str(tool)], timeout_s=30, environment=ENVIRONMENT)


@pytest.mark.parametrize("system_tells", [True, False])
def test_a_tool_that_does_not_end_in_time_is_an_error_that_names_it(
    system_tells: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not system_tells:
        monkeypatch.delattr(os, "pidfd_open", raising=False)
    with pytest.raises(ObservationError) as caught:
        run_tool(["sleep", "300", "1", "2"], timeout_s=0.1, environment=ENVIRONMENT)
    assert caught.value.subject == "sleep 300 1"
    assert caught.value.got == "no end after 0 s"


def test_a_tool_that_does_not_end_in_time_is_ended_with_all_its_children(tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    with pytest.raises(ObservationError):
        shell(f"sleep 300 & echo $! $$ > {pids}.new; mv {pids}.new {pids}; trap '' TERM; wait", timeout_s=1)
    child, own = map(int, pids.read_text(encoding="ascii").split())
    assert has_ended(child)
    assert has_ended(own)


def test_what_a_tool_leaves_running_ends_with_it() -> None:
    child = int(shell("sleep 300 >/dev/null 2>&1 & echo $!").stdout)
    try:
        assert has_ended(child)
    finally:
        end(child)


@pytest.mark.parametrize("system_tells", [True, False])
def test_a_tool_is_ended_when_its_caller_is_interrupted(system_tells: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    import subprocess

    started: list[subprocess.Popen[bytes]] = []
    wait = subprocess.Popen.wait

    def interrupted(process: subprocess.Popen[bytes], timeout: float | None = None) -> int:
        if not started:
            started.append(process)
            raise KeyboardInterrupt
        return wait(process, timeout)

    if system_tells:
        monkeypatch.setattr("exitgate.process._await_end", interrupted)
    else:
        monkeypatch.delattr(os, "pidfd_open", raising=False)
        monkeypatch.setattr(subprocess.Popen, "wait", interrupted)
    with pytest.raises(KeyboardInterrupt):
        shell("sleep 300")
    assert has_ended(started[0].pid)


@pytest.mark.parametrize(
    ("out", "err", "words"),
    [
        ("", "", "it said nothing"),
        ("a\nb\n", "", "b"),
        ("a\n", "x\n  y  \n\n \n", "y"),
        ("  \n", "", "it said nothing"),
        ("\n  last \n\n", "", "last"),
    ],
)
def test_the_last_words_of_a_tool_are_its_last_line_that_is_not_blank(out: str, err: str, words: str) -> None:
    assert Completed(arguments=("x",), exit_code=1, stdout=out, stderr=err).last_words == words


def test_no_credential_stands_in_a_scrubbed_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (
        "AWS_ACCESS_KEY_ID",
        "GITHUB_TOKEN",
        "SSH_AUTH_SOCK",
        "HOME",
        "DOCKER_CONFIG",
        "PYTHONPATH",
        "NODE_OPTIONS",
    ):
        monkeypatch.setenv(name, "made-up")
    assert "made-up" not in scrubbed_environment().values()


def test_what_tools_need_stays_in_a_scrubbed_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/a:/b")
    monkeypatch.setenv("SSL_CERT_FILE", "/certificates")
    monkeypatch.setenv(RUN_VARIABLE, "run@owner")
    kept = scrubbed_environment()
    assert (kept["PATH"], kept["SSL_CERT_FILE"], kept[RUN_VARIABLE]) == ("/a:/b", "/certificates", "run@owner")
    assert kept["NO_COLOR"] == "1"


def test_what_is_not_set_is_not_made_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TMPDIR", raising=False)
    monkeypatch.delenv(RUN_VARIABLE, raising=False)
    assert not {"TMPDIR", RUN_VARIABLE} & set(scrubbed_environment())


def test_what_is_given_stands_above_what_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/a")
    assert scrubbed_environment({"PATH": "/b", "X": "1"}) == {**scrubbed_environment(), "PATH": "/b", "X": "1"}


def test_the_tool_beside_this_python_is_found_before_the_one_on_path_and_without_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    beside, elsewhere = tmp_path / "beside", tmp_path / "elsewhere"
    for folder, name in ((beside, "a-tool"), (elsewhere, "a-tool"), (elsewhere, "another")):
        folder.mkdir(exist_ok=True)
        (folder / name).write_text("#!/bin/sh\n")
        (folder / name).chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(beside / "python"))
    monkeypatch.setenv("PATH", str(elsewhere))
    assert find_program("a-tool") == str(beside / "a-tool")
    assert find_program("another") == str(elsewhere / "another")
    assert find_program("no-such-tool") is None
