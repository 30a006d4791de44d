"""Databases of a run, made, copied and dropped on its own server or on one that is named: no other is ever connected to."""

from __future__ import annotations

import re
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING

from exitgate.errors import PrerequisiteMissing, ProvisionError, one_line
from exitgate.provision.backing.postgres import SMALL_DISK
from exitgate.provision.database_server import DatabaseServer
from exitgate.provision.ownership import mark
from exitgate.run import Run

if TYPE_CHECKING:
    import psycopg
    from psycopg import sql

_TIMEOUT_S = 5
_SMALL_DISK_LOCK = 72707371
"""Taken in the server's own database, where no migrator is."""
_SCHEMA_IS_THE_OWNERS = 15
"""Since when the schema `public` belongs to a database's owner."""
_UNSAFE = re.compile(r"[^a-z0-9]+")
_LONGEST_NAME = 16
"""Of a service in a name: PostgreSQL cuts off what has more than 63 characters."""


class Databases:
    """Makes databases that all belong to one role, which may connect to no other; several threads may ask it at once."""

    def __init__(self, server: DatabaseServer, owner: psycopg.Connection, role: str, password: str) -> None:
        """Take the server and the connection of its owner."""
        self.server, self._owner, self._role, self._password = server, owner, role, password
        self._made: set[str] = set()
        self._making = threading.Lock()

    def make(self, of: str | None = None) -> str:
        """Make an empty database, or a copy of one of ours that nobody is connected to, and return its name.

        Raises:
            ProvisionError: if the server refuses, e.g. because there is one of that name: it is nobody's of ours then.
        """
        with self._making:
            name = self._next()
            self._create(name, of)
        return name

    @contextmanager
    def lent(self, of: str | None = None) -> Iterator[str]:
        """Make a database, or a copy, for as long as the block lasts: full ones would fill a throwaway server's memory.

        Raises:
            ProvisionError: if the server refuses.
        """
        name = self.make(of)
        try:
            yield name
        finally:
            with self._making:
                self._remove(name)

    def _next(self) -> str:
        return f"{self._role}_{len(self._made)}"

    def renew(self, name: str, of: str) -> None:
        """Make one of ours anew, as a copy of another one, and end all sessions of both.

        Raises:
            ProvisionError: if the server refuses, or one of them is none of ours.
        """
        ours = self._own(name)
        self._own(of)
        with self._making:
            self._remove(ours)
            self._create(ours, of)

    def _remove(self, name: str) -> None:
        from psycopg import sql

        self._owner.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))

    def _create(self, name: str, of: str | None, place: sql.Composable | None = None) -> None:
        """Make a database while nobody else makes one: none may be connected to what is copied, not even who copies it too.

        Only one that was made here is ours from then on; of one that was there already nothing is read, written or dropped.
        """
        import psycopg
        from psycopg import sql

        like = sql.SQL(" TEMPLATE {}").format(sql.Identifier(self._own(of))) if of else sql.SQL("")
        words = sql.SQL("CREATE DATABASE {} OWNER {}").format(sql.Identifier(name), sql.Identifier(self._role))
        try:
            with self._alone_with(of) if of else nullcontext():
                self._owner.execute(words + like + (sql.SQL(" TABLESPACE ") + place if place else sql.SQL("")))
        except psycopg.Error as error:
            raise _refused(f"database {name}", error) from error
        self._made.add(name)
        self._owner.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(sql.Identifier(name)))

    @contextmanager
    def _alone_with(self, name: str) -> Iterator[None]:
        """End all sessions of one of ours and let nobody in: a release that runs would be back before it is copied."""
        from psycopg import sql

        ours = sql.Identifier(name)
        self._owner.execute(sql.SQL("ALTER DATABASE {} WITH ALLOW_CONNECTIONS false").format(ours))
        try:
            self.disconnect(name)
            yield
        finally:
            self._owner.execute(sql.SQL("ALTER DATABASE {} WITH ALLOW_CONNECTIONS true").format(ours))

    @contextmanager
    def on_small_disk(self, of: str, name: str = "") -> Iterator[str]:
        """Give a copy of one of ours on a disk that is soon full, and drop it at the end; one at a time, on a server.

        Args:
            of: What is copied.
            name: One of ours that the copy takes the place of; without it another one is made.

        Raises:
            PrerequisiteMissing: if the server is not one of ours, which alone have such a disk.
            ProvisionError: if the copy finds no room on it.
        """
        import psycopg
        from psycopg import sql

        self._own(of)
        called = self._own(name) if name else ""
        if self.server.is_given:
            raise PrerequisiteMissing(
                "server of --database-url",
                got="no disk of ours in it that could be filled",
                expected="a disk that is soon full, beside that of the server's own data",
                action="Run 3.4.C.2 without --database-url as well.",
            )
        place = f"{SMALL_DISK}/{self._role}"
        space = sql.Identifier(f"{self._role}_small")
        # Another worker's turn is waited for in a session of its own: who makes a database meanwhile need not wait with it.
        with self.server.connect() as turn:
            turn.execute("SELECT pg_advisory_lock(%s)", (_SMALL_DISK_LOCK,))
            try:
                try:
                    # What the server pipes into a program has to be read, or it takes the program for broken.
                    command = sql.Literal(f"cat >/dev/null; mkdir -p {place}")
                    turn.execute(sql.SQL("COPY (SELECT 1) TO PROGRAM {}").format(command))
                    turn.execute(sql.SQL("CREATE TABLESPACE {} LOCATION {}").format(space, sql.Literal(place)))
                    with self._making:
                        if called:
                            turn.execute(
                                sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(called))
                            )
                        called = called or self._next()
                        self._create(called, of, space)
                except (psycopg.Error, ProvisionError) as error:
                    raise ProvisionError(
                        f"{SMALL_DISK} of the throwaway server",
                        got=one_line(str(error), 200),
                        expected="room for a copy of a database with little data",
                        action="Let fewer requests of [[service.migrations.request]] write less.",
                    ) from error
                yield called
            finally:
                if called in self._made:
                    turn.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(called)))
                turn.execute(sql.SQL("DROP TABLESPACE IF EXISTS {}").format(space))

    @contextmanager
    def without_new_tables(self, name: str) -> Iterator[None]:
        """Let whoever would make a table in an empty one of ours wait as long as the block lasts, without a word to anybody else.

        The catalogue of tables is locked, so no lock that a tool takes for itself is in the way. Who may not do that begins to
        drop the schema, and takes it back.

        Raises:
            PrerequisiteMissing: if the server lets its owner do neither.
        """
        import psycopg

        ours = self._own(name)
        if self.server.is_superuser:
            stranger, words = self.server.connect(dbname=ours), "LOCK TABLE pg_catalog.pg_class IN SHARE MODE"
        else:
            stranger, words = self.connect(name), "DROP SCHEMA public"
        with stranger:
            if not self.server.is_superuser and stranger.info.server_version < _SCHEMA_IS_THE_OWNERS * 10_000:
                raise PrerequisiteMissing(
                    "server of --database-url",
                    got=f"PostgreSQL {self.server.version}, and a role that is no superuser",
                    expected=f"one that can keep tables from being made: {_SCHEMA_IS_THE_OWNERS} or later, or a superuser",
                    action="Run 3.4.B.2 without --database-url as well.",
                )
            with stranger.transaction(force_rollback=True):
                try:
                    stranger.execute(words.encode())
                except psycopg.Error as error:
                    raise _refused(f"database {ours}", error) from error
                yield

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
        ours = self._own(name)
        return self.server.connect(user=self._role, password=self._password, dbname=ours)

    @property
    def credentials(self) -> tuple[str, str]:
        """Name and password of the role to which they belong."""
        return self._role, self._password

    def url(self, name: str, through: DatabaseServer | None = None) -> str:
        """Return the address of one of ours, as workloads reach it; `through` is the server as it is seen by a pooler."""
        ours = self._own(name)
        return (through or self.server).url(self._role, self._password, ours)

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
            self._remove(name)
        self._owner.execute(sql.SQL("DROP ROLE IF EXISTS {}").format(sql.Identifier(self._role)))


