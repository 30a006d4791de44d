"""An independent answer to who reaches whom: one packet at a time through the network, and one packet back.

It shares nothing with the model but the description of a network, and knows no sets: every rule is asked about every packet.
"""

from __future__ import annotations

from exitgate.reachability import Acl, Endpoint, Network, Outside, Place, Route, Rule, Subnet, Way

TCP, UDP = 6, 17
V6 = 1 << 64


def inside(spans: tuple[tuple[int, int], ...], number: int) -> bool:
    return any(low <= number <= high for low, high in spans)


def route_for(subnet: Subnet, address: int) -> Route | None:
    best = None
    for route in subnet.routes:
        if inside(route.addresses, address) and (
            best is None or route.prefix > best.prefix or (route.prefix == best.prefix and route.rank < best.rank)
        ):
            best = route
    return best


def acl_lets(acl: Acl | None, direction: str, other: int, packet: int) -> bool:
    if acl is None:
        return True
    for rule in sorted(getattr(acl, direction), key=lambda each: each.number):
        if inside(rule.addresses, other) and inside(rule.traffic, packet):
            return bool(rule.allow)
    return False


def group_lets(rules: list[Rule], theirs: tuple[str, ...], other: int, packet: int) -> bool:
    return any(
        inside(rule.traffic, packet) and (rule.group in theirs if rule.group else inside(rule.addresses, other))
        for rule in rules
    )


class Wire:
    """Carries packets."""

    def __init__(self, network: Network) -> None:
        self.network = network
        self.subnets = {each.name: each for each in network.subnets}
        self.groups = {each.name: each for each in network.groups}

    def rules(self, end: Endpoint | Outside, direction: str) -> list[Rule] | None:
        if isinstance(end, Outside) or not end.groups:
            return None
        return [rule for name in end.groups if name in self.groups for rule in getattr(self.groups[name], direction)]

    def connects(
        self,
        ends: tuple[Endpoint | Outside, Endpoint | Outside],
        places: tuple[Place | Outside, Place | Outside],
        addresses: tuple[int, int],
        protocol: int,
        port: int,
        answers: bool = True,
    ) -> tuple[bool, bool]:
        """Return whether it can be (from some port of the client's), and whether it is sure to (from each)."""
        there = protocol * 65536 + port
        source, destination = ends
        near = source.groups if isinstance(source, Endpoint) else ()
        far = destination.groups if isinstance(destination, Endpoint) else ()
        leaving, entering = self.rules(source, "outbound"), self.rules(destination, "inbound")
        if leaving is not None and not group_lets(leaving, far, addresses[1], there):
            return False, False
        if entering is not None and not group_lets(entering, near, addresses[0], there):
            return False, False
        if not self.carried(places, addresses, there):
            return False, False
        if protocol not in (TCP, UDP):
            return True, True
        back = [self.returns(places, addresses, protocol, each) for each in range(source.ports[0], source.ports[1] + 1)]
        return (any(back) or protocol == UDP), all(back)

    def carried(  # noqa: C901, PLR0911 - case by case, as packets go
        self, places: tuple[Place | Outside, ...], addresses: tuple[int, int], packet: int
    ) -> bool:
        source, destination = places
        here, there = addresses
        if (here >= V6) != (there >= V6):
            return False
        if isinstance(source, Outside):
            assert isinstance(destination, Place)
            subnet = self.subnets[destination.subnet]
            if source.way is Way.INTERNET and not (
                subnet.vpc in self.network.gateways and (destination.public or there >= V6)
            ):
                return False
            return source.way in (Way.INTERNET, Way.PEER) and acl_lets(subnet.acl, "inbound", here, packet)
        subnet = self.subnets[source.subnet]
        route = route_for(subnet, there)
        if route is None:
            return False
        if isinstance(destination, Place):
            target = self.subnets[destination.subnet]
            right = (
                route.way is Way.LOCAL if target.vpc == subnet.vpc else route.way is Way.PEER and route.to == target.vpc
            )
            return right and (
                target.name == subnet.name
                or (acl_lets(subnet.acl, "outbound", there, packet) and acl_lets(target.acl, "inbound", here, packet))
            )
        if not acl_lets(subnet.acl, "outbound", there, packet):
            return False
        if destination.way is Way.PEER:
            return route.way is Way.PEER
        if route.way is Way.INTERNET:
            return source.public or here >= V6
        if route.way is Way.NAT:
            nat = self.subnets[route.to]
            if nat.name != subnet.name and not acl_lets(nat.acl, "inbound", here, packet):
                return False
            onward = route_for(nat, there)
            return onward is not None and onward.way is Way.INTERNET and acl_lets(nat.acl, "outbound", there, packet)
        return route.way is Way.OUT_ONLY or route.way is destination.way

    def returns(
        self, places: tuple[Place | Outside, ...], addresses: tuple[int, int], protocol: int, port: int
    ) -> bool:
        source, destination = places
        here, there = addresses
        packet = protocol * 65536 + port
        if isinstance(destination, Place):
            far = self.subnets[destination.subnet]
            route = route_for(far, here)
            if route is None:
                return False
            if isinstance(source, Outside):
                return route.way is source.way and acl_lets(far.acl, "outbound", here, packet)
            near = self.subnets[source.subnet]
            right = route.way is Way.LOCAL if near.vpc == far.vpc else route.way is Way.PEER and route.to == near.vpc
            return right and (
                near.name == far.name
                or (acl_lets(far.acl, "outbound", here, packet) and acl_lets(near.acl, "inbound", there, packet))
            )
        assert isinstance(source, Place)
        near = self.subnets[source.subnet]
        route = route_for(near, there)
        translated = route is not None and route.way is Way.NAT and route.to != near.name
        if translated and not acl_lets(self.subnets[route.to].acl, "outbound", here, packet):
            return False
        return acl_lets(near.acl, "inbound", there, packet)

    def nat_answers(
        self, source: Place | Outside, there: int, protocol: int, ports: tuple[int, ...], *, each: bool
    ) -> bool:
        """Say whether answers reach the NAT gateway on the way, on some or on each of the ports that it picks from."""
        if isinstance(source, Outside):
            return True
        route = route_for(self.subnets[source.subnet], there)
        if route is None or route.way is not Way.NAT:
            return True
        acl = self.subnets[route.to].acl
        let = [acl_lets(acl, "inbound", there, protocol * 65536 + port) for port in ports]
        return all(let) if each else any(let)
