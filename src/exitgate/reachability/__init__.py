"""A model of AWS's networks, pure: from groups, routes and network ACLs to who can reach whom, hop by hop."""

from exitgate.reachability.carriage import Atom, Hop
from exitgate.reachability.network import (
    CLIENT_PORTS,
    INTERNET,
    LINUX_PORTS,
    Acl,
    AclRule,
    Endpoint,
    Group,
    Network,
    Outside,
    Place,
    Route,
    Rule,
    Subnet,
    Way,
)
from exitgate.reachability.paths import Passage, Reachability

__all__ = [
    "CLIENT_PORTS",
    "INTERNET",
    "LINUX_PORTS",
    "Acl",
    "AclRule",
    "Atom",
    "Endpoint",
    "Group",
    "Hop",
    "Network",
    "Outside",
    "Passage",
    "Place",
    "Reachability",
    "Route",
    "Rule",
    "Subnet",
    "Way",
]
