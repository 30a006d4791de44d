"""Every process and thread of a container, with its real identity and privileges, read from the host's /proc.

Nothing runs inside the container, so shell-less images are seen as well as others. Source: ``proc(5)``.
"""

from __future__ import annotations

import os
import re
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from exitgate.errors import ObservationError, PrerequisiteMissing

_CAPABILITY_SETS = {
    "CapInh": "inheritable",
    "CapPrm": "permitted",
    "CapEff": "effective",
    "CapBnd": "bounding",
    "CapAmb": "ambient",
}
CAPABILITIES = [
    "CHOWN",
    "DAC_OVERRIDE",
    "DAC_READ_SEARCH",
    "FOWNER",
    "FSETID",
    "KILL",
    "SETGID",
    "SETUID",
    "SETPCAP",
    "LINUX_IMMUTABLE",
    "NET_BIND_SERVICE",
    "NET_BROADCAST",
    "NET_ADMIN",
    "NET_RAW",
    "IPC_LOCK",
    "IPC_OWNER",
    "SYS_MODULE",
    "SYS_RAWIO",
    "SYS_CHROOT",
    "SYS_PTRACE",
    "SYS_PACCT",
    "SYS_ADMIN",
    "SYS_BOOT",
    "SYS_NICE",
    "SYS_RESOURCE",
    "SYS_TIME",
    "SYS_TTY_CONFIG",
    "MKNOD",
    "LEASE",
    "AUDIT_WRITE",
    "AUDIT_CONTROL",
    "SETFCAP",
    "MAC_OVERRIDE",
    "MAC_ADMIN",
    "SYSLOG",
    "WAKE_ALARM",
    "BLOCK_SUSPEND",
    "AUDIT_READ",
    "PERFMON",
    "BPF",
    "CHECKPOINT_RESTORE",
]
"""Linux capabilities by bit number, without ``CAP_``. Source: ``linux/capability.h``."""
_RUNC_NAME = re.compile(r"^(?:runc.*|exe|\d+)$")
"""What runc is called: before it names itself, after ``/proc/self/exe`` or the descriptor that it was started from."""
SAMPLING_INTERVAL_S = 0.02


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessFacts:
    """One identity that one process or thread was seen with."""

    pid: int
    """On the host."""
    command: str
    uids: tuple[int, int, int, int]
    """Real, effective, saved, file system."""
    gids: tuple[int, int, int, int]
    groups: tuple[int, ...]
    """Supplementary groups."""
    capabilities: tuple[tuple[str, tuple[str, ...]], ...]
    """``(set, names)`` for the five sets, e.g. ``("bounding", ("NET_RAW",))``."""
    no_new_privileges: bool
    seccomp: int
    """0 off, 1 strict, 2 filter."""


def parse_status(pid: int, text: str) -> ProcessFacts:
    """Read the text of ``/proc/PID/status``.

    Raises:
        ObservationError: if a field that every Linux since 4.10 has is not there.
    """
    fields = dict(line.split(":", 1) for line in text.splitlines() if ":" in line)
    try:
        uids = tuple(int(word) for word in fields["Uid"].split())
        gids = tuple(int(word) for word in fields["Gid"].split())
        return ProcessFacts(
            pid=pid,
            command=fields["Name"].strip(),
            uids=(uids[0], uids[1], uids[2], uids[3]),
            gids=(gids[0], gids[1], gids[2], gids[3]),
            groups=tuple(sorted(int(word) for word in fields["Groups"].split())),
            capabilities=tuple(
                (name, capability_names(int(fields[key], 16))) for key, name in _CAPABILITY_SETS.items()
            ),
            no_new_privileges=fields["NoNewPrivs"].strip() == "1",
            seccomp=int(fields["Seccomp"]),
        )
    except (KeyError, ValueError, IndexError) as error:
        raise ObservationError(
            f"/proc/{pid}/status",
            got=f"no usable field {error}",
            expected="Uid, Gid, Groups, Cap*, NoNewPrivs, Seccomp",
            action="Use Linux 4.10 or later.",
        ) from error


