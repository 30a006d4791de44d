"""Reads and judges all migrations of a repository in this process, and prints what each part took, as JSON."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

from benchmarks.migration_samples import FOLDER
from exitgate.checks.migrations import late_migrations, rewritten_migrations, unplanned_destructions
from exitgate.migration_settings import MigrationSettings
from exitgate.observe.migrations.destructive import read_destructions
from exitgate.observe.migrations.files import read_migrations
from exitgate.observe.migrations.history import read_migration_history
from exitgate.observe.migrations.linter import lint
from exitgate.observe.releases import read_releases
from exitgate.policy import MigrationPolicy

POLICY = MigrationPolicy.model_validate(
    {
        "forward_only": True,
        "applied_when": "merged",
        "release_tags": "v*",
        "rollback": "expand_contract",
        "releases_between": 1,
        "destructive_plan": "plan.md",
        "recovery": ["resolve {migration}"],
        "way": "startup",
        "concurrent_starts": 2,
    }
)
SETTINGS = MigrationSettings(folder=FOLDER)


def main() -> None:
    root, marks = Path(sys.argv[1]), [time.perf_counter()]

    def mark() -> float:
        marks.append(time.perf_counter())
        return (marks[-1] - marks[-2]) * 1000

    folder = read_migrations(root, "s", SETTINGS)
    rows = {"migrations": len(folder.migrations), "files_ms": mark()}
    found = read_destructions(folder)
    rows["statements_ms"] = mark()
    history = read_migration_history(root, "s", SETTINGS, POLICY)
    rows["history_ms"] = mark()
    releases = read_releases(root, POLICY.release_tags)
    findings = unplanned_destructions(found, folder, POLICY, releases)
    findings += rewritten_migrations(history, folder, POLICY) + late_migrations(history, folder)
    rows["rules_ms"], rows["findings"] = mark(), len(findings)
    rows["all_ms"] = (marks[-1] - marks[0]) * 1000
    # The linter once more by itself, to tell its share of the second line.
    lint(folder.migrations)
    rows["squawk_ms"] = mark()
    sys.stdout.write(json.dumps({name: round(value, 2) for name, value in rows.items()}))


if __name__ == "__main__":
    main()
