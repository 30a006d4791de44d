"""What each kind of backing server tells, without a server."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, get_args, get_type_hints

import pytest
from pydantic import ValidationError

from exitgate.provision.backing import KINDS, Access, Kind, NotReady, Server, environment_of, servers
from exitgate.provision.backing.kind import Start
from exitgate.target import Backing, BackingUse

ACCESS = Access(host="db", port=1234, user="ada", password="p@ss/word:#", part="shop")
SERVER = Server(
    name="store",
    kind="fake",
    version="1",
    container_id="c",
    network="n",
    local_port=40000,
    password="secret",
    substitute="",
)


class Fake(Kind):
    """Hands out parts, and says which it took back."""

    name = "fake"
    port = 99
    user = "owner"

    def __init__(self) -> None:
        self.open: list[str] = []
        self.closed: list[str] = []

    def start(self, password: str) -> Start:
        return Start(environment={}, command=(password,))

    def version(self, access: Access) -> str:
        raise NotReady(access.host)

    def url(self, access: Access) -> str:
        return f"fake://{access.user}@{access.host}:{access.port}/{access.part}"

    @contextmanager
    def part(self, access: Access, part: str) -> Iterator[Access]:
        self.open.append(part)
        try:
            yield replace(access, user=f"user of {part}", part=part)
        finally:
            self.closed.append(part)


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> Fake:
    made = Fake()
    monkeypatch.setitem(KINDS, "fake", made)  # type: ignore[arg-type] # a dictionary, whatever it is read as
    return made


def uses(**texts: str) -> Mapping[str, BackingUse]:
    return {variable: BackingUse.model_validate(text) for variable, text in texts.items()}


def test_a_target_may_declare_every_kind_that_there_is_and_no_other() -> None:
    assert set(get_args(get_type_hints(Backing)["kind"])) == set(KINDS)


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("postgres", "postgresql://ada:p%40ss%2Fword%3A%23@db:1234/shop"),
        ("redis", "redis://ada:p%40ss%2Fword%3A%23@db:1234/shop"),
        ("rabbitmq", "amqp://ada:p%40ss%2Fword%3A%23@db:1234/shop"),
    ],
)
def test_an_address_holds_what_a_client_needs_and_escapes_it(kind: str, expected: str) -> None:
    assert KINDS[kind].url(ACCESS) == expected


@pytest.mark.parametrize(("kind", "end"), [("postgres", "/postgres"), ("redis", "/0"), ("rabbitmq", "/%2F")])
def test_an_address_of_no_part_is_of_the_whole_server(kind: str, end: str) -> None:
    assert KINDS[kind].url(replace(ACCESS, part="")).endswith(f":1234{end}")


@pytest.mark.parametrize("kind", KINDS)
def test_a_server_that_is_not_there_is_not_ready_and_says_why(kind: str) -> None:
    with pytest.raises(NotReady, match=r"."):
        KINDS[kind].version(Access(host="127.0.0.1", port=1, user="ada", password="x"))


@pytest.mark.parametrize(
    ("text", "backing", "part", "field"),
    [
        ("store", "store", "", "url"),
        ("store/shop", "store", "shop", "url"),
        ("store/shop#password", "store", "shop", "password"),
        ("store#host", "store", "", "host"),
    ],
)
def test_a_use_is_written_in_one_word(text: str, backing: str, part: str, field: str) -> None:
    use = BackingUse.model_validate(text)
    assert (use.backing, use.part, use.field) == (backing, part, field)


@pytest.mark.parametrize("text", ["", "/shop", "store#colour", "store/sh-op", "store/a/b", 'store/"; DROP', "store#"])
def test_a_use_that_says_something_else_is_refused(text: str) -> None:
    with pytest.raises(ValidationError):
        BackingUse.model_validate(text)


def test_workloads_find_a_server_by_its_name_and_this_machine_by_its_published_port(fake: Fake) -> None:
    wanted = uses(URL="store/shop", USER="store/shop#user", PORT="store/shop#port", WHOLE="store")
    with environment_of(wanted, {"store": SERVER}, locally=False) as seen:
        assert seen == {
            "URL": "fake://user of shop@store:99/shop",
            "USER": "user of shop",
            "PORT": "99",
            "WHOLE": "fake://owner@store:99/",
        }
    with environment_of(wanted, {"store": SERVER}, locally=True) as seen:
        assert seen["URL"] == "fake://user of shop@127.0.0.1:40000/shop"
    assert fake.open == ["shop", "shop"], "one part for all variables that tell of it"


def test_what_was_made_for_a_client_is_taken_back_when_it_fails(fake: Fake) -> None:
    def fail(environment: Mapping[str, str]) -> None:
        raise RuntimeError(environment["URL"])

    with pytest.raises(RuntimeError), environment_of(uses(URL="store/shop"), {"store": SERVER}, locally=True) as seen:
        fail(seen)
    assert (fake.open, fake.closed) == (["shop"], ["shop"])


def test_nothing_is_started_where_nothing_is_needed() -> None:
    nothing: Any = None
    assert servers(nothing, nothing, nothing, (), frozenset()) == {}
