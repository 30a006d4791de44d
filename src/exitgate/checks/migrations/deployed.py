"""CI applies migrations to a real database: its own list of them says so."""

from __future__ import annotations

from collections.abc import Iterable

from exitgate.errors import ObservationError, PrerequisiteMissing
from exitgate.finding import Finding
from exitgate.observe.migrations.checksums import edited
from exitgate.observe.migrations.deployed import CiDeployment, MigrationList
from exitgate.observe.migrations.files import MigrationFolder


def undeployed_migrations(seen: CiDeployment, folders: Iterable[MigrationFolder]) -> list[Finding]:
    """Name each service of whose migrations CI leaves some unapplied: no database of its lists all of them as finished.

    Raises:
        PrerequisiteMissing: if CI asks for no PostgreSQL that could be looked at, or fails on the unmodified target.
        ObservationError: if there is no service with migrations.
    """
    wanted = list(folders)
    if not wanted:
        raise ObservationError(
            "exitgate.toml", got="no migrations", expected="those of at least one service", action="Add them."
        )
    if not seen.servers:
        raise PrerequisiteMissing(
            "services of the workflows",
            got="no PostgreSQL",
            expected="one, whose own list of migrations can be read when the jobs have ended",
            action="Ask for postgres under `services:` of the job that applies the migrations.",
        )
    findings = []
    for folder in wanted:
        missing = min((_missing(folder, each) for each in seen.lists), key=len, default=_names(folder))
        if not missing:
            continue
        if seen.failing:
            raise PrerequisiteMissing(
                seen.failing[0],
                got="a step that fails on the unmodified target",
                expected="a run that passes, whose databases tell what it deploys",
                action="Mend the unmodified commit until it passes in a clean clone.",
                blocked_by="3.1.C.1",
            )
        findings.append(
            Finding(
                location=folder.folder,
                message=f"CI does not apply the migrations of {folder.service} to a real database",
                expected="a database of CI whose own list has every one of them as finished",
                got=f"{', '.join(missing)} in none of {len(seen.lists)} lists",
                remedy="Run `prisma migrate deploy` for the service in a step of the workflow, on an empty PostgreSQL.",
            )
        )
    return findings


def _names(folder: MigrationFolder) -> tuple[str, ...]:
    return tuple(each.name for each in folder.migrations)


def _missing(folder: MigrationFolder, found: MigrationList) -> tuple[str, ...]:
    """Return what a list lacks; one with the same name and another text is another migration."""
    changed = set(edited(folder.migrations, found.applied))
    finished = {each.name for each in found.applied if each.finished and not each.rolled_back} - changed
    return tuple(name for name in _names(folder) if name not in finished)
