"""A PostgreSQL on which a run may make databases: how its owner reaches it, and how workloads do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from exitgate.provision.backing.kind import Access
from exitgate.provision.backing.servers import KINDS, Server

if TYPE_CHECKING:
    import psycopg

_TIMEOUT_S = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseServer:
    """Either the run's own, or one that the command line names."""

    owner: Mapping[str, str] = field(repr=False)
    """By which its owner reaches it from this machine, as libpq names it; on one that was named, whoever may make databases."""
    host: str
    """Under which workloads reach it, on `network`."""
    port: int
    network: str
    """The engine's."""
    version: str
    options: Mapping[str, str] = field(default_factory=dict)
    """What the address of a workload says beside."""
    is_given: bool = False
    """Somebody else's, that the command line names; workloads come to it by one address of this machine."""
    is_superuser: bool = True
    """Its owner may do everything there."""

    def connect(self, **more: str) -> psycopg.Connection:
        """Connect as its owner, each statement by itself; `more` replaces what is in `owner`."""
        return connected({**self.owner, **more})

    def url(self, role: str, password: str, database: str) -> str:
        """Return a database's address as workloads take it."""
        access = Access(host=self.host, port=self.port, user=role, password=password, part=database)
        return KINDS["postgres"].url(access) + (f"?{urlencode(self.options)}" if self.options else "")


def connected(parameters: Mapping[str, str]) -> psycopg.Connection:
    """Connect by libpq's parameters, each statement by itself."""
    import psycopg
    from psycopg.conninfo import make_conninfo

    words = {**parameters, "connect_timeout": str(_TIMEOUT_S)}
    return psycopg.connect(make_conninfo("", **words), autocommit=True)


def of_the_run(server: Server) -> DatabaseServer:
    """Return one that the run has started."""
    local = server.locally
    owner = {"host": local.host, "port": str(local.port), "user": local.user, "password": local.password}
    return DatabaseServer(
        owner={**owner, "dbname": local.user},
        host=server.name,
        port=KINDS[server.kind].port,
        network=server.network,
        version=server.version,
    )
