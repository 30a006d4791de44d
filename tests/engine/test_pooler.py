"""PgBouncer, started for real: what a lock of a session becomes behind it, and that nothing of it stays."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

from exitgate.errors import PrerequisiteMissing
from exitgate.provision import pooler as pooling
from exitgate.provision.databases import Databases
from exitgate.provision.drawn_network.namespaces import find_system_program
from exitgate.provision.engine import Engine
from exitgate.provision.pooler import PROGRAM, Pooler, pgbouncer
from exitgate.provision.sweep import of_run
from tests.runs import run_in

pytestmark = [
    pytest.mark.engine,
    pytest.mark.slow,
    pytest.mark.skipif(find_system_program(PROGRAM) is None, reason="no pgbouncer on this machine"),
]
LOCK, HELD = (
    "SELECT pg_advisory_lock(4711)",
    "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = 4711",
)


@pytest.fixture(params=["transaction", "session"])
def pooler(request: pytest.FixtureRequest, engine: Engine, databases: Databases) -> Iterator[Pooler]:
    run = run_in(request.getfixturevalue("tmp_path"))
    with pgbouncer(engine, run, databases.server, databases.credentials, mode=request.param, size=2) as made:
        assert [item.kind for item in of_run(None, run.id)] == ["folder"]
        yield made
    assert of_run(None, run.id) == []


def test_a_lock_outlives_who_took_it_where_transactions_are_pooled_and_not_where_sessions_are(
    request: pytest.FixtureRequest, pooler: Pooler, databases: Databases
) -> None:
    database = databases.make()
    by_pooler = databases.url(database, pooler.server) + "?application_name=exitgate-client"
    with databases.connect(database) as watcher:
        with psycopg.connect(by_pooler, autocommit=True) as client:
            client.execute(LOCK.encode())
            assert watcher.execute(HELD.encode()).fetchone() == (1,)
            names = watcher.execute("SELECT application_name FROM pg_stat_activity WHERE datname = %s", (database,))
            assert ("exitgate-client",) in names.fetchall()
        stays = watcher.execute(
            "SELECT pg_sleep(0.5), EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND objid = 4711)"
        ).fetchone()
        assert stays is not None
        assert stays[1] is ("transaction" in request.node.callspec.id)


def test_it_lets_in_its_role_alone(pooler: Pooler, databases: Databases) -> None:
    database = databases.make()
    with psycopg.connect(databases.url(database, pooler.server)) as client:
        assert client.execute("SELECT current_user").fetchone() == (databases.credentials[0],)
    wrong = pooler.server.url(databases.credentials[0], "another word", database)
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(wrong, connect_timeout=5)
    assert pooler.tool.version


def test_without_the_program_it_is_not_assessed_by_name(
    engine: Engine, databases: Databases, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    monkeypatch.setattr(pooling, "find_system_program", lambda name: None)
    run = run_in(request.getfixturevalue("tmp_path"))
    with (
        pytest.raises(PrerequisiteMissing, match="no pgbouncer on this machine"),
        pgbouncer(engine, run, databases.server, databases.credentials, mode="transaction", size=2),
    ):
        pass
