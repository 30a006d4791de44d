"""What a process cost: wall, CPU and peak memory as the kernel counted them; and the machine that it ran on."""

from __future__ import annotations

import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from exitgate.atomic import write_atomically

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "benchmarks" / "results"
MIB = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """Of one process from its start to its end, the children that it waited for included."""

    wall_s: float
    cpu_s: float
    peak_mib: float
    """Its largest resident set (``ru_maxrss``)."""
    output: str


def run(command: Sequence[str], *, timeout_s: int = 300, may_end_with: Sequence[int] = (0,)) -> Cost:
    """Run a command to its end.

    Raises:
        SystemExit: if it ends with another status than these, or not in time; what it said last is in the message.
    """
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder) / "output"
        launcher = [sys.executable, "-I", "-S", str(ROOT / "benchmarks" / "launch.py"), str(output), str(timeout_s)]
        completed = subprocess.run(
            [*launcher, *command],
            cwd=ROOT,
            env=_environment(),
            stdout=subprocess.PIPE,
            stdin=subprocess.DEVNULL,
            check=True,
        )
        said = output.read_text(encoding="utf-8", errors="replace")
    cost = json.loads(completed.stdout)
    if cost["exit_code"] not in may_end_with:
        raise SystemExit(f"{Path(command[0]).name} ended with {cost['exit_code']}:\n{said[-2000:]}")
    return Cost(wall_s=cost["wall_s"], cpu_s=cost["cpu_s"], peak_mib=cost["peak_mib"], output=said)


def median(values: Iterable[float], digits: int = 3) -> float:
    """Return the median, rounded as people read it."""
    return round(statistics.median(values), digits)


def keep(name: str, command: str, busy: float, results: dict[str, Any]) -> None:
    """Write results with what one needs to judge them: by which command, when, on what machine, how busy.

    Args:
        busy: `busy_cores` before the benchmark began.
    """
    RESULTS.mkdir(exist_ok=True)
    document = {
        "command": command,
        "measured": datetime.now(UTC).date().isoformat(),
        "machine": {**machine(), "busy_cores": busy},
        **results,
    }
    write_atomically(RESULTS / f"{name}.json", json.dumps(document, indent=2) + "\n")


def busy_cores() -> float:
    """Return how many cores other work keeps busy, seen for two seconds; the load average would still tell of what is over."""
    before = _idle_s()
    started = time.monotonic()
    threading.Event().wait(2)
    seconds = time.monotonic() - started
    return max(0.0, round((os.cpu_count() or 1) - (_idle_s() - before) / seconds, 1))


def _idle_s() -> float:
    fields = Path("/proc/stat").read_text(encoding="ascii").splitlines()[0].split()
    # proc_stat(5): the fourth is idle, the fifth waits for a disk, in clock ticks over all cores.
    return (int(fields[4]) + int(fields[5])) / os.sysconf("SC_CLK_TCK")


def machine() -> dict[str, Any]:
    """Describe this machine without naming it."""
    return {
        "cpu": _first_of("/proc/cpuinfo", "model name"),
        "cores": os.cpu_count(),
        "memory_gib": round(int(_first_of("/proc/meminfo", "MemTotal").split()[0]) / MIB, 1),
        "kernel": platform.release().partition("-")[0],
        "python": platform.python_version(),
        "exitgate": version("exitgate"),
    }


def _first_of(path: str, field: str) -> str:
    for line in Path(path).read_text(encoding="utf-8").splitlines():
        name, _, value = line.partition(":")
        if name.strip() == field:
            return value.strip()
    return "unknown 0"


def _environment() -> dict[str, str]:
    # As a user has it: byte code is kept, so that imports cost what they cost from the second run on.
    return {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
