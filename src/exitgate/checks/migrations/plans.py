"""Whether each migration that takes something away has its plan, and the plan holds by the policy's strategy."""

from __future__ import annotations

import re

from exitgate.finding import Finding
from exitgate.observe.migrations.destructive import Destruction, Destructions
from exitgate.observe.migrations.files import Migration, MigrationFolder
from exitgate.observe.releases import Releases
from exitgate.policy import MigrationPolicy

_UNUSED = re.compile(r"^\W*unused since\W+`?([^\s`]+)`?", re.IGNORECASE | re.MULTILINE)
_RESTORE = re.compile(r"^\W*restore\W+\S", re.IGNORECASE | re.MULTILINE)


def unplanned_destructions(
    destructions: Destructions, folder: MigrationFolder, policy: MigrationPolicy, releases: Releases
) -> list[Finding]:
    """Name each destructive migration without a plan, or whose plan does not follow the strategy."""
    findings = []
    for migration in folder.migrations:
        own = [each for each in destructions.found if each.migration == migration.name]
        if own:
            findings += _judge(migration, own[0], policy, releases)
    return findings


def _judge(migration: Migration, first: Destruction, policy: MigrationPolicy, releases: Releases) -> list[Finding]:
    if migration.plan is None:
        return [
            Finding(
                location=f"{first.path}:{first.line}",
                message=f"the migration {migration.name} {first.what}, and has no plan",
                expected=f"its plan in {migration.plan_path}",
                got=first.statement,
                remedy="Write the plan: `Unused since: RELEASE`, what used it, and how it is taken back; or expand first.",
            )
        ]
    if policy.rollback == "restore":
        if _RESTORE.search(migration.plan):
            return []
        return [_broken(migration, "does not say from what it is restored", "a line `Restore: …`", "no such line")]
    named = _UNUSED.search(migration.plan)
    if named is None:
        return [
            _broken(
                migration, "does not name the release that no longer uses it", "`Unused since: RELEASE`", "no such line"
            )
        ]
    tags = [release.tag for release in releases.releases]
    if named.group(1) not in tags:
        return [
            _broken(
                migration,
                "names a release that there is not",
                f"one of {', '.join(tags) or 'none: there is no release yet'}",
                named.group(1),
            )
        ]
    # What comes after the judged commit is the release that holds the migration; those between it and the named one count.
    between = len(tags) - 1 - tags.index(named.group(1))
    if migration.path in releases.unreleased and between < (policy.releases_between or 0):
        return [
            _broken(
                migration,
                f"contracts too early: what {named.group(1)} replaced may still be running",
                f"{policy.releases_between} or more releases between the one that stopped using it and this one",
                str(between),
            )
        ]
    return []


def _broken(migration: Migration, what: str, expected: str, got: str) -> Finding:
    return Finding(
        location=migration.plan_path,
        message=f"the plan of {migration.name} {what}",
        expected=expected,
        got=got,
        remedy="Follow the policy's strategy: expand, wait until no release uses it, contract.",
    )
