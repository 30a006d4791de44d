"""The probe that is put together on the spot: its calls, run for real as this user and as another."""

from __future__ import annotations

import errno
import itertools
import os
import platform
import shutil
import socket
import struct
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from exitgate.observe.escape_probe import Call, assemble, in_words, read_answers

STRANGER = 54321
OPENAT, WRITE, GETPID, SOCKET, GETUID, SETUID, SETGID, GETEUID, GETEGID, MOUNT = (
    257,
    1,
    39,
    41,
    102,
    105,
    106,
    107,
    108,
    165,
)
AT_FDCWD = -100

runs_here = pytest.mark.skipif(
    platform.machine() != "x86_64" or not Path("/proc/self/exe").exists(), reason="the probe speaks to x86-64 Linux"
)
as_root = pytest.mark.skipif(os.geteuid() != 0 or shutil.which("setpriv") is None, reason="needs root and setpriv")

Run = Callable[..., tuple[int, ...]]


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that other users can reach, as pytest's own can't."""
    with tempfile.TemporaryDirectory(prefix="exitgate-test-") as path:
        Path(path).chmod(0o755)
        yield Path(path)


@pytest.fixture
def run(folder: Path) -> Run:
    """Return a function that runs a probe of the given calls and returns the kernel's answers."""
    numbers = itertools.count()

    def run_it(*calls: Call, prefix: Sequence[str] = ()) -> tuple[int, ...]:
        probe = folder / f"probe{next(numbers)}"
        probe.write_bytes(assemble(calls))
        probe.chmod(0o755)
        done = subprocess.run([*prefix, str(probe)], capture_output=True, check=True, timeout=30)
        assert done.stderr == b""
        return read_answers(done.stdout, len(calls))

    return run_it


def call(number: int, *arguments: int | bytes) -> Call:
    return Call(number=number, arguments=arguments)


STRANGERS = ("setpriv", f"--reuid={STRANGER}", f"--regid={STRANGER}", "--clear-groups")


@runs_here
def test_an_answer_is_what_the_kernel_says_of_this_very_user(run: Run) -> None:
    assert run(call(GETUID), call(GETEUID), call(GETEGID)) == (os.getuid(), os.geteuid(), os.getegid())


@runs_here
def test_a_refusal_is_the_negative_error_number(run: Run) -> None:
    assert run(call(OPENAT, AT_FDCWD, b"/no/such/file", 0, 0)) == (-errno.ENOENT,)
    assert run(call(100000)) == (-errno.ENOSYS,)


@runs_here
@pytest.mark.parametrize("count", [1, 2, 7, 300, 5000])
def test_every_call_is_answered_in_order(run: Run, count: int) -> None:
    calls = [call(GETUID) if number % 2 else call(OPENAT, AT_FDCWD, b"/no/such/file", 0, 0) for number in range(count)]
    expected = [os.getuid() if number % 2 else -errno.ENOENT for number in range(count)]
    assert list(run(*calls)) == expected


@runs_here
def test_a_text_is_passed_whole_and_each_call_has_its_own(run: Run, folder: Path) -> None:
    names = [b"a", b"b" * 200, "größe \n".encode(), b"", b"\xff"]
    paths = [os.fsencode(folder) + b"/" + name + b".txt" for name in names]
    answers = run(*(call(OPENAT, AT_FDCWD, path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o640) for path in paths))
    assert all(answer >= 0 for answer in answers)
    assert sorted(set(answers)) == sorted(answers)
    assert all(Path(os.fsdecode(path)).stat().st_mode & 0o777 == 0o640 & ~_umask() for path in paths)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


@runs_here
def test_all_six_arguments_reach_the_kernel(run: Run, folder: Path) -> None:
    # mmap(2) with a length, protections, flags, file and offset that only work together, and fail one by one.
    (folder / "page").write_bytes(b"x" * 8192)
    good = [0, 4096, 1, 2, 3, 4096]
    opened = call(OPENAT, AT_FDCWD, os.fsencode(folder / "page"), os.O_RDONLY, 0)
    assert run(opened, call(9, *good))[1] > 0
    for position, bad, answer in (
        (1, 0, errno.EINVAL),
        (3, 0, errno.EINVAL),
        (4, 99, errno.EBADF),
        (5, 1, errno.EINVAL),
    ):
        arguments = [bad if index == position else value for index, value in enumerate(good)]
        assert run(opened, call(9, *arguments))[1] == -answer


@runs_here
def test_a_large_answer_keeps_all_its_bits(run: Run) -> None:
    # brk(0) answers with an address, mmap(2) with one of the upper part of the address space.
    (address,) = run(call(9, 0, 4096, 0, 0x22, -1, 0))
    assert address % 4096 == 0
    assert 2**32 < address < 2**47


