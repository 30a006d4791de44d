"""What is drawn of a planned network: a host for every address that counts, with its filters, its routes and its neighbours.

Pure: which addresses stand for whom is decided here, and what they may do is written down for the kernel to decide.
"""

from __future__ import annotations

import ipaddress
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice

from exitgate.provision.drawn_network.filters import NOWHERE, host_filters, router_filters
from exitgate.reachability import CLIENT_PORTS, INTERNET, Endpoint, Network, Outside, Place, Route, Subnet, Way
from exitgate.reachability.addresses import V4, V6, address, family, ranges
from exitgate.reachability.spans import Spans, holds, intersection

STRANGER = "a stranger in"
"""Begins the name of whoever has an address in a subnet and belongs to nobody that is planned."""
SOMEBODY = "203.0.113.10"
"""Whoever on the internet is named by no rule; an address for documentation (RFC 5737)."""
_RESERVED = 4
"""The first addresses of a subnet, which AWS keeps (Amazon VPC user guide, "Subnet sizing")."""
_NARROW = 8
"""The prefix of a range that is somebody's; what is wider is everybody's."""
_MOST_PLACES = 32
"""Of an outside, that narrower rules speak of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """Somebody with an address, or several."""

    end: str
    """The endpoint, outside or stranger that it stands for."""
    planned: bool
    """It is an endpoint of the plan."""
    interface: str
    """Its end in the router."""
    addresses: tuple[str, ...]
    filters: str
    """Input of iptables-restore."""
    routes: tuple[str, ...]
    """The router's table for what comes from it, as arguments of ``ip route append``; the longest prefix decides."""
    ports: tuple[int, int]
    """From which it opens connections."""
    listens: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """A network to be drawn."""

    hosts: tuple[Host, ...]
    router: str
    """The filters between subnets, as input of iptables-restore."""
    undrawn: tuple[str, ...]
    """What can't be drawn, as ``name: what``."""


def drawing_of(network: Network) -> Drawing:
    """Return how a planned network is drawn.

    Each endpoint gets an address in each of its subnets, each subnet a stranger, and each outside an address for whoever
    no rule names, and one for each narrower range that a rule does.
    """
    free = {each.name: _free(network, each) for each in network.subnets}
    places = [
        (endpoint, place, next(free[place.subnet]))
        for endpoint in network.endpoints
        for place in endpoint.places
        if family(place.addresses[0][0]) == V4 and place.subnet in free
    ]
    members: dict[str, list[str]] = defaultdict(list)
    for endpoint, _, own in places:
        for group in endpoint.groups:
            members[group].append(own)
    number = {each.name: index for index, each in enumerate(network.subnets)}
    hosts = [_member(network, number, members, each, index) for index, each in enumerate(places)]
    hosts += _strangers(network, number, free, len(hosts))
    outsides = [each for each in network.outsides if each.way is not Way.UNKNOWN and ranges(each.addresses)]
    inbound = tuple(
        f"{own}/32 dev {host.interface}"
        for host, (_, place, own) in zip(hosts, places, strict=False)
        if place.public and _subnet(network, place.subnet).vpc in network.gateways
    )
    for index, each in enumerate(outsides):
        hosts.append(_outside(network, each, index, inbound))
    return Drawing(
        hosts=tuple(hosts), router=router_filters([each.acl for each in network.subnets]), undrawn=_undrawn(network)
    )


def _subnet(network: Network, name: str) -> Subnet:
    return next(each for each in network.subnets if each.name == name)


def _free(network: Network, subnet: Subnet) -> Iterator[str]:
    """Yield the addresses of a subnet that AWS gives away."""
    spans = next(
        (
            place.addresses
            for endpoint in network.endpoints
            for place in endpoint.places
            if place.subnet == subnet.name and family(place.addresses[0][0]) == V4
        ),
        (),
    )
    for part in ranges(spans):
        yield from map(str, islice(ipaddress.ip_network(part), _RESERVED, None))


