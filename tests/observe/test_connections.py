"""Small networks drawn in this machine's kernel: what gets through is what AWS says, and what the model of reachability says."""

from __future__ import annotations

import os
import shutil
from contextlib import nullcontext
from pathlib import Path

import pytest

from exitgate.assurance import Assurance
from exitgate.errors import ObservationError, PrerequisiteMissing
from exitgate.evidence_folder import EvidenceFolder
from exitgate.observation import Substrate
from exitgate.observe import connections
from exitgate.observe.connections import Answer, read_connections
from exitgate.observe.planned_network import PlannedNetwork
from exitgate.observe.terraform import Infrastructure
from exitgate.provision.drawn_network import drawing_of, drawn, namespaces
from exitgate.reachability import (
    INTERNET,
    Acl,
    AclRule,
    Endpoint,
    Group,
    Network,
    Outside,
    Place,
    Reachability,
    Route,
    Rule,
    Subnet,
    Way,
)
from exitgate.reachability.addresses import ANY_V4, PUBLIC, cidr, difference
from exitgate.reachability.spans import Spans, covers, intersection
from exitgate.reachability.traffic import ALL, traffic

PLANNED = Infrastructure(substrate=Substrate(assurance=Assurance.DECLARED, name="plan"), stacks=())
VPC, FRONT, BACK = cidr("10.0.0.0/16"), cidr("10.0.0.0/24"), cidr("10.0.1.0/24")
WEB, SQL = traffic("tcp", 443, 443), traffic("tcp", 5432, 5432)
LOCAL = Route(name="local", addresses=VPC, prefix=16, way=Way.LOCAL, rank=0)
OUT = Route(name="out", addresses=ANY_V4, prefix=0, way=Way.INTERNET)
NAT = Route(name="nat", addresses=ANY_V4, prefix=0, way=Way.NAT, to="front")
NARROW = "198.51.100.7"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        os.geteuid() != 0 or shutil.which("iptables-restore", path="/usr/sbin:/sbin:/usr/bin") is None,
        reason="draws networks in the kernel: needs root and iptables",
    ),
]


def rule(traffic_: Spans, *, group: str = "", addresses: Spans = ()) -> Rule:
    return Rule(name=f"{group or addresses} {traffic_}", traffic=traffic_, group=group, addresses=addresses)


def network(*, data: tuple[Rule, ...], acl: Acl | None = None, back: Route | None = None) -> Network:
    """Return a front end that everybody reaches, and data behind it."""
    return Network(
        subnets=(
            Subnet(name="front", vpc="vpc", routes=(LOCAL, OUT)),
            Subnet(name="back", vpc="vpc", routes=(LOCAL, *([back] if back else ())), acl=acl),
        ),
        groups=(
            Group(
                name="front",
                inbound=(rule(WEB, addresses=ANY_V4), rule(SQL, addresses=cidr(f"{NARROW}/32"))),
                outbound=(rule(SQL, group="data"),),
            ),
            Group(name="data", inbound=data, outbound=(rule(WEB, addresses=ANY_V4),)),
        ),
        endpoints=(
            Endpoint(name="front", places=(Place(subnet="front", addresses=FRONT, public=True),), groups=("front",)),
            Endpoint(name="data", places=(Place(subnet="back", addresses=BACK),), groups=("data",)),
        ),
        outsides=(Outside(name=INTERNET, addresses=difference(PUBLIC, VPC), way=Way.INTERNET),),
        gateways=frozenset({"vpc"}),
    )


def connected(told: Network, tmp_path: Path) -> set[tuple[str, str, int]]:
    planned = PlannedNetwork(network=told, called={}, balancers={}, locations={}, unknown=())
    seen = read_connections(PLANNED, [("stack", planned)], {443, 5432}, EvidenceFolder(tmp_path))
    (stack,) = seen.stacks
    assert {each.port for each in stack.tries} == {9, 443, 5432}
    return {(each.source, each.destination, each.port) for each in stack.tries if each.answer is Answer.CONNECTED}


def by_the_model(told: Network) -> set[tuple[str, str, int]]:
    return {
        (each.source, each.destination, port)
        for each in Reachability(told).passages()
        for port in (9, 443, 5432)
        if intersection(each.possible, traffic("tcp", port, port))
    }


DEAF = Acl(
    name="deaf",
    inbound=(AclRule(name="in", number=1, allow=True, traffic=ALL, addresses=ANY_V4),),
    outbound=(AclRule(name="out", number=1, allow=True, traffic=WEB, addresses=ANY_V4),),
)
OPEN = (rule(SQL, group="front"),)


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        pytest.param(network(data=OPEN), {("front", "data", 5432)}, id="as planned"),
        pytest.param(network(data=()), set(), id="no rule"),
        pytest.param(network(data=(rule(SQL, addresses=BACK),)), set(), id="a rule for others"),
        pytest.param(network(data=(rule(SQL, addresses=VPC),)), {("front", "data", 5432)}, id="a rule by range"),
        pytest.param(network(data=OPEN, acl=DEAF), set(), id="an ACL that lets no answer out"),
        pytest.param(
            network(data=OPEN, back=NAT), {("front", "data", 5432), ("data", INTERNET, 443)}, id="a way out by NAT"
        ),
        pytest.param(network(data=OPEN, back=OUT), {("front", "data", 5432)}, id="a gateway, and no public address"),
    ],
)
def test_what_gets_through(told: Network, expected: set[tuple[str, str, int]], tmp_path: Path) -> None:
    always = {(INTERNET, "front", 443), (INTERNET, "front", 5432), ("data", "front", 443)}
    found = connected(told, tmp_path)
    ours = {each for each in found if not each[0].startswith("a stranger")}
    assert ours == expected | always
    assert ours == by_the_model(told)


def test_a_stranger_gets_in_by_a_range_and_not_by_a_group(tmp_path: Path) -> None:
    strangers = ("a stranger in front", "a stranger in back")
    by_group = connected(network(data=OPEN), tmp_path)
    assert not {each for each in by_group if each[0] in strangers and each[1] == "data"}
    by_range = connected(network(data=(rule(SQL, addresses=VPC),)), tmp_path)
    assert {each for each in by_range if each[1] == "data"} >= {(name, "data", 5432) for name in strangers}


def test_a_range_of_somebody_on_the_internet_has_an_address() -> None:
    internet = next(each for each in drawing_of(network(data=OPEN)).hosts if each.end == INTERNET)
    assert NARROW in internet.addresses
    assert len(internet.addresses) == 2


def test_a_connection_without_a_word_is_no_refusal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "_answering", lambda *_: nullcontext())
    monkeypatch.setattr(connections, "_SILENCE_S", 0.2)
    with pytest.raises(ObservationError, match="a connection, and no word of its listener"):
        connected(network(data=(rule(SQL, group="web"),)), tmp_path)


def test_who_may_make_no_namespace_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(PrerequisiteMissing, match="no right to make them"), drawn(drawing_of(network(data=OPEN))):
        pass


def test_where_no_packet_filter_is_installed_it_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(namespaces, "_PATH", "/nowhere")
    with pytest.raises(PrerequisiteMissing, match="ip: not installed"), drawn(drawing_of(network(data=OPEN))):
        pass


def test_the_model_has_something_to_compare() -> None:
    assert covers(ALL, SQL)
    assert ("front", "data", 5432) in by_the_model(network(data=OPEN))