@runs_here
def test_a_probe_ends_well_and_prints_a_line_of_letters_an_answer(folder: Path) -> None:
    probe = folder / "probe"
    probe.write_bytes(assemble([call(100000), call(100000)]))
    probe.chmod(0o755)
    done = subprocess.run([str(probe)], capture_output=True, check=False, timeout=30)
    assert done.returncode == 0
    assert done.stdout == (b"p" * 14 + b"nk" + b"\n") * 2  # -38 is ffff ffff ffff ffda, with a for 0
    assert done.stderr == b""


@runs_here
@as_root
def test_a_stranger_is_refused_what_root_may(run: Run, folder: Path) -> None:
    (folder / "secret").mkdir(mode=0o700)
    secret = os.fsencode(folder / "secret" / "new")
    calls = (
        call(GETUID),
        call(GETEGID),
        call(OPENAT, AT_FDCWD, secret, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600),
        call(MOUNT, b"none", b"/", b"tmpfs", 0, 0),
        call(SOCKET, socket.AF_INET, socket.SOCK_RAW, 1),
        call(SETGID, 0),
        call(SETUID, 0),
        call(GETUID),
    )
    answers = run(*calls, prefix=STRANGERS)
    assert answers[:2] == (STRANGER, STRANGER)
    assert answers[2] == -errno.EACCES
    assert set(answers[3:7]) == {-errno.EPERM}
    assert answers[7] == STRANGER
    assert not (folder / "secret" / "new").exists()
    assert run(calls[2])[0] >= 0


@runs_here
@as_root
def test_a_call_has_its_effect_on_the_calls_after_it(run: Run) -> None:
    assert run(call(SETUID, STRANGER), call(GETUID), call(SETUID, 0)) == (0, STRANGER, -errno.EPERM)


def test_without_a_call_there_is_no_probe() -> None:
    with pytest.raises(ValueError, match="one call at least"):
        assemble([])


def test_a_call_has_six_arguments_at_most() -> None:
    assert assemble([call(1, *range(6))])
    with pytest.raises(ValueError, match="six arguments at most"):
        assemble([call(GETPID), call(1, *range(7))])


def test_a_probe_is_a_static_executable_for_x86_64_of_one_segment() -> None:
    probe = assemble([call(GETUID)])
    assert probe[:7] == b"\x7fELF\x02\x01\x01"
    kind, machine = struct.unpack_from("<HH", probe, 16)
    assert (kind, machine) == (2, 62)
    entry = struct.unpack_from("<Q", probe, 24)[0]
    _, flags, offset, address, _, in_file, in_memory, _ = struct.unpack_from("<IIQQQQQQ", probe, 64)
    assert (flags, offset, in_file) == (7, 0, len(probe))
    assert in_memory == len(probe) + 17
    assert address < entry < address + len(probe)


def test_equal_calls_give_an_equal_probe() -> None:
    calls = [call(OPENAT, AT_FDCWD, b"/etc", 0, 0)]
    assert assemble(calls) == assemble(list(calls))


def spelt(value: int) -> bytes:
    return bytes(ord("a") + int(digit, 16) for digit in f"{value % 2**64:016x}") + b"\n"


@pytest.mark.parametrize("value", [0, 1, 15, 16, 0x123456789ABCDEF, 2**63 - 1, -1, -38, -(2**63)])
def test_an_answer_is_read_with_its_sign(value: int) -> None:
    assert read_answers(spelt(value), 1) == (value,)


def test_answers_are_read_in_order() -> None:
    assert read_answers(spelt(3) + spelt(-1) + spelt(0), 3) == (3, -1, 0)


@pytest.mark.parametrize(
    ("output", "count"),
    [
        (b"", 1),
        (spelt(1), 2),
        (spelt(1) * 2, 1),
        (spelt(1)[1:], 1),
        (b"a" + spelt(1), 1),
        (spelt(1) + b"a", 2),
        (b"segmentation fault", 1),
        (b"x" * 16 + b"\n", 1),
        (b"A" * 16 + b"\n", 1),
    ],
)
def test_what_is_not_just_the_answers_is_refused(output: bytes, count: int) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - what it says is for whoever called
        read_answers(output, count)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (0, "succeeded (0)"),
        (3, "succeeded (3)"),
        (-errno.EPERM, "EPERM"),
        (-errno.EROFS, "EROFS"),
        (-4000, "error 4000"),
    ],
)
def test_an_answer_reads_as_the_kernels_own_name(answer: int, words: str) -> None:
    assert in_words(answer) == words
