"""Rules on generated stacks of 40 and 1,000 resources, beside `trivy config` and checkov. Terraform's own time is in none.

Run from the checkout: ``python -m benchmarks.infrastructure [--rounds N] [--checkov PROGRAM] [--keep]``. All are whole processes,
taking turns: ours reads the plan that Terraform would have made and applies every rule on plans, the others parse the code and
apply their own.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from benchmarks.measure import ROOT, Cost, busy_cores, keep, median, run
from benchmarks.stacks import write_stack
from benchmarks.throwaway import throwaway_run
from exitgate.checks import infrastructure as rules
from exitgate.errors import PrerequisiteMissing
from exitgate.observe.terraform import Infrastructure, read_infrastructure
from exitgate.provision.scanner import find_trivy
from exitgate.provision.stack_plan import StackPlan
from exitgate.provision.terraform import TerraformTool
from exitgate.target import Target, load_target

SIZES = (40, 1_000)
_CONFIGURATION = (
    '\n[infrastructure]\nlock_variable = "open"\n\n[[infrastructure.stack]]\nname = "only"\npath = "infra"\n'
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="how often each side runs; medians are kept (default: 5)")
    parser.add_argument(
        "--checkov", metavar="PROGRAM", help="measure this checkov, too; it is no requirement of exitgate's"
    )
    parser.add_argument("--keep", action="store_true", help="write benchmarks/results/infrastructure.json")
    parser.add_argument(
        "--here", metavar="DIR", help="judge the stack that lies there in this process, and print what it took"
    )
    given = parser.parse_args()
    if given.here:
        print(json.dumps(judge_here(Path(given.here))))
        return
    busy = busy_cores()
    trivy = find_trivy()
    results = {
        "rounds": given.rounds,
        "trivy": trivy.version,
        "checkov": run([given.checkov, "--version"]).output.split()[-1] if given.checkov else "",
        "sizes": [_size(each, given.rounds, given.checkov) for each in SIZES],
    }
    print(json.dumps(results, indent=2))
    if given.keep:
        beside = " --checkov checkov" if given.checkov else ""
        command = f"python -m benchmarks.infrastructure --rounds {given.rounds}{beside} --keep"
        keep("infrastructure", command, busy, results)


def _size(count: int, rounds: int, checkov: str | None) -> dict[str, Any]:
    with throwaway_run() as own:
        folder = own.scratch_path / "stack"
        made = write_target(folder, count)
        scan = [
            "config",
            "--quiet",
            "--skip-version-check",
            "--disable-telemetry",
            "--format",
            "json",
            str(folder / "infra"),
        ]
        commands = {
            "exitgate": [sys.executable, "-m", "benchmarks.infrastructure", "--here", str(folder)],
            "trivy": [find_trivy().executable, *scan],
        }
        if checkov:
            options = [
                "--framework",
                "terraform",
                "--skip-download",
                "--quiet",
                "--compact",
                "--soft-fail",
                "--output",
                "json",
            ]
            commands["checkov"] = [checkov, "--directory", str(folder / "infra"), *options]
        costs: dict[str, list[Cost]] = {name: [] for name in commands}
        # The first turn of each is left out: it fills the page cache.
        for turn in range(rounds + 1):
            for name, command in commands.items():
                cost = run(command)
                if turn:
                    costs[name].append(cost)
    said = [json.loads(each.output.splitlines()[-1]) for each in costs["exitgate"]]
    if any(each["resources"] != made for each in said):
        raise SystemExit(f"{made} resources were made, and {said[0]['resources']} were read")
    return {
        "resources": made,
        **{f"{name}_wall_s": median(each.wall_s for each in found) for name, found in costs.items()},
        **{f"{name}_cpu_s": median(each.cpu_s for each in found) for name, found in costs.items()},
        "read_cpu_s": median(each["read_cpu_s"] for each in said),
        "rules_cpu_s": median(each["rules_cpu_s"] for each in said),
    }


def write_target(folder: Path, count: int) -> int:
    """Write a target of that many resources, with the reference's policy; return how many there are."""
    *_, names, made = write_stack(folder / "infra", count)
    (folder / "names.json").write_text(json.dumps(names), encoding="utf-8")
    (folder / "exitgate.toml").write_text('[target]\nname = "generated"\n' + _CONFIGURATION, encoding="utf-8")
    return made


def judge_here(folder: Path) -> dict[str, float]:
    """Read the plan that lies there and apply every rule on plans; return what both took in this process."""
    reference = load_target(ROOT / "reference")
    target = load_target(folder)
    names = {
        name: (at[0], at[1]) for name, at in json.loads((folder / "names.json").read_text(encoding="utf-8")).items()
    }
    files = StackPlan(
        stack="only", plan=folder / "plan.json", named=folder / "named.json", names=names, why_not_named=""
    )
    tool = TerraformTool(name="terraform", executable="terraform", version="1.11.4")
    started = time.process_time()
    planned = read_infrastructure(target, tool, [files])
    read = time.process_time()
    findings = 0
    for rule in _rules(reference):
        # What is not assessed costs what it cost to find that out.
        with suppress(PrerequisiteMissing):
            findings += len(rule(planned))
    return {
        "resources": len(planned.stacks[0].resources),
        "findings": findings,
        "read_cpu_s": read - started,
        "rules_cpu_s": time.process_time() - read,
    }


def _rules(reference: Target) -> list[Callable[[Infrastructure], list[Any]]]:
    policy, workload = reference.policy.infrastructure, reference.workload("orders")
    if policy is None:
        raise SystemExit("the reference's policy has no [infrastructure]: there is nothing to judge by")
    stores = {"orders": ("DATABASE_URL",), "catalog": ("DATABASE_URL",)}
    return [
        lambda p: rules.strays_of_region(p, policy),
        lambda p: rules.foreign_networks(p, policy),
        lambda p: rules.exposed_tiers(p, policy),
        lambda p: rules.missing_clusters(p, reference.workloads),
        lambda p: rules.workloads_off_fargate(p, workload),
        lambda p: rules.unsound_balancers(p, policy),
        lambda p: rules.unrouted_workloads(p, policy, workload),
        lambda p: rules.plain_forwards(p, policy),
        rules.served_without_tls,
        lambda p: rules.shared_databases(p, workload, stores),
        lambda p: rules.unprotected_databases(p, policy, workload, stores),
        rules.plain_caches,
        lambda p: rules.open_caches(p, policy),
        rules.open_brokers,
        rules.unlogged_brokers,
        rules.literal_users,
        lambda p: rules.loose_trust(p, workload),
        lambda p: rules.rights_beyond_need(p, policy, workload),
        lambda p: rules.shared_roles(p, workload),
        rules.escaping_code,
        rules.changing_values,
        lambda p: rules.hidden_changes(p, set()),
        lambda p: rules.open_locks(p, "open"),
    ]


if __name__ == "__main__":
    main()
