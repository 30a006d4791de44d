"""The model of reachability beside an oracle that sends packets one by one, and beside Amazon's documented examples."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exitgate.reachability import (
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
from exitgate.reachability.addresses import ANY_V4, ANY_V6, PUBLIC, address, cidr, family, written
from exitgate.reachability.spans import Spans, covers, cut, difference, holds, intersection, spans, union
from exitgate.reachability.traffic import ALL, traffic
from exitgate.reachability.traffic import written as in_words

from .random_networks import differences

SETS = st.sets(st.integers(0, 30))


def as_spans(numbers: set[int]) -> Spans:
    return spans((number, number) for number in numbers)


def as_set(whole: Spans) -> set[int]:
    return {number for low, high in whole for number in range(low, high + 1)}


@given(SETS, SETS)
def test_spans_reckon_as_sets_do(one: set[int], other: set[int]) -> None:
    first, second = as_spans(one), as_spans(other)
    assert as_set(union(first, second)) == one | other
    assert as_set(intersection(first, second)) == one & other
    assert as_set(difference(first, second)) == one - other
    assert covers(first, second) == (other <= one)
    assert [holds(first, number) for number in range(31)] == [number in one for number in range(31)]
    assert as_set(cut(first, sorted(other))) == one
    assert all(not any(low < point <= high for point in other) for low, high in cut(first, sorted(other)))


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 1 << 32))
def test_the_model_agrees_with_packets_sent_one_by_one(seed: int) -> None:
    assert differences(seed) == []


def test_addresses_of_both_families_stand_apart() -> None:
    assert (family(address("10.0.0.1")), family(address("::1"))) == (4, 6)
    assert written(address("203.0.113.9")) == "203.0.113.9"
    assert written(address("2001:db8::9")) == "2001:db8::9"
    assert not intersection(ANY_V4, ANY_V6)
    assert not any(holds(PUBLIC, address(text)) for text in ("10.1.2.3", "192.168.1.1", "169.254.169.254", "fd00::1"))
    assert cidr("10.0.0.7/24") == cidr("10.0.0.0/24")


@pytest.mark.parametrize(
    ("told", "words"),
    [
        (traffic("-1"), "every protocol and port"),
        (traffic("tcp", 443, 443), "tcp 443"),
        (traffic("6", 80, 81), "tcp 80-81"),
        (traffic("udp"), "all of udp"),
        (traffic("50", 1, 2), "protocol 50"),
        (traffic("icmp", 8, 0), "icmp 8"),
        ((), "nothing"),
    ],
)
def test_traffic_is_told_as_people_write_it(told: Spans, words: str) -> None:
    assert in_words(told) == words


@pytest.mark.parametrize(("protocol", "first", "last"), [("300", None, None), ("tcp", 5, 4), ("gre!", None, None)])
def test_what_is_no_traffic_is_refused(protocol: str, first: int | None, last: int | None) -> None:
    with pytest.raises(ValueError, match=r"protocol|ports|invalid"):
        traffic(protocol, first, last)


def network(
    groups: tuple[Group, ...],
    *,
    acl: Acl | None = None,
    routes: tuple[Route, ...] = (),
    public: bool = True,
    ports: tuple[int, int] = (1024, 65535),
) -> Network:
    """Return a web server in a public subnet and a database in a private one, as Amazon's examples have them."""
    local = Route(name="local", addresses=cidr("10.0.0.0/16"), prefix=16, way=Way.LOCAL, rank=0)
    out = Route(name="out", addresses=ANY_V4, prefix=0, way=Way.INTERNET)
    return Network(
        subnets=(
            Subnet(name="public", vpc="vpc", routes=(local, out, *routes), table="public", acl=acl),
            Subnet(name="private", vpc="vpc", routes=(local,), table="private"),
        ),
        groups=groups,
        endpoints=(
            Endpoint(
                name="web",
                places=(Place(subnet="public", addresses=cidr("10.0.0.0/24"), public=public),),
                groups=("web",),
                ports=ports,
            ),
            Endpoint(name="data", places=(Place(subnet="private", addresses=cidr("10.0.1.0/24")),), groups=("data",)),
        ),
        outsides=(Outside(name="internet", addresses=PUBLIC, way=Way.INTERNET),),
        gateways=frozenset({"vpc"}),
    )


def rule(protocol: str, first: int | None, last: int | None, addresses: str = "", group: str = "") -> Rule:
    where = cidr(addresses) if addresses else ()
    return Rule(name="rule", traffic=traffic(protocol, first, last), addresses=where, group=group)


def entry(number: int, protocol: str, ports: tuple[int, int] | None, addresses: str, *, allow: bool = True) -> AclRule:
    told = traffic(protocol, *(ports or (None, None)))
    return AclRule(name=str(number), number=number, allow=allow, traffic=told, addresses=cidr(addresses))


