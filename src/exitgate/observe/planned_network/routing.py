"""Planned subnets with the tables and lists that count for them, gateways, and what lies beyond."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from exitgate.observe.planned_network.acls import read_acls
from exitgate.observe.planned_network.reading import Reading
from exitgate.observe.terraform import Reference, Resource, Unknown, Value
from exitgate.reachability import INTERNET, Outside, Route, Subnet, Way
from exitgate.reachability.addresses import MANAGED_PREFIX, PUBLIC, V6, cidr, family, specificity
from exitgate.reachability.spans import NOTHING, Spans, difference, union

_TARGETS = {
    "nat_gateway_id": Way.NAT,
    "egress_only_gateway_id": Way.OUT_ONLY,
    "vpc_peering_connection_id": Way.PEER,
    **dict.fromkeys(
        (
            *("transit_gateway_id", "vpc_endpoint_id", "carrier_gateway_id", "local_gateway_id", "core_network_arn"),
            *("network_interface_id", "instance_id", "odb_network_arn"),
        ),
        Way.UNKNOWN,
    ),
}


@dataclass(slots=True, kw_only=True)
class Layout:
    """Subnets and what lies beyond them."""

    subnets: tuple[Subnet, ...]
    ranges: Mapping[str, Spans]
    """Subnet to its IPv4 addresses."""
    ranges_v6: Mapping[str, Spans]
    outsides: tuple[Outside, ...]
    gateways: frozenset[str]


@dataclass(slots=True, kw_only=True)
class _Peers:
    """Other networks."""

    ranges: dict[tuple[str, Way], Spans] = field(default_factory=lambda: defaultdict(tuple))
    """Whatever leads there, and of which kind it is, to the addresses behind it."""


def read_layout(reading: Reading) -> Layout:
    """Return the subnets of a stack with their routes and lists."""
    stack = reading.stack
    vpcs = _vpc_ranges(reading)
    peers = _Peers()
    peerings = _peerings(reading)
    routes = _routes(reading, peerings, peers)
    services = _gateway_endpoints(reading, routes)
    tables = _tables(reading)
    acls = read_acls(reading)
    subnets, v4, v6 = [], {}, {}
    for index, subnet in enumerate(stack.of("aws_subnet")):
        vpc = reading.reference(subnet, subnet.get("vpc_id"), "vpc_id")
        if vpc is None:
            if subnet.get("vpc_id") is None:
                reading.open(subnet, "vpc_id")
            continue
        name = reading.name(subnet)
        v4[name] = reading.ranges(subnet, subnet.get("cidr_block"), "cidr_block")
        v6[name] = _range_v6(reading, subnet, vpcs, vpc, index)
        table = tables.own.get(name) or tables.main.get(vpc, "")
        local = tuple(
            Route(name=f"{table or name} (local)", addresses=(part,), prefix=_length(part), way=Way.LOCAL, rank=0)
            for part in vpcs.get(vpc, NOTHING)
        )
        subnets.append(
            Subnet(
                name=name,
                vpc=vpc,
                routes=(*local, *(_seen_from(vpc, each, peerings) for each in routes.get(table, ()))),
                table=f"{table or 'the main table of ' + vpc}",
                acl=acls.own.get(name) or acls.default.get(vpc),
            )
        )
    inside = union(*vpcs.values(), *v6.values())
    everybody = Outside(
        name=INTERNET, addresses=difference(difference(PUBLIC, inside), union(*peers.ranges.values())), way=Way.INTERNET
    )
    peered = tuple(
        Outside(name=name, addresses=difference(found, inside), way=way) for (name, way), found in peers.ranges.items()
    )
    return Layout(
        subnets=tuple(subnets),
        ranges=v4,
        ranges_v6=v6,
        outsides=(everybody, *peered, *services),
        gateways=_gateways(reading),
    )


def _seen_from(vpc: str, route: Route, peerings: Mapping[str, tuple[str, str]]) -> Route:
    """Return a route with the VPC at the other end of its peering."""
    ends = peerings.get(route.to, ())
    other = next((end for end in ends if end != vpc), "")
    return replace(route, to=other) if other else route


def _length(part: tuple[int, int]) -> int:
    width = (part[1] - part[0] + 1).bit_length() - 1
    return (128 if family(part[0]) == V6 else 32) - width


def _vpc_ranges(reading: Reading) -> dict[str, Spans]:
    found: dict[str, Spans] = {}
    for vpc in reading.stack.of("aws_vpc"):
        # Not joined where they touch: each is a local route of its own.
        found[vpc.address] = reading.ranges(vpc, vpc.get("cidr_block"), "cidr_block")
        if isinstance(vpc.get("ipv6_cidr_block"), str):
            found[vpc.address] += reading.ranges(vpc, vpc.get("ipv6_cidr_block"), "ipv6_cidr_block")
    for more in reading.stack.of("aws_vpc_ipv4_cidr_block_association"):
        vpc_address = reading.reference(more, more.get("vpc_id"), "vpc_id")
        if vpc_address in found:
            found[vpc_address] += reading.ranges(more, more.get("cidr_block"), "cidr_block")
    return found


def _range_v6(reading: Reading, subnet: Resource, vpcs: dict[str, Spans], vpc: str, index: int) -> Spans:
    value = subnet.get("ipv6_cidr_block")
    if isinstance(value, str) and value:
        return reading.ranges(subnet, value, "ipv6_cidr_block")
    owner = reading.stack.find(vpc)
    generated = owner is not None and owner.get("assign_generated_ipv6_cidr_block") is True
    if value is None or not ("ipv6_cidr_block" in dict(subnet.lines) or (generated and isinstance(value, Unknown))):
        return NOTHING
    # Amazon picks it: any range that nobody has stands for it, and is local to the VPC.
    stand_in = cidr(f"2001:db8:0:{index:x}::/64")
    vpcs[vpc] = (*vpcs.get(vpc, NOTHING), *stand_in)
    return stand_in


def _gateways(reading: Reading) -> frozenset[str]:
    found = {
        reading.reference(each, each.get("vpc_id"), "vpc_id")
        for each in reading.stack.of("aws_internet_gateway", "aws_internet_gateway_attachment")
    }
    return frozenset(each for each in found if each)


def _routes(reading: Reading, peerings: Mapping[str, object], peers: _Peers) -> dict[str, list[Route]]:
    found: dict[str, list[Route]] = defaultdict(list)
    for route in reading.stack.of("aws_route"):
        table = reading.reference(route, route.get("route_table_id"), "route_table_id")
        keys = {
            "destination_cidr_block": "cidr_block",
            "destination_ipv6_cidr_block": "ipv6_cidr_block",
            "destination_prefix_list_id": "destination_prefix_list_id",
        }
        told = {keys.get(key, key): value for key, value in route.values.items()}
        if table:
            found[_main_of(reading, table, route.get("route_table_id"))] += _route(
                reading, route, told, peers, peerings
            )
    for owner in reading.stack.of("aws_route_table", "aws_default_route_table"):
        reading.name(owner)
        for block in reading.blocks(owner, "route"):
            found[owner.address] += _route(reading, owner, block, peers, peerings)
    return found


def _main_of(reading: Reading, table: str, value: Value) -> str:
    """Return the table that a reference means: a VPC's own one is the managed default table where there is one."""
    if isinstance(value, Reference) and value.attribute in ("main_route_table_id", "default_route_table_id"):
        return _tables(reading).main.get(table, f"the main table of {table}")
    return table


