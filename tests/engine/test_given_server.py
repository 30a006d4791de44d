"""A server that the command line names: what is made there goes again, and nothing else of it is ever touched."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
from typer.testing import CliRunner

from exitgate.cli import app
from exitgate.errors import PrerequisiteMissing, ProvisionError, UsageError
from exitgate.observe.migrations.state import Rows, read_rows
from exitgate.observe.migrations.tool import Prisma
from exitgate.process import DATABASE_URL_VARIABLE
from exitgate.provision import databases as making
from exitgate.provision.backing import Server, servers
from exitgate.provision.database_server import DatabaseServer
from exitgate.provision.databases import throwaway_databases
from exitgate.provision.engine import Engine, find_builder
from exitgate.provision.given_leftovers import marked_roles, note_place
from exitgate.provision.given_server import GivenServer, given_server, reached
from exitgate.provision.ownership import mark
from exitgate.provision.scratch import make_scratch_folder
from exitgate.provision.sweep import leftovers, of_run, remove
from exitgate.run import Run
from tests.engine.test_backing import DECLARED
from tests.runs import run_in

pytestmark = [pytest.mark.engine, pytest.mark.slow]
PASSWORD = "not-to-be-told-4711"


@dataclass(frozen=True)
class Theirs:
    """Somebody else's server: a role that may make databases, and a database of its own with rows."""

    run: Run
    owner: str
    """The address of who owns the server, up to the database."""
    url: str

    @property
    def state(self) -> tuple[dict[str, Rows], list[str], list[str]]:
        """The rows of their database, by content; all databases; all roles."""
        with psycopg.connect(self.url) as connection:
            rows = read_rows(connection, Prisma())
            names = [
                [row[0] for row in connection.execute(query).fetchall()]
                for query in (
                    "SELECT datname FROM pg_database ORDER BY 1",
                    "SELECT rolname FROM pg_roles ORDER BY 1",
                )
            ]
        return rows, names[0], names[1]


@pytest.fixture(scope="module")
def server(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Run, Server]]:
    run = run_in(tmp_path_factory.mktemp("run"))
    try:
        yield run, servers(engine, find_builder(), run, DECLARED[:1], frozenset({"the-postgres"}))["the-postgres"]
    finally:
        remove(of_run(engine, run.id))


@pytest.fixture(scope="module")
def theirs(server: tuple[Run, Server]) -> Theirs:
    run, started = server
    access = started.locally
    owner = f"postgresql://{access.user}:{access.password}@127.0.0.1:{started.local_port}"
    with psycopg.connect(f"{owner}/postgres", autocommit=True) as connection:
        connection.execute(f"CREATE ROLE maker LOGIN CREATEDB CREATEROLE PASSWORD '{PASSWORD}'".encode())
        connection.execute("CREATE ROLE reader LOGIN PASSWORD 'reader-reader'")
        connection.execute("CREATE DATABASE theirs OWNER maker")
    made = Theirs(run=run, owner=owner, url=f"postgresql://maker:{PASSWORD}@127.0.0.1:{started.local_port}/theirs")
    with psycopg.connect(made.url) as connection:
        connection.execute("CREATE TABLE customers AS SELECT i, md5(i::text) AS name FROM generate_series(1, 500) AS i")
    return made


@pytest.fixture
def given(theirs: Theirs) -> GivenServer:
    found = given_server({DATABASE_URL_VARIABLE: theirs.url})
    assert found is not None
    return found


@pytest.fixture
def through(engine: Engine, given: GivenServer, theirs: Theirs) -> Iterator[DatabaseServer]:
    """The server as workloads reach it."""
    with reached(engine, theirs.run, given) as server:
        yield server


