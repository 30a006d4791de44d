"""Faults of 3.4.B.1 that only a run of CI shows: migrations that it does not apply, and failing ones that it lets in."""

from __future__ import annotations

from exitgate.faults.pipeline.edits import WORKFLOWS, edit, faults

_SCRIPT = ".github/scripts/deploy-migrations.mjs"
_FOLDER = "prisma/migrations"
_NOT_APPLIED = "CI does not apply the migrations of"

FAULTS = faults(
    "3.4.B.1",
    (
        "service-left-out",
        "the script that applies migrations leaves a service out",
        "workflow-deploys",
        _FOLDER,
        f"{_NOT_APPLIED} orders to a real database",
        edit(
            r"^if \(services\.length === 0\)",
            'services.splice(services.indexOf("orders"), 1);\nif (services.length === 0)',
            _SCRIPT,
        ),
    ),
    (
        "migrations-only-listed",
        "the step that applied migrations only lists them",
        "workflow-deploys",
        _FOLDER,
        _NOT_APPLIED,
        edit(r"run: \.github/scripts/deploy-migrations\.mjs$", "run: ls apps/*/prisma/migrations"),
    ),
    (
        "failing-migration-let-in",
        "the required check prints the results and judges none, so a failing migration is merged",
        "failure-blocks",
        WORKFLOWS,
        "a change was merged though it breaks something: a migration of",
        edit(r'^          \[\[ "\$RESULTS" =~ .*$', "          true"),
    ),
    also={},
)
