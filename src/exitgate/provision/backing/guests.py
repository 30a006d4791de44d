"""Guests of a run's servers: each has a part to itself, makes and drops there what it needs, and disturbs nobody beside it.

A part (`Kind.part`) is what one workload may use; tests want more: databases that they name, queues that they empty.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import replace

from exitgate.errors import ProvisionError, one_line
from exitgate.provision.backing.kind import Access
from exitgate.provision.backing.postgres import Postgres
from exitgate.provision.backing.rabbitmq import RabbitMQ
from exitgate.provision.backing.servers import KINDS, Server
from exitgate.provision.engine import Engine

_TIMEOUT_S = 5
_REDIS_NUMBERS = 16
_UNSAFE = re.compile(r"[^a-z0-9]+")
# One call of the tool, since each starts an Erlang of its own. Debian's wrapper of it insists on an account of its name.
_CTL = 'PATH=/usr/lib/rabbitmq/bin:$PATH exec rabbitmqctl --silent eval "$1"'
_MAKE_HOST = """\
rabbit_vhost:add(<<"{host}">>, <<"{user}">>),
rabbit_auth_backend_internal:set_permissions(<<"{user}">>, <<"{host}">>, <<".*">>, <<".*">>, <<".*">>, <<"{user}">>).
"""
_END_HOST = 'rabbit_vhost:delete(<<"{host}">>, <<"{user}">>).'


@contextmanager
def guest(engine: Engine, servers: Sequence[Server], name: str, number: int) -> Iterator[Mapping[str, Access]]:
    """Give a guest a part of each server; take all of it away at the end.

    Args:
        engine: On which the servers run.
        servers: The run's own.
        name: The guest's: it is alone with it.
        number: The guest's among others, from 0: Redis has its databases by number, of which guests take the last.

    Returns:
        Name of a server to the guest's access, from the servers' network.

    Raises:
        ProvisionError: if a server refuses, or Redis has no more numbers.
    """
    own = _UNSAFE.sub("_", name.lower())
    with ExitStack() as stack:
        yield {server.name: stack.enter_context(_part(engine, server, own, number)) for server in servers}


def _part(engine: Engine, server: Server, name: str, number: int) -> AbstractContextManager[Access]:
    if server.kind == Postgres.name:
        return _database(server, name)
    return _virtual_host(engine, server, name) if server.kind == RabbitMQ.name else _number(server, number)


@contextmanager
def _database(server: Server, name: str) -> Iterator[Access]:
    """Make an empty database, and its owner, who may make others; drop all of the owner's at the end."""
    import psycopg
    from psycopg import sql

    who, password = sql.Identifier(name), secrets.token_hex(12)
    try:
        with psycopg.connect(KINDS[server.kind].url(server.locally), autocommit=True) as owner:
            owner.execute(sql.SQL("CREATE ROLE {} LOGIN CREATEDB PASSWORD {}").format(who, sql.Literal(password)))
            owner.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(who, who))
            try:
                yield _access(server, name, password, name)
            finally:
                made = owner.execute(
                    "SELECT datname FROM pg_database JOIN pg_roles r ON r.oid = datdba WHERE rolname = %s", (name,)
                ).fetchall()
                for (database,) in made:
                    owner.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(str(database))))
                owner.execute(sql.SQL("DROP ROLE {}").format(who))
    except psycopg.Error as error:
        raise _refused(server, str(error)) from error


@contextmanager
def _virtual_host(engine: Engine, server: Server, name: str) -> Iterator[Access]:
    """Make a virtual host; remove it at the end, with all that is in it."""
    user = KINDS[server.kind].user
    _control(engine, server, _MAKE_HOST.format(host=name, user=user))
    try:
        yield _access(server, user, server.password, name)
    finally:
        _control(engine, server, _END_HOST.format(host=name, user=user))


@contextmanager
def _number(server: Server, number: int) -> Iterator[Access]:
    """Take a number from the end; it is emptied before and after."""
    import redis

    own = _REDIS_NUMBERS - 1 - number
    if own < 1:
        raise _refused(server, f"no number left for guest {number}")
    with redis.Redis.from_url(
        KINDS[server.kind].url(replace(server.locally, part=str(own))), socket_timeout=_TIMEOUT_S
    ) as client:
        try:
            client.flushdb()
            yield _access(server, KINDS[server.kind].user, server.password, str(own))
            client.flushdb()
        except redis.RedisError as error:
            raise _refused(server, str(error)) from error


def _access(server: Server, user: str, password: str, part: str) -> Access:
    return Access(host=server.name, port=KINDS[server.kind].port, user=user, password=password, part=part)


def _control(engine: Engine, server: Server, words: str) -> None:
    code, out = engine.client.containers.get(server.container_id).exec_run(["/bin/sh", "-c", _CTL, "sh", words])
    if code != 0:
        raise _refused(server, (out if isinstance(out, bytes) else b"".join(out)).decode("utf-8", "replace"))


def _refused(server: Server, words: str) -> ProvisionError:
    return ProvisionError(
        f"guest of server {server.name}",
        got=f"the server refuses: {one_line(words, 200)}",
        expected="a part of it that a guest has for itself",
        action="Look at its log.",
    )
