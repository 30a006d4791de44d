"""Planned network ACLs, and which subnet each counts for."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field

from exitgate.observe.planned_network.reading import Reading
from exitgate.observe.terraform import Resource, Unknown, Value
from exitgate.reachability import Acl, AclRule
from exitgate.reachability.spans import union


@dataclass(slots=True, kw_only=True)
class Acls:
    """The lists of a stack."""

    own: dict[str, Acl] = field(default_factory=dict)
    """Subnet to its list."""
    default: dict[str, Acl] = field(default_factory=dict)
    """VPC to its default list, where the plan holds it; otherwise it lets everything through."""


def read_acls(reading: Reading) -> Acls:
    """Return the lists, with rules that stand in them and beside them."""
    rules: dict[tuple[str, str], list[AclRule]] = defaultdict(list)
    owners = reading.stack.of("aws_network_acl", "aws_default_network_acl")
    for acl in owners:
        reading.name(acl)
        for side in ("ingress", "egress"):
            for block in reading.blocks(acl, side):
                told = {**block, "rule_number": block.get("rule_no"), "rule_action": block.get("action")}
                _add(reading, acl, told, rules[acl.address, side])
    for rule in reading.stack.of("aws_network_acl_rule"):
        owner = reading.reference(rule, rule.get("network_acl_id"), "network_acl_id")
        if owner:
            _add(reading, rule, rule.values, rules[owner, "egress" if rule.get("egress") is True else "ingress"])
    found = Acls()
    for acl in owners:
        made = Acl(
            name=acl.address,
            inbound=tuple(rules[acl.address, "ingress"]),
            outbound=tuple(rules[acl.address, "egress"]),
        )
        _assign(reading, acl, made, found)
    return found


def _assign(reading: Reading, acl: Resource, made: Acl, found: Acls) -> None:
    for subnet in reading.references(acl, acl.get("subnet_ids"), "subnet_ids"):
        found.own[subnet] = made
    if acl.type == "aws_default_network_acl":
        vpc = reading.reference(acl, acl.get("default_network_acl_id"), "default_network_acl_id")
        if vpc:
            found.default[vpc] = made
    for each in reading.stack.of("aws_network_acl_association"):
        if reading.reference(each, each.get("network_acl_id"), "network_acl_id") == acl.address:
            own = reading.reference(each, each.get("subnet_id"), "subnet_id")
            if own:
                found.own[own] = made


def _add(reading: Reading, holder: Resource, told: Mapping[str, Value], rules: list[AclRule]) -> None:
    number, action = told.get("rule_number"), str(told.get("rule_action")).lower()
    if isinstance(number, Unknown) or not isinstance(number, int) or action not in ("allow", "deny"):
        reading.open(holder, "its number and action")
        return
    addresses = union(
        reading.ranges(holder, told.get("cidr_block"), "cidr_block"),
        reading.ranges(holder, told.get("ipv6_cidr_block"), "ipv6_cidr_block"),
    )
    first, last = told.get("from_port"), told.get("to_port")
    if str(told.get("protocol")).lower() in ("icmp", "1", "icmpv6", "58"):
        first = told.get("icmp_type")
    rules.append(
        AclRule(
            name=f"{holder.address} {number}",
            number=number,
            allow=action == "allow",
            traffic=reading.traffic(holder, told.get("protocol"), first, last),
            addresses=addresses,
        )
    )
    reading.locations[f"{holder.address} {number}"] = holder.locate()
