"""How long `exitgate verify` takes on a bundle of 200 MB, beside hashing the same bytes alone, by whole processes.

Run from the checkout: ``python -m benchmarks.bundles [--rounds N] [--megabytes N]``. The bundle is that of a run that passed,
with made-up evidence, once as a folder and once as a tar; a process that only hashes reads the same files.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.measure import busy_cores, keep, median, run
from exitgate.attestation.bundle import make_bundle
from tests.attestation.bundles import KEY, leave, ssh_line

_BOUND_S = 1.0
"""What may be added to the time of the hashes."""
_FILE_BYTES = 500_000
_DAYS = 30
_HASH = """
import hashlib, pathlib, sys
for path in sorted(pathlib.Path(sys.argv[1]).rglob("*")):
    if path.is_file():
        digest = hashlib.sha256()
        with path.open("rb") as stream:
            while piece := stream.read(1 << 20):
                digest.update(piece)
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="runs of each (default: 5)")
    parser.add_argument("--megabytes", type=int, default=200, help="of evidence (default: 200)")
    asked = parser.parse_args()
    busy = busy_cores()
    with tempfile.TemporaryDirectory(prefix="exitgate-benchmark-") as name:
        folder = Path(name)
        files = write_bundle(folder, asked.megabytes * 1_000_000)
        ways = {"hashes alone": [sys.executable, "-I", "-S", "-c", _HASH, str(folder / "bundle")]}
        for way in ("bundle", "bundle.tar"):
            verify = ["verify", str(folder / way), "--key", ssh_line(KEY), "--gate", "gate3"]
            ways["a tar" if way.endswith(".tar") else "a folder"] = [sys.executable, "-m", "exitgate", *verify]
        costs = {way: [run(command) for _ in range(asked.rounds + 1)][1:] for way, command in ways.items()}
    rows: dict[str, Any] = {
        way: {
            "wall_s": median(each.wall_s for each in runs),
            "cpu_s": median(each.cpu_s for each in runs),
            "peak_mib": median((each.peak_mib for each in runs), 0),
        }
        for way, runs in costs.items()
    }
    hashes = rows["hashes alone"]["wall_s"]
    added = {way: round(row["wall_s"] - hashes, 3) for way, row in rows.items() if way != "hashes alone"}
    results = {
        "files": files,
        "megabytes": asked.megabytes,
        "rounds": asked.rounds,
        "ways": rows,
        "added_s": added,
        "bound_s": _BOUND_S,
        "met": max(added.values()) < _BOUND_S,
    }
    keep("bundles", f"python -m benchmarks.bundles --rounds {asked.rounds}", busy, results)
    sys.stdout.write(json.dumps(results, indent=2) + "\n")


def write_bundle(folder: Path, size: int) -> int:
    """Write a bundle with evidence of that many bytes, as a folder and as a tar; return how many files are in it."""
    line = "0123456789abcdef " * 6
    shown = {
        f"{number}.log": f"{number}\n" + line * (_FILE_BYTES // len(line)) for number in range(size // _FILE_BYTES)
    }
    now = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
    leave(folder / "run", shown=shown, started=now, finished=now)
    for name in ("bundle", "bundle.tar"):
        make_bundle(folder / "run", folder / name, KEY, days=_DAYS)
    return sum(path.is_file() for path in (folder / "bundle").rglob("*"))


if __name__ == "__main__":
    main()
