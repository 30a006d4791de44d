"""What is done to a deployment in the middle of a migration that takes its time: its session ends, or its process does."""

from __future__ import annotations

from exitgate.errors import PrerequisiteMissing
from exitgate.observe.migrations.replica import Replica
from exitgate.observe.migrations.stage import Stage
from exitgate.waiting import wait_for

SLOW = "CREATE TABLE exitgate_half (i int);\nSELECT pg_sleep(4);\nSELECT 1;\n"
"""Takes long enough to be interrupted on a busy machine as well."""


def _sleeper(stage: Stage, database: str) -> int:
    """Return the session that runs the slow statement, once it does."""
    query = (
        "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND query LIKE '%pg_sleep%' "
        "AND pid <> pg_backend_pid() AND state = 'active'"
    )
    with stage.databases.connect(database) as connection:
        row, found = wait_for(
            lambda: connection.execute(query).fetchone(), until=bool, timeout_s=stage.patience_s, interval_s=0.05
        )
    if not found or not row:
        raise PrerequisiteMissing(
            stage.folder.service,
            got="a deployment that never came to the migration that was added",
            expected="one that runs it, to be interrupted in it",
            action="Correct image_folder in [service.migrations].",
        )
    return int(row[0])


def cut(stage: Stage, database: str) -> None:
    """End the session of what migrates."""
    stage.databases.end(_sleeper(stage, database))


def kill(stage: Stage, database: str, replica: Replica) -> None:
    """Kill what migrates, and leave the process that waits for it: what that makes of it is the question."""
    _sleeper(stage, database)
    if not replica.kill_children():
        replica.container.kill()
