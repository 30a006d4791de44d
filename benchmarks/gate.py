"""How long a warm gate run on the reference takes: wall and CPU seconds, median of some runs.

Run it on a quiet machine, from the checkout: ``.venv/bin/python benchmarks/gate.py [RUNS]``. CPU seconds are those of pytest and
its workers, not the engine's.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time


def main() -> None:
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    print(f"{'workers':>8} {'wall s':>8} {'CPU s':>8}   median of {runs}")
    for workers in ("0", "2"):
        walls, cpus = [], []
        for _ in range(runs):
            with tempfile.TemporaryDirectory() as report:
                before, started = os.times(), time.monotonic()
                command = [sys.executable, "-m", "pytest", "gates/gate3", "-n", workers, f"--gate-report={report}"]
                subprocess.run(command, check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
                walls.append(time.monotonic() - started)
                after = os.times()
                cpus.append(after.children_user + after.children_system - before.children_user - before.children_system)
        print(f"{workers:>8} {statistics.median(walls):8.1f} {statistics.median(cpus):8.1f}")


if __name__ == "__main__":
    main()
