"""Guests of a run's servers: each has a part to itself, makes and drops there what it needs, and disturbs nobody beside it.

A part (`Kind.part`) is what one workload may use; tests want more: databases that they name, queues that they empty.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from dataclasses import replace

from exitgate.errors import ProvisionError, one_line
from exitgate.provision.backing.kind import Access
from exitgate.provision.backing.postgres import Postgres
from exitgate.provision.backing.rabbitmq import RabbitMQ
from exitgate.provision.backing.servers import KINDS, Server
from exitgate.provision.engine import Engine
from exitgate.target import BackingUse

_TIMEOUT_S = 5
_REDIS_NUMBERS = 16
# What reaches past a number: other numbers, settings, the server itself. No rule of Redis 7 keeps a user from SELECT of another.
_REDIS_RULES = ("reset", "on", "~*", "&*", "+@all", "-@admin", "-flushall", "-swapdb", "-move")
_LONGEST_NAME = 48
"""PostgreSQL cuts a name at 63 bytes; a random part follows, and guests name databases after themselves."""
_DATABASES_OF = "SELECT datname FROM pg_database JOIN pg_roles r ON r.oid = datdba WHERE rolname = %s"
_UNSAFE = re.compile(r"[^a-z0-9]+")
# One call of the tool, since each starts an Erlang of its own. Debian's wrapper of it insists on an account of its name.
_CTL = 'PATH=/usr/lib/rabbitmq/bin:$PATH exec rabbitmqctl --silent eval "$1"'
_MAKE_HOST = """\
rabbit_vhost:add(<<"{name}">>, <<"{owner}">>),
rabbit_auth_backend_internal:add_user(<<"{name}">>, <<"{password}">>, <<"{owner}">>),
rabbit_auth_backend_internal:set_permissions(<<"{name}">>, <<"{name}">>, <<".*">>, <<".*">>, <<".*">>, <<"{owner}">>).
"""
_END_HOST = """\
try rabbit_vhost:delete(<<"{name}">>, <<"{owner}">>)
after rabbit_auth_backend_internal:delete_user(<<"{name}">>, <<"{owner}">>) end.
"""


@contextmanager
def guest(
    engine: Engine, servers: Sequence[Server], name: str, number: int, *, taken: Collection[BackingUse] = ()
) -> Iterator[Mapping[str, Access]]:
    """Give a guest a part of each server, and a user who has no right to any other's; take all of it away at the end.

    Args:
        engine: On which the servers run.
        servers: The run's own.
        name: What the guest is called; a random part is added.
        number: The guest's among others, from 0: Redis has its databases by number, of which guests take the last.
        taken: What workloads use of the servers; a number that one of them names is no guest's.

    Returns:
        Name of a server to the guest's access, from the servers' network.

    Raises:
        ProvisionError: if a server refuses, or Redis has no more numbers.
    """
    own = f"{_UNSAFE.sub('_', name.lower())[:_LONGEST_NAME]}_{secrets.token_hex(3)}"

    def part(server: Server) -> AbstractContextManager[Access]:
        if server.kind == Postgres.name:
            return _database(server, own)
        if server.kind == RabbitMQ.name:
            return _virtual_host(engine, server, own)
        return _number(server, own, _free_number(server, number, taken))

    with ExitStack() as stack:
        yield {server.name: stack.enter_context(part(server)) for server in servers}


@contextmanager
def _database(server: Server, name: str) -> Iterator[Access]:
    """Make an empty database, and its owner, who may make others; drop all of the owner's at the end."""
    import psycopg
    from psycopg import sql

    who, password = sql.Identifier(name), secrets.token_hex(12)
    try:
        with psycopg.connect(KINDS[server.kind].url(server.locally), autocommit=True) as owner:
            owner.execute(sql.SQL("CREATE ROLE {} LOGIN CREATEDB PASSWORD {}").format(who, sql.Literal(password)))
            try:
                owner.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(who, who))
                yield _access(server, name, password, name)
            finally:
                made = owner.execute(_DATABASES_OF, (name,)).fetchall()
                for (database,) in made:
                    gone = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(str(database)))
                    owner.execute(gone)
                owner.execute(sql.SQL("DROP ROLE {}").format(who))
    except psycopg.Error as error:
        raise _refused(server, str(error)) from error


@contextmanager
def _virtual_host(engine: Engine, server: Server, name: str) -> Iterator[Access]:
    """Make a virtual host, and a user of it alone; remove both at the end, with all that is in it."""
    owner, password = KINDS[server.kind].user, secrets.token_hex(12)
    end = _END_HOST.format(name=name, owner=owner)
    try:
        _control(engine, server, _MAKE_HOST.format(name=name, owner=owner, password=password))
    except ProvisionError:
        # Some of it may be there.
        with suppress(ProvisionError):
            _control(engine, server, end)
        raise
    try:
        yield _access(server, name, password, name)
    finally:
        _control(engine, server, end)


def _free_number(server: Server, number: int, taken: Collection[BackingUse]) -> int:
    """Return a guest's number of Redis; 0 is never one, as it is everybody's who names none."""
    named = {int(use.part) for use in taken if use.backing == server.name and use.part.isdecimal()}
    free = [each for each in range(_REDIS_NUMBERS - 1, 0, -1) if each not in named]
    if number >= len(free):
        raise _refused(server, f"no number left for guest {number}")
    return free[number]


@contextmanager
def _number(server: Server, name: str, number: int) -> Iterator[Access]:
    """Give a number, and a user who may do nothing to the server or to all numbers at once; it is emptied before and after."""
    import redis

    password = secrets.token_hex(12)
    address = KINDS[server.kind].url(replace(server.locally, part=str(number)))
    try:
        with redis.Redis.from_url(address, socket_timeout=_TIMEOUT_S) as client, ExitStack() as stack:
            client.flushdb()
            stack.callback(client.flushdb)
            client.execute_command("ACL", "SETUSER", name, *_REDIS_RULES, f">{password}")
            # First of both, since it ends the user's connections, too.
            stack.callback(client.execute_command, "ACL", "DELUSER", name)
            yield _access(server, name, password, str(number))
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