def _route(
    reading: Reading, owner: Resource, block: Mapping[str, Value], peers: _Peers, peerings: Mapping[str, object]
) -> list[Route]:
    name = reading.name(owner, key="route")
    way, to = _target(reading, owner, block)
    found = []
    for key in ("cidr_block", "ipv6_cidr_block"):
        value = block.get(key)
        if isinstance(value, str) and value:
            addresses = reading.ranges(owner, value, key)
            found.append(Route(name=name, addresses=addresses, prefix=specificity(value), way=way, to=to))
        elif isinstance(value, Unknown) and key in dict(owner.lines):
            reading.open(owner, key)
    listed = reading.prefix_lists(owner, block.get("destination_prefix_list_id"), "destination_prefix_list_id")
    found += [Route(name=name, addresses=(part,), prefix=_length(part), way=way, to=to, rank=2) for part in listed]
    if way in (Way.PEER, Way.UNKNOWN) and to not in peerings:
        for each in found:
            beyond = (to or owner.address, way)
            # Of a default route everything but the internet: other networks of ours may lie behind it.
            reached = each.addresses if each.prefix else difference(each.addresses, PUBLIC)
            peers.ranges[beyond] = union(peers.ranges[beyond], reached)
    return found


def _target(reading: Reading, owner: Resource, block: Mapping[str, Value]) -> tuple[Way, str]:
    gateway = block.get("gateway_id")
    if isinstance(gateway, Reference):
        internet = reading.stack.find(gateway.address)
        return (Way.INTERNET if internet and internet.type == "aws_internet_gateway" else Way.UNKNOWN), ""
    if gateway == "local":
        return Way.LOCAL, ""
    if isinstance(gateway, str) and gateway:
        return (Way.INTERNET if gateway.startswith("igw-") else Way.UNKNOWN), ""
    for key, way in _TARGETS.items():
        value = block.get(key)
        if isinstance(value, Reference):
            return _beyond(reading, value.address, way)
        if isinstance(value, str) and value:
            return Way.UNKNOWN, value
    reading.open(owner, "where its route leads")
    return Way.UNKNOWN, ""


