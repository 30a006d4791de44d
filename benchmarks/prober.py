"""How well the prober measures: outages of known length, made by a server of ours, and its own lateness at a high rate.

Usage: python benchmarks/prober.py [--times 20] [--rate 2000]
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from exitgate.load import LoadPlan, Stream, probing
from exitgate.load.results import percentile
from exitgate.run import Run
from tests.load.server import faulty_server

_MILLISECONDS = 1000
_OUTAGE_RATE_RPS = 300.0
_WAITER = threading.Event()


def _run(folder: str) -> Run:
    return Run(id="bench", owner="", gate_directory="", clone="", commit="", report_directory="", scratch=folder)


def outages(folder: str, length_s: float, mode: str, times: int) -> tuple[int, float]:
    """Return how many of the outages were found, and the median error of their length in milliseconds."""
    errors, found = [], 0
    with faulty_server() as server:
        stream = Stream(name="kept", rate_rps=_OUTAGE_RATE_RPS, path="/")
        plan = LoadPlan(address="127.0.0.1", port=server.port, streams=(stream,), longest_s=600, timeout_s=2)
        spans = []
        with probing(_run(folder), plan) as prober:
            for _ in range(times):
                _WAITER.wait(0.3)
                server.mode = mode
                begun = time.monotonic()
                _WAITER.wait(length_s)
                server.mode = "good"
                spans.append((begun, time.monotonic()))
            _WAITER.wait(0.3)
            results = prober.stop()
        for begun, ended in spans:
            gap = results.longest_gap(begun - 0.1, ended + 0.15)
            failed = [each for each in results.between(begun - 0.01, ended) if each.failure]
            found += bool(failed)
            errors.append(abs(gap.length_s - (ended - begun)) * _MILLISECONDS)
    return found, statistics.median(errors)


def lateness(folder: str, rate: float, seconds: float) -> tuple[int, int, list[float]]:
    """Return requests, failures, and how late they were sent: p50, p99 and the latest, in milliseconds."""
    with faulty_server() as server:
        stream = Stream(name="kept", rate_rps=rate, path="/")
        plan = LoadPlan(address="127.0.0.1", port=server.port, streams=(stream,), longest_s=600)
        with probing(_run(folder), plan) as prober:
            _WAITER.wait(seconds)
            results = prober.stop()
    late = [each.late_s * _MILLISECONDS for each in results.requests]
    return len(late), len(results.failed), [percentile(late, percent) for percent in (50, 99, 100)]


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=20)
    parser.add_argument("--rate", type=float, default=2000)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        for mode in ("503", "reset"):
            for length_s in (0.02, 0.05, 0.2):
                found, error = outages(folder, length_s, mode, given.times)
                print(
                    f"{mode:6} {length_s * 1000:4.0f} ms: {found} of {given.times} found, median error {error:.1f} ms"
                )
        count, failed, (middle, high, most) = lateness(folder, given.rate, 10)
        print(
            f"{given.rate:g} rps: {count} sent, {failed} failed, late p50 {middle:.2f} p99 {high:.2f} max {most:.2f} ms"
        )


if __name__ == "__main__":
    main()
