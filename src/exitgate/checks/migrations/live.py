"""Whether a live database has run what is committed, and nothing else, and what comes next comes after it."""

from __future__ import annotations

from exitgate.finding import Finding
from exitgate.observe.migrations.checksums import edited
from exitgate.observe.migrations.files import Migration, MigrationFolder
from exitgate.observe.migrations.live import LiveDatabase
from exitgate.observe.migrations.tool import bare_name
from exitgate.policy import MigrationPolicy


def strayed_databases(live: LiveDatabase | None, folder: MigrationFolder, policy: MigrationPolicy) -> list[Finding]:
    """Name each migration that the live database has run and that is not committed, or not as it ran."""
    if live is None:
        return []
    findings = []
    squashed = {name for squash in policy.squash if squash.service == live.service for name in squash.replaces}
    for applied in live.applied:
        migration = _committed(folder, applied.name)
        if applied.is_open:
            got, expected = "neither finished nor settled", "it finished, or settled by the documented recovery"
        elif not applied.finished or applied.rolled_back:
            continue
        elif migration is None and applied.name not in squashed:
            got, expected = "no such migration", "it committed, as it ran"
        elif edited(folder.migrations, (applied,)):
            got, expected = "another text", f"the one that ran, of SHA-256 {applied.checksum[:12]}"
        else:
            continue
        findings.append(
            Finding(
                location=migration.path if migration else f"{folder.folder}/{applied.name}",
                message=f"the live database's {applied.name} is not what is committed",
                expected=expected,
                got=got,
                remedy="Put the migration back as it ran, and what is to change into a new one.",
            )
        )
    return findings


def overtaken_migrations(live: LiveDatabase | None, folder: MigrationFolder) -> list[Finding]:
    """Name each migration that the live database has not run, though it has run later ones."""
    if live is None:
        return []
    ran = [_committed(folder, each.name) for each in live.applied if each.finished and not each.rolled_back]
    places = [folder.migrations.index(each) for each in ran if each]
    return [
        Finding(
            location=migration.path,
            message=f"the migration {migration.name} would run after later ones that the live database has run",
            expected=f"a name that sorts after {folder.migrations[max(places)].name}",
            got="not applied there yet",
            remedy="Give it a later name, before it is released anywhere.",
        )
        for migration in folder.migrations[: max(places, default=0)]
        if migration not in ran
    ]


def _committed(folder: MigrationFolder, name: str) -> Migration | None:
    """Return the migration of a name; a tool's list may leave suffixes out."""
    return next((each for each in folder.migrations if bare_name(name) == bare_name(each.name)), None)
