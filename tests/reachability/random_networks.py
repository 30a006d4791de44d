"""Small networks drawn at random, and the comparison of the model with the oracle on each of their packets."""

from __future__ import annotations

from random import Random

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
from exitgate.reachability.addresses import MANAGED_PREFIX, cidr, managed, specificity
from exitgate.reachability.spans import Spans, difference, holds
from exitgate.reachability.traffic import ALL, traffic

from .oracle import Wire

RANGES = (
    *("0.0.0.0/0", "10.0.0.0/27", "10.0.0.0/30", "10.0.0.4/30", "10.0.0.8/29", "10.0.0.10/32", "10.1.0.0/28"),
    *(
        "203.0.113.0/24",
        "203.0.113.8/29",
        "172.31.0.0/24",
        "172.31.0.128/25",
        "::/0",
        "2001:db8::/126",
        "2001:db8::4/126",
    ),
)
PORTS = (1, 2, 3, 1024, 1025, 1026, 65535)
PACKETS = [protocol * 65536 + port for protocol in (6, 17) for port in (1, 2, 3, 1024, 1026, 65535)]
PACKETS += [1 * 65536 + 8, 50 * 65536]
SUBNETS = {
    "one": ("a", "10.0.0.0/29"),
    "two": ("a", "10.0.0.8/29"),
    "three": ("a", "10.0.0.16/29"),
    "far": ("b", "10.1.0.0/28"),
}
V6_SUBNETS = {"one": "2001:db8::/126", "two": "2001:db8::4/126"}
LOCAL = {"a": ("10.0.0.0/27", "2001:db8::/120"), "b": ("10.1.0.0/28",)}


def ranges(draw: Random) -> Spans:
    return managed(1) if draw.random() < 0.1 else cidr(draw.choice(RANGES))


def some_traffic(draw: Random) -> Spans:
    kind = draw.random()
    if kind < 0.2:
        return ALL
    if kind < 0.3:
        return traffic(draw.choice(["icmp", "50", "17"]), -1, -1)
    first, last = sorted(draw.choices(PORTS, k=2))
    return traffic(draw.choice(["tcp", "tcp", "udp"]), first, last)


def rules(draw: Random, name: str, groups: list[str]) -> tuple[Rule, ...]:
    made = []
    for index in range(draw.randint(0, 3)):
        by_group = draw.random() < 0.4
        made.append(
            Rule(
                name=f"{name}-{index}",
                traffic=some_traffic(draw),
                addresses=() if by_group else ranges(draw),
                group=draw.choice(groups) if by_group else "",
            )
        )
    return tuple(made)


def acl(draw: Random, name: str) -> Acl | None:
    if draw.random() < 0.4:
        return None

    def listed(direction: str) -> tuple[AclRule, ...]:
        numbers = draw.sample(range(100), draw.randint(1, 4))
        return tuple(
            AclRule(
                name=f"{name}-{direction}-{number}",
                number=number,
                allow=draw.random() < 0.7,
                traffic=some_traffic(draw),
                addresses=cidr("0.0.0.0/0") if draw.random() < 0.5 else ranges(draw),
            )
            for number in numbers
        )

    return Acl(name=name, inbound=listed("in"), outbound=listed("out"))


def routes(draw: Random, vpc: str) -> tuple[Route, ...]:
    made = [
        Route(name="local", addresses=cidr(text), prefix=specificity(text), way=Way.LOCAL, rank=0)
        for text in LOCAL[vpc]
    ]
    other = {"a": "b", "b": "a"}[vpc]
    offers = [
        ("0.0.0.0/0", Way.INTERNET, ""),
        ("0.0.0.0/0", Way.NAT, draw.choice(["one", "two"])),
        ("0.0.0.0/0", Way.NAT, draw.choice(["one", "two"])),
        ("203.0.113.0/24", Way.NOWHERE, ""),
        ("203.0.113.8/29", Way.INTERNET, ""),
        ("172.31.0.0/24", Way.PEER, ""),
        (LOCAL[other][0], Way.PEER, other),
        ("::/0", draw.choice([Way.INTERNET, Way.OUT_ONLY]), ""),
    ]
    for text, way, to in draw.sample(offers, draw.randint(0, len(offers))):
        made.append(Route(name=f"{text} {way.name}", addresses=cidr(text), prefix=specificity(text), way=way, to=to))
    if draw.random() < 0.3:
        made.append(Route(name="s3", addresses=managed(1), prefix=MANAGED_PREFIX, way=Way.SERVICE, rank=2))
    # One table has one route to a range.
    return tuple({route.addresses: route for route in made}.values())


