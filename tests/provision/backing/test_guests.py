"""Guests of servers, without a server: users of their own, numbers that nobody names, and an end whatever happens."""

from __future__ import annotations

import re
from contextlib import ExitStack
from dataclasses import dataclass, field
from types import SimpleNamespace, TracebackType
from typing import Any, Self, cast

import psycopg
import pytest
import redis

from exitgate.errors import ProvisionError
from exitgate.provision.backing import Server, guest
from exitgate.provision.engine import Engine
from exitgate.target import BackingUse

NO_ENGINE = cast("Engine", None)


def server(kind: str) -> Server:
    return Server(
        name=f"the-{kind}",
        kind=kind,
        version="1",
        container_id="c",
        network="n",
        local_port=40000,
        password="the owner's",
        substitute="",
    )


@dataclass
class Owner:
    """A connection of the server's owner that notes what it is told, and refuses one statement."""

    refuses: str = ""
    databases: tuple[str, ...] = ()
    told: list[str] = field(default_factory=list)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        """Close."""

    def execute(self, statement: Any, _: object = ()) -> Self:
        """Execute, or refuse."""
        self.told.append(statement if isinstance(statement, str) else statement.as_string(None))
        if self.refuses and self.told[-1].startswith(self.refuses):
            raise psycopg.errors.DiskFull("no space")
        return self

    def fetchall(self) -> list[tuple[str]]:
        """Return the databases of the guest."""
        return [(each,) for each in self.databases]

    def execute_command(self, *words: str) -> None:
        """Note it."""
        self.told.append(" ".join(words))

    def flushdb(self) -> None:
        """Note it."""
        self.told.append("FLUSHDB")


@pytest.fixture
def owner(monkeypatch: pytest.MonkeyPatch) -> Owner:
    """The owner's connection, to PostgreSQL and to Redis."""
    made = Owner()
    monkeypatch.setattr(psycopg, "connect", lambda *_, **__: made)

    def from_url(url: str, **_: object) -> Owner:
        made.told.append(url.rpartition("/")[2])
        return made

    monkeypatch.setattr(redis.Redis, "from_url", from_url)
    return made


def test_a_database_that_cannot_be_made_leaves_no_role(owner: Owner) -> None:
    owner.refuses = "CREATE DATABASE"
    with pytest.raises(ProvisionError, match="no space"), guest(NO_ENGINE, [server("postgres")], "tests", 0):
        pass
    assert owner.told[-1].startswith("DROP ROLE")


def test_databases_of_the_guest_go_though_one_is_gone_already(owner: Owner) -> None:
    owner.databases = ("of_a_test",)
    with guest(NO_ENGINE, [server("postgres")], "tests", 0):
        pass
    assert owner.told[-2:-1] == ['DROP DATABASE IF EXISTS "of_a_test" WITH (FORCE)']


def test_names_are_short_enough_for_postgresql_and_no_two_guests_have_the_same(owner: Owner) -> None:
    one, two = (guest(NO_ENGINE, [server("postgres")], "Tests-of-" + "x" * 80, 0) for _ in range(2))
    with one as first, two as second:
        names = {each["the-postgres"].user for each in (first, second)}
    assert len(names) == 2
    assert all(re.fullmatch(r"tests_of_x+_[0-9a-f]{6}", each) and len(each) <= 60 for each in names)


def test_a_user_of_redis_may_not_reach_past_its_number_and_goes_with_it(owner: Owner) -> None:
    with ExitStack() as stack:
        access = stack.enter_context(guest(NO_ENGINE, [server("redis")], "tests", 0))["the-redis"]
        assert access.user.startswith("tests_")
        assert (access.part, access.password != "the owner's") == ("15", True)
    number, _, made, *end = owner.told
    assert number == "15"
    assert made.startswith(f"ACL SETUSER {access.user} reset on ~* &* +@all ")
    assert {"-@admin", "-flushall", "-swapdb"} <= set(made.split())
    assert end == [f"ACL DELUSER {access.user}", "FLUSHDB"]


def test_a_number_is_emptied_though_what_its_guest_does_goes_wrong(owner: Owner) -> None:
    stack = ExitStack()
    stack.enter_context(guest(NO_ENGINE, [server("redis")], "tests", 0))
    assert stack.__exit__(RuntimeError, RuntimeError("a test fails"), None) is False
    assert owner.told[-1] == "FLUSHDB"


def test_a_number_that_a_workload_names_is_no_guest_s(owner: Owner) -> None:
    taken = [BackingUse.model_validate(each) for each in ("the-redis/15", "the-redis/13", "other/14", "the-redis")]
    parts = []
    for number in range(2):
        with guest(NO_ENGINE, [server("redis")], "tests", number, taken=taken) as given:
            parts.append(given["the-redis"].part)
    assert parts == ["14", "12"]
    with (
        pytest.raises(ProvisionError, match="no number left"),
        guest(NO_ENGINE, [server("redis")], "tests", 13, taken=taken),
    ):
        pass


@dataclass
class Broker:
    """An engine with a RabbitMQ that notes what it is told, and refuses what has a word in it."""

    refuses: str = ""
    told: list[str] = field(default_factory=list)

    @property
    def client(self) -> SimpleNamespace:
        """As Docker's."""

        def exec_run(command: list[str]) -> tuple[int, bytes]:
            self.told.append(command[-1])
            return (1 if self.refuses and self.refuses in command[-1] else 0), b"no"

        return SimpleNamespace(containers=SimpleNamespace(get=lambda _: SimpleNamespace(exec_run=exec_run)))


def test_a_user_of_rabbitmq_has_rights_on_its_own_host_alone_and_goes_with_it() -> None:
    broker = Broker()
    with guest(cast("Engine", broker), [server("rabbitmq")], "tests", 0) as given:
        access = given["the-rabbitmq"]
    assert access.user == access.part != "exitgate"
    made, end = broker.told
    assert f'add_user(<<"{access.user}">>, <<"{access.password}">>' in made
    assert f'set_permissions(<<"{access.user}">>, <<"{access.part}">>' in made
    assert f'delete_user(<<"{access.user}">>' in end


def test_a_host_that_is_made_by_half_is_removed() -> None:
    broker = Broker(refuses="add_user")
    with (
        pytest.raises(ProvisionError, match="the server refuses: no"),
        guest(cast("Engine", broker), [server("rabbitmq")], "tests", 0),
    ):
        pass
    assert "rabbit_vhost:delete" in broker.told[-1]