OUT = (rule("-1", None, None, "0.0.0.0/0"),)
# Amazon VPC user guide, "Custom network ACLs": the example table, rules 100 to 140 each way.
CUSTOM = Acl(
    name="custom",
    inbound=(
        entry(100, "tcp", (80, 80), "0.0.0.0/0"),
        entry(110, "tcp", (443, 443), "0.0.0.0/0"),
        entry(120, "tcp", (22, 22), "192.0.2.0/24"),
        entry(130, "tcp", (3389, 3389), "192.0.2.0/24"),
        entry(140, "tcp", (32768, 65535), "0.0.0.0/0"),
    ),
    outbound=(
        entry(100, "tcp", (80, 80), "0.0.0.0/0"),
        entry(110, "tcp", (443, 443), "0.0.0.0/0"),
        entry(120, "tcp", (1433, 1433), "10.0.1.0/24"),
        entry(140, "tcp", (32768, 65535), "0.0.0.0/0"),
    ),
)
WEB = (
    Group(
        name="web",
        inbound=(
            rule("tcp", 80, 80, "0.0.0.0/0"),
            rule("tcp", 443, 443, "0.0.0.0/0"),
            rule("tcp", 22, 22, "192.0.2.0/24"),
        ),
        outbound=OUT,
    ),
    Group(name="data", inbound=(rule("tcp", 1433, 1433, group="web"),)),
)
EXAMPLES = {
    # Security groups user guide, "Security group rules for different use cases": web server, database server.
    "web servers take HTTP from everybody": (network(WEB), "internet", "web", "8.8.8.8", 80, True),
    "and SSH from the own network alone": (network(WEB), "internet", "web", "8.8.8.8", 22, False),
    "which is let in": (network(WEB), "internet", "web", "192.0.2.9", 22, True),
    "the database takes the members of the web group": (network(WEB), "web", "data", "10.0.0.9", 1433, True),
    "no answer needs a rule: groups are stateful": (
        network((Group(name="web", inbound=WEB[0].inbound), WEB[1])),
        "internet",
        "web",
        "8.8.8.8",
        443,
        True,
    ),
    "a group without rules lets nothing in": (
        network((Group(name="web", outbound=OUT), WEB[1])),
        "internet",
        "web",
        "8.8.8.8",
        80,
        False,
    ),
    "without an outbound rule nothing leaves": (
        network((Group(name="web", inbound=WEB[0].inbound), WEB[1])),
        "web",
        "data",
        "10.0.0.9",
        1433,
        False,
    ),
    "nobody reaches what has no public address": (network(WEB, public=False), "internet", "web", "8.8.8.8", 80, False),
    # "Custom network ACLs".
    "the custom list serves HTTPS": (
        network(WEB, acl=CUSTOM, ports=(32768, 60999)),
        "internet",
        "web",
        "8.8.8.8",
        443,
        True,
    ),
    "and the database behind it": (
        network(WEB, acl=CUSTOM, ports=(32768, 60999)),
        "web",
        "data",
        "10.0.0.9",
        1433,
        True,
    ),
    "a list without ephemeral ports gets no answer out": (
        network(WEB, acl=Acl(name="deaf", inbound=CUSTOM.inbound, outbound=CUSTOM.outbound[:3])),
        "internet",
        "web",
        "8.8.8.8",
        443,
        False,
    ),
    "the lowest number decides": (
        network(
            WEB,
            acl=Acl(
                name="order",
                inbound=(entry(90, "tcp", (443, 443), "0.0.0.0/0", allow=False), *CUSTOM.inbound),
                outbound=CUSTOM.outbound,
            ),
        ),
        "internet",
        "web",
        "8.8.8.8",
        443,
        False,
    ),
    # "Route priority": the longest prefix is used.
    "the most specific route decides": (
        network(WEB, routes=(Route(name="hole", addresses=cidr("8.8.8.0/24"), prefix=24, way=Way.NOWHERE),)),
        "internet",
        "web",
        "8.8.8.8",
        80,
        False,
    ),
    "and no other address is touched by it": (
        network(WEB, routes=(Route(name="hole", addresses=cidr("8.8.8.0/24"), prefix=24, way=Way.NOWHERE),)),
        "internet",
        "web",
        "8.8.9.8",
        80,
        True,
    ),
}


@pytest.mark.parametrize("name", EXAMPLES)
def test_amazons_examples(name: str) -> None:
    drawn, source, destination, sender, port, expected = EXAMPLES[name]
    packet = traffic("tcp", port, port)
    found = [
        bool(intersection(passage.possible, packet))
        for passage in Reachability(drawn).between(source, destination)
        if passage.here.low <= address(sender) <= passage.here.high
    ]
    assert found
    assert set(found) == {expected}


def test_a_client_that_sends_from_other_ports_is_possible_and_not_assured() -> None:
    passage = Reachability(network(WEB, acl=CUSTOM)).between("web", "data")[0]
    packet = traffic("tcp", 1433, 1433)
    assert covers(passage.possible, packet)
    assert not intersection(passage.assured, packet)


def test_an_explanation_tells_every_hop_in_order() -> None:
    model = Reachability(network(WEB, acl=CUSTOM, ports=(32768, 60999)))
    passage = model.between("web", "data")[0]
    assert [hop.where for hop in model.explain(passage)] == [
        *("rule", "local", "custom", "private", "rule", "local", "private", "custom")
    ]


def test_all_of_everything_is_told_apart_by_protocol() -> None:
    assert holds(ALL, 255 * 65536)
    assert not holds(ALL, 256 * 65536)
