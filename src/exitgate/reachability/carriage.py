"""What the network carries between two addresses before any security group is asked: routes, network ACLs, gateways."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from exitgate.reachability.addresses import V6, family, written
from exitgate.reachability.network import CLIENT_PORTS, Acl, AclRule, Network, Outside, Place, Route, Subnet, Way
from exitgate.reachability.spans import NOTHING, Spans, covers, difference, holds, intersection, union
from exitgate.reachability.traffic import ALL, PORTS, TCP, UDP, block


@dataclass(frozen=True, slots=True)
class Atom:
    """Addresses that no rule, route or list tells apart, and what they belong to."""

    owner: Place | Outside
    low: int
    high: int

    @property
    def side(self) -> tuple[object, ...]:
        """What the network knows of it."""
        owner = self.owner
        if isinstance(owner, Place):
            return (owner.subnet, owner.public, self.low)
        return (owner.name, self.low)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hop:
    """A point on the way at which traffic passes or stops."""

    where: str
    """The resource that decides, as the plan calls it."""
    does: str
    """In words, e.g. ``leads {} to a NAT gateway``, where the brackets stand for the address that it is about."""
    passes: Spans
    about: int | None = None
    """An address; not yet in words, which most hops are never put into."""
    answers: tuple[int, int] | None = None
    """The client's ports, where the hop is on the way back."""
    translated: bool = False
    """Whether those are a NAT gateway's own."""
    unknown: bool = False
    """Whether the model does not know what happens here; it then passes everything and assures nothing."""

    def __str__(self) -> str:
        """Return where it is and what it does."""
        does = self.does if self.about is None else self.does.format(written(self.about))
        return f"{self.where} {does}".strip()


@dataclass(frozen=True, slots=True)
class Carried:
    """What gets through all hops."""

    possible: Spans
    """What can get through: of TCP what can be answered, of others what arrives."""
    assured: Spans
    """What gets through whichever port the client sends from, and is answered."""
    unknown: tuple[str, ...]
    """The devices that the model does not know, and whose doing it hangs on."""


_LEADS = {way: f"leads {{}} to {way.value}" for way in Way}
_UNLISTED = "has no network ACL of its own"
_EVERYTHING, _NOTHING = Carried(ALL, ALL, ()), Carried(NOTHING, NOTHING, ())


def carried(hops: tuple[Hop, ...]) -> Carried:
    """Return what gets through hops."""
    if all(hop.passes is ALL and not hop.unknown for hop in hops):
        return _EVERYTHING
    if any(not hop.passes and hop.answers is None for hop in hops):
        return _NOTHING
    forward, assured = ALL, ALL
    answerable, always = {TCP: True, UDP: True}, {TCP: True, UDP: True}
    ports: dict[int, Spans] = {}
    for hop in hops:
        if hop.answers is None:
            forward = intersection(forward, hop.passes)
            continue
        for protocol in (TCP, UDP):
            wanted = ((protocol * PORTS + hop.answers[0], protocol * PORTS + hop.answers[1]),)
            always[protocol] = always[protocol] and covers(hop.passes, wanted)
            answered = intersection(hop.passes, wanted)
            if hop.translated:
                # A NAT gateway picks a port of its own, which is no choice among the client's.
                answerable[protocol] = answerable[protocol] and bool(answered)
                continue
            ports[protocol] = intersection(ports.get(protocol, wanted), answered)
            answerable[protocol] = answerable[protocol] and bool(ports[protocol])
    possible = forward if answerable[TCP] else difference(forward, block(TCP))
    for protocol in (TCP, UDP):
        if not always[protocol]:
            assured = difference(assured, block(protocol))
    unknown = tuple(dict.fromkeys(hop.where for hop in hops if hop.unknown))
    return Carried(possible, NOTHING if unknown else intersection(forward, assured), unknown)


