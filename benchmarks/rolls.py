"""How well a rollout under load is measured, and what its state machine costs: outages, lateness beside k6, simulated tasks.

Run from the checkout: ``python -m benchmarks.rolls [--part measured|schedules] [--times N] [--rate RPS] [--k6 PROGRAM]``. Lateness
is that of arrivals at a server of ours, against equal distances: so both sides are measured by the same clock, and nobody's own
word counts. The schedules take minutes and no measurement of time, so they may be run beside other work.
"""

from __future__ import annotations

import argparse
import json
import shutil
import tempfile
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

from benchmarks.measure import RESULTS, busy_cores, keep, median, run
from exitgate.load import LoadPlan, Stream, probing
from exitgate.load.results import percentile
from exitgate.rollout.settings import RolloutSettings, TargetCheck
from exitgate.rollout.world import Behaviour, simulate
from exitgate.run import Run
from tests.load.server import FaultyServer, faulty_server
from tests.rollout.test_invariants import run_schedule

_MILLISECONDS = 1000
_OUTAGE_RATE_RPS = 300.0
_LENGTHS_S = (0.02, 0.05, 0.2)
_TASKS = 50
_WAITER = threading.Event()
_K6 = """
import http from "k6/http";
export const options = { discardResponseBodies: true, scenarios: { load: { executor: "constant-arrival-rate",
  rate: RATE, timeUnit: "1s", duration: "SECONDSs", preAllocatedVUs: 200, maxVUs: 400 } } };
export default function () { http.get("http://127.0.0.1:PORT/"); }
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--part", choices=("all", "measured", "schedules"), default="all", help="(default: all)")
    parser.add_argument("--times", type=int, default=20, help="outages of each length (default: 20)")
    parser.add_argument("--rate", type=int, default=2000, help="requests a second (default: 2000)")
    parser.add_argument("--seconds", type=int, default=10, help="for which they are sent (default: 10)")
    parser.add_argument("--schedules", type=int, default=10_000, help="random schedules (default: 10000)")
    parser.add_argument("--k6", default=shutil.which("k6"), help="the peer; left out where there is none")
    asked = parser.parse_args()
    busy = busy_cores()
    results = _kept()
    if asked.part != "schedules":
        with tempfile.TemporaryDirectory(prefix="exitgate-benchmark-") as name:
            folder = Path(name)
            results["outages"] = [outages(folder, length_s, asked.times) for length_s in _LENGTHS_S]
            results["lateness"] = {"rate_rps": asked.rate, "prober": prober(folder, asked.rate, asked.seconds)}
            if asked.k6:
                results["lateness"]["k6"] = k6(folder, asked.k6, asked.rate, asked.seconds)
        results["simulated"] = simulated()
    if asked.part != "measured":
        results["schedules"] = schedules(asked.schedules)
    keep("rolls", f"python -m benchmarks.rolls --times {asked.times} --rate {asked.rate}", busy, results)


def _kept() -> dict[str, Any]:
    """Return what an earlier run measured, for the part that this one leaves out."""
    file = RESULTS / "rolls.json"
    found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
    return {name: found[name] for name in ("outages", "lateness", "simulated", "schedules") if name in found}


def outages(folder: Path, length_s: float, times: int) -> dict[str, Any]:
    """Make a server answer with 503 for a while, again and again, and see what the prober says of it."""
    errors, found = [], 0
    stream = Stream(name="kept", rate_rps=_OUTAGE_RATE_RPS, path="/")
    with faulty_server() as server:
        spans = []
        with probing(_run(folder), _plan(server, stream, timeout_s=2)) as sending:
            for _ in range(times):
                _WAITER.wait(0.3)
                server.mode = "503"
                begun = time.monotonic()
                _WAITER.wait(length_s)
                server.mode = "good"
                spans.append((begun, time.monotonic()))
            _WAITER.wait(0.3)
            seen = sending.stop()
    for begun, ended in spans:
        gap = seen.longest_gap(begun - 0.1, ended + 0.15)
        found += any(each.failure for each in seen.between(begun - 0.01, ended))
        errors.append(abs(gap.length_s - (ended - begun)) * _MILLISECONDS)
    return {"length_ms": round(length_s * _MILLISECONDS), "times": times, "found": found, "error_ms": median(errors, 1)}


def prober(folder: Path, rate: int, seconds: int) -> dict[str, Any]:
    """Send with our prober."""
    with faulty_server() as server:
        with probing(_run(folder), _plan(server, Stream(name="kept", rate_rps=rate, path="/"))) as sending:
            _WAITER.wait(seconds)
            seen = sending.stop()
        own = [each.late_s * _MILLISECONDS for each in seen.requests]
        failed = len(seen.failed) + seen.unsent
        return {**_lateness(server.arrivals, rate), "failed": failed, "own_p99_ms": round(percentile(own, 99), 2)}


def k6(folder: Path, program: str, rate: int, seconds: int) -> dict[str, Any]:
    """Send as much with k6."""
    script = folder / "load.js"
    with faulty_server() as server:
        words = _K6.replace("RATE", str(rate)).replace("SECONDS", str(seconds)).replace("PORT", str(server.port))
        script.write_text(words, encoding="utf-8")
        run([program, "run", "--quiet", "--no-summary", "--no-usage-report", str(script)])
        return _lateness(server.arrivals, rate)


def simulated() -> dict[str, Any]:
    """Replace 50 made-up tasks by 50 others."""
    settings = RolloutSettings(workload="many", desired_count=_TASKS, target_check=TargetCheck(path="/healthz"))
    took, course = [], None
    for _ in range(5):
        begun = time.perf_counter()
        course = simulate(settings, Behaviour(launch_s=30, ready_s=10, stop_s=5))
        took.append(time.perf_counter() - begun)
    assert course
    return {"tasks": _TASKS, "outcome": course.outcome, "wall_s": median(took)}


def schedules(count: int) -> dict[str, Any]:
    """Run random schedules, each of which looks at every invariant at every step; a broken one ends all of this."""
    with ProcessPoolExecutor() as pool:
        ran = sum(1 for _ in pool.map(run_schedule, range(count), chunksize=100))
    return {"count": ran}


def _lateness(arrivals: Sequence[float], rate: int) -> dict[str, Any]:
    """Say by how much arrivals were later than equal distances, of which the earliest one fixes the beginning."""
    offsets = [at - number / rate for number, at in enumerate(sorted(arrivals))]
    late = [(each - min(offsets)) * _MILLISECONDS for each in offsets]
    return {"sent": len(late), **{f"p{percent}_ms": round(percentile(late, percent), 2) for percent in (50, 99, 100)}}


def _plan(server: FaultyServer, stream: Stream, timeout_s: float = 10.0) -> LoadPlan:
    return LoadPlan(address="127.0.0.1", port=server.port, streams=(stream,), longest_s=600, timeout_s=timeout_s)


def _run(folder: Path) -> Run:
    return Run(
        id="bench",
        owner="",
        gate_directory="",
        clone="",
        commit="",
        report_directory="",
        scratch=str(folder),
    )


if __name__ == "__main__":
    main()