def test_what_is_made_there_carries_the_run_and_goes_again(through: DatabaseServer, theirs: Theirs) -> None:
    before = theirs.state
    with throwaway_databases(through, theirs.run, "a-service-with-a-long-name") as databases:
        first = databases.make()
        assert first.startswith(f"exitgate_{theirs.run.id.replace('-', '_')}_a_service_with_a_")
        with databases.connect(first) as connection, connection.transaction():
            connection.execute("CREATE TABLE a AS SELECT 7 AS i")
        with psycopg.connect(databases.url(databases.make(of=first)), autocommit=True) as workload:
            assert workload.execute("SELECT i FROM a").fetchone() == (7,)
            with databases.connect(first) as connection:
                databases.end(workload.info.backend_pid)
                assert connection.execute("SELECT current_setting('is_superuser')").fetchone() == ("off",)
        # What everybody may do in their database, the role may; nothing more.
        with psycopg.connect(re.sub("/[^/]*$", "/theirs", databases.url(first)), autocommit=True) as stranger:
            for refused in ("SELECT * FROM customers", "DELETE FROM customers", "CREATE TABLE b (i int)"):
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    stranger.execute(refused.encode())
        with pytest.raises(PrerequisiteMissing, match="no disk of ours"), databases.on_small_disk(first):
            pass
    assert theirs.state == before


def test_a_role_that_is_no_superuser_keeps_tables_from_being_made(through: DatabaseServer, theirs: Theirs) -> None:
    with throwaway_databases(through, theirs.run, "shop") as databases:
        name = databases.make()
        with databases.connect(name) as connection:
            connection.execute("SET lock_timeout = '200ms'")
            with databases.without_new_tables(name):
                assert connection.execute("SELECT pg_try_advisory_lock(7)").fetchone() == (True,)
                with pytest.raises(psycopg.errors.LockNotAvailable):
                    connection.execute("CREATE TABLE a (i int)")
            connection.execute("CREATE TABLE a (i int)")


