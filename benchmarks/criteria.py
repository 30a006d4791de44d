"""How long a warm run of a criterion on the reference takes, by whole processes, and how much of that is Terraform's own.

Run from the checkout: ``python -m benchmarks.criteria [--rounds N] [--part NAME]...``. One round before those that count
builds what is kept. Terraform is timed by a script that stands before it on PATH.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.measure import RESULTS, ROOT, Cost, busy_cores, keep, median, run
from exitgate.catalogue import load_gate

_NOT_ASSESSED = 3
"""How a run ends in which a check was left out."""
_LONGEST_S = 1800
_TIMED = """#!/bin/sh
began=$(date +%s.%N)
"{program}" "$@"
status=$?
echo "$began $(date +%s.%N) $1" >> "{log}"
exit $status
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What is run: a criterion, without some of its checks."""

    name: str
    criterion: str
    without: tuple[str, ...] = ()
    workers: int = 2
    """The default of a run."""
    bound_s: float


def _dear(task: str, *, but: Iterable[str] = ()) -> tuple[str, ...]:
    """Return the checks of a task that take minutes, as they are left out; all but some."""
    return tuple(
        f"{control.id}:{check.id}"
        for control in load_gate(ROOT / "gates/gate3").everything
        for check in control.checks
        if check.dear and control.id.startswith(task) and f"{control.id}:{check.id}" not in but
    )


_QUICK_HALF = ("3.1.C.2:every-step-blocks", "3.1.C.2:absent-result-blocks")
_MUTANTS = ("3.1.C.2:merge-refused", "3.1.B.1.3:drift-blocks", "3.1.B.2.1:transitive-failure-blocks")
"""Of a unit test, a type, the lockfile and a library that others need."""
PARTS = (
    Part(name="CI, by the model", criterion="pipeline", without=_dear("3.1"), bound_s=5),
    Part(
        name="CI, each command failing in turn",
        criterion="pipeline",
        without=_dear("3.1", but=_QUICK_HALF),
        bound_s=60,
    ),
    Part(
        name="CI, the same and four mutants",
        criterion="pipeline",
        without=_dear("3.1", but=(*_QUICK_HALF, *_MUTANTS)),
        bound_s=180,
    ),
    Part(name="infrastructure, as planned", criterion="infrastructure", without=_dear("3.3"), bound_s=30),
    Part(
        name="migrations, without CI's workflow",
        criterion="migrations",
        without=("3.4.B.1:workflow-deploys", "3.4.B.1:failure-blocks"),
        bound_s=90,
    ),
    Part(name="deployments", criterion="deployments", workers=3, bound_s=150),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3, help="runs of each that count (default: 3)")
    parser.add_argument("--part", action="append", choices=[part.name for part in PARTS], help="this one alone")
    asked = parser.parse_args()
    busy = busy_cores()
    path = RESULTS / "criteria.json"
    kept: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))["parts"] if path.is_file() else {}
    for part in PARTS:
        if not asked.part or part.name in asked.part:
            kept[part.name] = measure(part, asked.rounds)
    keep("criteria", f"python -m benchmarks.criteria --rounds {asked.rounds}", busy, {"parts": kept})
    sys.stdout.write(json.dumps(kept, indent=2) + "\n")


def measure(part: Part, rounds: int) -> dict[str, Any]:
    """Return what a part takes, in seconds: medians, and Terraform's own time apart."""
    with tempfile.TemporaryDirectory(prefix="exitgate-benchmark-") as name:
        folder = Path(name)
        log = folder / "terraform.log"
        rows = []
        for _ in range(rounds + 1):
            log.write_text("", encoding="utf-8")
            rows.append((_cost(part, folder, log), tuple(read_spans(log.read_text(encoding="utf-8").splitlines()))))
    counted = rows[1:]
    return {
        "rounds": rounds,
        "wall_s": median((cost.wall_s for cost, _ in counted), 1),
        "cpu_s": median((cost.cpu_s for cost, _ in counted), 1),
        "terraform_wall_s": median((covered(spans) for _, spans in counted), 1),
        "terraform_calls": len(counted[-1][1]),
        "workers": part.workers,
        "bound_s": part.bound_s,
        "met": median(cost.wall_s for cost, _ in counted) <= part.bound_s,
    }


def read_spans(lines: Iterable[str]) -> Iterator[tuple[float, float]]:
    """Yield when each call of Terraform began and ended."""
    for line in lines:
        began, ended, _ = line.split()
        yield float(began), float(ended)


def covered(spans: Iterable[tuple[float, float]]) -> float:
    """Return the seconds in which at least one of the calls ran: those beside one another count once."""
    seconds, until = 0.0, 0.0
    for began, ended in sorted(spans):
        seconds += max(0.0, ended - max(began, until))
        until = max(until, ended)
    return seconds


def _cost(part: Part, folder: Path, log: Path) -> Cost:
    tools = folder / "tools"
    tools.mkdir(exist_ok=True)
    program = shutil.which("terraform")
    if program:
        (tools / "terraform").write_text(_TIMED.format(program=program, log=log), encoding="utf-8")
        (tools / "terraform").chmod(0o755)
    left_out = [word for each in part.without for word in ("--without", each)]
    command = [
        *("/usr/bin/env", f"PATH={tools}{os.pathsep}{os.environ['PATH']}"),
        *(sys.executable, "-m", "exitgate", "run", "gate3", "--gate-target", str(ROOT / "reference")),
        *("--gate-report", str(folder / "report"), "--criterion", part.criterion, *left_out, "-n", str(part.workers)),
    ]
    return run(command, timeout_s=_LONGEST_S, may_end_with=(0, _NOT_ASSESSED))


if __name__ == "__main__":
    main()
