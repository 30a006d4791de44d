"""A migration that fails, as a change that CI has to keep out. Unlike the other faults it breaks no gate."""

from __future__ import annotations

from pathlib import Path

from exitgate.faults.pipeline.mutants import Mutant
from exitgate.migration_settings import MigrationSettings
from exitgate.target import Service

_NAME = "29991231235958_exitgate"
# Well-formed, so that no linter of SQL notices before a database does.
_SQL = 'SET lock_timeout = \'2s\';\nALTER TABLE "exitgate_nothing_here" ADD COLUMN "note" TEXT;\n'


def failing_migration(service: Service, settings: MigrationSettings) -> Mutant:
    """Add a migration that alters a table which is not there, behind those that there are."""
    inside = f"{_NAME}/migration.sql" if settings.tool == "prisma" else f"{_NAME}.sql"

    def apply(clone: Path) -> None:
        file = clone / settings.folder / inside
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(_SQL, encoding="utf-8")

    return Mutant(
        aim=f"migration-{service.name}",
        project=service.path,
        what=f"a migration of {service.name} that fails",
        noticed_by=("migration", "migrate", "migrations"),
        apply=apply,
    )
