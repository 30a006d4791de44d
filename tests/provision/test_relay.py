"""Relays: what they pass on, count, hold up and cut."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import cast

import pytest

from exitgate.errors import ProvisionError
from exitgate.provision.drawn_network import Namespace
from exitgate.provision.relay import Relay, StatementCounter, Way

STARTUP = (16).to_bytes(4) + (196608).to_bytes(4) + b"user\0me\0"
SSL_REQUEST = (8).to_bytes(4) + (80877103).to_bytes(4)


def message(kind: bytes, body: bytes = b"") -> bytes:
    return kind + (4 + len(body)).to_bytes(4) + body


@contextmanager
def echo() -> Iterator[int]:
    """A server that sends back what it gets."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer(connection: socket.socket) -> None:
            with connection, suppress(OSError):
                while data := connection.recv(4096):
                    connection.sendall(data)

        def serve() -> None:
            with suppress(OSError):
                while True:
                    connection, _ = server.accept()
                    threading.Thread(target=answer, args=(connection,), daemon=True).start()

        threading.Thread(target=serve, daemon=True).start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)


@contextmanager
def relay(*, counts: bool = False) -> Iterator[Relay]:
    with echo() as port, Relay("127.0.0.1", port, counts_statements=counts).serving() as made:
        yield made


def connected(to: Relay, timeout_s: float = 5.0) -> socket.socket:
    return socket.create_connection(("127.0.0.1", to.port), timeout=timeout_s)


def has_ended(client: socket.socket) -> bool:
    with suppress(ConnectionError):
        return client.recv(16) == b""
    return True


def test_what_is_sent_comes_through_both_ways() -> None:
    with relay() as way, connected(way) as client:
        client.sendall(b"hello")
        assert client.recv(16) == b"hello"
        assert (way.connections, way.felt, way.statements) == (1, 0, 0)


def test_statements_are_counted_on_the_way() -> None:
    with relay(counts=True) as way, connected(way) as client:
        sent = STARTUP + message(b"Q", b"SELECT 1\0") + message(b"X")
        client.sendall(sent)
        assert client.recv(len(sent), socket.MSG_WAITALL) == sent
        assert way.statements == 1


def test_a_silent_way_holds_up_and_delivers_later() -> None:
    with relay() as way, connected(way) as client:
        client.sendall(b"a")
        assert client.recv(16) == b"a"
        way.lead(Way.SILENT)
        client.settimeout(0.2)
        client.sendall(b"b")
        with pytest.raises(TimeoutError):
            client.recv(16)
        assert way.felt >= 1
        way.lead(Way.OPEN)
        client.settimeout(5)
        assert client.recv(16) == b"b"


def test_a_cut_way_resets_and_refuses_until_it_is_opened_again() -> None:
    with relay() as way, connected(way) as client:
        client.sendall(b"a")
        assert client.recv(16) == b"a"
        way.lead(Way.CUT)
        assert has_ended(client)
        with pytest.raises(ConnectionRefusedError):
            connected(way)
        assert way.felt >= 1
        way.lead(Way.OPEN)
        with connected(way) as again:
            again.sendall(b"c")
            assert again.recv(16) == b"c"


def test_nobody_in_touch_feels_nothing() -> None:
    with relay() as way:
        way.lead(Way.SILENT)
        way.lead(Way.CUT)
        way.lead(Way.OPEN)
        assert way.felt == 0


def test_an_address_of_another_machine_is_refused_in_one_line() -> None:
    with (
        pytest.raises(ProvisionError, match="can't listen on 192"),
        Relay("192.0.2.1", 9, counts_statements=False).serving(),
    ):
        pass


class Closed:
    """A network that the kernel does not let us into."""

    def within(self, _: object) -> socket.socket:
        """Refuse."""
        raise ProvisionError("setns", got="Operation not permitted", expected="a way in", action="Run as root.")


def test_a_network_that_can_t_be_entered_is_told_as_it_is() -> None:
    closed = cast("Namespace", Closed())
    refused = pytest.raises(ProvisionError, match="setns: Operation not permitted")
    with refused, Relay("127.0.0.1", 9, listens_in=closed).serving():
        pass


def test_who_asks_across_a_network_that_can_t_be_entered_is_reset(caplog: pytest.LogCaptureFixture) -> None:
    with Relay("127.0.0.1", 9, connects_in=cast("Namespace", Closed())).serving() as way, connected(way) as client:
        assert has_ended(client)
    assert caplog.records == []


@pytest.mark.parametrize("size", [1, 3, 1000])
def test_messages_are_told_apart_however_they_arrive(size: int) -> None:
    counter = StatementCounter()
    data = (
        SSL_REQUEST + STARTUP + message(b"p", b"secret\0") + message(b"P", b"\0SELECT 1\0\0\0") + message(b"B", b"QEF")
    )
    data += message(b"E", b"\0\0\0\0\0") + message(b"S") + message(b"Q", b"BEGIN\0")
    for start in range(0, len(data), size):
        counter.feed(data[start : start + size])
    assert counter.count == 2


def test_a_login_alone_is_no_statement() -> None:
    assert StatementCounter().feed(STARTUP + message(b"p", b"secret\0") + message(b"X")) == 0
