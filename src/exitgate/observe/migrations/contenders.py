"""Replicas that contend for the migrators' lock: they come to the database as production's do, past a pooler or by one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass

from exitgate.observe.migrations.replica import Replica
from exitgate.observe.migrations.stage import Stage
from exitgate.provenance import Tool
from exitgate.provision.database_server import DatabaseServer
from exitgate.provision.pooler import pgbouncer


@dataclass(frozen=True, slots=True, kw_only=True)
class Contenders:
    """Starts them."""

    stage: Stage
    through: DatabaseServer | None = None
    """The pooler, as workloads see it; nothing where none stands between."""
    pooler: str = ""
    """How it pools: ``transaction`` or ``session``."""
    tools: tuple[Tool, ...] = ()

    @property
    def named(self) -> bool:
        """Whether the server tells them by names that they are given: all come from one address then."""
        return self.through is not None or self.stage.databases.server.is_given

    def replica(self, database: str) -> AbstractContextManager[Replica]:
        """Start one, and remove it at the end."""
        stage = self.stage
        pooled = stage.databases.url(database, self.through) if self.through else ""
        return stage.deploying(stage.image, stage.databases.url(database), pooled=pooled, named=self.named)


@contextmanager
def contenders(stage: Stage) -> Iterator[Contenders]:
    """Give what starts them, with the pooler that the target says stands in between.

    Raises:
        PrerequisiteMissing: if there is no such pooler on this machine.
    """
    mode, databases, replicas = stage.settings.pooler, stage.databases, stage.replicas
    if mode is None:
        yield Contenders(stage=stage)
        return
    with pgbouncer(
        replicas.engine, replicas.run, databases.server, databases.credentials, mode=mode, size=stage.settings.pool_size
    ) as pooler:
        yield Contenders(stage=stage, through=pooler.server, pooler=mode, tools=(pooler.tool,))
