"""Who the rules of security groups let in, one step far: by group, by range, or not to be told."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from dataclasses import dataclass

from exitgate.observe.terraform import Reference, Resource, Sensitive, Stack, Unknown, Value

_Range = ipaddress.IPv4Network | ipaddress.IPv6Network
_GROUP_KEYS = ("referenced_security_group_id", "source_security_group_id", "security_groups")
_LIST_KEYS = ("prefix_list_id", "prefix_list_ids")
"""Lists of ranges that are kept elsewhere, so that nobody can tell from a plan who is on them."""
_RANGE_KEYS = ("cidr_ipv4", "cidr_ipv6", "cidr_blocks", "ipv6_cidr_blocks")


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Where something stands: its security groups, by address, and the ranges of its subnets."""

    groups: frozenset[str]
    ranges: tuple[_Range, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A rule that lets somebody in."""

    rule: Resource
    groups: frozenset[str]
    ranges: tuple[_Range, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Entries:
    """All that lets anybody into something."""

    entries: tuple[Entry, ...]

    def admit(self, places: Places) -> list[Resource]:
        """Return the rules that let in what stands there."""
        return [
            each.rule
            for each in self.entries
            if each.groups & places.groups
            or any(
                one.version == other.version and one.overlaps(other) for one in each.ranges for other in places.ranges
            )
        ]


def places_of(stack: Stack, service: Resource) -> Places | None:
    """Return where an ECS service's tasks stand; None where it is not known."""
    blocks = service.blocks("network_configuration")
    groups: set[str] = set()
    ranges: list[_Range] = []
    for block in blocks or ():
        named, subnets = _addresses(block.get("security_groups")), _addresses(block.get("subnets"))
        if named is None or subnets is None:
            return None
        groups |= named
        for subnet in map(stack.find, sorted(subnets)):
            found = _range(subnet.get("cidr_block")) if subnet else None
            if found is None:
                return None
            ranges.append(found)
    return Places(groups=frozenset(groups), ranges=tuple(ranges)) if blocks else None


def let_in(stack: Stack, owner: Resource, key: str = "vpc_security_group_ids") -> Entries | None:
    """Return who the security groups of a database, cache or broker let in; None where it is not known."""
    groups = _addresses(owner.get(key))
    if not groups:
        return None
    entries: list[Entry] = []
    for rule, said in _rules(stack, groups):
        if said is None or any(
            said.get(each) not in (None, "", ()) and not _computed(rule, each) for each in _LIST_KEYS
        ):
            return None
        named: set[str] = set(groups) if said.get("self") is True else set()
        ranges: list[_Range] = []
        for each in _GROUP_KEYS:
            found = _addresses(said.get(each))
            if found is None and not _computed(rule, each):
                return None
            named |= found or set()
        for each in _RANGE_KEYS:
            value = said.get(each)
            read = [
                _range(text) for text in (value if isinstance(value, tuple) else (value,)) if text not in (None, "")
            ]
            if None in read and not _computed(rule, each):
                return None
            ranges += [found for found in read if found is not None]
        entries.append(Entry(rule=rule, groups=frozenset(named), ranges=tuple(ranges)))
    return Entries(entries=tuple(entries))


def _rules(stack: Stack, groups: set[str]) -> Iterator[tuple[Resource, dict[str, Value] | None]]:
    """Yield the rules that let somebody into one of the groups, with what they say; nothing said where it is not known."""
    for rule in stack.of("aws_vpc_security_group_ingress_rule", "aws_security_group_rule"):
        if rule.type == "aws_security_group_rule" and rule.get("type") == "egress":
            continue
        owners = _addresses(rule.get("security_group_id"))
        if owners is None:
            yield rule, None
        elif owners & groups:
            yield rule, dict(rule.values)
    for group in map(stack.find, sorted(groups)):
        if group is None:
            continue
        blocks = group.blocks("ingress")
        if blocks is None and "ingress" in dict(group.lines):
            yield group, None
        for block in blocks or ():
            yield group, dict(block)


def _computed(rule: Resource, key: str) -> bool:
    """Say whether a value is unknown because the code does not write it and the provider fills it in."""
    return key not in dict(rule.lines) and rule.type != "aws_vpc_security_group_ingress_rule"


def _addresses(value: Value) -> set[str] | None:
    """Return what a value, or a list, refers to, ids that stand in the code included; None where something is not known."""
    several = value if isinstance(value, tuple) else (value,)
    if any(isinstance(each, Unknown | Sensitive) for each in several):
        return None
    return {
        each.address if isinstance(each, Reference) else str(each) for each in several if each not in (None, "", False)
    }


def _range(value: Value) -> _Range | None:
    try:
        return ipaddress.ip_network(value, strict=False) if isinstance(value, str) else None
    except ValueError:
        return None
