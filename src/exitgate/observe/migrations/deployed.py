"""What a run of CI left in its own databases: which of them list migrations, and which."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from exitgate.observation import Observation
from exitgate.observe.migrations.tool import Applied, MigrationTool
from exitgate.provision.workflow_run.services import Services

_DATABASES = "SELECT datname FROM pg_database WHERE datallowconn AND NOT datistemplate ORDER BY datname"


@dataclass(frozen=True, slots=True, kw_only=True)
class MigrationList:
    """A database's own list of migrations."""

    server: str
    """Where the workflow asks for its server."""
    database: str
    tool: str
    applied: tuple[Applied, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CiDeployment(Observation):
    """What a run of CI on the unmodified target deployed."""

    servers: int
    """Of PostgreSQL, for which its workflows ask."""
    failing: tuple[str, ...]
    """Places of the steps that failed."""
    lists: tuple[MigrationList, ...]


def read_lists(services: Services, tools: Iterable[MigrationTool]) -> tuple[MigrationList, ...]:
    """Return each database's list of migrations, by every tool that finds one there.

    Raises:
        ObservationError: if a server refuses to tell.
    """
    found = []
    for server in services.databases:
        for (database,) in server.ask("postgres", _DATABASES) or ():
            for tool in tools:
                rows = server.ask(database, tool.history_query)
                if rows is not None:
                    applied = tool.applied(rows)
                    place = server.service.place
                    found.append(MigrationList(server=place, database=database, tool=tool.name, applied=applied))
    return tuple(found)
