"""The static part of "migrations safe and automated" on generated repositories: milliseconds a migration, beside squawk alone.

Run from the checkout: ``python -m benchmarks.migrations [--rounds N]``. Each repository has one commit a migration; files,
statements, history and rules are taken by a process of its own, whose start and imports are not counted. squawk is a whole
process on the same files.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.fit import line
from benchmarks.measure import busy_cores, keep, median, run
from benchmarks.migration_samples import FOLDER, write_repository
from exitgate.process import find_program

_SIZES = (50, 100, 200, 400, 800)
_BOUND_MS, _BOUND_AT = 2.0, 200
_PARTS = ("files_ms", "statements_ms", "squawk_ms", "history_ms", "rules_ms", "all_ms")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3, help="runs of each size (default: 3)")
    rounds = parser.parse_args().rounds
    busy = busy_cores()
    sizes = [_measure(count, rounds) for count in _SIZES]
    fitted = line([(row["migrations"], row["all_ms"]) for row in sizes])
    each = next(row["all_ms"] for row in sizes if row["migrations"] == _BOUND_AT) / _BOUND_AT
    results = {
        "sizes": sizes,
        "ms_a_migration": round(each, 3),
        "bound_ms": _BOUND_MS,
        "bound_at": _BOUND_AT,
        "met": each <= _BOUND_MS,
        "fit": {
            "constant_ms": round(fitted.constant, 2),
            "ms_a_migration": round(fitted.first, 3),
            "r_squared": round(fitted.r_squared, 4),
        },
    }
    keep("migrations", f"python -m benchmarks.migrations --rounds {rounds}", busy, results)
    sys.stdout.write(json.dumps(results, indent=2) + "\n")


def _measure(count: int, rounds: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="exitgate-benchmark-") as name:
        root = Path(name)
        write_repository(root, count)
        squawk = find_program("squawk") or "squawk"
        # What it finds is its exit code, which is no failure here.
        peer = ["/bin/sh", "-c", '"$0" --reporter json "$1"/*/migration.sql >/dev/null || [ $? -eq 1 ]', squawk]
        peers = [run([*peer, str(root / FOLDER)]) for _ in range(rounds)]
        own = [json.loads(run([sys.executable, "-m", "benchmarks.migrate_here", name]).output) for _ in range(rounds)]
    if any(each["migrations"] != count for each in own):
        raise SystemExit(f"{count} migrations were written, and {own[0]['migrations']} read")
    return {
        "migrations": count,
        "findings": own[0]["findings"],
        **{part: median(each[part] for each in own) for part in _PARTS},
        "peer_ms": median(each.wall_s * 1000 for each in peers),
    }


if __name__ == "__main__":
    main()
