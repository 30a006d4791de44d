"""Static analysis of 200 generated workflows: milliseconds each, by size, beside zizmor on the same files.

Run from the checkout: ``python -m benchmarks.workflows [--workflows N]``. Each workflow is read, its events are modelled, each of
its jobs made to fail in turn, and its scripts are followed; a process does it for all of them, its start aside.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.fit import plane
from benchmarks.measure import busy_cores, keep, median, run
from benchmarks.workflow_samples import workflow_text
from exitgate.provision.scanner import find_zizmor

_BOUND_MS = 15.0
_MOST_JOBS = 30


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--workflows", type=int, default=200, help="how many, at least 4 (default: 200)")
    count = parser.parse_args().workflows
    busy = busy_cores()
    with tempfile.TemporaryDirectory(prefix="exitgate-benchmark-") as name:
        folder = Path(name) / ".github" / "workflows"
        folder.mkdir(parents=True)
        for number in range(count):
            text = workflow_text(number, jobs=1 + number * _MOST_JOBS // count)
            (folder / f"w{number:03}.yml").write_text(text, encoding="utf-8")
        own = run([sys.executable, "-m", "benchmarks.analyse_here", name])
        peer = run(_peer(folder))
    rows: list[dict[str, Any]] = json.loads(own.output)
    found = plane([(row["jobs"], row["lines"], row["ms"]) for row in rows])
    middle = median(row["ms"] for row in rows)
    results = {
        "workflows": count,
        "median_ms": middle,
        "slowest_ms": round(max(row["ms"] for row in rows), 2),
        "within_bound": sum(row["ms"] <= _BOUND_MS for row in rows),
        "bound_ms": _BOUND_MS,
        "per_job_ms": round(found.first, 3),
        "per_line_ms": round(found.second, 4),
        "r_squared": round(found.r_squared, 4),
        "whole_process": {"wall_s": round(own.wall_s, 2), "cpu_s": round(own.cpu_s, 2)},
        "zizmor": {"wall_s": round(peer.wall_s, 2), "cpu_s": round(peer.cpu_s, 2)},
    }
    keep("workflows", f"python -m benchmarks.workflows --workflows {count}", busy, results)
    sys.stdout.write(json.dumps(results, indent=2) + "\n")


def _peer(folder: Path) -> list[str]:
    zizmor = find_zizmor().executable
    # What it finds is its exit code, which is no failure here.
    command = '"$0" --offline --no-config --no-progress --quiet --format json-v1 "$1" >"$1/../report" || [ $? -ge 11 ]'
    return ["/bin/sh", "-c", command, zizmor, str(folder)]


if __name__ == "__main__":
    main()
