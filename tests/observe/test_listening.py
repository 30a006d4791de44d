"""Ports that listen: as the kernel lists them by netlink, and as /proc does where a network can't be entered."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator

import pytest

from exitgate.errors import ProvisionError
from exitgate.observe import listening
from exitgate.observe.listening import ListeningPorts

NOBODY = 2**22 + 1
"""Above the highest number that a process may have."""


@pytest.fixture(params=["netlink", "/proc"])
def ports(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[ListeningPorts]:
    if request.param == "/proc":
        monkeypatch.setattr(listening, "_asking", _refused)
    elif os.geteuid() != 0:
        pytest.skip("only root may enter the network of a process")
    made = ListeningPorts(os.getpid())
    yield made
    made.close()


def _refused(pid: int) -> socket.socket:
    raise ProvisionError("network", got="no leave", expected="leave", action="Nothing.")


@pytest.mark.parametrize(
    ("family", "address"), [(socket.AF_INET, "127.0.0.1"), (socket.AF_INET, "0.0.0.0"), (socket.AF_INET6, "::1")]
)
def test_a_port_counts_from_when_it_listens_until_it_closes(
    ports: ListeningPorts, family: socket.AddressFamily, address: str
) -> None:
    with socket.socket(family) as server:
        server.bind((address, 0))
        port = server.getsockname()[1]
        assert port not in ports.read()
        server.listen()
        assert port in ports.read()
    assert port not in ports.read()


def test_a_connection_that_is_open_is_no_port_that_listens(ports: ListeningPorts) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()) as client:
        assert client.getsockname()[1] not in ports.read()
        assert server.getsockname()[1] in ports.read()


def test_more_ports_than_one_answer_holds_are_all_told(ports: ListeningPorts) -> None:
    servers = [socket.create_server(("127.0.0.1", 0), backlog=1) for _ in range(400)]
    try:
        assert {each.getsockname()[1] for each in servers} <= ports.read()
    finally:
        for each in servers:
            each.close()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may make a network")
def test_another_network_has_ports_of_its_own() -> None:
    code = "import socket,sys; s=socket.create_server(('0.0.0.0', 4711)); print('up', flush=True); sys.stdin.read()"
    with (
        subprocess.Popen(
            ["unshare", "--net", sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        ) as there,
        socket.create_server(("127.0.0.1", 0)) as here,
    ):
        assert there.stdout is not None
        assert there.stdin is not None
        assert there.stdout.readline() == b"up\n"
        ports = ListeningPorts(there.pid)
        assert ports.read() == {4711}
        assert here.getsockname()[1] not in ports.read()
        there.stdin.close()
        there.wait(10)
        ports.close()


def test_of_a_process_that_is_gone_nothing_listens() -> None:
    assert ListeningPorts(NOBODY).read() == frozenset()


def test_where_the_kernel_does_not_answer_proc_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    ours, kernel = socket.socketpair()
    monkeypatch.setattr(listening, "_asking", lambda pid: ours)
    ports = ListeningPorts(os.getpid())
    kernel.close()
    with socket.create_server(("127.0.0.1", 0)) as server:
        assert server.getsockname()[1] in ports.read()
    assert ours.fileno() == -1
