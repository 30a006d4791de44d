"""The network that a stack plans, as the model of reachability takes it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from exitgate.observe.planned_network.balancers import Balancer, read_balancers
from exitgate.observe.planned_network.groups import read_groups
from exitgate.observe.planned_network.holders import Named, read_holders
from exitgate.observe.planned_network.reading import Reading
from exitgate.observe.planned_network.routing import read_layout
from exitgate.observe.terraform import Stack
from exitgate.reachability import Network

LIMITS = (
    "reachability is a model: no packet is sent, and what is set up outside of the plan is not in it",
    "of ICMP types are told apart and codes are not; firewalls of hosts and of AWS Network Firewall are not looked at",
    "what goes out to the internet and comes back to a public address counts as the two flows that it is",
    "ranges that only AWS knows count as part of 0.0.0.0/0 and of no narrower range",
)
"""What the model of reachability leaves out; kinds of resources that it does not know are named where there are any."""

__all__ = ["LIMITS", "Balancer", "PlannedNetwork", "read_planned_network"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedNetwork:
    """A stack's network, and what is not known of it."""

    network: Network
    called: Mapping[str, str]
    """Endpoint to the name that the policy has for it; its address where it has none."""
    balancers: Mapping[str, Balancer]
    locations: Mapping[str, str]
    """Name of a rule, route, list, group or endpoint to its file and line."""
    unknown: tuple[str, ...]
    """What the answer hangs on and can't be told, as ``address: what``."""


def read_planned_network(stack: Stack, named: Named) -> PlannedNetwork:
    """Read a stack's network out of its plan.

    Args:
        stack: A plan; where it is not a named one, nothing that is referred to is known.
        named: Gives the policy's name of a resource that has no tag ``endpoint``; empty for none.
    """
    reading = Reading(stack=stack)
    if not stack.named:
        reading.unknown.append(f"stack {stack.name}: what refers to what ({stack.why_not_named or 'no named plan'})")
    groups = read_groups(reading)
    layout = read_layout(reading)
    held = read_holders(reading, layout, named)
    return PlannedNetwork(
        network=Network(
            subnets=layout.subnets,
            groups=groups,
            endpoints=tuple(each.endpoint for each in held),
            outsides=layout.outsides,
            gateways=layout.gateways,
        ),
        called={each.endpoint.name: each.called for each in held},
        balancers=read_balancers(reading, held),
        locations=reading.locations,
        unknown=tuple(dict.fromkeys(reading.unknown)),
    )
