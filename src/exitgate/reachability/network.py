"""What a network is made of, as AWS has it: groups, lists of rules, tables of routes, and who has addresses in it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from exitgate.reachability.spans import NOTHING, Spans

INTERNET = "internet"
"""Everybody outside, in the policy's word."""
CLIENT_PORTS = (1024, 65535)
"""From where clients of all kinds send, load balancers and NAT gateways among them (Amazon VPC user guide, "Ephemeral ports")."""
LINUX_PORTS = (32768, 60999)
"""From where Linux sends, see ip_local_port_range: containers on Fargate."""


class Way(Enum):
    """Where a route leads."""

    LOCAL = "within the VPC"
    INTERNET = "an internet gateway"
    NAT = "a NAT gateway"
    OUT_ONLY = "an egress-only internet gateway"
    PEER = "a peered VPC"
    SERVICE = "an AWS service, by a gateway endpoint"
    NOWHERE = "a black hole"
    UNKNOWN = "a device that the model does not know"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A rule of a security group. It lets through what it says; there is none that refuses."""

    name: str
    traffic: Spans
    addresses: Spans = NOTHING
    group: str = ""
    """The group whose members it is for, instead of addresses."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """A security group. It remembers connections, so answers need no rule."""

    name: str
    inbound: tuple[Rule, ...] = ()
    outbound: tuple[Rule, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AclRule:
    """A rule of a network ACL."""

    name: str
    number: int
    allow: bool
    traffic: Spans
    addresses: Spans


@dataclass(frozen=True, slots=True, kw_only=True)
class Acl:
    """A network ACL: the first rule that fits decides, none is a refusal, and answers need rules of their own."""

    name: str
    inbound: tuple[AclRule, ...] = ()
    outbound: tuple[AclRule, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """A route to some addresses."""

    name: str
    addresses: Spans
    prefix: int
    """The length of its prefix: of all routes to an address, the longest counts."""
    way: Way
    to: str = ""
    """The subnet of the NAT gateway, or the peered VPC where it is of this network."""
    rank: int = 1
    """Among equally long ones the smallest counts: 0 local, 1 by range, 2 by prefix list."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subnet:
    """A subnet, with the table and the list that count for it."""

    name: str
    vpc: str
    routes: tuple[Route, ...]
    table: str = ""
    acl: Acl | None = None
    """None lets everything through, as a VPC's own list does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where an endpoint has addresses: which ones it gets is decided later, so any of them counts."""

    subnet: str
    addresses: Spans
    public: bool = False
    """Whether an internet gateway translates a public address to it; of IPv6 any is public."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """What opens or takes connections: all its tasks, nodes or interfaces together."""

    name: str
    places: tuple[Place, ...]
    groups: tuple[str, ...]
    """Of several, each rule counts. None at all lets everything through, as for a network load balancer without any."""
    ports: tuple[int, int] = CLIENT_PORTS
    """From which ports it opens connections."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outside:
    """Addresses that lie in none of our subnets: the internet, a peered network, a service of AWS."""

    name: str
    addresses: Spans
    way: Way
    ports: tuple[int, int] = CLIENT_PORTS


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """All VPCs of a stack."""

    subnets: tuple[Subnet, ...]
    groups: tuple[Group, ...]
    endpoints: tuple[Endpoint, ...]
    outsides: tuple[Outside, ...] = ()
    gateways: frozenset[str] = frozenset()
    """The VPCs with an internet gateway."""