def _beyond(reading: Reading, address: str, way: Way) -> tuple[Way, str]:
    target = reading.stack.find(address)
    if target is None or way is Way.UNKNOWN or way is Way.OUT_ONLY:
        return (way if target else Way.UNKNOWN), address
    if way is Way.NAT:
        subnet = reading.reference(target, target.get("subnet_id"), "subnet_id") or ""
        return (Way.UNKNOWN if target.get("connectivity_type") == "private" else Way.NAT), subnet
    return Way.PEER, address


def _peerings(reading: Reading) -> dict[str, tuple[str, str]]:
    """Return the peerings both of whose VPCs are planned."""
    found = {}
    for each in reading.stack.of("aws_vpc_peering_connection"):
        ends = each.get("vpc_id"), each.get("peer_vpc_id")
        if isinstance(ends[0], Reference) and isinstance(ends[1], Reference):
            found[each.address] = (ends[0].address, ends[1].address)
    return found


def _gateway_endpoints(reading: Reading, routes: dict[str, list[Route]]) -> tuple[Outside, ...]:
    found: dict[str, Outside] = {}
    for endpoint in reading.stack.of("aws_vpc_endpoint"):
        if endpoint.get("vpc_endpoint_type") not in ("Gateway", None):
            continue
        service = str(endpoint.get("service_name"))
        addresses = reading.service(service)
        name = reading.name(endpoint)
        found[service] = Outside(name=name, addresses=addresses, way=Way.SERVICE)
        tables = list(reading.references(endpoint, endpoint.get("route_table_ids"), "route_table_ids"))
        for each in reading.stack.of("aws_vpc_endpoint_route_table_association"):
            if reading.reference(each, each.get("vpc_endpoint_id"), "vpc_endpoint_id") == endpoint.address:
                table = reading.reference(each, each.get("route_table_id"), "route_table_id")
                tables += [table] if table else []
        for table in dict.fromkeys(tables):
            routes[table].append(Route(name=name, addresses=addresses, prefix=MANAGED_PREFIX, way=Way.SERVICE, rank=2))
    return tuple(found.values())


@dataclass(slots=True, kw_only=True)
class _Tables:
    own: dict[str, str] = field(default_factory=dict)
    """Subnet to its table."""
    main: dict[str, str] = field(default_factory=dict)
    """VPC to its main table."""


def _tables(reading: Reading) -> _Tables:
    found = _Tables()
    for table in reading.stack.of("aws_default_route_table"):
        vpc = reading.reference(table, table.get("default_route_table_id"), "default_route_table_id")
        if vpc:
            found.main[vpc] = table.address
    for each in reading.stack.of("aws_main_route_table_association"):
        vpc = reading.reference(each, each.get("vpc_id"), "vpc_id")
        main = reading.reference(each, each.get("route_table_id"), "route_table_id")
        if vpc and main:
            found.main[vpc] = main
    for each in reading.stack.of("aws_route_table_association"):
        if each.get("gateway_id"):
            if not isinstance(each.get("gateway_id"), Unknown):
                reading.open(each, "a table of a gateway, which may lead through a device")
            continue
        subnet = reading.reference(each, each.get("subnet_id"), "subnet_id")
        own = reading.reference(each, each.get("route_table_id"), "route_table_id")
        if subnet and own:
            found.own[subnet] = own
    return found
