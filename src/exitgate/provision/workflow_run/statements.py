"""What a run's server of PostgreSQL executed, by the server's own log.

Source: https://www.postgresql.org/docs/current/runtime-config-logging.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from exitgate.provision.workflow_run.services import DatabaseServer

_PREFIX = "exitgate"
_SETTINGS = ("lc_messages = 'C'", f"log_line_prefix = '{_PREFIX} %n %d '", "log_statement = 'all'")
_LINE = re.compile(
    rf"{_PREFIX} (?P<at>\d+(?:\.\d+)?) (?P<database>\S*) +LOG: +(?:statement|execute [^:]*): (?P<text>.*)"
)
_LONGEST = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """A statement that a server was given."""

    at: float
    """When, in seconds since the epoch, by the server's clock."""
    database: str
    text: str
    """In one line, its first 500 characters."""


def log_statements(server: DatabaseServer) -> None:
    """Let a server write down every statement from now on, whoever gives it.

    Raises:
        ObservationError: if it refuses: its user is no superuser.
    """
    server.tell(*(f"ALTER SYSTEM SET {each}" for each in _SETTINGS), "SELECT pg_reload_conf()")


def statements_of(server: DatabaseServer) -> tuple[Statement, ...]:
    """Return what a server wrote down so far."""
    return tuple(parse_statements(server.container.logs().decode("utf-8", "replace")))


def parse_statements(log: str) -> Iterator[Statement]:
    """Yield the statements of a log; the further lines of one begin with a tab."""
    last: Statement | None = None
    for line in log.splitlines():
        if last is not None and line.startswith("\t"):
            last = replace(last, text=f"{last.text} {line.strip()}"[:_LONGEST])
            continue
        if last is not None:
            yield last
        match = _LINE.fullmatch(line)
        last = match and Statement(
            at=float(match["at"]), database=match["database"], text=match["text"].strip()[:_LONGEST]
        )
    if last is not None:
        yield last
