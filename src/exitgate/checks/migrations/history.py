"""Whether applied migrations were left as they were, and later ones came after them."""

from __future__ import annotations

from exitgate.finding import Finding
from exitgate.observe.migrations.files import MigrationFolder
from exitgate.observe.migrations.history import MigrationHistory
from exitgate.policy import MigrationPolicy

_SHORT = 10


def rewritten_migrations(history: MigrationHistory, folder: MigrationFolder, policy: MigrationPolicy) -> list[Finding]:
    """Name each applied migration that is not what it was, but for those that a declared squash replaced."""
    present = {migration.name for migration in folder.migrations}
    squashed = {
        name
        for squash in policy.squash
        if squash.service == history.service and squash.into in present
        for name in squash.replaces
    }
    return [
        Finding(
            location=f"{folder.folder}/{change.path}",
            message=f"the migration {change.migration} was {change.kind} after it counted as applied",
            expected=f"it as it was when it was applied (by {change.applied_by})",
            got=f"{change.kind}{f' to {change.to}' if change.to else ''} by {change.commit[:_SHORT]} ({change.title})",
            remedy="Put it back as it was, and what was to change into a new migration.",
        )
        for change in history.changes
        if not (change.kind == "removed" and change.migration in squashed)
    ]


def late_migrations(history: MigrationHistory, folder: MigrationFolder) -> list[Finding]:
    """Name each migration that came with a name that does not sort after all that were applied."""
    return [
        Finding(
            location=f"{folder.folder}/{addition.path}",
            message=f"the migration {addition.migration} was added ahead of one that was applied before",
            expected=f"a name that sorts after {addition.newest_applied}",
            got=f"added by {addition.commit[:_SHORT]} ({addition.title})",
            remedy="Give it a later name, before it is released anywhere.",
        )
        for addition in history.late
    ]