def _member(
    network: Network,
    number: Mapping[str, int],
    members: Mapping[str, list[str]],
    held: tuple[Endpoint, Place, str],
    index: int,
) -> Host:
    endpoint, place, own = held
    groups = [each for each in network.groups if each.name in endpoint.groups]
    return Host(
        end=endpoint.name,
        planned=True,
        interface=f"s{number[place.subnet]}-{index}",
        addresses=(own,),
        filters=host_filters(groups, members),
        routes=tuple(_routes(_subnet(network, place.subnet), is_public=place.public)),
        ports=endpoint.ports,
        listens=True,
    )


def _strangers(
    network: Network, number: Mapping[str, int], free: Mapping[str, Iterator[str]], first: int
) -> list[Host]:
    found: list[Host] = []
    for subnet in network.subnets:
        own = next(free[subnet.name], "")
        if own:
            found.append(
                Host(
                    end=f"{STRANGER} {subnet.name}",
                    planned=False,
                    interface=f"s{number[subnet.name]}-{first + len(found)}",
                    addresses=(own,),
                    filters=host_filters((), {}),
                    routes=tuple(_routes(subnet, is_public=False)),
                    ports=CLIENT_PORTS,
                    listens=False,
                )
            )
    return found


def _outside(network: Network, outside: Outside, index: int, inbound: tuple[str, ...]) -> Host:
    spans = [rule.addresses for group in network.groups for rule in (*group.inbound, *group.outbound)]
    spans += [
        rule.addresses for each in network.subnets if each.acl for rule in (*each.acl.inbound, *each.acl.outbound)
    ]
    own = outside.addresses
    somebody = (
        [SOMEBODY] if holds(own, address(SOMEBODY)) else [str(ipaddress.ip_network(ranges(own)[0]).network_address)]
    )
    narrow = [part for each in spans for part in _narrow(each, own)]
    return Host(
        end=outside.name,
        planned=False,
        interface=INTERNET if outside.name == INTERNET else f"beyond-{index}",
        addresses=tuple(dict.fromkeys([*somebody, *narrow]))[:_MOST_PLACES],
        filters=host_filters((), {}),
        # Everybody reaches public addresses alone; what a peer's own routes say is not known, so that they lead anywhere.
        routes=(*inbound, f"default dev {NOWHERE}") if outside.way is Way.INTERNET else (),
        ports=outside.ports,
        listens=True,
    )


def _narrow(spans: Spans, own: Spans) -> Iterator[str]:
    """Yield an address of each narrow range of a rule, where it is one of the outside's."""
    for part in ranges(spans):
        network = ipaddress.ip_network(part)
        low = address(str(network.network_address))
        within = ranges(intersection(((low, low + network.num_addresses - 1),), own))
        if network.prefixlen >= _NARROW and within:
            yield str(ipaddress.ip_network(within[0]).network_address)


def _routes(subnet: Subnet, *, is_public: bool) -> Iterator[str]:
    for route in subnet.routes:
        for part in ranges(route.addresses):
            # AWS prefers the smallest rank of equally long prefixes, as Linux does the smallest metric.
            yield f"{_leads(route, part, is_public=is_public)} metric {route.rank + 1}"
    yield f"default dev {NOWHERE} metric 100"


def _leads(route: Route, part: str, *, is_public: bool) -> str:
    match route.way:
        case Way.NAT:
            return f"{part} dev {INTERNET}"
        case Way.INTERNET if is_public:
            # Without a public address of its own nothing gets through an internet gateway.
            return f"{part} dev {INTERNET}"
        case Way.LOCAL | Way.SERVICE | Way.PEER:
            # On to the table of all addresses.
            return f"throw {part}"
        case _:
            return f"{part} dev {NOWHERE}"


def _undrawn(network: Network) -> tuple[str, ...]:
    told = [
        f"{endpoint.name}: its IPv6 addresses, which are not drawn"
        for endpoint in network.endpoints
        if any(family(place.addresses[0][0]) == V6 for place in endpoint.places)
    ]
    told += [
        f"{each.name}: what lies behind a device that is not drawn"
        for each in network.outsides
        if each.way is Way.UNKNOWN
    ]
    return tuple(dict.fromkeys(told))
