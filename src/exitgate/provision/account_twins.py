"""What an emulator has made twice: beside what a state names, a second one that AWS would have refused or answered with the first.

A provider that waits too long for an answer asks again. AWS knows a request that it has had by its token, and refuses a subnet of
a range that is taken; the emulator (ministack 1.5.33) makes another one, which nobody knows of, and which keeps its VPC in use.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from exitgate.errors import ObservationError, one_line

Connect = Callable[[str], Any]
"""Makes a client of a service."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kind:
    operation: str
    key: str
    """The list in the answer."""
    name: str
    """What of an entry names it."""
    told_by: tuple[str, ...]
    """What two of them can't both be; with tags, only where there are some."""


_KINDS: Final = (
    _Kind(operation="describe_vpcs", key="Vpcs", name="VpcId", told_by=("CidrBlock", "Tags")),
    _Kind(operation="describe_subnets", key="Subnets", name="SubnetId", told_by=("VpcId", "CidrBlock")),
    _Kind(operation="describe_security_groups", key="SecurityGroups", name="GroupId", told_by=("VpcId", "GroupName")),
    _Kind(
        operation="describe_vpc_endpoints",
        key="VpcEndpoints",
        name="VpcEndpointId",
        told_by=("VpcId", "ServiceName", "VpcEndpointType"),
    ),
    _Kind(operation="describe_route_tables", key="RouteTables", name="RouteTableId", told_by=("VpcId", "Tags")),
    _Kind(operation="describe_network_acls", key="NetworkAcls", name="NetworkAclId", told_by=("VpcId", "Tags")),
    _Kind(operation="describe_internet_gateways", key="InternetGateways", name="InternetGatewayId", told_by=("Tags",)),
    _Kind(operation="describe_nat_gateways", key="NatGateways", name="NatGatewayId", told_by=("SubnetId", "Tags")),
    _Kind(operation="describe_addresses", key="Addresses", name="AllocationId", told_by=("Tags",)),
    _Kind(operation="describe_flow_logs", key="FlowLogs", name="FlowLogId", told_by=("ResourceId", "LogDestination")),
)
_GONE: Final = ("deleted", "deleting")


def made_twice(connect: Connect, named: Collection[str]) -> list[str]:
    """Return what stands in an account beside its like that a state names, e.g. ``SubnetId subnet-2 beside subnet-1``.

    Args:
        connect: Makes a client of a service in the account.
        named: The ids that the state has.

    Raises:
        ObservationError: if a listing is refused.
    """
    from botocore.exceptions import BotoCoreError, ClientError

    ec2 = connect("ec2")
    found: list[str] = []
    for kind in _KINDS:
        try:
            entries = [*_entries(ec2, kind)]
        except (BotoCoreError, ClientError) as error:
            raise ObservationError(
                f"listing of the account by ec2 {kind.operation}",
                got=one_line(f"{type(error).__name__}: {error}", 200),
                expected="all that stands there",
                action="Look whether the emulator knows the call.",
            ) from error
        own = {_like(kind, each): each[kind.name] for each in entries if each[kind.name] in named}
        found += [
            f"{kind.name} {each[kind.name]} beside {own[_like(kind, each)]}"
            for each in entries
            if each[kind.name] not in named
            and all(each.get(part) for part in kind.told_by)
            and _like(kind, each) in own
        ]
    return sorted(found)


def _entries(ec2: Any, kind: _Kind) -> Iterator[Mapping[str, Any]]:
    for page in (
        ec2.get_paginator(kind.operation).paginate()
        if ec2.can_paginate(kind.operation)
        else [getattr(ec2, kind.operation)()]
    ):
        yield from (each for each in page.get(kind.key) or () if each.get("State") not in _GONE)


def _like(kind: _Kind, entry: Mapping[str, Any]) -> str:
    told = {part: entry.get(part) for part in kind.told_by}
    told["Tags"] = sorted((each["Key"], each["Value"]) for each in told.get("Tags") or ())
    return json.dumps(told, sort_keys=True)
