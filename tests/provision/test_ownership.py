"""Whose a throwaway resource is, and whether its run still lives."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from exitgate.provision import ownership
from exitgate.provision.ownership import OWNER_LABEL, RUN_LABEL, Owner, labels, new_run_id, started_ticks

pytestmark = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="reads /proc")


@contextmanager
def process(executable: str = sys.executable) -> Iterator[subprocess.Popen[bytes]]:
    """Run a process that waits for its input to end, and end it."""
    arguments = [executable, "-c", "input()"] if executable == sys.executable else [executable]
    with subprocess.Popen(arguments, stdin=subprocess.PIPE, stderr=subprocess.DEVNULL) as child:
        yield child
        child.kill()


def owner(pid: int, ticks: int | None = None) -> Owner:
    return replace(Owner.of_this_process(), pid=pid, started_ticks=started_ticks(pid) if ticks is None else ticks)


def test_an_owner_is_read_back_from_its_label() -> None:
    own = Owner.of_this_process()
    assert Owner.parse(str(own)) == own
    assert own.pid == os.getpid()
    assert own.host == socket.gethostname()
    assert own.started_ticks > 0


@pytest.mark.parametrize(
    "label",
    ["", "a", "a/b/1", "a/b/1/2/3", "a/b/x/2", "a/b/1/x", "a/b/-1/2", "a/b/1/", "a/b//2", "a/b/1.5/2", "a/b/²/2"],
)
def test_a_label_that_is_not_ours_names_no_owner(label: str) -> None:
    assert Owner.parse(label) is None


def test_a_process_that_runs_is_not_gone() -> None:
    assert not Owner.of_this_process().is_gone()
    with process() as child:
        assert not owner(child.pid).is_gone()


def test_a_process_that_ended_is_gone() -> None:
    with process() as child:
        own = owner(child.pid)
    assert own.is_gone()


def test_a_process_that_ended_and_was_not_waited_for_is_gone() -> None:
    with process() as child:
        own = owner(child.pid)
        child.kill()
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        assert started_ticks(child.pid) is None
        assert own.is_gone()


def test_another_process_under_the_same_pid_is_not_the_owner() -> None:
    with process() as child:
        ticks = started_ticks(child.pid)
        assert ticks is not None
        assert owner(child.pid, ticks - 1).is_gone()
        assert owner(child.pid, ticks + 1).is_gone()


def test_a_run_of_an_earlier_boot_is_gone_even_if_the_pid_runs() -> None:
    assert replace(Owner.of_this_process(), boot="another").is_gone()


def test_of_another_machines_run_nobody_here_can_say_that_it_is_gone() -> None:
    elsewhere = replace(Owner.of_this_process(), host="elsewhere", pid=2**22 + 1)
    assert not elsewhere.is_gone()
    assert not replace(elsewhere, boot="another").is_gone()


def test_without_start_times_a_pid_that_runs_is_not_gone() -> None:
    assert not owner(os.getpid(), 0).is_gone()
    with process() as child:
        pass
    assert owner(child.pid, 0).is_gone()


def test_without_start_times_another_users_process_is_not_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    def kill(pid: int, number: int) -> None:
        assert number == 0
        raise PermissionError

    monkeypatch.setattr(ownership.os, "kill", kill)
    assert not owner(1, 0).is_gone()


def test_a_process_that_is_not_there_has_no_start() -> None:
    assert started_ticks(2**22 + 1) is None


@pytest.mark.parametrize("name", ["plain", "a) Z 0", "a (b", ") X ) Z"])
def test_a_process_may_have_any_name(tmp_path: Path, name: str) -> None:
    cat = shutil.which("cat")
    assert cat
    shutil.copy(cat, tmp_path / name)
    with process(str(tmp_path / name)) as child:
        ticks = started_ticks(child.pid)
        assert ticks is not None
        assert 0 <= ticks - (started_ticks(os.getpid()) or 0) < 10**7


def test_a_run_id_is_a_time_and_a_random_part_and_fits_the_names_of_an_engine() -> None:
    assert re.fullmatch(r"\d{8}t\d{6}z-[0-9a-f]{6}", new_run_id())


def test_two_runs_never_share_an_id() -> None:
    assert len({new_run_id() for _ in range(50)}) == 50


def test_run_ids_sort_by_time(monkeypatch: pytest.MonkeyPatch) -> None:
    import time

    moments = [time.gmtime(seconds) for seconds in (0, 86_400 * 40, 86_400 * 400, 1_900_000_000)]
    ids = []
    for moment in moments:
        monkeypatch.setattr(ownership.time, "gmtime", lambda it=moment: it)
        ids.append(new_run_id())
    assert ids == sorted(ids)
    assert ids[0].startswith("19700101t000000z-")


def test_everything_of_a_run_carries_its_id_and_its_owner() -> None:
    assert labels("r", "o") == {"exitgate.run": "r", "exitgate.owner": "o"}
    assert (RUN_LABEL, OWNER_LABEL) == ("exitgate.run", "exitgate.owner")
