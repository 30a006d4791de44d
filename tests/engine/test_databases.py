"""Throwaway databases on a server that was started for real: one on a disk that is soon full, one in which nobody makes tables."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

from exitgate.errors import ProvisionError
from exitgate.provision.backing import servers
from exitgate.provision.database_server import of_the_run
from exitgate.provision.databases import Databases, throwaway_databases
from exitgate.provision.engine import Engine, find_builder
from exitgate.provision.sweep import of_run, remove
from tests.engine.test_backing import DECLARED
from tests.runs import run_in

pytestmark = [pytest.mark.engine, pytest.mark.slow]
FILL = "CREATE TABLE b AS SELECT i, repeat(md5(i::text), 60) AS text FROM generate_series(1, 40000) AS i"


@pytest.fixture(scope="module")
def databases(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Databases]:
    """Databases of a role of their own."""
    run = run_in(tmp_path_factory.mktemp("run"))
    try:
        made = servers(engine, find_builder(), run, DECLARED[:1], frozenset({"the-postgres"}))
        with throwaway_databases(of_the_run(made["the-postgres"]), run, "shop") as maker:
            yield maker
    finally:
        remove(of_run(engine, run.id))


def test_a_copy_on_the_small_disk_has_the_rows_and_no_room_for_many_more(databases: Databases) -> None:
    first = databases.make()
    with databases.connect(first) as connection:
        connection.execute("CREATE TABLE a AS SELECT 7 AS i")
    for _ in range(2):
        with databases.on_small_disk(first) as small, databases.connect(small) as connection:
            with pytest.raises(psycopg.errors.DiskFull):
                connection.execute(FILL.encode())
            assert connection.execute("SELECT i FROM a").fetchone() == (7,)
        with databases.connect(first) as connection:
            connection.execute(FILL.encode())
            connection.execute("DROP TABLE b")


def test_a_copy_on_the_small_disk_can_take_the_place_of_one_that_is_there(databases: Databases) -> None:
    first = databases.make()
    with databases.connect(first) as connection:
        connection.execute("CREATE TABLE a AS SELECT 7 AS i")
    second = databases.make()
    with databases.on_small_disk(first, second) as small, databases.connect(small) as connection:
        assert small == second
        with pytest.raises(psycopg.errors.DiskFull):
            connection.execute(FILL.encode())
    databases.renew(second, of=first)
    with databases.connect(second) as connection:
        connection.execute(FILL.encode())


def test_one_of_that_name_that_is_there_already_is_left_alone(
    databases: Databases, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = databases.make()
    foreign = "somebody_elses"
    with databases.server.connect() as owner:
        owner.execute(f"CREATE DATABASE {foreign}".encode())
    monkeypatch.setattr(databases, "_next", lambda: foreign)
    with pytest.raises(ProvisionError, match="already exists"), databases.on_small_disk(first):
        pass
    with pytest.raises(ProvisionError, match="already exists"):
        databases.make(of=first)
    with pytest.raises(ProvisionError, match="one that this run did not make"):
        databases.renew(foreign, of=first)
    with databases.server.connect(dbname=foreign) as still_there:
        assert still_there.execute("SELECT current_database()").fetchone() == (foreign,)


def test_a_table_is_made_when_the_stranger_has_gone_and_not_before(databases: Databases) -> None:
    name = databases.make()
    with databases.connect(name) as connection:
        connection.execute("SET lock_timeout = '200ms'")
        with databases.without_new_tables(name):
            with pytest.raises(psycopg.errors.LockNotAvailable):
                connection.execute("CREATE TABLE a (i int)")
            assert connection.execute("SELECT pg_try_advisory_lock(7)").fetchone() == (True,)
        connection.execute("CREATE TABLE a (i int)")


def test_one_that_is_made_anew_has_the_rows_of_its_model_again_and_nobody_is_connected(databases: Databases) -> None:
    model = databases.make()
    with databases.connect(model) as connection:
        connection.execute("CREATE TABLE a AS SELECT 7 AS i")
    name = databases.make(of=model)
    with databases.connect(name) as before:
        before.execute("DROP TABLE a")
        databases.renew(name, of=model)
        with pytest.raises(psycopg.OperationalError):
            before.execute("SELECT 1")
    with databases.connect(name) as connection:
        assert connection.execute("SELECT i FROM a").fetchone() == (7,)
    with pytest.raises(ProvisionError, match="one that this run did not make"):
        databases.renew("postgres", of=model)


def test_a_database_of_somebody_else_is_neither_copied_nor_locked(databases: Databases) -> None:
    with pytest.raises(ProvisionError, match="one that this run did not make"), databases.on_small_disk("postgres"):
        pass
    with (
        pytest.raises(ProvisionError, match="one that this run did not make"),
        databases.without_new_tables("postgres"),
    ):
        pass


def test_several_threads_get_a_copy_each_of_one_database(databases: Databases) -> None:
    first = databases.make()
    with databases.connect(first) as connection:
        connection.execute("CREATE TABLE a AS SELECT 7 AS i")
    with ThreadPoolExecutor(max_workers=4) as pool:
        names = list(pool.map(lambda _: databases.make(of=first), range(8)))
    assert len({first, *names}) == 9
    for name in names:
        with databases.connect(name) as connection:
            assert connection.execute("SELECT i FROM a").fetchone() == (7,)


def test_who_waits_for_the_small_disk_keeps_nobody_from_making_databases(databases: Databases) -> None:
    first = databases.make()

    def fill_and_leave() -> str:
        with databases.on_small_disk(first) as small:
            return small

    with ThreadPoolExecutor(max_workers=1) as pool:
        with databases.on_small_disk(first):
            waiting = pool.submit(fill_and_leave)
            assert databases.make(of=first)
            assert not waiting.done()
        assert waiting.result(30)
