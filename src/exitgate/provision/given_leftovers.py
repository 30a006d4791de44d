"""What runs left on a server that a command line named: their roles, each with its databases."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from exitgate.errors import ProvisionError
from exitgate.provision.given_server import GivenServer
from exitgate.provision.ownership import marked

_NOTE = "given-server.json"
_ROLES = """
SELECT rolname, shobj_description(oid, 'pg_authid') FROM pg_roles
WHERE shobj_description(oid, 'pg_authid') IS NOT NULL ORDER BY rolname
"""
_DATABASES = """
SELECT datname FROM pg_database WHERE datdba = (SELECT oid FROM pg_roles WHERE rolname = %(role)s)
AND starts_with(datname, %(role)s || '_') ORDER BY datname
"""


def note_place(scratch: Path, server: GivenServer) -> None:
    """Write down in a run's folder on which server it makes databases, and nothing of who may."""
    (scratch / _NOTE).write_text(json.dumps({"place": server.place}), encoding="utf-8")


def noted_place(scratch: Path) -> str:
    """Return on which server a run made databases; empty where it is written down that it did on none."""
    try:
        return str(json.loads((scratch / _NOTE).read_text(encoding="utf-8"))["place"])
    except (OSError, ValueError, KeyError):
        return ""


def marked_roles(server: GivenServer) -> Iterator[tuple[str, str, str]]:
    """Yield each role that a run made, with its run and its owner; roles without our mark are not ours."""
    with server.connect() as connection:
        found = connection.execute(_ROLES).fetchall()
    for role, words in found:
        if whose := marked(str(words)):
            yield str(role), *whose


def drop_role(server: GivenServer, role: str) -> None:
    """Drop a role that a run made, and the databases that belong to it and are named after it.

    Raises:
        ProvisionError: if it bears no mark of ours any more.
    """
    from psycopg import sql

    if role not in {name for name, _, _ in marked_roles(server)}:
        raise ProvisionError(
            f"role {role}",
            got="one without the mark of a run",
            expected="one that a run made",
            action="Nothing to do: exitgate removes nothing but its own.",
        )
    with server.connect() as connection:
        for (name,) in connection.execute(_DATABASES, {"role": role}).fetchall():
            connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
        connection.execute(sql.SQL("DROP ROLE IF EXISTS {}").format(sql.Identifier(role)))


def unreachable(place: str) -> ProvisionError:
    """Return the error that nobody says how to reach a server on which a run made databases."""
    return ProvisionError(
        f"server {place}",
        got="no address by which it can be asked",
        expected="the one that the run was given",
        action="Run `exitgate sweep --database-url URL`.",
    )
