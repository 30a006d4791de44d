"""How lists of migrations are read from the servers of a run of CI."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest

from exitgate.errors import ObservationError
from exitgate.observe.migrations.deployed import read_lists
from exitgate.observe.migrations.tool import Commands, Prisma
from exitgate.provision.workflow_run.services import DatabaseServer, Service, Services

SERVICE = Service(
    name="db", kind="postgres", image="postgres:18", port=5432, environment={"POSTGRES_PASSWORD": "p"}, place="ci.yml:9"
)
ROW = '{"migration_name": "1", "?column?": true, "?column?": false, "coalesce": "a\\nb", "checksum": "c"}'


@dataclass
class Psql:
    """Answers as psql would: by database, what the lists of Prisma and of another tool hold."""

    lists: dict[str, str]
    failure: str = 'relation "_prisma_migrations" does not exist'
    asked: list[tuple[list[str], dict[str, str]]] = field(default_factory=list)

    def exec_run(self, words: list[str], environment: dict[str, str], *, demux: bool) -> Any:
        assert demux
        self.asked.append((words, environment))
        database, query = words[words.index("--dbname") + 1], words[-1]
        if "pg_database" in query:
            names = json.dumps([{"datname": name} for name in self.lists])
            return SimpleNamespace(exit_code=0, output=(names.encode(), None))
        if "_prisma_migrations" in query and self.lists[database]:
            return SimpleNamespace(exit_code=0, output=(f"[{self.lists[database]}]\n".encode(), None))
        return SimpleNamespace(exit_code=1, output=(None, f"ERROR:  {self.failure}".encode()))


def services(psql: Psql) -> Services:
    server = DatabaseServer(service=SERVICE, container=psql)  # type: ignore[arg-type]
    return Services(network="", databases=(server,))


def test_each_database_with_a_list_is_told_and_no_other() -> None:
    psql = Psql({"orders": ROW, "postgres": ""})
    found = read_lists(services(psql), (Prisma(), Commands(history_query="SELECT name FROM versions;")))
    assert [(each.server, each.database, each.tool) for each in found] == [("ci.yml:9", "orders", "Prisma")]
    (applied,) = found[0].applied
    assert (applied.name, applied.finished, applied.rolled_back) == ("1", True, False)
    assert (applied.log, applied.checksum) == ("a\nb", "c")
    assert all(environment["PGPASSWORD"] == "p" for _, environment in psql.asked)
    assert any(words[-1].endswith("(SELECT name FROM versions) t") for words, _ in psql.asked)


def test_a_server_that_refuses_is_an_error() -> None:
    psql = Psql({"orders": ""}, failure="the database system is shutting down")
    with pytest.raises(ObservationError, match=r"ci\.yml:9: psql says: ERROR: the database system is shutting down"):
        read_lists(services(psql), (Prisma(),))


def test_without_a_server_there_is_no_list() -> None:
    assert read_lists(Services(network=""), (Prisma(),)) == ()
