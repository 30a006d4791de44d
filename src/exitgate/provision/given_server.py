"""A PostgreSQL that the command line names: databases of the run's own are made there, and nothing else of it is touched.

Its address stands in this process's environment alone, which no list of processes shows and from which redaction knows it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from exitgate.errors import UsageError, one_line
from exitgate.process import DATABASE_URL_VARIABLE
from exitgate.provision.backing.servers import backing_network
from exitgate.provision.database_server import DatabaseServer, connected
from exitgate.provision.engine import Engine
from exitgate.provision.relay import Relay
from exitgate.redaction import HIDDEN, redact
from exitgate.run import Run

if TYPE_CHECKING:
    import psycopg

_OLDEST = 13
"""The first whose DROP DATABASE ends the sessions that are in the way."""
_RIGHTS = """
SELECT rolsuper, rolcreatedb, rolcreaterole, pg_is_in_recovery(), current_setting('server_version')
FROM pg_roles WHERE rolname = current_user
"""
_ENCRYPTED = ("require", "verify-ca", "verify-full")


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenServer:
    """A server on which databases may be made."""

    parameters: Mapping[str, str] = field(repr=False)
    """By which it is reached, as libpq names them."""
    version: str
    is_superuser: bool

    @property
    def place(self) -> str:
        """Where it is, without who asks."""
        return f"{self.parameters['host']}:{self.parameters.get('port', '5432')}"

    def connect(self) -> psycopg.Connection:
        """Connect as who was named, each statement by itself."""
        return connected(self.parameters)


def given_server(environment: Mapping[str, str] | None = None) -> GivenServer | None:
    """Ask the server that is named; nothing where none is.

    Raises:
        UsageError: if it can't be reached, is too old, or gives no right to make databases and their roles.
    """
    url = (os.environ if environment is None else environment).get(DATABASE_URL_VARIABLE, "")
    return _asked(url) if url else None


def _asked(url: str) -> GivenServer:
    import psycopg

    parameters = _parameters(url)
    try:
        with connected(parameters) as connection:
            row = connection.execute(_RIGHTS).fetchone()
    except psycopg.Error as error:
        raise refused(_without(parameters, str(error)), "Correct the address, or start the server.") from None
    if row is None:
        raise refused("it does not say who asks", "Use PostgreSQL itself.")
    is_superuser, makes_databases, makes_roles, is_copy, version = row
    refuse_unfit(str(version))
    if is_copy:
        raise refused("a server that only copies another one", "Name the one that it copies.")
    if not is_superuser and not (makes_databases and makes_roles):
        missing = " and ".join(
            what for what, right in (("databases", makes_databases), ("roles", makes_roles)) if not right
        )
        raise refused(f"a role that may not make {missing}", "ALTER ROLE … CREATEDB CREATEROLE, or name another role.")
    return GivenServer(parameters=parameters, version=str(version).split()[0], is_superuser=bool(is_superuser))


def refuse_unfit(version: str) -> None:
    """Refuse a version in which databases can't be taken back.

    Raises:
        UsageError: if it is older.
    """
    if int(re.split(r"\D", version)[0]) < _OLDEST:
        raise refused(f"PostgreSQL {version}", f"Use {_OLDEST} or later.")


def refused(got: str, action: str) -> UsageError:
    """Return what is said of a server that can't be used."""
    return UsageError(
        "--database-url", got=one_line(got, 200), expected="a PostgreSQL on which databases may be made", action=action
    )


def _parameters(url: str) -> dict[str, str]:
    import psycopg
    from psycopg.conninfo import conninfo_to_dict

    # What libpq says of an address that it can't read quotes it, password and all.
    try:
        read = {name: str(value) for name, value in conninfo_to_dict(url).items() if value is not None}
    except psycopg.Error:
        read = {}
    if not url.startswith(("postgresql://", "postgres://")) or not read:
        raise refused(
            "an address that can't be read", "Write postgresql://USER:PASSWORD@HOST:PORT/DATABASE, with %-escapes."
        )
    host = read.get("host", "")
    if not host or host.startswith(("/", "@")) or "," in host:
        raise refused("an address that does not name one host", "Name one: workloads reach it by TCP.")
    return read


def _without(parameters: Mapping[str, str], text: str) -> str:
    password = parameters.get("password", "")
    return redact(text.replace(password, HIDDEN) if password else text)


@contextmanager
def reached(engine: Engine, run: Run, given: GivenServer) -> Iterator[DatabaseServer]:
    """Lead workloads of the run to the server, by a port of this machine: what this machine reaches, they do.

    Raises:
        ProvisionError: if nothing can listen on the run's network.
    """
    network = backing_network(engine, run)
    gateway = str(engine.client.networks.get(network).attrs["IPAM"]["Config"][0]["Gateway"])
    host, _, port = given.place.rpartition(":")
    encrypted = given.parameters.get("sslmode") in _ENCRYPTED
    with Relay(gateway, int(port), host=host, counts_statements=False).serving() as relay:
        yield DatabaseServer(
            owner=given.parameters,
            host=gateway,
            port=relay.port,
            network=network,
            version=given.version,
            options={"sslmode": "require"} if encrypted else {},
            is_given=True,
            is_superuser=given.is_superuser,
        )
