"""Backing servers, started for real and asked by clients of their own."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
import testinfra
from testinfra.host import Host

from exitgate.errors import PrerequisiteMissing, ProvisionError
from exitgate.provision.backing import (
    KINDS,
    Access,
    NotReady,
    Server,
    Surroundings,
    environment_of,
    guest,
    servers,
)
from exitgate.provision.engine import Engine, find_builder
from exitgate.provision.sweep import leftovers, of_run, remove
from exitgate.target import Backing, BackingUse
from exitgate.waiting import wait_for
from tests.runs import run_in

pytestmark = [pytest.mark.engine, pytest.mark.slow]

DECLARED = tuple(
    Backing(name=f"the-{kind}", kind=kind, image=f"registry.invalid/{kind}:1", substitute=True)
    for kind in ("postgres", "redis", "rabbitmq")
)
CONFIGURATION = """
[target]
name = "shop"

[[backing]]
name = "cache"
kind = "redis"
image = "registry.invalid/redis:1"
substitute = true
"""
PROGRAMS = {"postgres": "postgres", "redis": "redis-server", "rabbitmq": "rabbitmq-server"}


@pytest.fixture(scope="module")
def running(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Server]]:
    """One server of each kind, by kind."""
    run = run_in(tmp_path_factory.mktemp("run"))
    try:
        started = servers(engine, find_builder(), run, DECLARED, frozenset(each.name for each in DECLARED))
        assert servers(engine, find_builder(), run, DECLARED, frozenset(started)) == started, "started twice"
        yield {server.kind: server for server in started.values()}
    finally:
        remove(of_run(engine, run.id))
    assert [item for item in leftovers(engine) if item.run == run.id] == []


@pytest.fixture(params=sorted(KINDS))
def server(request: pytest.FixtureRequest, running: dict[str, Server]) -> Server:
    return running[request.param]


@pytest.fixture
def host(server: Server) -> Host:
    """The inside of its container."""
    return testinfra.get_host(f"docker://{server.container_id}")


def test_it_serves_its_owner_in_the_version_that_is_told(server: Server) -> None:
    assert KINDS[server.kind].version(server.locally) == server.version
    assert server.version[0].isdigit()
    assert server.version in server.substitute


def test_it_serves_nobody_else(server: Server) -> None:
    with pytest.raises(NotReady):
        KINDS[server.kind].version(replace(server.locally, password="wrong"))


def test_it_is_published_on_loopback_alone(server: Server, engine: Engine) -> None:
    ports = engine.client.containers.get(server.container_id).attrs["NetworkSettings"]["Ports"]
    assert [place["HostIp"] for places in ports.values() for place in places or ()] == ["127.0.0.1"]


def test_its_processes_are_of_a_user_without_rights(server: Server, host: Host) -> None:
    status = host.check_output("cat /proc/1/status")
    fields = dict(line.split(":", 1) for line in status.splitlines())
    assert fields["Uid"].split() == ["999"] * 4
    command = host.file("/proc/1/cmdline").content_string
    assert PROGRAMS[server.kind] in command


def test_it_listens_where_workloads_look_for_it(server: Server, host: Host) -> None:
    port = f"{KINDS[server.kind].port:04X}"
    sockets = host.check_output("cat /proc/net/tcp /proc/net/tcp6")
    assert any(
        line.split()[1].endswith(f":{port}") and line.split()[3] == "0A"
        for line in sockets.splitlines()[1:]
        if "local" not in line
    )


def test_it_keeps_its_data_in_memory(host: Host) -> None:
    assert host.mount_point("/data").filesystem == "tmpfs"


def test_a_database_is_its_clients_own_and_goes_with_it(running: dict[str, Server]) -> None:
    store = running["postgres"]
    uses = {
        "ONE": BackingUse.model_validate(f"{store.name}/one"),
        "TWO": BackingUse.model_validate(f"{store.name}/two"),
    }
    with environment_of(uses, {store.name: store}, locally=True) as environment:
        with psycopg.connect(environment["ONE"]) as connection:
            connection.execute("CREATE TABLE things (id int)")
            assert connection.execute(
                "SELECT rolsuper OR rolcreaterole FROM pg_roles WHERE rolname = user"
            ).fetchone() == (False,)
        strangers = environment["TWO"].rpartition("/")[0] + "/" + environment["ONE"].rpartition("/")[2]
        with pytest.raises(psycopg.OperationalError, match="permission denied"):
            psycopg.connect(strangers)
    with psycopg.connect(KINDS["postgres"].url(store.locally)) as owner:
        left = owner.execute(
            "SELECT datname FROM pg_database WHERE datname LIKE 'one%' OR datname LIKE 'two%'"
        ).fetchall()
    assert left == []


def test_a_workload_s_own_part_of_redis_is_emptied_and_no_other(running: dict[str, Server]) -> None:
    import redis

    store = running["redis"]
    own, other = (KINDS["redis"].url(replace(store.locally, part=part)) for part in ("1", "2"))
    for url in (own, other):
        with redis.Redis.from_url(url) as client:
            client.set("products", "[]")
    Surroundings(caches=(own,)).empty_caches()
    with redis.Redis.from_url(own) as emptied, redis.Redis.from_url(other) as left:
        assert (emptied.dbsize(), left.dbsize()) == (0, 1)


def test_a_guest_has_a_part_of_each_server_and_leaves_nothing(engine: Engine, running: dict[str, Server]) -> None:
    import amqp
    import redis

    def locally(access: Access, server: Server) -> Access:
        return replace(access, host="127.0.0.1", port=server.local_port)

    with guest(engine, list(running.values()), "Tests-of-shop", 1) as given:
        inside = {kind: locally(given[server.name], server) for kind, server in running.items()}
        with psycopg.connect(KINDS["postgres"].url(inside["postgres"]), autocommit=True) as client:
            client.execute("CREATE DATABASE of_a_test")
            own = inside["postgres"].part
            client.execute(f"COMMENT ON DATABASE \"{own}\" IS 'seen'".encode())
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                client.execute("CREATE ROLE another")
        host, port = inside["rabbitmq"].host, inside["rabbitmq"].port
        user, password = inside["rabbitmq"].user, inside["rabbitmq"].password
        with amqp.Connection(f"{host}:{port}", user, password, virtual_host=inside["rabbitmq"].part) as client:
            client.channel().queue_declare("orders")
        with pytest.raises(amqp.AMQPError):
            amqp.Connection(f"{host}:{port}", user, password, virtual_host="/").connect()
        with redis.Redis.from_url(KINDS["redis"].url(inside["redis"])) as client:
            client.set("products", "[]")
            client.publish("orders", "placed")
            client.info("server")
            for words in (("FLUSHALL",), ("SWAPDB", 0, 14), ("CONFIG", "GET", "*"), ("ACL", "LIST"), ("SHUTDOWN",)):
                with pytest.raises(redis.exceptions.NoPermissionError):
                    client.execute_command(*words)
            client.flushdb()
            client.set("products", "[]")
        assert inside["redis"].part == "14"
    with psycopg.connect(KINDS["postgres"].url(running["postgres"].locally)) as owner:
        row = owner.execute(
            "SELECT (SELECT count(*) FROM pg_database WHERE datname = 'of_a_test' OR datname = %(own)s),"
            " (SELECT count(*) FROM pg_roles WHERE rolname = %(own)s)",
            {"own": own},
        ).fetchone()
        assert row == (0, 0)
    with redis.Redis.from_url(KINDS["redis"].url(replace(running["redis"].locally, part="14"))) as owner:
        assert owner.dbsize() == 0
        assert owner.acl_users() == ["default"]
    with pytest.raises(amqp.AMQPError):
        amqp.Connection(f"{host}:{port}", user, password, virtual_host=inside["rabbitmq"].part).connect()


def test_redis_has_parts_for_so_many_guests(engine: Engine, running: dict[str, Server]) -> None:
    with pytest.raises(ProvisionError, match="no number left"), guest(engine, [running["redis"]], "tests", 15):
        pass


def test_servers_apart_are_nobody_else_s_and_are_reached_by_the_same_names(engine: Engine, tmp_path: Path) -> None:
    run, names = run_in(tmp_path), frozenset({"the-redis"})
    try:
        shared, apart = (
            servers(engine, find_builder(), run, DECLARED, names, word)["the-redis"] for word in ("", "sample")
        )
        assert shared.name == apart.name
        assert shared.container_id != apart.container_id
        assert shared.network != apart.network
        assert servers(engine, find_builder(), run, DECLARED, names, "sample")["the-redis"] == apart
    finally:
        remove(of_run(engine, run.id))


def test_a_server_that_ends_is_an_error_with_its_last_words(
    engine: Engine, tmp_path: Path, running: dict[str, Server]
) -> None:
    image = engine.client.containers.get(running["redis"].container_id).image
    assert image is not None
    run = run_in(tmp_path)
    # Without its entry point, the image has no `postgres` of its own to run.
    broken = Backing(name="broken", kind="postgres", image=image.tags[0])
    try:
        with pytest.raises(ProvisionError, match="backing server broken: the engine refuses"):
            servers(engine, find_builder(), run, (broken,), frozenset({"broken"}))
    finally:
        remove(of_run(engine, run.id))


def test_an_image_that_cannot_be_had_is_a_missing_prerequisite(engine: Engine, tmp_path: Path) -> None:
    run = run_in(tmp_path)
    absent = Backing(name="absent", kind="redis", image="registry.invalid/redis:1")
    try:
        with pytest.raises(PrerequisiteMissing, match="substitute = true"):
            servers(engine, find_builder(), run, (absent,), frozenset({"absent"}))
    finally:
        remove(of_run(engine, run.id))


def test_a_command_runs_beside_them_and_nothing_is_left(engine: Engine, tmp_path: Path) -> None:
    (tmp_path / "exitgate.toml").write_text(CONFIGURATION, encoding="utf-8")
    code = "import os, redis; print(redis.Redis.from_url(os.environ['CACHE']).ping()); raise SystemExit(7)"
    command = [sys.executable, "-m", "exitgate", "backing", "--gate-target", str(tmp_path), "--set", "CACHE=cache"]
    with subprocess.Popen([*command, "--", sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as process:
        said, _ = process.communicate(timeout=120)
    assert (said, process.returncode) == ("True\n", 7)
    assert [item for item in leftovers(engine) if f"/{process.pid}/" in item.owner] == []


def test_a_command_that_is_ended_by_sigterm_leaves_nothing_either(engine: Engine, tmp_path: Path) -> None:
    (tmp_path / "exitgate.toml").write_text(CONFIGURATION, encoding="utf-8")
    ready = tmp_path / "ready"
    command = [
        sys.executable,
        "-m",
        "exitgate",
        "backing",
        "--gate-target",
        str(tmp_path),
        "--set",
        "CACHE=cache",
        "--",
    ]
    with subprocess.Popen([*command, "sh", "-c", f"touch {ready}; exec sleep 60"]) as process:
        _, there = wait_for(ready.exists, until=bool, timeout_s=60)
        process.terminate()
        code = process.wait(60)
    assert (there, code) == (True, 143)
    assert [item for item in leftovers(engine) if f"/{process.pid}/" in item.owner] == []
