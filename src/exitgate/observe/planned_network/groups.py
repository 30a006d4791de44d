"""Planned security groups, with the rules that stand in them and those that stand beside them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping

from exitgate.observe.planned_network.reading import Reading, several
from exitgate.observe.terraform import Resource, Unknown, Value
from exitgate.reachability import Group, Rule
from exitgate.reachability.addresses import ANY_V4, ANY_V6
from exitgate.reachability.spans import union
from exitgate.reachability.traffic import ALL

_BESIDE = {"aws_vpc_security_group_ingress_rule": "ingress", "aws_vpc_security_group_egress_rule": "egress"}


def default_group(vpc: str) -> str:
    """Return the name of a VPC's default group where the plan does not hold it."""
    return f"the default group of {vpc}"


def read_groups(reading: Reading) -> tuple[Group, ...]:
    """Return all groups of a stack, the default ones that AWS makes among them."""
    rules: dict[tuple[str, str], list[Rule]] = defaultdict(list)
    groups = reading.stack.of("aws_security_group", "aws_default_security_group")
    for group in groups:
        reading.name(group)
        for side in ("ingress", "egress"):
            for index, block in enumerate(reading.blocks(group, side)):
                rules[group.address, side] += _inline(reading, group, block, f"{side} {index + 1}", side)
    for rule in reading.stack.of("aws_security_group_rule"):
        owner = reading.reference(rule, rule.get("security_group_id"), "security_group_id")
        if owner:
            source = rule.get("source_security_group_id")
            written = "source_security_group_id" in dict(rule.lines) or not isinstance(source, Unknown)
            part = {**rule.values, "security_groups": source if written else None}
            rules[owner, str(rule.get("type"))] += _inline(reading, rule, part, "", owner=owner)
    for rule in reading.stack.of(*_BESIDE):
        owner = reading.reference(rule, rule.get("security_group_id"), "security_group_id")
        if owner:
            part = {
                "cidr_blocks": rule.get("cidr_ipv4"),
                "ipv6_cidr_blocks": rule.get("cidr_ipv6"),
                "prefix_list_ids": rule.get("prefix_list_id"),
                "security_groups": rule.get("referenced_security_group_id"),
                "protocol": rule.get("ip_protocol"),
                "from_port": rule.get("from_port"),
                "to_port": rule.get("to_port"),
            }
            rules[owner, _BESIDE[rule.type]] += _inline(reading, rule, part, "", owner=owner)
    known = tuple(
        Group(
            name=group.address,
            inbound=tuple(rules[group.address, "ingress"]),
            outbound=tuple(rules[group.address, "egress"]),
        )
        for group in groups
    )
    return (*known, *(_by_aws(vpc.address, reading.name(vpc)) for vpc in reading.stack.of("aws_vpc")))


def _inline(
    reading: Reading, holder: Resource, block: Mapping[str, Value], part: str, key: str = "", owner: str = ""
) -> Iterator[Rule]:
    name = reading.name(holder, part, key=key)
    traffic = reading.traffic(holder, block.get("protocol"), block.get("from_port"), block.get("to_port"))
    addresses = union(
        reading.ranges(holder, block.get("cidr_blocks"), "cidr_blocks"),
        reading.ranges(holder, block.get("ipv6_cidr_blocks"), "ipv6_cidr_blocks"),
        reading.prefix_lists(holder, block.get("prefix_list_ids"), "prefix_list_ids"),
    )
    if addresses:
        yield Rule(name=name, traffic=traffic, addresses=addresses)
    if block.get("self") is True:
        yield Rule(name=name, traffic=traffic, group=owner or holder.address)
    for each in several(block.get("security_groups")):
        # Of a group that the plan does not hold, as a peer's, nobody here knows who is in it.
        group = reading.reference(holder, each, "the group that it is for")
        if group:
            yield Rule(name=name, traffic=traffic, group=group)


def _by_aws(vpc: str, where: str) -> Group:
    name = default_group(vpc)
    return Group(
        name=name,
        inbound=(Rule(name=f"{where} (its default group)", traffic=ALL, group=name),),
        outbound=(Rule(name=f"{where} (its default group)", traffic=ALL, addresses=union(ANY_V4, ANY_V6)),),
    )
