"""Databases of a run on its own throwaway server: made, copied and dropped, and no other is ever connected to."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from exitgate.errors import ProvisionError, one_line
from exitgate.provision.backing.kind import Access
from exitgate.provision.backing.postgres import SMALL_DISK
from exitgate.provision.backing.servers import KINDS, Server

if TYPE_CHECKING:
    import psycopg

_TIMEOUT_S = 5
_SMALL_DISK_LOCK = 72707371
"""Taken in the server's own database, where no migrator is."""


class Databases:
    """Makes databases that all belong to one role, which may connect to no other."""

    def __init__(self, server: Server, owner: psycopg.Connection, role: str, password: str) -> None:
        """Take the server and the connection of its owner."""
        self._server, self._owner, self._role, self._password = server, owner, role, password
        self._made: set[str] = set()

    def make(self, of: str | None = None) -> str:
        """Make an empty database, or a copy of one of ours that nobody is connected to, and return its name."""
        from psycopg import sql

        name = f"{self._role}_{len(self._made)}"
        like = sql.SQL(" TEMPLATE {}").format(sql.Identifier(self._own(of))) if of else sql.SQL("")
        if of:
            self.disconnect(of)
        self._owner.execute(
            sql.SQL("CREATE DATABASE {} OWNER {}").format(sql.Identifier(name), sql.Identifier(self._role)) + like
        )
        self._owner.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(sql.Identifier(name)))
        self._made.add(name)
        return name

    @contextmanager
    def on_small_disk(self, of: str) -> Iterator[str]:
        """Give a copy of one of ours on a disk that is soon full, and drop it at the end; one at a time, on a server.

        Raises:
            ProvisionError: if the server has no such disk, or the copy finds no room on it.
        """
        import psycopg
        from psycopg import sql

        place = f"{SMALL_DISK}/{self._role}"
        space = sql.Identifier(f"{self._role}_small")
        name = ""
        self._owner.execute("SELECT pg_advisory_lock(%s)", (_SMALL_DISK_LOCK,))
        try:
            try:
                # What the server pipes into a program has to be read, or it takes the program for broken.
                command = sql.Literal(f"cat >/dev/null; mkdir -p {place}")
                self._owner.execute(sql.SQL("COPY (SELECT 1) TO PROGRAM {}").format(command))
                self._owner.execute(sql.SQL("CREATE TABLESPACE {} LOCATION {}").format(space, sql.Literal(place)))
                name = self.make(of)
                self._owner.execute(sql.SQL("ALTER DATABASE {} SET TABLESPACE {}").format(sql.Identifier(name), space))
            except psycopg.Error as error:
                raise ProvisionError(
                    f"{SMALL_DISK} of the throwaway server",
                    got=one_line(str(error), 200),
                    expected="room for a copy of a database with little data",
                    action="Let fewer requests of [[service.migrations.request]] write less.",
                ) from error
            yield name
        finally:
            if name:
                self._owner.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
            self._owner.execute(sql.SQL("DROP TABLESPACE IF EXISTS {}").format(space))
            self._owner.execute("SELECT pg_advisory_unlock(%s)", (_SMALL_DISK_LOCK,))

    @contextmanager
    def without_new_tables(self, name: str) -> Iterator[None]:
        """Let whoever would make a table in one of ours wait as long as the block lasts, without a word to anybody else.

        The catalogue of tables is locked, so no lock that a tool takes for itself is in the way.
        """
        import psycopg

        owner = replace(self._server.locally, part=self._own(name))
        with psycopg.connect(KINDS[self._server.kind].url(owner), connect_timeout=_TIMEOUT_S) as stranger:
            stranger.execute("LOCK TABLE pg_catalog.pg_class IN SHARE MODE")
            try:
                yield
            finally:
                stranger.rollback()

    def disconnect(self, name: str) -> None:
        """End all sessions of one of ours."""
        ours = self._own(name)
        self._owner.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (ours,))

    def end(self, pid: int) -> None:
        """End one session."""
        self._owner.execute("SELECT pg_terminate_backend(%s)", (pid,))

    def connect(self, name: str) -> psycopg.Connection:
        """Connect to one of ours, as its owner, each statement by itself.

        Raises:
            ProvisionError: if it is none of ours.
        """
        import psycopg

        return psycopg.connect(self._url(name, locally=True), autocommit=True, connect_timeout=_TIMEOUT_S)

    def url(self, name: str) -> str:
        """Return the address of one of ours, as workloads reach it."""
        return self._url(name, locally=False)

    def _url(self, name: str, *, locally: bool) -> str:
        part, kind = self._own(name), KINDS[self._server.kind]
        host, port = ("127.0.0.1", self._server.local_port) if locally else (self._server.name, kind.port)
        return kind.url(Access(host=host, port=port, user=self._role, password=self._password, part=part))

    def _own(self, name: str) -> str:
        if name not in self._made:
            raise ProvisionError(
                f"database {name}",
                got="one that this run did not make",
                expected="a throwaway one",
                action="Nothing to do: exitgate writes to no database but its own.",
            )
        return name

    def drop(self) -> None:
        """Drop all that was made, and the role."""
        from psycopg import sql

        for name in self._made:
            self._owner.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
        self._owner.execute(sql.SQL("DROP ROLE IF EXISTS {}").format(sql.Identifier(self._role)))


@contextmanager
def throwaway_databases(server: Server, name: str) -> Iterator[Databases]:
    """Give a maker of databases on a server that the run has started; drop them all at the end."""
    import psycopg
    from psycopg import sql

    role, password = f"{name.replace('-', '_')}_{secrets.token_hex(3)}", secrets.token_hex(12)
    with psycopg.connect(KINDS[server.kind].url(server.locally), autocommit=True) as owner:
        owner.execute(sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(sql.Identifier(role), sql.Literal(password)))
        made = Databases(server, owner, role, password)
        try:
            yield made
        finally:
            made.drop()
