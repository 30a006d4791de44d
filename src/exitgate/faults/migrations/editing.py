"""What faults of migrations have in common: how they change a clone's rules, migrations and history."""

from __future__ import annotations

import re
from pathlib import Path

from exitgate.errors import TargetError
from exitgate.faults.fault import FaultSite
from exitgate.migration_settings import MigrationSettings
from exitgate.target import CONFIGURATION_FILE, Service

LATEST = "29990101000000"


def rewrite(site: FaultSite, file: str, pattern: str, replacement: str) -> None:
    """Replace what a pattern matches in a file of the clone.

    Raises:
        TargetError: if it matches nothing, so that the fault would never land.
    """
    path = site.root / file
    text, count = re.subn(pattern, replacement, path.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    if count == 0:
        raise TargetError(
            file,
            got=f"nothing that matches {pattern}",
            expected="a place for the fault",
            action="Prove the gate on a target that has one, e.g. the reference.",
        )
    path.write_text(text, encoding="utf-8")


def rewrite_rules(site: FaultSite, pattern: str, replacement: str) -> None:
    """Replace what a pattern matches in the target's rules."""
    rewrite(site, CONFIGURATION_FILE, pattern, replacement)


def drop_rules(site: FaultSite) -> None:
    """Take all rules for migrations out."""
    rewrite_rules(site, r"^\[\[?policy\.migrations(?:\.[^\]\n]*)?\]\]?\n.*?(?=^\[|\Z)", "")


def settings_of(site: FaultSite) -> MigrationSettings:
    """Return what the broken service says of its migrations."""
    service = site.workload
    if not isinstance(service, Service) or service.migrations is None:
        raise AssertionError(f"{service.name} has no [service.migrations]")
    return service.migrations


def folder_of(site: FaultSite) -> Path:
    """Return the migrations folder of the service in the clone."""
    return site.root / settings_of(site).folder


def migrations_of(site: FaultSite) -> list[Path]:
    """Return the folders of its migrations, in order."""
    return sorted(path.parent for path in folder_of(site).glob("*/migration.sql"))


def add_migration(site: FaultSite, sql: str, name: str = f"{LATEST}_fault", plan: str | None = None) -> None:
    """Add a migration, with its plan where it is to have one."""
    folder = folder_of(site) / name
    folder.mkdir()
    (folder / "migration.sql").write_text(sql.rstrip("\n") + "\n", encoding="utf-8")
    if plan is not None:
        (folder / "plan.md").write_text(plan + "\n", encoding="utf-8")
