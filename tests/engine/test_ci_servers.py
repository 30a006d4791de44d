"""CI's servers, started for real: what one writes down of its statements, and one in whose place nobody listens."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from exitgate.provision.engine import Engine, find_builder
from exitgate.provision.sweep import of_run, remove
from exitgate.provision.workflow_run import statements_of
from exitgate.provision.workflow_run.services import Service, Services, serving
from exitgate.provision.workflow_run.statements import log_statements
from tests.runs import run_in

pytestmark = [pytest.mark.engine, pytest.mark.slow]
IMAGE = "registry.invalid/{}:1"
WANTED = [
    Service(
        name=kind, kind=kind, image=IMAGE.format(kind), port=port, environment=environment, place=f"ci.yml:{number}"
    )
    for number, (kind, port, environment) in enumerate(
        (("postgres", 5432, {"POSTGRES_PASSWORD": "secret"}), ("redis", 6379, dict[str, str]()))
    )
]


def listening(services: Services, port: int) -> bool:
    """Say whether somebody listens on the servers' loopback."""
    connect = f"exec 3<>/dev/tcp/127.0.0.1/{port}"
    done = subprocess.run(
        ["nsenter", f"--net={services.network}", "bash", "-c", connect], check=False, capture_output=True
    )
    return done.returncode == 0


@pytest.mark.parametrize("absent", [(), ("postgres",)])
def test_a_server_tells_its_statements_and_an_absent_one_is_not_there(
    absent: tuple[str, ...], engine: Engine, tmp_path: Path
) -> None:
    run = run_in(tmp_path)
    may = frozenset({"postgres", "redis"})
    try:
        with serving(engine, find_builder(), run, WANTED, may_substitute=may, absent=absent) as services:
            assert listening(services, 6379)
            assert listening(services, 5432) is not bool(absent)
            assert len(services.databases) == 1 - len(absent)
            for server in services.databases:
                server.tell("CREATE TABLE before (i int)")
                log_statements(server)
                server.tell("CREATE TABLE a (i int)", "INSERT INTO a\nVALUES (1)")
                assert server.ask("postgres", "SELECT i FROM a") == [(1,)]
                found = statements_of(server)
                assert [each.text for each in found if "pg_reload" not in each.text][:2] == [
                    "CREATE TABLE a (i int)",
                    "INSERT INTO a VALUES (1)",
                ]
                assert {each.database for each in found} == {"postgres"}
        assert of_run(engine, run.id) == []
    finally:
        remove(of_run(engine, run.id))