def capability_names(mask: int) -> tuple[str, ...]:
    """Return the names of a capability mask; bits without a known name are ``CAP_<number>``."""
    return tuple(
        CAPABILITIES[bit] if bit < len(CAPABILITIES) else f"CAP_{bit}"
        for bit in range(mask.bit_length())
        if mask >> bit & 1
    )


class ContainerProcesses:
    """The processes of one running container, found by the control group of its first one."""

    def __init__(self, container_id: str, first_pid: int) -> None:
        """Find the container's control group.

        Raises:
            PrerequisiteMissing: if the container's processes are not ours to see.
        """
        self._container_id = container_id
        self._first_pid = first_pid
        self._folder = _control_group(container_id, first_pid)
        self._seen: dict[ProcessFacts, ProcessFacts] = {}
        self._problem: ObservationError | None = None
        self._has_begun = False
        """Whether the first process was seen as itself, and no longer as runc."""

    def pids(self) -> list[int]:
        """Return the pids of all processes that the container has now, nested control groups included."""
        found: list[int] = []
        for folder, _, files in os.walk(self._folder):
            if "cgroup.procs" in files:
                try:
                    found += [int(word) for word in Path(folder, "cgroup.procs").read_text(encoding="ascii").split()]
                except OSError:
                    continue
        return found

    @property
    def seen(self) -> tuple[ProcessFacts, ...]:
        """Every identity seen while sampling, in the order of pids.

        Raises:
            ObservationError: if a process could not be understood, or none was ever seen.
        """
        if self._problem:
            raise self._problem
        if not self._seen:
            raise ObservationError(
                "processes of the container",
                got="none was ever seen",
                expected="at least the first one",
                action="Run the gate again; if it stays so, report a bug.",
            )
        return tuple(sorted(self._seen.values(), key=lambda facts: (facts.pid, facts.uids, facts.command)))

    def sample(self) -> None:
        """Look once at every process and thread; what ends in between is let go."""
        own = set(self.pids())
        for pid in own:
            # Read before the status: a status of runc's is then sure to come with runc's executable, whatever is started next.
            executable = _executable(pid)
            try:
                threads = [entry.name for entry in Path(f"/proc/{pid}/task").iterdir()]
                texts = [Path(f"/proc/{pid}/task/{thread}/status").read_text(errors="replace") for thread in threads]
            except OSError:
                continue
            root = Path(f"/proc/{self._first_pid}/root")
            # An engine says that it started a container a moment before runc becomes its first process. From then on nothing
            # that this one calls itself makes it runc again.
            may_be_runc = pid != self._first_pid or not self._has_begun
            if texts and may_be_runc and _is_the_engines(texts[0], executable, own, root):
                continue
            self._has_begun = self._has_begun or pid == self._first_pid
            for text in texts:
                facts = parse_status(pid, text)
                self._seen.setdefault(facts, facts)

    @contextmanager
    def sampling(self) -> Iterator[None]:
        """Look every 20 ms for as long as the block lasts, so that a short-lived child is seen too."""
        over = threading.Event()

        def watch() -> None:
            while not over.is_set():
                try:
                    self.sample()
                except ObservationError as error:
                    self._problem = error
                    return
                over.wait(SAMPLING_INTERVAL_S)

        watcher = threading.Thread(target=watch, name="exitgate-processes", daemon=True)
        watcher.start()
        try:
            yield
        finally:
            over.set()
            watcher.join()

    def freeze(self) -> list[int]:
        """Stop the first process and all that descend from it, until none is left that runs; return the pids.

        What the engine started beside them goes on. A health check that was under way when the workload stopped must come to
        its own end: stopped with it, it would run into its time-out and so say unhealthy, whatever it looks at.
        """
        frozen: list[int] = []
        while fresh := [pid for pid in self._workload() if pid not in frozen]:
            for pid in fresh:
                _signal(pid, signal.SIGSTOP)
            frozen += fresh
        return frozen

    def _workload(self) -> list[int]:
        """Return the first process and its descendants: an orphan falls to it, what the engine starts to the engine's shim."""
        parents = {pid: _parent(pid) for pid in self.pids()}
        found = [self._first_pid]
        for pid in found:
            found += [child for child, parent in parents.items() if parent == pid]
        return found

    @staticmethod
    def thaw(pids: list[int]) -> None:
        """Let stopped processes go on."""
        for pid in pids:
            _signal(pid, signal.SIGCONT)

    def root_mount_options(self) -> tuple[str, ...]:
        """Return the options of the container's root file system, e.g. ``("ro", "relatime")``.

        Raises:
            ObservationError: if it can't be read: the container has ended.
        """
        try:
            text = Path(f"/proc/{self._first_pid}/mountinfo").read_text(encoding="utf-8", errors="replace")
        except OSError as error:
            raise ObservationError(
                f"/proc/{self._first_pid}/mountinfo",
                got=f"can't be read ({error.strerror})",
                expected="a container that still runs",
                action="See the container's log.",
            ) from error
        return root_options(text)


