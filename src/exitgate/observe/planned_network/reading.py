"""How values of a plan are read for the model of networks: what can't be told is noted by name, and never taken for nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from exitgate.observe.terraform import Reference, Resource, Stack, Unknown, Value
from exitgate.reachability.addresses import cidr, managed
from exitgate.reachability.spans import NOTHING, Spans, union
from exitgate.reachability.traffic import traffic


@dataclass(slots=True, kw_only=True)
class Reading:
    """A stack as it is read, with what is not known of it."""

    stack: Stack
    unknown: list[str] = field(default_factory=list)
    """``address: what``."""
    locations: dict[str, str] = field(default_factory=dict)
    """Name of a rule, route, list or group to its file and line."""
    _services: dict[str, int] = field(default_factory=dict)

    def open(self, resource: Resource, what: str) -> None:
        """Note what can't be told."""
        self.unknown.append(f"{resource.address}: {what}")

    def name(self, resource: Resource, part: str = "", *, key: str = "") -> str:
        """Return the name of a resource, or of a part of it, and remember where it stands."""
        name = f"{resource.address} {part}".strip()
        self.locations[name] = resource.locate(key)
        return name

    def reference(self, resource: Resource, value: Value, what: str) -> str | None:
        """Return the address that a value refers to; None where it is not set or not known, which is noted."""
        if value is None or value == "":
            return None
        if isinstance(value, Reference):
            return value.address
        self.open(resource, what)
        return None

    def references(self, resource: Resource, value: Value, what: str) -> tuple[str, ...]:
        """Return the addresses that a list refers to, and note what is not known of it."""
        if isinstance(value, Unknown):
            if what in dict(resource.lines):
                self.open(resource, what)
            return ()
        found = (self.reference(resource, each, what) for each in several(value))
        return tuple(each for each in found if each)

    def ranges(self, resource: Resource, value: Value, what: str) -> Spans:
        """Return the addresses of ranges in CIDR notation."""
        found = NOTHING
        for each in several(value):
            try:
                found = union(found, cidr(each if isinstance(each, str) else ""))
            except ValueError:
                self.open(resource, what)
        return found

    def prefix_lists(self, resource: Resource, value: Value, what: str) -> Spans:
        """Return the addresses of prefix lists: a list of ours by its entries, one of a gateway endpoint by its stand-in."""
        found = NOTHING
        for address in (self.reference(resource, each, what) for each in several(value)):
            owner = self.stack.find(address) if address else None
            if owner is None:
                continue
            if owner.type == "aws_vpc_endpoint":
                found = union(found, self.service(str(owner.get("service_name"))))
            elif owner.type == "aws_ec2_managed_prefix_list":
                found = union(found, self._entries(owner))
            else:
                self.open(resource, what)
        return found

    def service(self, name: str) -> Spans:
        """Return the stand-in for the addresses of an AWS service."""
        return managed(self._services.setdefault(name, len(self._services) + 1))

    def blocks(self, resource: Resource, name: str) -> tuple[Mapping[str, Value], ...]:
        """Return nested blocks; where the plan does not show them, none if the code has none, and else a note."""
        found = resource.get(name)
        if isinstance(found, tuple):
            if not all(isinstance(each, Mapping) for each in found):
                self.open(resource, name)
            return tuple(each for each in found if isinstance(each, Mapping))
        if found is not None and name in dict(resource.lines):
            self.open(resource, name)
        return ()

    def traffic(self, resource: Resource, protocol: Value, first: Value, last: Value) -> Spans:
        """Return the protocol and ports of a rule."""
        ports = [each if isinstance(each, int) else None for each in (first, last)]
        hidden = any(isinstance(each, Unknown) for each in (protocol, first, last))
        try:
            if not hidden:
                return traffic(str(protocol), *ports)
        except ValueError:
            pass
        self.open(resource, "protocol and ports")
        return NOTHING

    def _entries(self, owner: Resource) -> Spans:
        own = self.ranges(owner, tuple(each.get("cidr") for each in self.blocks(owner, "entry")), "entry")
        for each in self.stack.of("aws_ec2_managed_prefix_list_entry"):
            if self.reference(each, each.get("prefix_list_id"), "prefix_list_id") == owner.address:
                own = union(own, self.ranges(each, each.get("cidr"), "cidr"))
        return own


def several(value: Value) -> tuple[Value, ...]:
    """Return a list as it is, and anything else that is set as a list of one."""
    if isinstance(value, tuple):
        return value
    return () if value is None or value == "" else (value,)