def test_a_database_that_is_there_already_is_neither_written_nor_dropped(
    through: DatabaseServer, theirs: Theirs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(making.secrets, "token_hex", lambda count: "f" * 2 * count)
    taken = f"exitgate_{theirs.run.id.replace('-', '_')}_shop_ffffff_0"
    with psycopg.connect(theirs.url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {taken}".encode())
    there = re.sub("/[^/]*$", f"/{taken}", theirs.url)
    with psycopg.connect(there, autocommit=True) as connection:
        connection.execute("CREATE TABLE a AS SELECT 1 AS i")
        before = theirs.state, read_rows(connection, Prisma())
    with throwaway_databases(through, theirs.run, "shop") as databases:
        with pytest.raises(ProvisionError, match="already exists"):
            databases.make()
        for refused in (databases.connect, databases.disconnect, databases.url):
            for name in (taken, "theirs"):
                with pytest.raises(ProvisionError, match="one that this run did not make"):
                    refused(name)
    with psycopg.connect(there) as connection:
        assert (theirs.state, read_rows(connection, Prisma())) == before
    with psycopg.connect(theirs.url, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {taken}".encode())


def test_a_role_of_that_name_is_refused_too(
    through: DatabaseServer, theirs: Theirs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(making.secrets, "token_hex", lambda count: "e" * 2 * count)
    with throwaway_databases(through, theirs.run, "shop"):
        before = theirs.state
        with pytest.raises(ProvisionError, match="already exists"), throwaway_databases(through, theirs.run, "shop"):
            pass
        assert theirs.state == before


KILLED = """
import json, os, pathlib, signal, sys
from exitgate.provision.database_server import DatabaseServer
from exitgate.provision.databases import throwaway_databases
from exitgate.provision.given_leftovers import note_place
from exitgate.provision.given_server import given_server
from exitgate.provision.ownership import Owner
from exitgate.provision.scratch import make_scratch_folder
from exitgate.run import Run

given, owner, run_id = given_server(), str(Owner.of_this_process()), sys.argv[1]
scratch = make_scratch_folder(run_id, owner)
note_place(scratch, given)
run = Run(id=run_id, owner=owner, gate_directory="", clone="", commit="", report_directory="", scratch=str(scratch))
server = DatabaseServer(owner=given.parameters, host="", port=1, network="", version="", is_given=True, is_superuser=False)
with throwaway_databases(server, run, "shop") as databases:
    first = databases.make()
    databases.make(of=first)
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_what_a_killed_run_left_is_swept_by_its_mark_and_nothing_else(
    theirs: Theirs, given: GivenServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    before = theirs.state
    run_id = "20260101t000000z-0dead0"
    environment = {**os.environ, DATABASE_URL_VARIABLE: theirs.url}
    done = subprocess.run([sys.executable, "-c", KILLED, run_id], env=environment, check=False, capture_output=True)
    assert done.returncode == -signal.SIGKILL, done.stderr.decode()
    left = theirs.state
    assert len(left[1]) == len(before[1]) + 2
    assert [found[1] for found in marked_roles(given)] == [run_id]
    # A live run's, of the same kind, stays; so does a role that only looks like one.
    with psycopg.connect(theirs.url, autocommit=True) as connection:
        connection.execute("CREATE ROLE exitgate_of_somebody_else")
        connection.execute("COMMENT ON ROLE exitgate_of_somebody_else IS 'exitgate.run of ours'")

    unnamed = CliRunner().invoke(app, ["sweep"], env={DATABASE_URL_VARIABLE: ""})
    assert unnamed.exit_code == 4
    assert f"still there: databases on {given.place}" in unnamed.output
    assert "exitgate sweep --database-url URL" in unnamed.output
    assert theirs.state[1] == left[1]

    named = CliRunner().invoke(app, ["sweep", "--database-url", theirs.url])
    assert named.exit_code == 0, named.output
    assert PASSWORD not in named.output
    with psycopg.connect(theirs.url, autocommit=True) as connection:
        connection.execute("DROP ROLE exitgate_of_somebody_else")
    assert theirs.state == before
    assert list(tmp_path.glob("exitgate-*")) == []


def test_what_a_live_run_made_is_no_leftover(theirs: Theirs, given: GivenServer, tmp_path: Path) -> None:
    with psycopg.connect(theirs.url, autocommit=True) as connection:
        connection.execute("CREATE ROLE exitgate_live")
        connection.execute(f"COMMENT ON ROLE exitgate_live IS '{mark(theirs.run.id, theirs.run.owner)}'".encode())
    try:
        found = [item for item in leftovers(None, given) if item.kind == "databases"]
        assert [(item.run, item.is_orphaned) for item in found] == [(theirs.run.id, False)]
    finally:
        assert remove(found) == []


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ((":[0-9]+/", ":1/"), "refused"),
        (("://([^:]+):[^@]+@", r"://\1:wrong-secret-0815@"), "password authentication failed"),
        (("/[^/]*$", "/no_such"), "no_such"),
        (("://[^:]+:[^@]+@", "://reader:reader-reader@"), "may not make databases and roles"),
        (("^postgresql", "nonsense"), "an address that can't be read"),
        (("maker:", "maker:%"), "an address that can't be read"),
        (("@[^/]*/", "@/"), "does not name one host"),
        (("@[^/]*/", "@one,two/"), "does not name one host"),
    ],
)
def test_a_server_that_can_not_be_used_is_one_line_without_its_password(
    theirs: Theirs, change: tuple[str, str], words: str
) -> None:
    wrong = re.sub(*change, theirs.url)
    with pytest.raises(UsageError, match=words) as told:
        given_server({DATABASE_URL_VARIABLE: wrong})
    said = str(told.value)
    assert said.startswith("--database-url: ")
    assert "\n" not in said
    assert PASSWORD not in said
    assert "wrong-secret" not in said


def test_a_right_that_is_missing_is_named(theirs: Theirs) -> None:
    with psycopg.connect(f"{theirs.owner}/postgres", autocommit=True) as connection:
        connection.execute("ALTER ROLE reader CREATEDB")
    with pytest.raises(UsageError, match="may not make roles"):
        given_server({DATABASE_URL_VARIABLE: re.sub("://[^:]+:[^@]+@", "://reader:reader-reader@", theirs.url)})


def test_a_folder_tells_where_databases_are_and_nothing_of_who_may(given: GivenServer, theirs: Theirs) -> None:
    scratch = make_scratch_folder("20260101t000000z-000000", theirs.run.owner)
    try:
        note_place(scratch, given)
        assert PASSWORD not in "".join(path.read_text(encoding="utf-8") for path in scratch.iterdir())
    finally:
        remove([item for item in leftovers(None, given) if item.name == str(scratch)])
    assert PASSWORD not in repr(given)