@contextmanager
def throwaway_databases(server: DatabaseServer, run: Run, name: str) -> Iterator[Databases]:
    """Give a maker of databases on a server; drop them all at the end.

    All belong to one role, whose comment says whose it is from the moment on that it is there: so a sweep finds them.

    Args:
        server: The run's own, or one that the command line names.
        run: Whose they are; its id stands in their names.
        name: What they are for.

    Raises:
        ProvisionError: if the server refuses.
    """
    import psycopg
    from psycopg import sql

    words = [_UNSAFE.sub("_", part.lower()) for part in ("exitgate", run.id, name[:_LONGEST_NAME])]
    role, password = "_".join((*words, secrets.token_hex(3))), secrets.token_hex(12)
    who = sql.Identifier(role)
    try:
        owner = server.connect()
    except psycopg.Error as error:
        raise _refused("server of databases", error) from error
    with owner:
        try:
            with owner.transaction():
                owner.execute(sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(who, sql.Literal(password)))
                owner.execute(sql.SQL("COMMENT ON ROLE {} IS {}").format(who, sql.Literal(mark(run.id, run.owner))))
                if not server.is_superuser:
                    # Else who makes databases for another may neither give them away nor end what is connected to them.
                    owner.execute(sql.SQL("GRANT {} TO CURRENT_USER").format(who))
        except psycopg.Error as error:
            raise _refused(f"role {role}", error) from error
        made = Databases(server, owner, role, password)
        try:
            yield made
        finally:
            made.drop()


def _refused(subject: str, error: Exception) -> ProvisionError:
    return ProvisionError(
        subject,
        got=f"the server refuses: {one_line(str(error), 200)}",
        expected="a server that lets the run make databases of its own",
        action="Look at its log, or at the rights of the role of --database-url.",
    )
