"""What a live database says of its migrations: read in one read-only transaction, and in no other way.

The session is read-only by `default_transaction_read_only`, the transaction by its first words, and queries go by the protocol that
takes one statement at a time: once a query was made, PostgreSQL lets no transaction become one that writes.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from exitgate.assurance import Assurance
from exitgate.errors import PrerequisiteMissing, one_line
from exitgate.migration_settings import MigrationSettings
from exitgate.observation import Observation, Substrate
from exitgate.observe.migrations.tool import Applied, tool_of
from exitgate.provenance import Tool
from exitgate.redaction import HIDDEN, redact

if TYPE_CHECKING:
    import psycopg

_OPTIONS = "-c default_transaction_read_only=on -c statement_timeout=10s -c lock_timeout=2s"
_CONNECT_TIMEOUT_S = 5
_OLDEST = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveDatabase(Observation):
    """A live database's own list of migrations."""

    service: str
    variable: str
    """The environment variable that names it."""
    applied: tuple[Applied, ...]


def read_live_database(
    service: str, settings: MigrationSettings, environment: Mapping[str, str] | None = None
) -> LiveDatabase | None:
    """Ask the live database that `live` names; nothing where it names none.

    Raises:
        PrerequisiteMissing: if it can't be asked, or has no list of migrations.
    """
    import psycopg

    if settings.live is None:
        return None
    subject = f"live database ${settings.live}"
    url = (os.environ if environment is None else environment).get(settings.live, "")
    if not url:
        raise _missing(
            subject, "the variable is not set", "Set it to an address whose role may read, and nothing else."
        )
    tool = tool_of(settings)
    try:
        with psycopg.connect(url, options=_OPTIONS, connect_timeout=_CONNECT_TIMEOUT_S) as connection:
            version = _read_only(connection, subject)
            applied = tool.applied(connection.execute(tool.history_query.encode(), prepare=True).fetchall())
            connection.rollback()
    except psycopg.errors.UndefinedTable as error:
        raise _missing(subject, "no list of migrations", "Name the database that the service uses.") from error
    except psycopg.Error as error:
        said = redact(str(error).replace(url, HIDDEN), {})
        raise _missing(subject, one_line(said, 200), "Correct the address, or let its role read the list.") from None
    if not applied:
        raise _missing(subject, "an empty list of migrations", "Name the database that the service uses.")
    keeps_checksums = any(each.checksum for each in applied)
    limits = () if keeps_checksums else (f"{tool.name} keeps no checksums: names alone are compared",)
    return LiveDatabase(
        substrate=Substrate(
            assurance=Assurance.LIVE,
            name="the live database's own list",
            limits=limits,
            tools=(Tool(name="postgres", version=version),),
        ),
        service=service,
        variable=settings.live,
        applied=applied,
    )


def _read_only(connection: psycopg.Connection, subject: str) -> str:
    """Begin the one transaction, see that it can't write, and return the server's version."""
    connection.read_only = True
    row = connection.execute(
        "SELECT current_setting('transaction_read_only'), current_setting('server_version')"
    ).fetchone()
    if row is None or row[0] != "on":
        raise _missing(
            subject, "a transaction that may write", "Report this: a server that ignores READ ONLY is not known."
        )
    version = str(row[1]).split()[0]
    if int(version.split(".")[0]) < _OLDEST:
        raise _missing(subject, f"PostgreSQL {version}", f"Use {_OLDEST} or later.")
    return version


def _missing(subject: str, got: str, action: str) -> PrerequisiteMissing:
    return PrerequisiteMissing(
        subject, got=got, expected="a database that can be asked what was applied", action=action
    )