class Carriage:
    """The network without its groups; every answer is remembered."""

    def __init__(self, network: Network) -> None:
        self._subnets = {each.name: each for each in network.subnets}
        self._gateways = network.gateways
        self._lists: dict[tuple[str, bool, int], Spans] = {}
        self._routes: dict[tuple[str, int], Route | None] = {}
        self._carried: dict[object, Carried] = {}

    def carries(self, source: Atom, destination: Atom, ports: tuple[int, int]) -> Carried:
        """Return what is carried from one to the other, for a client that sends from some ports."""
        key = (source.side, destination.side, ports)
        found = self._carried.get(key)
        if found is None:
            found = self._carried[key] = carried(tuple(self.hops(source, destination, ports)))
        return found

    def hops(self, source: Atom, destination: Atom, ports: tuple[int, int]) -> Iterator[Hop]:
        """Yield the way there, then the way back."""
        if family(source.low) != family(destination.low):
            yield Hop(where="", does="an IPv4 and an IPv6 address never meet", passes=NOTHING)
        elif isinstance(source.owner, Place) and isinstance(destination.owner, Place):
            yield from self._inside(source, destination, ports, source.owner, destination.owner)
        elif isinstance(source.owner, Outside) and isinstance(destination.owner, Place):
            yield from self._inbound(source, destination, ports, source.owner, destination.owner)
        elif isinstance(source.owner, Place) and isinstance(destination.owner, Outside):
            yield from self._outbound(source, destination, ports, source.owner, destination.owner)
        else:
            yield Hop(where="", does="neither end is ours", passes=NOTHING)

    def _inside(self, source: Atom, destination: Atom, ports: tuple[int, int], one: Place, two: Place) -> Iterator[Hop]:
        near, far = self._subnets[one.subnet], self._subnets[two.subnet]
        ways = (Way.LOCAL,) if near.vpc == far.vpc else (Way.PEER,)
        yield self._route(near, destination.low, ways, to="" if near.vpc == far.vpc else far.vpc)
        crossing = near.name != far.name
        if crossing:
            yield self._list(near, destination.low, leaving=True)
            yield self._list(far, source.low, leaving=False)
        yield self._route(far, source.low, ways, to="" if near.vpc == far.vpc else near.vpc, answers=ports)
        if crossing:
            yield self._list(far, source.low, leaving=True, answers=ports)
            yield self._list(near, destination.low, leaving=False, answers=ports)

    def _inbound(
        self, source: Atom, destination: Atom, ports: tuple[int, int], one: Outside, two: Place
    ) -> Iterator[Hop]:
        far = self._subnets[two.subnet]
        if one.way is Way.INTERNET:
            public = far.vpc in self._gateways and (two.public or family(destination.low) == V6)
            does = "has a public address" if public else "has no public address and internet gateway"
            yield Hop(where=far.name, does=does, passes=ALL if public else NOTHING)
        elif one.way is Way.UNKNOWN:
            yield Hop(where=one.name, does=f"leads here from {one.way.value}", passes=ALL, unknown=True)
        elif one.way is not Way.PEER:
            yield Hop(where=one.name, does="opens no connections", passes=NOTHING)
        yield self._list(far, source.low, leaving=False)
        yield self._route(far, source.low, (one.way,), answers=ports)
        yield self._list(far, source.low, leaving=True, answers=ports)

    def _outbound(
        self, source: Atom, destination: Atom, ports: tuple[int, int], one: Place, two: Outside
    ) -> Iterator[Hop]:
        near = self._subnets[one.subnet]
        ways = (two.way,) if two.way is Way.PEER else (two.way, Way.INTERNET, Way.NAT, Way.OUT_ONLY)
        route = self._route(near, destination.low, ways)
        yield route
        yield self._list(near, destination.low, leaving=True)
        found = self._find(near, destination.low)
        if found and found.way is Way.INTERNET and not (one.public or family(source.low) == V6):
            yield Hop(where=near.name, does="has no public address to send from", passes=NOTHING)
        if found and found.way is Way.NAT and route.passes:
            yield from self._translated(source, destination, ports, near, found)
        yield self._list(near, destination.low, leaving=False, answers=ports)

    def _translated(
        self, source: Atom, destination: Atom, ports: tuple[int, int], near: Subnet, route: Route
    ) -> Iterator[Hop]:
        nat = self._subnets.get(route.to)
        if nat is None:
            yield Hop(where=route.name, does="leads to a NAT gateway in no known subnet", passes=ALL, unknown=True)
            return
        crossing = nat.name != near.name
        if crossing:
            yield self._list(nat, source.low, leaving=False)
        yield self._route(nat, destination.low, (Way.INTERNET,))
        yield self._list(nat, destination.low, leaving=True)
        yield replace(self._list(nat, destination.low, leaving=False, answers=CLIENT_PORTS), translated=True)
        if crossing:
            yield self._list(nat, source.low, leaving=True, answers=ports)

    def _route(
        self,
        subnet: Subnet,
        address: int,
        ways: tuple[Way, ...],
        *,
        to: str = "",
        answers: tuple[int, int] | None = None,
    ) -> Hop:
        route = self._find(subnet, address)
        if route is None:
            return Hop(
                where=subnet.table or subnet.name,
                does="has no route to {}",
                about=address,
                passes=NOTHING,
                answers=answers,
            )
        unknown = route.way is Way.UNKNOWN
        fits = route.way in ways and (not to or route.to == to)
        return Hop(
            where=route.name,
            does=_LEADS[route.way],
            about=address,
            passes=ALL if fits or unknown else NOTHING,
            answers=answers,
            unknown=unknown,
        )

    def _find(self, subnet: Subnet, to: int) -> Route | None:
        key = (subnet.name, to)
        if key not in self._routes:
            fitting = [route for route in subnet.routes if holds(route.addresses, to)]
            self._routes[key] = min(fitting, key=lambda route: (-route.prefix, route.rank), default=None)
        return self._routes[key]

    def _list(self, subnet: Subnet, other: int, *, leaving: bool, answers: tuple[int, int] | None = None) -> Hop:
        if subnet.acl is None:
            return Hop(where=subnet.name, does=_UNLISTED, passes=ALL, answers=answers)
        key = (subnet.acl.name, leaving, other)
        if key not in self._lists:
            self._lists[key] = _allowed(subnet.acl.outbound if leaving else subnet.acl.inbound, other)
        return Hop(
            where=subnet.acl.name,
            does="lists what may go out to {}" if leaving else "lists what may come in from {}",
            about=other,
            passes=self._lists[key],
            answers=answers,
        )


def _allowed(rules: tuple[AclRule, ...], other: int) -> Spans:
    left, found = ALL, NOTHING
    for rule in sorted(rules, key=lambda each: each.number):
        if holds(rule.addresses, other):
            hit = intersection(left, rule.traffic)
            if rule.allow:
                found = union(found, hit)
            left = difference(left, hit)
            if not left:
                break
    return found


def lists_of(network: Network) -> Iterator[Acl]:
    """Yield the network ACLs that count for some subnet."""
    seen: set[str] = set()
    for subnet in network.subnets:
        if subnet.acl and subnet.acl.name not in seen:
            seen.add(subnet.acl.name)
            yield subnet.acl
