"""A program of somebody else's, run as another user, in a folder of its own, with nothing of ours in sight, and with bounds.

It sees an environment that names nothing of the caller's, a home that was empty before it, and files that anybody may read;
it ends in time, before the disk is full, and with everything that it started. A network it has.
"""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from exitgate.errors import ObservationError, PrerequisiteMissing, ProvisionError
from exitgate.process import RUN_VARIABLE
from exitgate.provision.scratch import make_scratch_folder, remove_scratch_folder
from exitgate.waiting import wait_for

_ACCOUNT = "nobody"
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_MARK = "EXITGATE_CONFINED"
"""In the environment of all that a program starts, by which it is found again."""
_INTERVAL_S, _KILL_TIMEOUT_S = 0.1, 10.0
_SYSTEM_VARIABLES = ("LANG", "SSL_CERT_FILE", "SSL_CERT_DIR")


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """How much a program may take."""

    seconds: float
    disk_bytes: int
    """By how much the disk's free space may shrink while it runs, whoever takes it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """A program that came to its own end."""

    exit_code: int
    output: str
    errors: str
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Quarters:
    """Where programs run as another user."""

    folder: Path
    user: int
    group: int
    network: str = ""
    """The namespace that programs see, e.g. ``/proc/1/ns/net``; empty for this machine's own."""

    @property
    def home(self) -> Path:
        """The user's home."""
        return self.folder / "home"

    @property
    def path(self) -> str:
        """Where the system's programs are."""
        return _PATH

    def hand_over(self, path: Path) -> None:
        """Give a file or folder inside of the quarters to the user, all that it holds with it; links are not followed."""
        for folder, folders, files in os.walk(path):
            for name in (*folders, *files):
                os.chown(Path(folder) / name, self.user, self.group, follow_symlinks=False)
        os.chown(path, self.user, self.group, follow_symlinks=False)

    def run(self, arguments: Sequence[str], *, cwd: Path, environment: Mapping[str, str], bounds: Bounds) -> Ended:
        """Run a program to its end.

        Args:
            environment: All that it is told beside where its home, its temporary files and the system's programs are.

        Raises:
            ObservationError: if it can't be run, or did not keep to its bounds; all that it started is gone then.
            ProvisionError: if something that it started can't be ended.
            PrerequisiteMissing: if another network is asked for and there is no nsenter.
        """
        mark = secrets.token_hex(12)
        told = {**self._environment(), **environment, _MARK: mark}
        whole, account = self._command(arguments)
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            start = time.monotonic()
            try:
                process = subprocess.Popen(
                    whole,
                    stdin=subprocess.DEVNULL,
                    stdout=out,
                    stderr=err,
                    env=told,
                    cwd=cwd,
                    user=account,
                    group=None if account is None else self.group,
                    extra_groups=[],
                    umask=0o022,
                    start_new_session=True,
                )
            except OSError as error:
                raise ObservationError(
                    arguments[0],
                    got=f"can't be run by the user {self.user} ({error.strerror})",
                    expected="a program that anybody may run",
                    action="Mend its permissions, and those of the folders above it.",
                ) from error
            try:
                self._watch(process, arguments[0], bounds)
            finally:
                _end(process, mark)
            texts = []
            for stream in (out, err):
                stream.seek(0)
                texts.append(stream.read().decode("utf-8", "replace"))
            seconds = time.monotonic() - start
            return Ended(exit_code=process.returncode, output=texts[0], errors=texts[1], seconds=seconds)

    def _command(self, arguments: Sequence[str]) -> tuple[list[str], int | None]:
        """Return what is started, and as whom; only root may enter a network, and nsenter then becomes the user itself."""
        if not self.network:
            return list(arguments), self.user
        program = shutil.which("nsenter", path=_PATH)
        if program is None:
            raise PrerequisiteMissing(
                "nsenter",
                got="not installed",
                expected="it, to give what the workflow runs a network of its own",
                action="Install util-linux.",
            )
        own = [f"--net={self.network}", f"--setgid={self.group}", f"--setuid={self.user}"]
        return [program, *own, "--", *arguments], None

    def _environment(self) -> dict[str, str]:
        kept = {name: os.environ[name] for name in (*_SYSTEM_VARIABLES, RUN_VARIABLE) if name in os.environ}
        places = {"HOME": str(self.home), "TMPDIR": str(self.folder / "tmp"), "PATH": _PATH}
        return {"LANG": "C.UTF-8", **kept, "NO_COLOR": "1", "USER": _ACCOUNT, "LOGNAME": _ACCOUNT, **places}

    def _watch(self, process: subprocess.Popen[bytes], name: str, bounds: Bounds) -> None:
        deadline, free = time.monotonic() + bounds.seconds, shutil.disk_usage(self.folder).free
        while process.poll() is None:
            if time.monotonic() > deadline:
                raise _unbounded(name, f"no end after {bounds.seconds:g} s", "an end in that time")
            if free - shutil.disk_usage(self.folder).free > bounds.disk_bytes:
                size = f"{bounds.disk_bytes / 1e6:g} MB"
                raise _unbounded(name, f"more than {size} of the disk taken", f"at most {size}")
            with suppress(subprocess.TimeoutExpired):
                process.wait(_INTERVAL_S)


def _unbounded(name: str, got: str, expected: str) -> ObservationError:
    return ObservationError(
        Path(name).name,
        got=got,
        expected=expected,
        action="Look at what the target's workflow runs; its last output is in the evidence.",
    )


def _end(process: subprocess.Popen[bytes], mark: str) -> None:
    """End a program with all that it started, sessions of their own included: they carry the mark."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()

    def kill() -> int:
        left = list(_marked(mark))
        for pid in left:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        return len(left)

    left, _ = wait_for(kill, until=lambda count: not count, timeout_s=_KILL_TIMEOUT_S, interval_s=_INTERVAL_S)
    if left:
        raise ProvisionError(
            "a confined program",
            got=f"{left} processes that can't be ended",
            expected="none left",
            action="End them by hand, or restart the machine.",
        )


def _marked(mark: str) -> Iterator[int]:
    wanted = f"{_MARK}={mark}".encode()
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(OSError):
                if wanted in (entry / "environ").read_bytes().split(b"\0"):
                    yield int(entry.name)


@contextmanager
def quarters(run_id: str, owner: str) -> Iterator[Quarters]:
    """Make a folder for programs that run as another user, and remove it at the end.

    Raises:
        PrerequisiteMissing: if this process may not become another user, or there is none to become.
        ProvisionError: if the folder can't be made or removed.
    """
    if os.geteuid() != 0:
        raise PrerequisiteMissing(
            "another user",
            got="no right to start a program as one",
            expected="a run as root, so that what the target's workflow runs sees none of your files",
            action="Run exitgate as root in a machine of its own, e.g. in CI.",
        )
    try:
        account = pwd.getpwnam(_ACCOUNT)
    except KeyError as error:
        raise PrerequisiteMissing(
            "another user",
            got=f"no account {_ACCOUNT}",
            expected="an account that owns nothing",
            action=f"Add {_ACCOUNT} to the system's accounts.",
        ) from error
    folder = make_scratch_folder(run_id, owner)
    try:
        # Passable and no more: what lies in it has to be known by name.
        folder.chmod(0o711)
        made = Quarters(folder=folder, user=account.pw_uid, group=account.pw_gid)
        for place in (made.home, folder / "tmp"):
            place.mkdir(mode=0o700)
            made.hand_over(place)
        yield made
    finally:
        remove_scratch_folder(folder)
