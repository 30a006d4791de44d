"""Seventeen assertions about an image: by container-structure-test as a whole process, and by exitgate's observers in process.

Run from the checkout: ``python -m benchmarks.peer [--rounds N]``. The two take turns, so that what else the machine does hits both.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import shutil
import sys
from pathlib import Path
from typing import Any

from benchmarks.assertions import COMMANDS, CONFIGURATION, CONTENTS, PATHS, layers, peer_document
from benchmarks.measure import Cost, busy_cores, keep, median, run
from benchmarks.samples import write_saved_image
from benchmarks.throwaway import loaded_image, throwaway_run
from exitgate.provision.engine import connect, engine_address

_PEER = "container-structure-test"
BOUNDS = {"fresh": 0.5, "shared": 0.25, "memory": 0.3}
"""Of the peer's figure, at most."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="how often each side runs; medians are kept (default: 5)")
    rounds = parser.parse_args().rounds
    busy = busy_cores()
    peer = _peer()
    with throwaway_run() as own, connect(engine_address(os.environ)) as engine:
        archive, tag = own.scratch_path / "image.tar", f"exitgate-{own.id}:benchmark"
        labelled = {**CONFIGURATION, "Labels": own.labels}
        entries, content_bytes = write_saved_image(archive, layers(), labelled, tag)
        document = own.scratch_path / "assertions.json"
        document.write_text(json.dumps(peer_document()), encoding="utf-8")
        small = own.scratch_path / "assertions-of-small-files.json"
        small.write_text(json.dumps(_without_the_runtime()), encoding="utf-8")
        with loaded_image(engine, archive, tag) as image_id:
            commands = {
                "peer": [peer, "test", "--image", tag, "--config", str(document)],
                "fresh": [sys.executable, "-m", "benchmarks.assert_here", image_id, "fresh"],
                "shared": [sys.executable, "-m", "benchmarks.assert_here", image_id, "shared"],
                "contents": [sys.executable, "-m", "benchmarks.assert_here", image_id, "contents"],
                "peer, small files": [peer, "test", "--image", tag, "--config", str(small)],
            }
            costs: dict[str, list[Cost]] = {name: [] for name in commands}
            # The first turn of each is left out: it fills the page cache.
            for turn in range(rounds + 1):
                for name, command in commands.items():
                    cost = run(command)
                    if turn:
                        costs[name].append(cost)
    results = {
        "rounds": rounds,
        "engine": engine.version,
        "peer": run([peer, "version"]).output.strip(),
        "image": {"mb": round(content_bytes / 1e6), "entries": entries},
        "assertions": {"commands": len(COMMANDS), "paths": len(PATHS), "contents": len(CONTENTS), "metadata": 5},
        "costs": {name: _summary(each) for name, each in costs.items()},
    }
    results["ratios"] = _ratios(results["costs"])
    keep("peer", f"python -m benchmarks.peer --rounds {rounds}", busy, results)


def _summary(costs: list[Cost]) -> dict[str, Any]:
    whole = {
        "wall_s": median(each.wall_s for each in costs),
        "cpu_s": median(each.cpu_s for each in costs),
        "peak_mib": median((each.peak_mib for each in costs), 1),
        "walls_s": [round(each.wall_s, 3) for each in costs],
    }
    own = [json.loads(each.output) for each in costs if each.output.startswith('{"wall_s"')]
    if own:
        whole["observer_wall_s"] = median(each["wall_s"] for each in own)
        whole["observer_cpu_s"] = median(each["cpu_s"] for each in own)
    return whole


def _ratios(costs: dict[str, dict[str, Any]]) -> dict[str, Any]:
    peer = costs["peer"]
    memory = max(costs[way]["peak_mib"] for way in ("fresh", "shared")) / peer["peak_mib"]
    found = {way: costs[way]["observer_wall_s"] / peer["wall_s"] for way in ("fresh", "shared")} | {"memory": memory}
    return {
        name: {"ratio": round(ratio, 3), "bound": BOUNDS[name], "met": ratio <= BOUNDS[name]}
        for name, ratio in found.items()
    }


def _without_the_runtime() -> dict[str, Any]:
    document = peer_document()
    tests = document["fileExistenceTests"]
    return {
        **document,
        "fileExistenceTests": [each for each in tests if "node_modules" in each["path"] or "." in each["path"]],
    }


def _peer() -> str:
    spec = importlib.util.find_spec(_PEER.replace("-", "_"))
    inside = [str(Path(each) / "bin" / _PEER) for each in (spec.submodule_search_locations or ())] if spec else []
    found = next((each for each in inside if os.access(each, os.X_OK)), None) or shutil.which(_PEER)
    if found is None:
        raise SystemExit(f"{_PEER} is not installed: pip install {_PEER}, as constraints.txt has it")
    return found


if __name__ == "__main__":
    main()
