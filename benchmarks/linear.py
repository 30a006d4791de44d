"""The contents of 50 generated images, from 1,000 to 50,000 files: whether time and memory grow with them, and no faster.

Run from the checkout: ``python -m benchmarks.linear [--images N]``. Each image is read by a process of its own, from its archive on
disk, as the gate reads it; what its engine needs to save it is not in the figures.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from typing import Any

from benchmarks.fit import Plane, plane
from benchmarks.measure import busy_cores, keep, run
from benchmarks.samples import modules, write_saved_image
from benchmarks.throwaway import throwaway_run

_FEWEST, _MOST = 1_000, 50_000
_FILE_BYTES = (500, 2_000, 4_000, 8_000, 1_000)
"""Average sizes, in turn, so that entries and megabytes vary each by itself."""
_LAYERS = 3


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=50, help="how many images, at least 4 (default: 50)")
    images = parser.parse_args().images
    busy = busy_cores()
    measured = [_measure(number, files) for number, files in enumerate(_sizes(images))]
    rows = [_rounded(each) for each in measured]
    results = {"time": _fit(measured, "cpu_s"), "wall": _fit(measured, "wall_s"), "memory": _fit(measured, "grown_mib")}
    keep("linear", f"python -m benchmarks.linear --images {images}", busy, {"images": rows, "fits": results})


def _sizes(images: int) -> list[int]:
    """Return numbers of files, each larger than the one before by the same factor."""
    factor = (_MOST / _FEWEST) ** (1 / max(1, images - 1))
    return [round(_FEWEST * factor**number) for number in range(images)]


def _measure(number: int, files: int) -> dict[str, float]:
    with throwaway_run() as own:
        path = own.scratch_path / "image.tar"
        share = files // _LAYERS
        sizes = (files - share * (_LAYERS - 1), *[share] * (_LAYERS - 1))
        layers = [
            modules(size, _FILE_BYTES[number % len(_FILE_BYTES)], seed=number * _LAYERS + index, root=f"app-{index}")
            for index, size in enumerate(sizes)
        ]
        entries, content_bytes = write_saved_image(path, layers, {})
        said = json.loads(run([sys.executable, "-m", "benchmarks.read_here", str(path)]).output)
    if said["entries"] != entries:
        raise SystemExit(f"image {number} has {entries} entries, and {said['entries']} were read")
    return {
        "entries": entries,
        "mb": content_bytes / 1e6,
        "wall_s": said["wall_s"],
        "cpu_s": said["cpu_s"],
        "peak_mib": said["peak_mib"],
        "grown_mib": said["peak_mib"] - said["before_mib"],
    }


def _rounded(row: dict[str, float]) -> dict[str, float]:
    return {name: round(value, 3 if name.endswith("_s") else 1) for name, value in row.items()}


def _fit(rows: Sequence[dict[str, float]], of: str) -> dict[str, Any]:
    found: Plane = plane([(row["entries"], row["mb"], row[of]) for row in rows])
    return {
        "of": of,
        "constant": round(found.constant, 4),
        "per_1000_entries": round(found.first * 1000, 5),
        "per_mb": round(found.second, 5),
        "r_squared": round(found.r_squared, 4),
    }


if __name__ == "__main__":
    main()
