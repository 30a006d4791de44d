"""The page of a record, and what keeping the record costs: whole processes, beside what allure-pytest adds.

Run from the checkout: ``python -m benchmarks.reports RECORD [--rounds N]``, where RECORD is the record.json of a whole gate run.
The page of 10,000 checks is that of a made-up record. What a check costs is the slope between gates of 240 and 1,200 checks, each
a test that asserts one thing: plain pytest, with allure-pytest, and with exitgate, in turn; of the last, the recorder's own part
is timed within the process (``recorder_here.py``).
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.measure import Cost, busy_cores, keep, median, run
from benchmarks.recorder_here import MARK
from exitgate.provision.clone import commit_everything
from exitgate.provision.git import git
from exitgate.record import write_record
from tests.reporting.records import FINDING, judged, passing, record_of

_SIZES, _CONTROLS = (240, 1_200), 60
_MANY = 10_000
_BOUNDS = {"page_s": 2.0, "page_mb": 1.0, "many_s": 10.0, "many_mib": 300.0, "of_allure": 0.5}
_HEAD = """schema_version = 1
[gate]
id = "many"
title = "A gate of many checks"
summary = "For measuring."
[[criterion]]
id = "first"
task = "1.1"
title = "The criterion"
module = "test_many.py"
"""
_CONTROL = """[[control]]
id = "1.1.A.{number}"
criterion = "first"
dimension = "A"
title = "Rule {number}"
rationale = "It matters."
remediation = "Do it."
"""
_CHECK = """[[control.check]]
id = "rule-{number}"
subject = "target"
needs = "declared"
says = "There is a rule."
"""
_TEST = '@pytest.mark.check("1.1.A.{control}", "rule-{number}")\ndef test_{number}(target):\n    assert target.name\n\n'
_PLAIN = "import pytest\n\nclass Target:\n    name = 't'\n\n@pytest.fixture\ndef target():\n    return Target()\n\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("record", type=Path, metavar="RECORD", help="the record.json of a whole run of gate 3")
    parser.add_argument("--rounds", type=int, default=5, help="runs of each (default: 5)")
    asked = parser.parse_args()
    busy = busy_cores()
    with tempfile.TemporaryDirectory(prefix="exitgate-benchmark-") as name:
        folder = Path(name)
        whole = _page(asked.record.resolve(), asked.rounds)
        many = _page(write_many(folder / "many"), asked.rounds)
        added = _added(folder, asked.rounds)
    results: dict[str, Any] = {
        "rounds": asked.rounds,
        "checks": whole["checks"],
        "page": whole,
        "many": many,
        "added_us": added,
        "bounds": _BOUNDS,
        "met": {
            "page_s": whole["wall_s"] < _BOUNDS["page_s"],
            "page_mb": whole["mb"] < _BOUNDS["page_mb"],
            "many_s": many["wall_s"] < _BOUNDS["many_s"],
            "many_mib": many["peak_mib"] < _BOUNDS["many_mib"],
            "of_allure": added["recorder"] <= _BOUNDS["of_allure"] * added["allure-pytest"],
        },
    }
    keep("reports", f"python -m benchmarks.reports RECORD --rounds {asked.rounds}", busy, results)
    sys.stdout.write(json.dumps(results, indent=2) + "\n")


def write_many(folder: Path, count: int = _MANY) -> Path:
    """Write a record of that many checks, a third of them not met with a finding each; return its path."""
    record = record_of(judged(passing))
    control = record.controls[0]
    first = control.checks[0]
    checks = tuple(
        first.model_copy(
            update={
                "subject": f"service-{number}",
                "status": "met" if number % 3 else "not_met",
                "message": "" if number % 3 else FINDING.message,
                "findings": () if number % 3 else (FINDING,),
            }
        )
        for number in range(count)
    )
    folder.mkdir()
    return write_record(
        record.model_copy(update={"controls": (control.model_copy(update={"checks": checks}),)}), folder
    )


def _page(record: Path, rounds: int) -> dict[str, Any]:
    told = json.loads(record.read_text(encoding="utf-8"))
    costs = [run([sys.executable, "-m", "exitgate", "report", str(record)]) for _ in range(rounds)]
    return {
        "checks": sum(len(control["checks"]) for part in ("controls", "requirements") for control in told[part]),
        "wall_s": median(each.wall_s for each in costs),
        "cpu_s": median(each.cpu_s for each in costs),
        "peak_mib": median((each.peak_mib for each in costs), 0),
        "mb": round(len(costs[0].output.encode()) / 1e6, 2),
    }


def _added(folder: Path, rounds: int) -> dict[str, int]:
    """Return microseconds a check of each way beyond plain pytest, in wall time, and of exitgate's those of its recorder."""
    costs: dict[tuple[str, int], list[Cost]] = {}
    for size in _SIZES:
        write_gate(folder / str(size), size)
    for turn in range(rounds + 1):
        for size in _SIZES:
            for way, command in _ways(folder / str(size)).items():
                cost = run(command)
                if not any(words in cost.output for words in (f"{size} passed", "many: passed")):
                    raise SystemExit(f"{way} did not run {size} checks: {cost.output[-500:]}")
                # The first turn writes byte code.
                if turn:
                    costs.setdefault((way, size), []).append(cost)
    small, large = _SIZES
    slopes = {
        way: (median(each.wall_s for each in costs[way, large]) - median(each.wall_s for each in costs[way, small]))
        / (large - small)
        for way, _ in costs
    }
    added = {way: round((slope - slopes["pytest"]) * 1e6) for way, slope in slopes.items() if way != "pytest"}
    return {**added, "recorder": _recorder_us(folder, rounds)}


def _recorder_us(folder: Path, rounds: int) -> int:
    """Return microseconds a check that the recorder itself took while tests ran, writing included."""
    large = _SIZES[-1]
    command = [*_ways(folder / str(large))["exitgate"], "-p", "benchmarks.recorder_here"]
    spent = [float(run(command).output.rpartition(MARK)[2].splitlines()[0]) for _ in range(rounds)]
    return round(median(spent, 9) / large * 1e6)


def _ways(folder: Path) -> dict[str, list[str]]:
    pytest = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist"]
    alone = [*pytest, "-p", "no:exitgate", "-c", str(folder / "pytest.ini"), str(folder / "plain")]
    gate = [*pytest, "-p", "exitgate.fixtures", "-c", str(folder / "pytest.ini"), str(folder / "gates" / "many")]
    return {
        "pytest": [*alone, "-p", "no:allure_pytest"],
        "allure-pytest": [*alone, "--alluredir", str(folder / "allure")],
        "exitgate": [*gate, "-p", "no:allure_pytest"],
    }


def write_gate(folder: Path, count: int) -> None:
    """Write a gate of that many checks in sixty controls with a target, and the same tests for plain pytest."""
    each = count // _CONTROLS
    tests = "".join(_TEST.format(control=number // each, number=number) for number in range(count))
    controls = (
        _CONTROL.format(number=control)
        + "".join(_CHECK.format(number=number) for number in range(control * each, (control + 1) * each))
        for control in range(_CONTROLS)
    )
    files = {
        "pytest.ini": "[pytest]\nmarkers = check\n",
        "plain/test_many.py": f"{_PLAIN}{tests}",
        "gates/many/gate.toml": _HEAD + "".join(controls),
        "gates/many/test_many.py": f"import pytest\n\n{tests}",
        "reference/exitgate.toml": '[target]\nname = "many"\n',
    }
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    git(folder / "reference", "init", "--quiet")
    commit_everything(folder / "reference", "as it stands")


if __name__ == "__main__":
    main()