def network(draw: Random) -> Network:
    groups = [f"g{index}" for index in range(draw.randint(1, 3))]
    # So many hurdles hide one another: often groups let everything through, and routes and lists decide alone.
    everything = (Rule(name="all", traffic=ALL, addresses=(*cidr("0.0.0.0/0"), *cidr("::/0"))),)
    open_groups = draw.random() < 0.4
    subnets = tuple(
        Subnet(name=name, vpc=vpc, routes=routes(draw, vpc), table=f"t-{name}", acl=acl(draw, f"acl-{name}"))
        for name, (vpc, _) in SUBNETS.items()
    )

    def place(name: str) -> Place:
        if name in V6_SUBNETS and draw.random() < 0.3:
            return Place(subnet=name, addresses=cidr(V6_SUBNETS[name]))
        return Place(subnet=name, addresses=cidr(SUBNETS[name][1]), public=draw.random() < 0.4)

    endpoints = tuple(
        Endpoint(
            name=f"e{index}",
            places=tuple(place(name) for name in draw.sample(list(SUBNETS), draw.randint(1, 2))),
            groups=tuple(draw.sample(groups, draw.randint(0 if draw.random() < 0.1 else 1, len(groups)))),
            ports=draw.choice([(1024, 1025), (1025, 1026)]),
        )
        for index in range(draw.randint(1, 3))
    )
    everybody = difference((*cidr("192.0.0.0/3"), *cidr("2001:db8:1::/48")), cidr("203.0.113.200/32"))
    return Network(
        subnets=subnets,
        groups=tuple(
            Group(
                name=name,
                inbound=everything if open_groups else rules(draw, f"{name}-in", groups),
                outbound=everything if open_groups else rules(draw, f"{name}-out", groups),
            )
            for name in groups
        ),
        endpoints=endpoints,
        outsides=(
            Outside(name="internet", addresses=everybody, way=Way.INTERNET, ports=(1024, 1026)),
            Outside(name="peer", addresses=cidr("172.31.0.0/24"), way=Way.PEER, ports=(1024, 1026)),
            Outside(name="s3", addresses=managed(1), way=Way.SERVICE),
        ),
        gateways=frozenset(draw.sample(["a", "b"], draw.randint(0, 2))),
    )


def differences(seed: int) -> list[str]:
    """Return where the model and the oracle do not agree on a network, and where the model does not with itself."""

    draw = Random(seed)
    drawn = network(draw)
    model, wire = Reachability(drawn), Wire(drawn)
    listed = {(each.source, each.destination, each.here, each.there): each for each in model.passages()}
    found = []
    for source in model.ends:
        for destination in model.ends:
            ends = model.ends[source], model.ends[destination]
            if isinstance(ends[0], Outside) and isinstance(ends[1], Outside):
                continue
            for passage in model.between(source, destination):
                key = (source, destination, passage.here, passage.there)
                if bool(passage.possible) != (key in listed):
                    found.append(f"{seed}: {source} to {destination}: the index says {key in listed}")
                here = draw.choice([passage.here.low, passage.here.high])
                there = draw.choice([passage.there.low, passage.there.high])
                for packet in PACKETS:
                    told = holds(passage.possible, packet), holds(passage.assured, packet)
                    protocol, port = divmod(packet, 65536)
                    places = passage.here.owner, passage.there.owner
                    can, sure = wire.connects(ends, places, (here, there), protocol, port)
                    if protocol in (6, 17):
                        nat = (1024, 1025, 1026, 1027, 65535)
                        can = can and (protocol == 17 or wire.nat_answers(places[0], there, protocol, nat, each=False))
                        sure = sure and wire.nat_answers(places[0], there, protocol, nat, each=True)
                    if told != (can, sure):
                        found.append(
                            f"{seed}: {source} to {destination} {protocol}/{port}: {told}, oracle {(can, sure)}"
                        )
    return found
