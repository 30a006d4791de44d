"""PostgreSQL: a database and a role of its own for whoever asks. Source: https://hub.docker.com/_/postgres."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from urllib.parse import quote

from exitgate.provision.backing.kind import Access, Kind, NotReady, Start

SMALL_DISK = "/exitgate-small"
"""A disk that is soon full, beside that of the server's own data; anybody in the container may make folders on it."""
_SMALL_DISK = "size=32m,mode=1777"
_CONNECT_TIMEOUT_S = 5


class Postgres(Kind):
    """Parts are databases."""

    name = "postgres"
    port = 5432
    user = "postgres"

    def start(self, password: str) -> Start:
        """Start a server that does not wait for its disk."""
        settings = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "max_connections=200")
        return Start(
            environment={"POSTGRES_PASSWORD": password, "PGDATA": "/data/db"},
            command=("postgres", *(word for setting in settings for word in ("-c", setting))),
            disks={SMALL_DISK: _SMALL_DISK},
        )

    def version(self, access: Access) -> str:
        """Ask the server."""
        import psycopg

        try:
            with psycopg.connect(self.url(access), connect_timeout=_CONNECT_TIMEOUT_S) as connection:
                row = connection.execute("SHOW server_version").fetchone()
        except psycopg.Error as error:
            raise NotReady(str(error)) from error
        return str(row[0]).split()[0] if row else ""

    def url(self, access: Access) -> str:
        """Return ``postgresql://user:password@host:port/database``."""
        password, database = quote(access.password, safe=""), quote(access.part or self.user, safe="")
        return f"postgresql://{access.user}:{password}@{access.host}:{access.port}/{database}"

    @contextmanager
    def part(self, access: Access, part: str) -> Iterator[Access]:
        """Make a database, empty and owned by a role of its own that may connect to no other; drop both at the end."""
        import psycopg
        from psycopg import sql

        unique, password = f"{part}_{secrets.token_hex(3)}", secrets.token_hex(12)
        name = sql.Identifier(unique)
        with psycopg.connect(self.url(access), autocommit=True) as owner:
            owner.execute(sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(name, sql.Literal(password)))
            owner.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(name, name))
            owner.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(name))
            try:
                yield replace(access, user=unique, password=password, part=unique)
            finally:
                owner.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(name))
                owner.execute(sql.SQL("DROP ROLE IF EXISTS {}").format(name))
