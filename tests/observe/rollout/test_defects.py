"""Stand-ins for bad versions: which requests they meddle with, that health checks pass, and that held answers still go out."""

from __future__ import annotations

import itertools
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress

import pytest

from exitgate.observe.rollout.defects import ErringProxy, SlowProxy
from tests.load.server import faulty_server


@contextmanager
def connected(port: int) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", port), timeout=10) as client:
        yield client


def ask(client: socket.socket, path: str = "/", method: str = "GET", body: bytes = b"") -> int:
    """Send a request and return the status of its answer, which has a length of its own and comes whole."""
    head = f"{method} {path} HTTP/1.1\r\nhost: x\r\ncontent-length: {len(body)}\r\n\r\n"
    client.sendall((head if method != "GET" else f"GET {path} HTTP/1.1\r\nhost: x\r\n\r\n").encode() + body)
    return answer(client)


def answer(client: socket.socket) -> int:
    data = client.recv(65536)
    return int(data.split(b" ")[1]) if data else 0


def test_every_so_many_reads_fail_and_nothing_else_does() -> None:
    with faulty_server() as server:
        proxy = ErringProxy("127.0.0.1", server.port, "/healthz", 0.25, itertools.count(1))
        with proxy.serving(), connected(proxy.port) as client:
            reads = [ask(client) for _ in range(8)]
            health = [ask(client, "/healthz") for _ in range(8)]
            writes = [ask(client, method="POST", body=b"{}") for _ in range(8)]
    assert reads == [200, 200, 200, 500] * 2
    assert health == writes == [200] * 8
    assert proxy.meddled == 2


def test_every_request_is_held_up_but_for_health_checks() -> None:
    with faulty_server() as server:
        proxy = SlowProxy("127.0.0.1", server.port, "/healthz", 0.05)
        with proxy.serving(), connected(proxy.port) as client:
            seen = [ask(client), ask(client, method="POST", body=b"{}"), ask(client, "/healthz")]
    assert seen == [200, 200, 200]
    assert proxy.meddled == 2


def test_an_answer_that_is_held_up_goes_out_after_its_task_has_ended() -> None:
    arrived = threading.Event()
    with faulty_server() as server:
        proxy = SlowProxy("127.0.0.1", server.port, "/healthz", 0.5)
        with connected_after(proxy, server.arrivals, arrived) as client:
            pass
        assert answer(client) == 200
        client.close()


@contextmanager
def connected_after(proxy: SlowProxy, arrivals: list[float], arrived: threading.Event) -> Iterator[socket.socket]:
    """Yield a client whose request has reached the task, and end the proxy before its answer is due."""
    with proxy.serving():
        client = socket.create_connection(("127.0.0.1", proxy.port), timeout=10)
        client.sendall(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")
        while not arrivals:
            arrived.wait(0.01)
        arrived.wait(0.1)
        yield client


def test_a_task_that_is_gone_closes_the_connection() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        proxy = SlowProxy("127.0.0.1", port, "/healthz", 0.05)
        # Closed with the request unread, which TCP says by a reset.
        with proxy.serving(), connected(proxy.port) as client, suppress(ConnectionResetError):
            client.sendall(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")
            assert client.recv(100) == b""


def test_who_still_connects_at_the_end_is_no_error(capfd: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as full, ExitStack() as stack:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        # One more than the queue holds: who comes now waits for an answer to its first packet.
        stack.enter_context(connected(full.getsockname()[1]))
        proxy = SlowProxy("127.0.0.1", full.getsockname()[1], "/healthz", 0.05)
        with proxy.serving(), connected(proxy.port) as client:
            client.sendall(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")
            threading.Event().wait(0.2)
    assert capfd.readouterr().err == ""
