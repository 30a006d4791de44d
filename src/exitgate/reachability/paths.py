"""Who can reach whom: groups at both ends, and between them what the network carries.

Addresses are cut wherever a rule, route or list draws a line, so that of each piece every address fares alike: what is said of a
piece is said of all its addresses, not of a sample.

Sources: Amazon VPC user guide, "Security group rules", "Network ACLs", "Route priority".
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from exitgate.reachability.addresses import family
from exitgate.reachability.carriage import Atom, Carriage, Hop, lists_of
from exitgate.reachability.network import Endpoint, Group, Network, Outside, Rule
from exitgate.reachability.spans import NOTHING, Spans, cut, holds, intersection, union
from exitgate.reachability.traffic import ALL

End = Endpoint | Outside


@dataclass(frozen=True, slots=True)
class Passage:
    """What can get from one piece of an end to a piece of another."""

    source: str
    destination: str
    here: Atom
    there: Atom
    possible: Spans
    assured: Spans
    unknown: tuple[str, ...]


class Reachability:
    """Answers questions about one network."""

    def __init__(self, network: Network) -> None:
        self._carriage = Carriage(network)
        self._groups = {each.name: each for each in network.groups}
        self.ends: dict[str, End] = {}
        self.ends.update((each.name, each) for each in network.outsides)
        self.ends.update((each.name, each) for each in network.endpoints)
        points = sorted(set(_points(network)))
        self._atoms = {name: tuple(_pieces(end, points)) for name, end in self.ends.items()}
        self._members: dict[str, list[str]] = defaultdict(list)
        for endpoint in network.endpoints:
            for group in endpoint.groups:
                self._members[group].append(endpoint.name)
        self._order = sorted(
            (atom.low, name, index) for name, atoms in self._atoms.items() for index, atom in enumerate(atoms)
        )
        self._lows = [low for low, _, _ in self._order]
        self._let: dict[object, Spans] = {}

    def passages(self) -> Iterator[Passage]:
        """Yield everything that is possible between two ends, one of them at least an endpoint."""
        for name in self.ends:
            yield from self._into(name)

    def between(self, source: str, destination: str) -> tuple[Passage, ...]:
        """Return the passages between two ends, those that let nothing through among them."""
        return tuple(
            self._passage(source, here, destination, there)
            for here in self._atoms[source]
            for there in self._atoms[destination]
            if family(here.low) == family(there.low)
        )

    def explain(self, passage: Passage) -> tuple[Hop, ...]:
        """Return every point that a packet of a passage meets, in order."""
        source, destination = self.ends[passage.source], self.ends[passage.destination]
        leaving = Hop(
            where=self._told(source, destination, passage.there.low, outbound=True),
            does=f"let {passage.source} send to {passage.destination}",
            passes=self._lets(source, destination, passage.there.low, outbound=True),
        )
        entering = Hop(
            where=self._told(destination, source, passage.here.low, outbound=False),
            does=f"let {passage.destination} take from {passage.source}",
            passes=self._lets(destination, source, passage.here.low, outbound=False),
        )
        between = tuple(self._carriage.hops(passage.here, passage.there, source.ports))
        there = tuple(hop for hop in between if hop.answers is None)
        back = tuple(hop for hop in between if hop.answers is not None)
        ends = (
            ((leaving,) if isinstance(source, Endpoint) else ()),
            ((entering,) if isinstance(destination, Endpoint) else ()),
        )
        return (*ends[0], *there, *ends[1], *back)

    def rules(self, passage: Passage, traffic: Spans) -> tuple[Rule, ...]:
        """Return the rules that let some traffic into the destination, or out of the source where the destination is outside."""
        source, destination = self.ends[passage.source], self.ends[passage.destination]
        if isinstance(destination, Endpoint):
            rules = self._matching(destination, source, passage.here.low, outbound=False)
        else:
            rules = self._matching(source, destination, passage.there.low, outbound=True)
        return tuple(rule for rule in rules if intersection(rule.traffic, traffic))

    def _into(self, name: str) -> Iterator[Passage]:
        destination = self.ends[name]
        for source, index in sorted(self._candidates(destination)):
            here = self._atoms[source][index]
            end = self.ends[source]
            entering = self._lets(destination, end, here.low, outbound=False)
            for there in self._atoms[name] if entering else ():
                leaving = self._lets(end, destination, there.low, outbound=True)
                if intersection(entering, leaving):
                    passage = self._passage(source, here, name, there)
                    if passage.possible:
                        yield passage

    def _candidates(self, destination: End) -> set[tuple[str, int]]:
        """Return pieces of ends that some rule may be about, so that not each pair has to be looked at."""
        inside = [name for name, end in self.ends.items() if isinstance(end, Endpoint)]
        if isinstance(destination, Outside):
            return {(name, index) for name in inside for index in range(len(self._atoms[name]))}
        if not destination.groups:
            return {(name, index) for name, atoms in self._atoms.items() for index in range(len(atoms))}
        found: set[tuple[str, int]] = set()
        for group in destination.groups:
            for rule in self._group(group).inbound:
                for member in self._members.get(rule.group, ()):
                    found.update((member, index) for index in range(len(self._atoms[member])))
                for low, high in rule.addresses:
                    first, last = bisect_left(self._lows, low), bisect_left(self._lows, high + 1)
                    found.update((name, index) for _, name, index in self._order[first:last])
        return found

    def _passage(self, source: str, here: Atom, destination: str, there: Atom) -> Passage:
        one, two = self.ends[source], self.ends[destination]
        let = intersection(
            self._lets(one, two, there.low, outbound=True), self._lets(two, one, here.low, outbound=False)
        )
        carried = self._carriage.carries(here, there, one.ports)
        return Passage(
            source,
            destination,
            here,
            there,
            intersection(let, carried.possible),
            intersection(let, carried.assured),
            carried.unknown,
        )

    def _lets(self, own: End, other: End, address: int, *, outbound: bool) -> Spans:
        if isinstance(own, Outside) or not own.groups:
            return ALL
        key = (own.groups, other.groups if isinstance(other, Endpoint) else (), address, outbound)
        found = self._let.get(key)
        if found is None:
            matching = self._matching(own, other, address, outbound=outbound)
            found = self._let[key] = union(*(rule.traffic for rule in matching)) if matching else NOTHING
        return found

    def _matching(self, own: End, other: End, address: int, *, outbound: bool) -> list[Rule]:
        theirs = other.groups if isinstance(other, Endpoint) else ()
        found: list[Rule] = []
        for name in own.groups if isinstance(own, Endpoint) else ():
            group = self._group(name)
            found += [
                rule
                for rule in (group.outbound if outbound else group.inbound)
                if (rule.group in theirs if rule.group else holds(rule.addresses, address))
            ]
        return found

    def _told(self, own: End, other: End, address: int, *, outbound: bool) -> str:
        matching = self._matching(own, other, address, outbound=outbound)
        groups = own.groups if isinstance(own, Endpoint) else ()
        return ", ".join(rule.name for rule in matching[:3]) or ", ".join(groups) or own.name

    def _group(self, name: str) -> Group:
        return self._groups.get(name) or Group(name=name)


def _points(network: Network) -> Iterator[int]:
    for group in network.groups:
        for rule in (*group.inbound, *group.outbound):
            yield from _edges(rule.addresses)
    for acl in lists_of(network):
        for each in (*acl.inbound, *acl.outbound):
            yield from _edges(each.addresses)
    tables: set[str] = set()
    for subnet in network.subnets:
        if not subnet.table or subnet.table not in tables:
            tables.add(subnet.table)
            for route in subnet.routes:
                yield from _edges(route.addresses)


def _edges(addresses: Spans) -> Iterator[int]:
    for low, high in addresses:
        yield low
        yield high + 1


def _pieces(end: End, points: list[int]) -> Iterator[Atom]:
    for owner in end.places if isinstance(end, Endpoint) else (end,):
        for low, high in cut(owner.addresses, points):
            yield Atom(owner, low, high)
