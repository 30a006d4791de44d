"""Processes as /proc shows them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from exitgate.errors import ObservationError
from exitgate.observe.processes import (
    CAPABILITIES,
    ContainerProcesses,
    _is_the_engines,
    capability_names,
    parse_status,
    root_options,
)

STATUS = """\
Name:\tnode
Umask:\t0022
State:\tS (sleeping)
Tgid:\t4711
Pid:\t4711
PPid:\t4690
Uid:\t10001\t10002\t10003\t10004
Gid:\t20001\t20002\t20003\t20004
FDSize:\t64
Groups:\t30002 30001\x20
NStgid:\t4711\t1
VmPeak:\t   12345 kB
CapInh:\t0000000000000001
CapPrm:\t0000000000000002
CapEff:\t0000000000000004
CapBnd:\t00000000a80425fb
CapAmb:\t0000000000000000
NoNewPrivs:\t1
Seccomp:\t2
Seccomp_filters:\t1
Speculation_Store_Bypass:\tthread vulnerable
"""


def without(name: str) -> str:
    return "".join(line for line in STATUS.splitlines(keepends=True) if not line.startswith(f"{name}:"))


def changed(name: str, value: str) -> str:
    return without(name) + f"{name}:\t{value}\n"


def test_all_of_a_process_is_read() -> None:
    facts = parse_status(4711, STATUS)
    assert (facts.pid, facts.command) == (4711, "node")
    assert facts.uids == (10001, 10002, 10003, 10004)
    assert facts.gids == (20001, 20002, 20003, 20004)
    assert facts.groups == (30001, 30002)
    assert facts.no_new_privileges
    assert facts.seccomp == 2
    assert dict(facts.capabilities) == {
        "inheritable": ("CHOWN",),
        "permitted": ("DAC_OVERRIDE",),
        "effective": ("DAC_READ_SEARCH",),
        "bounding": (
            "CHOWN",
            "DAC_OVERRIDE",
            "FOWNER",
            "FSETID",
            "KILL",
            "SETGID",
            "SETUID",
            "SETPCAP",
            "NET_BIND_SERVICE",
            "NET_RAW",
            "SYS_CHROOT",
            "MKNOD",
            "AUDIT_WRITE",
            "SETFCAP",
        ),
        "ambient": (),
    }


def test_the_pid_is_the_one_that_was_asked_for() -> None:
    assert parse_status(1, STATUS).pid == 1


def test_a_process_without_supplementary_groups_has_none() -> None:
    assert parse_status(1, changed("Groups", "")).groups == ()


@pytest.mark.parametrize(("value", "locked"), [("1", True), ("0", False)])
def test_no_new_privileges_is_read_as_it_stands(value: str, locked: bool) -> None:
    assert parse_status(1, changed("NoNewPrivs", value)).no_new_privileges is locked


@pytest.mark.parametrize("mode", [0, 1, 2])
def test_the_mode_of_the_filter_is_read_as_it_stands(mode: int) -> None:
    assert parse_status(1, changed("Seccomp", str(mode))).seccomp == mode


@pytest.mark.parametrize("name", ["a b", "a:b", "(sd-pam)", "Uid:\\t0", "größe"])
def test_a_process_may_have_any_name(name: str) -> None:
    facts = parse_status(1, STATUS.replace("Name:\tnode", f"Name:\t{name}"))
    assert facts.command == name
    assert facts.uids[0] == 10001


def test_a_name_can_not_pass_for_another_field() -> None:
    # The kernel escapes line feeds in a name, and no other separator of lines.
    facts = parse_status(
        1, STATUS.replace("Name:\tnode", "Name:\ta\x0cSeccomp:\t2").replace("Seccomp:\t2\nSec", "Seccomp:\t0\nSec")
    )
    assert facts.seccomp == 0


@pytest.mark.parametrize(
    "name",
    ["Name", "Uid", "Gid", "Groups", "CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb", "NoNewPrivs", "Seccomp"],
)
def test_a_field_that_is_not_there_is_an_error_that_names_it(name: str) -> None:
    with pytest.raises(ObservationError, match=name) as caught:
        parse_status(4711, without(name))
    assert caught.value.subject == "/proc/4711/status"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Uid", "0 0 0"),
        ("Uid", ""),
        ("Gid", "0 0 0"),
        ("Uid", "a b c d"),
        ("Groups", "x"),
        ("CapEff", "zz"),
        ("Seccomp", ""),
    ],
)
def test_a_field_that_can_not_be_understood_is_an_error(name: str, value: str) -> None:
    with pytest.raises(ObservationError, match="no usable field"):
        parse_status(1, changed(name, value))


@pytest.mark.parametrize("text", ["", "\n", "nonsense"])
def test_a_process_that_vanished_while_it_was_read_is_an_error(text: str) -> None:
    with pytest.raises(ObservationError):
        parse_status(1, text)


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads /proc")
def test_this_very_process_is_understood() -> None:
    import os

    facts = parse_status(os.getpid(), Path("/proc/self/status").read_text(encoding="utf-8"))
    assert facts.uids[:2] == (os.getuid(), os.geteuid())
    assert facts.gids[:2] == (os.getgid(), os.getegid())
    assert set(facts.groups) == set(os.getgroups())


@pytest.mark.parametrize(
    ("bit", "name"),
    [
        (0, "CHOWN"),
        (2, "DAC_READ_SEARCH"),
        (7, "SETUID"),
        (10, "NET_BIND_SERVICE"),
        (12, "NET_ADMIN"),
        (13, "NET_RAW"),
        (16, "SYS_MODULE"),
        (17, "SYS_RAWIO"),
        (19, "SYS_PTRACE"),
        (21, "SYS_ADMIN"),
        (22, "SYS_BOOT"),
        (27, "MKNOD"),
        (31, "SETFCAP"),
        (34, "SYSLOG"),
        (38, "PERFMON"),
        (39, "BPF"),
        (40, "CHECKPOINT_RESTORE"),
    ],
)
def test_a_capability_is_named_by_its_bit(bit: int, name: str) -> None:
    assert capability_names(1 << bit) == (name,)


def test_linux_has_41_capabilities_each_of_another_name() -> None:
    assert len(CAPABILITIES) == len(set(CAPABILITIES)) == 41


def test_an_empty_mask_names_nothing_and_a_full_one_everything() -> None:
    assert capability_names(0) == ()
    assert capability_names(2**41 - 1) == tuple(CAPABILITIES)


def test_a_bit_of_a_later_kernel_is_named_by_its_number() -> None:
    assert capability_names(1 << 40 | 1 << 41 | 1 << 63) == ("CHECKPOINT_RESTORE", "CAP_41", "CAP_63")


def mount(point: str, options: str, more: str = "rw,lowerdir=/x") -> str:
    return f"36 35 98:0 /mnt1 {point} {options} master:1 - overlay overlay {more}\n"


def test_the_options_of_the_root_are_read_in_order() -> None:
    assert root_options(mount("/proc", "rw,nosuid") + mount("/", "ro,relatime") + mount("/dev", "rw")) == (
        "ro",
        "relatime",
    )


def test_the_mounts_own_options_count_and_not_the_file_systems() -> None:
    assert root_options(mount("/", "rw", more="ro")) == ("rw",)


def test_of_several_mounts_on_the_root_the_last_one_is_seen() -> None:
    assert root_options(mount("/", "ro") + mount("/", "rw") + mount("/etc", "ro")) == ("rw",)
    assert root_options(mount("/", "rw") + mount("/", "ro")) == ("ro",)


@pytest.mark.parametrize("text", ["", "\n", mount("/app", "ro"), "36 35 98:0 / /mnt rw - x", "36 35 98:0 / /\n"])
def test_without_a_mount_on_the_root_it_is_an_error(text: str) -> None:
    with pytest.raises(ObservationError, match="no mount on /"):
        root_options(text)


def runc(name: str = "runc:[2:INIT]", parent: int = 99) -> str:
    return STATUS.replace("Name:\tnode", f"Name:\t{name}").replace("PPid:\t4690", f"PPid:\t{parent}")


@pytest.mark.parametrize("name", ["runc", "runc:[1:CHILD]", "runc:[2:INIT]", "exe", "6"])
@pytest.mark.parametrize("executable", ["", "/", "/memfd:runc_cloned:/proc/self/exe (deleted)", "/usr/bin/runc"])
def test_the_engines_runtime_on_its_way_in_is_not_the_workloads(name: str, executable: str, tmp_path: Path) -> None:
    assert _is_the_engines(runc(name), executable, {4711, 4712}, tmp_path)


@pytest.mark.parametrize(
    ("status", "executable"),
    [
        (runc("node"), "/"),
        (runc("a runc"), "/"),
        (runc("executor"), "/"),
        (runc("6a"), "/"),
        (runc("exe"), "/bin/su"),
        (runc(), "/bin/su"),
        (runc(), "/app/server"),
        (runc(), "/opt/runc-check"),
        (runc(), "/opt/runc/check"),
        (runc(), "/usr/local/bin/runc"),
        (runc(parent=4711), "/"),
        (runc(parent=4711), "/usr/bin/runc"),
        ("", "/"),
    ],
)
def test_what_only_calls_itself_the_runtime_is_the_workloads(status: str, executable: str, tmp_path: Path) -> None:
    (tmp_path / "usr/local/bin").mkdir(parents=True)
    (tmp_path / "usr/local/bin/runc").touch()
    assert not _is_the_engines(status, executable, {4711, 4712}, tmp_path)


@pytest.fixture
def one_process(tmp_path: Path) -> ContainerProcesses:
    """A container whose only process, and so its first one, is this one."""
    (tmp_path / "cgroup.procs").write_text(f"{os.getpid()}\n", encoding="ascii")
    processes = ContainerProcesses.__new__(ContainerProcesses)
    processes._container_id, processes._first_pid, processes._folder = "c", os.getpid(), tmp_path
    processes._seen, processes._problem, processes._has_begun = {}, None, False
    return processes


def test_the_first_process_is_runc_until_it_has_begun_and_never_again(
    one_process: ContainerProcesses, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = iter([True, True, False])
    monkeypatch.setattr("exitgate.observe.processes._is_the_engines", lambda *_: next(answers))
    one_process.sample()
    one_process.sample()
    with pytest.raises(ObservationError, match="none was ever seen"):
        assert one_process.seen
    one_process.sample()
    assert {facts.pid for facts in one_process.seen} == {os.getpid()}
    # It isn't even asked again.
    one_process.sample()
    assert one_process.seen
