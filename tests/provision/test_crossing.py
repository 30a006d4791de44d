"""Ways through a drawn network: what its filters let through arrives, what they do not does not, and what is cut is gone."""

from __future__ import annotations

import os
import shutil
import socket
from contextlib import suppress

import pytest

from exitgate.provision.crossing import Crossing, drawn_ends
from exitgate.provision.relay import Way as Passing
from exitgate.reachability import Endpoint, Group, Network, Place, Route, Rule, Subnet, Way
from exitgate.reachability.addresses import cidr
from exitgate.reachability.traffic import traffic

from .test_relay import echo

pytestmark = pytest.mark.skipif(
    os.geteuid() != 0 or shutil.which("iptables-restore", path="/usr/sbin:/sbin:/usr/bin") is None,
    reason="draws networks in the kernel: needs root and iptables",
)
SQL = traffic("tcp", 5432, 5432)
LOCAL = Route(name="local", addresses=cidr("10.0.0.0/16"), prefix=16, way=Way.LOCAL, rank=0)
NETWORK = Network(
    subnets=(
        Subnet(name="services", vpc="vpc", routes=(LOCAL,)),
        Subnet(name="data", vpc="vpc", routes=(LOCAL,)),
    ),
    groups=(
        Group(name="service", outbound=(Rule(name="out", traffic=SQL, group="database"),)),
        Group(name="database", inbound=(Rule(name="in", traffic=SQL, group="service"),)),
    ),
    endpoints=(
        Endpoint(
            name="service", places=(Place(subnet="services", addresses=cidr("10.0.1.0/24")),), groups=("service",)
        ),
        Endpoint(name="database", places=(Place(subnet="data", addresses=cidr("10.0.2.0/24")),), groups=("database",)),
    ),
)


def sent(crossing: Crossing) -> bytes:
    """Return what comes back for a word; nothing where the connection ends."""
    with suppress(ConnectionError), socket.create_connection(("127.0.0.1", crossing.near.port), timeout=5) as client:
        client.sendall(b"word")
        return client.recv(16)
    return b""


def test_what_is_let_through_arrives_until_it_is_cut() -> None:
    with (
        echo() as port,
        drawn_ends(NETWORK) as ends,
        ends.crossing(("service", "database"), 5432, listens_at="127.0.0.1", leads_to=("127.0.0.1", port)) as crossing,
    ):
        assert sent(crossing) == b"word"
        crossing.far.lead(Passing.CUT)
        assert sent(crossing) == b""
        crossing.far.lead(Passing.OPEN)
        assert sent(crossing) == b"word"
        assert crossing.words == "of 3 connections 2 came through the drawn network"


@pytest.mark.parametrize(
    ("ends_", "port"), [(("service", "database"), 5433), (("database", "service"), 5432)], ids=["port", "direction"]
)
def test_what_is_not_let_through_does_not_arrive(ends_: tuple[str, str], port: int) -> None:
    with (
        echo() as server,
        drawn_ends(NETWORK) as ends,
        ends.crossing(ends_, port, listens_at="127.0.0.1", leads_to=("127.0.0.1", server)) as crossing,
    ):
        assert sent(crossing) == b""
        assert crossing.far.connections == 0


def test_an_end_takes_connections_for_a_port_of_this_machine() -> None:
    with echo() as port, drawn_ends(NETWORK) as ends, ends.entrance("database", 5432, port):
        place = (ends.address("database"), 5432)
        with ends.space("service").within(lambda: socket.create_connection(place, timeout=5)) as client:
            client.sendall(b"word")
            assert client.recv(16) == b"word"
