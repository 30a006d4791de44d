"""What is read from a server's log, and how the server is told to write it."""

from __future__ import annotations

from typing import Any, cast

import pytest

from exitgate.errors import ObservationError
from exitgate.provision.workflow_run.services import DatabaseServer, Service
from exitgate.provision.workflow_run.statements import Statement, log_statements, parse_statements, statements_of

LOG = """\
2026-01-01 00:00:00.000 UTC [1] LOG:  database system is ready to accept connections
exitgate 1767225600.250 test_a LOG:  statement: INSERT INTO "orders"
\t("id") VALUES (1)
exitgate 1767225601.5 test_a LOG:  execute <unnamed>: SELECT id FROM orders WHERE id = $1
exitgate 1767225601.5 test_a DETAIL:  parameters: $1 = '1'
exitgate 1767225602 test_b LOG:  execute s1/C_2: COMMIT
exitgate 1767225602.1  LOG:  checkpoint starting: time
exitgate 1767225603.1 test_b ERROR:  relation "x" does not exist
exitgate 1767225603.1 test_b STATEMENT:  SELECT 1 FROM x
"""


class Container:
    """A server's container that writes down what psql is told."""

    def __init__(self, code: int = 0) -> None:
        self.code, self.told = code, list[list[str]]()

    def exec_run(self, words: list[str], environment: dict[str, str], *, demux: bool) -> Any:
        assert demux
        assert "PGPASSWORD" in environment
        self.told.append(words)
        return type("Done", (), {"exit_code": self.code, "output": (b"", b"ERROR:  permission denied\n")})

    def logs(self) -> bytes:
        return LOG.encode()


def server(container: Container) -> DatabaseServer:
    service = Service(name="db", kind="postgres", image="postgres:18", port=5432, environment={}, place="ci.yml:7")
    return DatabaseServer(service=service, container=cast("Any", container))


def test_statements_are_read_with_their_further_lines() -> None:
    assert list(parse_statements(LOG)) == [
        Statement(at=1767225600.25, database="test_a", text='INSERT INTO "orders" ("id") VALUES (1)'),
        Statement(at=1767225601.5, database="test_a", text="SELECT id FROM orders WHERE id = $1"),
        Statement(at=1767225602.0, database="test_b", text="COMMIT"),
    ]
    assert list(parse_statements("")) == []
    assert len(statements_of(server(Container()))) == 3


def test_a_long_statement_is_cut() -> None:
    (found,) = parse_statements("exitgate 1.0 a LOG:  statement: SELECT " + "x" * 900 + "\n\tFROM y\n")
    assert len(found.text) == 500


def test_a_server_is_told_to_write_every_statement_down() -> None:
    container = Container()
    log_statements(server(container))
    (words,) = container.told
    assert words[-8:-2:2] == ["-c"] * 3
    assert words[-1] == "SELECT pg_reload_conf()"
    assert "ALTER SYSTEM SET log_statement = 'all'" in words


def test_a_server_that_refuses_is_an_error_at_its_place() -> None:
    with pytest.raises(ObservationError, match=r"ci\.yml:7: psql says: ERROR:  ?permission denied"):
        log_statements(server(Container(code=1)))