def root_options(mountinfo: str) -> tuple[str, ...]:
    """Return the options of the last mount on ``/``: the per-mount ones, which decide whether it can be written.

    Raises:
        ObservationError: if there is no mount on ``/``.
    """
    options: tuple[str, ...] = ()
    for line in mountinfo.splitlines():
        fields = line.split()
        if len(fields) > 5 and fields[4] == "/":  # noqa: PLR2004
            options = tuple(fields[5].split(","))
    if not options:
        raise ObservationError("mountinfo", got="no mount on /", expected="one", action="Report a bug with the file.")
    return options


def _executable(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/exe").readlink().as_posix()
    except OSError:
        return ""


def _parent(pid: int) -> int:
    """Return the parent's pid on this host; 0 where the process has ended."""
    try:
        text = Path(f"/proc/{pid}/status").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return 0
    return int(next((line.split()[1] for line in text.splitlines() if line.startswith("PPid:")), "0"))


def _is_the_engines(status: str, executable: str, own: set[int], root: Path) -> bool:
    """Say whether a process is runc on its way to becoming one of the container's: not yet confined, and not the workload's.

    A name is easily taken, so two facts are asked for that a workload can't give itself: the executable is none of the
    container's files (runc runs from memory, which /proc shows as ``/`` or ``/memfd:runc…``, or from a file of the host's that
    `root`, the container's, does not have), and the parent stands outside the container (an orphan of the container's own would
    fall to its first process).
    """
    fields = dict(line.split(":", 1) for line in status.splitlines() if ":" in line)
    if not _RUNC_NAME.match(fields.get("Name", "").strip()):
        return False
    from_memory = executable in ("", "/") or executable.startswith("/memfd:runc")
    of_the_host = Path(executable).name == "runc" and not os.path.lexists(root / executable.lstrip("/"))
    return (from_memory or of_the_host) and int(fields.get("PPid", "0")) not in own


def _signal(pid: int, number: signal.Signals) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return


def _control_group(container_id: str, first_pid: int) -> Path:
    def missing(got: str) -> PrerequisiteMissing:
        return PrerequisiteMissing(
            "processes of the container",
            got=got,
            expected="a local Linux engine whose processes stand in this machine's /proc, and root",
            action="Run the gate as root on the engine's own host.",
        )

    try:
        lines = Path(f"/proc/{first_pid}/cgroup").read_text(encoding="ascii").splitlines()
    except OSError as error:
        raise missing("its first process is not in /proc") from error
    if container_id not in "".join(lines):
        raise missing("its first process's id means another process here")
    if os.geteuid() != 0:
        raise missing(f"this is user {os.geteuid()}, who may not stop or read them all")
    for line in lines:
        _, controllers, path = line.split(":", 2)
        base = "/sys/fs/cgroup" + (f"/{controllers}" if controllers else "")
        folder = Path(base + path)
        if container_id in path and (folder / "cgroup.procs").is_file():
            return folder
    raise missing("its control group is not mounted here")
