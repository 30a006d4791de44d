"""The tables of README.md, written from the committed results between its markers, or compared with them.

Run from the checkout: ``python -m benchmarks.tables [--check]``.
"""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from benchmarks.measure import RESULTS, ROOT
from exitgate.atomic import write_atomically

README = ROOT / "benchmarks" / "README.md"
_MARKED = re.compile(r"(<!-- (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)
_BUCKETS = ((1_000, 2_500), (2_500, 6_000), (6_000, 15_000), (15_000, 30_000), (30_000, 50_001))
_LINEAR_FROM = 0.98
_QUIET_BELOW_CORES = 0.3
_LENGTH_ERROR_MS = 10
_BOUNDS = {"trivy": 1.0, "checkov": 0.25}
"""What part of each one's wall time exitgate's may be."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--check", action="store_true", help="change nothing; fail if they are not those of the results"
    )
    check = parser.parse_args().check
    old = README.read_text(encoding="utf-8")
    new = _MARKED.sub(lambda found: f"{found[1]}\n{TABLES[found[2]]()}\n\n{found[3]}", old)
    if check and new != old:
        raise SystemExit("benchmarks/README.md does not show the committed results: run python -m benchmarks.tables")
    if not check:
        write_atomically(README, new)


def peer() -> str:
    """Return what the seventeen assertions cost, and how that stands to the bounds."""
    results = _results("peer")
    costs, ratios = results["costs"], results["ratios"]
    whole = costs["peer"]
    rows = [
        ("container-structure-test, whole process", whole["wall_s"], whole["cpu_s"], whole["peak_mib"], "", ""),
        *(
            (
                f"exitgate in process, {words}",
                costs[way]["observer_wall_s"],
                costs[way]["observer_cpu_s"],
                costs[way]["peak_mib"],
                f"{ratios[way]['ratio']:.2f}",
                f"≤ {ratios[way]['bound']}: {_met(ratios[way]['met'])}",
            )
            for way, words in (("fresh", "a fresh container a command"), ("shared", "one container"))
        ),
        (
            "exitgate in process, one container, files from the whole image's contents",
            *(costs["contents"][each] for each in ("observer_wall_s", "observer_cpu_s", "peak_mib")),
            f"{costs['contents']['observer_wall_s'] / whole['wall_s']:.2f}",
            "none",
        ),
        *(
            (
                f"the same as a whole process, {words}",
                costs[way]["wall_s"],
                costs[way]["cpu_s"],
                costs[way]["peak_mib"],
                "",
                "",
            )
            for way, words in (("fresh", "fresh"), ("shared", "one"))
        ),
        (
            "container-structure-test without the assertions on the large file and the large folder",
            *(costs["peer, small files"][each] for each in ("wall_s", "cpu_s", "peak_mib")),
            "",
            "",
        ),
    ]
    memory = ratios["memory"]
    table = _table(
        ("", "wall s", "CPU s", "peak MiB", "wall, of the peer's", "bound"),
        ((name, f"{wall:.2f}", f"{cpu:.2f}", f"{peak:.0f}", *rest) for name, wall, cpu, peak, *rest in rows),
    )
    said = f"Memory: {memory['ratio']:.2f} of the peer's, ≤ {memory['bound']}: {_met(memory['met'])}."
    return f"{_made(results)}\n\n{table}\n\n{said}"


def linear() -> str:
    """Return what images of each size cost, what an entry and a megabyte cost, and whether that is all."""
    results = _results("linear")
    images, fits = results["images"], results["fits"]
    rows = []
    for low, high in _BUCKETS:
        inside = [each for each in images if low <= each["entries"] < high]
        if inside:
            entries, mb = (sum(each[key] for each in inside) for key in ("entries", "mb"))
            cpu, wall = (sum(each[key] for each in inside) for key in ("cpu_s", "wall_s"))
            peak = max(each["peak_mib"] for each in inside)
            size = f"{low:,} to {min(high, 50_000):,}"
            per = f"{cpu / entries * 1e6:.0f}"
            rows.append(
                (
                    size,
                    len(inside),
                    f"{mb:.0f}",
                    f"{wall:.2f}",
                    f"{cpu:.2f}",
                    per,
                    f"{cpu / mb * 1e3:.0f}",
                    f"{peak:.0f}",
                )
            )
    table = _table(
        ("entries", "images", "MB in all", "wall s", "CPU s", "CPU µs an entry", "CPU ms a MB", "peak MiB"), rows
    )
    return f"{_made(results)}\n\n{table}\n\n{_fitted(fits)}"


def infrastructure() -> str:
    """Return what the rules on plans cost at each size, and how that stands to the two others."""
    results = _results("infrastructure")
    names = {
        "exitgate": "exitgate",
        "trivy": f"trivy config {results['trivy']}",
        "checkov": f"checkov {results['checkov']}",
    }
    rows = []
    for size in results["sizes"]:
        ours = size["exitgate_wall_s"]
        for name, words in names.items():
            if f"{name}_wall_s" not in size:
                continue
            wall, cpu = size[f"{name}_wall_s"], size[f"{name}_cpu_s"]
            share = _BOUNDS.get(name)
            bound = f"≤ {share}: {_met(ours <= share * wall)}" if share else ""
            rows.append(
                (size["resources"], words, f"{wall:.2f}", f"{cpu:.2f}", f"{ours / wall:.2f}" if share else "", bound)
            )
    table = _table(("resources", "", "wall s", "CPU s", "exitgate's wall, of its", "bound"), rows)
    small, large = results["sizes"][0], results["sizes"][-1]
    more = large["resources"] - small["resources"]
    own = (large["read_cpu_s"] + large["rules_cpu_s"] - small["read_cpu_s"] - small["rules_cpu_s"]) / more
    said = (
        f"Of exitgate's CPU at {large['resources']} resources, {large['read_cpu_s']:.2f} s read the plan and "
        f"{large['rules_cpu_s']:.2f} s apply the rules: {own * 1000:.2f} ms a resource; "
        "the rest is the interpreter and its imports."
    )
    return f"{_made(results)}\n\n{table}\n\n{said}"


def bundles() -> str:
    """Return what verifying a bundle adds to its hashes."""
    results = _results("bundles")
    rows = [
        (
            way if way == "hashes alone" else f"exitgate verify, {way}",
            f"{row['wall_s']:.2f}",
            f"{row['cpu_s']:.2f}",
            f"{row['peak_mib']:.0f}",
            f"{results['added_s'][way]:.2f}" if way in results["added_s"] else "",
        )
        for way, row in results["ways"].items()
    ]
    table = _table(("", "wall s", "CPU s", "peak MiB", "added to the hashes, s"), rows)
    said = f"{results['files']} files, {results['megabytes']} MB. Under {results['bound_s']} s added: {_met(results['met'])}."
    return f"{_made(results)}\n\n{table}\n\n{said}"


def migrations() -> str:
    """Return what each part of the static rules costs at each size, and how that stands to the bound."""
    results = _results("migrations")
    rows = [
        (
            row["migrations"],
            *(f"{row[part]:.0f}" for part in ("files_ms", "statements_ms", "history_ms", "rules_ms")),
            f"{row['all_ms']:.0f}",
            f"{row['squawk_ms']:.0f}",
            f"{row['peer_ms']:.0f}",
            f"{row['all_ms'] / row['migrations']:.2f}",
        )
        for row in results["sizes"]
    ]
    head = (
        "migrations",
        "files",
        "statements",
        "history",
        "rules",
        "all",
        "of it squawk",
        "squawk alone",
        "a migration",
    )
    fit = results["fit"]
    word = "linear" if fit["r_squared"] >= _LINEAR_FROM else "not linear"
    said = (
        f"At most {results['bound_ms']} ms a migration on {results['bound_at']}: {_met(results['met'])} "
        f"({results['ms_a_migration']:.2f} ms). **It is {word}**: {fit['constant_ms']:.0f} ms + "
        f"{fit['ms_a_migration']:.2f} ms a migration (R² {fit['r_squared']:.3f})."
    )
    return f"{_made(results)}\n\n{_table(head, rows)}\n\n{said}"


def reports() -> str:
    """Return what pages cost, what each check costs, and how that stands to the bounds."""
    results = _results("reports")
    bounds, met, added = results["bounds"], results["met"], results["added_us"]
    rows = [
        (
            f"{words}, {part['checks']:,} checks",
            f"{part['wall_s']:.2f}",
            f"{part['peak_mib']:.0f}",
            f"{part['mb']:.2f}",
            bound,
        )
        for words, part, bound in (
            (
                "a whole run on the reference",
                results["page"],
                f"< {bounds['page_s']} s: {_met(met['page_s'])}; < {bounds['page_mb']} MB: {_met(met['page_mb'])}",
            ),
            (
                "a made-up record",
                results["many"],
                f"< {bounds['many_s']} s: {_met(met['many_s'])}; < {bounds['many_mib']} MiB: {_met(met['many_mib'])}",
            ),
        )
    ]
    share = added["recorder"] / added["allure-pytest"]
    said = (
        f"Beyond plain pytest, a check takes {added['allure-pytest']:,} µs more with allure-pytest and {added['exitgate']:,} µs "
        f"with exitgate, of which its recorder {added['recorder']:,} µs: {share:.2f} of allure-pytest's, "
        f"≤ {bounds['of_allure']}: {_met(met['of_allure'])}."
    )
    return f"{_made(results)}\n\n{_table(('', 'wall s', 'peak MiB', 'page MB', 'bound'), rows)}\n\n{said}"


def criteria() -> str:
    """Return what a warm run of each part takes, Terraform's own time apart, and how that stands to the bound."""
    results = _results("criteria")
    rows = [
        (
            name,
            f"{part['wall_s']:.1f}",
            f"{part['cpu_s']:.1f}",
            f"{part['terraform_wall_s']:.1f}" if part["terraform_calls"] else "",
            f"≤ {part['bound_s']}: {_met(part['met'])}",
        )
        for name, part in results["parts"].items()
    ]
    return f"{_made(results)}\n\n{_table(('', 'wall s', 'CPU s', 'Terraform at work, s', 'bound'), rows)}"


def rolls() -> str:
    """Return what the prober finds, how late it is, and what the state machine costs."""
    results = _results("rolls")
    found = _table(
        ("outage of", "found", "median error of its length, ms", "bound"),
        (
            (
                f"{each['length_ms']} ms",
                f"{each['found']} of {each['times']}",
                each["error_ms"],
                f"all, ≤ {_LENGTH_ERROR_MS}: {_met(each['found'] == each['times'] and each['error_ms'] <= _LENGTH_ERROR_MS)}",
            )
            for each in results["outages"]
        ),
    )
    late = results["lateness"]
    beside = _table(
        (f"{late['rate_rps']} requests a second, arriving late by", "sent", "p50 ms", "p99 ms", "latest ms"),
        (
            (name, *(late[name][key] for key in ("sent", "p50_ms", "p99_ms", "p100_ms")))
            for name in ("prober", "k6")
            if name in late
        ),
    )
    own, simulated = late["prober"], results["simulated"]
    said = (
        f"By its own count the prober sent 99 % of them within {own['own_p99_ms']} ms of their time, and {own['failed']} failed. "
        f"{simulated['tasks']} simulated tasks: {simulated['outcome']} in {simulated['wall_s']} s, "
        f"≤ 1: {_met(simulated['wall_s'] <= 1)}. {results['schedules']['count']:,} random schedules: no invariant broken."
    )
    return f"{_made(results)}\n\n{found}\n\n{beside}\n\n{said}"


TABLES: dict[str, Callable[[], str]] = {
    "criteria": criteria,
    "peer": peer,
    "linear": linear,
    "infrastructure": infrastructure,
    "migrations": migrations,
    "bundles": bundles,
    "reports": reports,
    "rolls": rolls,
}


def _fitted(fits: dict[str, Any]) -> str:
    time, memory = fits["time"], fits["memory"]
    word = "linear" if min(time["r_squared"], memory["r_squared"]) >= _LINEAR_FROM else "not linear"
    return (
        f"**It is {word}**: CPU = {time['constant']:.2f} s + {time['per_1000_entries'] * 1000:.0f} µs an entry + "
        f"{time['per_mb'] * 1000:.1f} ms a MB (R² {time['r_squared']:.3f}); memory = {memory['constant']:.1f} MiB + "
        f"{memory['per_1000_entries']:.2f} MiB a 1,000 entries + {memory['per_mb']:.3f} MiB a MB (R² {memory['r_squared']:.3f})."
    )


def _made(results: dict[str, Any]) -> str:
    machine = results["machine"]
    busy = machine["busy_cores"]
    return (
        f"`{results['command']}`, {results['measured']}; {machine['cpu']}, {machine['cores']} cores, "
        f"{machine['memory_gib']} GiB, Linux {machine['kernel']}, Python {machine['python']}; other work kept {busy} cores busy "
        f"when it began.{' **The figures are provisional.**' if busy > _QUIET_BELOW_CORES else ''}"
    )


def _met(met: bool) -> str:  # noqa: FBT001
    return "met" if met else "**missed**"


def _table(head: Iterable[object], rows: Iterable[Iterable[object]]) -> str:
    lines = [list(map(str, head)), *(list(map(str, row)) for row in rows)]
    lines.insert(1, ["---", *["---:"] * (len(lines[0]) - 1)])
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _results(name: str) -> dict[str, Any]:
    path: Path = RESULTS / f"{name}.json"
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


if __name__ == "__main__":
    main()
