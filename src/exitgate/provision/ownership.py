"""Whose a throwaway resource is: the labels that every one of them carries, and whether its run still lives."""

from __future__ import annotations

import os
import re
import secrets
import socket
import time
from dataclasses import dataclass
from pathlib import Path

RUN_LABEL = "exitgate.run"
OWNER_LABEL = "exitgate.owner"


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """The controlling process of a run. Pid and start time together name a process for as long as a machine is up."""

    host: str
    boot: str
    pid: int
    started_ticks: int
    """Field 22 of ``/proc/<pid>/stat``: clock ticks after boot; 0 where the system has no /proc."""

    def __str__(self) -> str:
        return f"{self.host}/{self.boot}/{self.pid}/{self.started_ticks}"

    @classmethod
    def parse(cls, text: str) -> Owner | None:
        """Return the owner that a label names, or nothing where the label is not one of ours."""
        parts = text.split("/")
        if len(parts) != 4 or not text.isascii() or not parts[2].isdigit() or not parts[3].isdigit():  # noqa: PLR2004
            return None
        return cls(host=parts[0], boot=parts[1], pid=int(parts[2]), started_ticks=int(parts[3]))

    @classmethod
    def of_this_process(cls) -> Owner:
        """Return the current process as an owner."""
        pid = os.getpid()
        return cls(host=socket.gethostname(), boot=_boot_id(), pid=pid, started_ticks=started_ticks(pid) or 0)

    def is_gone(self) -> bool:
        """Say whether the run is surely over: of this machine, and from an earlier boot or by a process that ended."""
        if self.host != socket.gethostname():
            return False
        if self.boot != _boot_id():
            return True
        if self.started_ticks == 0:
            return not _exists(self.pid)
        return started_ticks(self.pid) != self.started_ticks


def started_ticks(pid: int) -> int | None:
    """Return when a process started, in clock ticks after boot; nothing where there is no such process (a zombie is none)."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    fields = stat.rpartition(")")[2].split()
    return None if fields[0] in ("Z", "X") else int(fields[19])


def new_run_id() -> str:
    """Return a run id that sorts by time and that two runs never share, e.g. ``20260102t030405z-1a2b3c``."""
    return f"{time.strftime('%Y%m%dt%H%M%Sz', time.gmtime())}-{secrets.token_hex(3)}"


def labels(run_id: str, owner: str) -> dict[str, str]:
    """Return the labels of every container, image, network and volume of a run."""
    return {RUN_LABEL: run_id, OWNER_LABEL: owner}


def mark(run_id: str, owner: str) -> str:
    """Return the one line that says whose something is that carries no labels."""
    return f"{RUN_LABEL}={run_id} {OWNER_LABEL}={owner}"


def marked(text: str) -> tuple[str, str] | None:
    """Return run and owner of such a line; nothing where it is none of ours."""
    found = re.fullmatch(rf"{re.escape(RUN_LABEL)}=(\S+) {re.escape(OWNER_LABEL)}=(.+)", text)
    return (found.group(1), found.group(2)) if found else None


def _boot_id() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return "unknown"


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
