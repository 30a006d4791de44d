"""3.3.A.2: the planned network is the policy's, and private tiers lead to no internet gateway."""

from __future__ import annotations

from exitgate.checks.infrastructure.judging import Judgement, absent, judged
from exitgate.finding import Finding
from exitgate.observe.terraform import Infrastructure, Resource, Stack, Unknown
from exitgate.policy import InfrastructurePolicy

_LAYOUT = "Let the infrastructure code follow [policy.infrastructure.network], or change the policy by review."


_MORE = ("aws_vpc_ipv4_cidr_block_association", "aws_default_vpc", "aws_default_subnet")
"""What makes a VPC larger, or takes over the one that each account has, where nobody laid anything out."""


def foreign_networks(planned: Infrastructure, policy: InfrastructurePolicy) -> list[Finding]:
    """Name each VPC and subnet that is not the policy's, and each of the policy's that is not planned."""
    network = policy.network
    wanted = {(zone, cidr) for tier in network.tier for zone, cidr in tier.subnets.items()} if network else set()

    def judge(stack: Stack, judgement: Judgement) -> None:
        vpcs = stack.of("aws_vpc")
        if not vpcs:
            absent(judgement, stack, "VPC", _LAYOUT)
        for vpc in vpcs:
            got = vpc.get("cidr_block")
            if isinstance(got, Unknown):
                judgement.open(vpc, "cidr_block")
            elif network and got != network.vpc_cidr:
                judgement.fault(
                    vpc.locate("cidr_block"),
                    f"{vpc.address} has another range than the policy's",
                    expected=network.vpc_cidr,
                    got=str(got),
                    remedy=_LAYOUT,
                )
        for more in stack.of(*_MORE):
            judgement.fault(
                more.locate(),
                f"{more.address} brings a network that is not the policy's",
                expected=network.vpc_cidr if network else "what the policy lists",
                got=str(cidr) if isinstance(cidr := more.get("cidr_block"), str) else more.type,
                remedy=_LAYOUT,
            )
        seen = _judge_subnets(stack, wanted, judgement)
        for zone, cidr in sorted(wanted):
            if vpcs and (zone, cidr) not in seen and not judgement.unknown:
                judgement.fault(
                    vpcs[0].locate(),
                    f"the policy's subnet {cidr} in {zone} is not planned",
                    expected=f"{cidr} in {zone}",
                    got="no such subnet",
                    remedy=_LAYOUT,
                )

    return judged(planned, judge)


def _judge_subnets(stack: Stack, wanted: set[tuple[str, str]], judgement: Judgement) -> set[object]:
    seen: set[object] = set()
    for subnet in stack.of("aws_subnet"):
        place = (subnet.get("availability_zone"), subnet.get("cidr_block"))
        if any(isinstance(part, Unknown) for part in place):
            judgement.open(subnet, "availability_zone, cidr_block")
            continue
        seen.add(place)
        if place not in wanted:
            judgement.fault(
                subnet.locate("cidr_block"),
                f"{subnet.address} is no subnet of the policy's",
                expected="a zone and range that a tier lists",
                got=f"{place[1]} in {place[0]}",
                remedy=_LAYOUT,
            )
    return seen


def exposed_tiers(planned: Infrastructure, policy: InfrastructurePolicy) -> list[Finding]:
    """Name each route to an internet gateway that a subnet of a private tier has, by its own table or the VPC's main one."""
    private = {
        cidr
        for tier in (policy.network.tier if policy.network else ())
        if not tier.public
        for cidr in tier.subnets.values()
    }

    def judge(stack: Stack, judgement: Judgement) -> None:
        tables = _tables_of_subnets(stack, judgement)
        open_tables = _open_tables(stack, judgement)
        for subnet in stack.of("aws_subnet"):
            table = tables.get(subnet.address)
            if subnet.get("cidr_block") in private and table in open_tables:
                route = open_tables[table]
                judgement.fault(
                    route.locate(),
                    f"{subnet.address} is private and has a route to an internet gateway",
                    expected="NAT, endpoints or nothing",
                    got=f"{route.address}",
                    remedy="Take the route out of its table, or give the subnet another one.",
                )

    return judged(planned, judge)


def _tables_of_subnets(stack: Stack, judgement: Judgement) -> dict[str, str]:
    mains = {each.address for each in stack.of("aws_default_route_table")}
    for association in stack.of("aws_main_route_table_association"):
        mains = set(association.references("route_table_id") or mains)
    # A subnet without a table of its own has the VPC's main one.
    tables = {each.address: next(iter(sorted(mains)), "") for each in stack.of("aws_subnet")}
    for association in stack.of("aws_route_table_association"):
        if association.get("gateway_id"):
            continue
        subnets, own = association.references("subnet_id"), association.references("route_table_id")
        if not subnets or not own:
            judgement.open(association, "subnet_id, route_table_id")
            continue
        tables[subnets[0]] = own[0]
    return tables


def _open_tables(stack: Stack, judgement: Judgement) -> dict[str, Resource]:
    found: dict[str, Resource] = {}
    for route in stack.of("aws_route"):
        tables = route.references("route_table_id")
        if not tables:
            judgement.open(route, "route_table_id")
        if _leads_out(route, route.get("gateway_id"), judgement):
            found.update(dict.fromkeys(tables or (), route))
    for table in stack.of("aws_route_table", "aws_default_route_table"):
        for block in table.blocks("route") or ():
            if _leads_out(table, block.get("gateway_id"), judgement):
                found[table.address] = table
    return found


def _leads_out(owner: Resource, gateway: object, judgement: Judgement) -> bool:
    targets = ("nat_gateway_id", "transit_gateway_id", "vpc_peering_connection_id", "vpc_endpoint_id")
    if isinstance(gateway, Unknown):
        # Computed by the provider where the route leads elsewhere.
        if not any(owner.get(each) not in (None, "") for each in targets):
            judgement.open(owner, "gateway_id")
        return False
    address = str(getattr(gateway, "address", gateway or ""))
    return "aws_internet_gateway." in address or address.startswith("igw-")
