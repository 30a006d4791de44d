"""A planned network in few words: tiers, ends with their groups, and what can get from one to another. What the report draws."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from exitgate.observe.planned_network import PlannedNetwork
from exitgate.pictures import NetworkEnd, NetworkFlow, NetworkPicture, NetworkTier
from exitgate.reachability import Endpoint, Reachability
from exitgate.reachability.addresses import cidr
from exitgate.reachability.spans import NOTHING, Spans, covers, union
from exitgate.reachability.traffic import written

OTHER_TIER = "elsewhere"
"""Of ends whose subnets are in none of the tiers."""
_MOST_FLOWS = 200
"""A picture is a few KB of the record; a network that lets more through is no picture any more, and its findings name the rules."""


def network_picture(
    stack: str, planned: PlannedNetwork, tiers: Mapping[str, tuple[bool, tuple[str, ...]]]
) -> NetworkPicture:
    """Return what a plan's network lets through, between ends by the policy's names.

    Args:
        stack: Its name.
        tiers: Of the policy: name to whether it is public, and its IPv4 ranges.
    """
    ranges = {name: union(*map(cidr, cidrs)) for name, (_, cidrs) in tiers.items()}
    ends: dict[str, NetworkEnd] = {}
    for endpoint in planned.network.endpoints:
        name = planned.called.get(endpoint.name, endpoint.name)
        known = ends.get(name)
        groups = {*(known.groups if known else ()), *endpoint.groups}
        ends[name] = NetworkEnd(name=name, tier=_tier_of(endpoint, ranges), groups=tuple(sorted(groups)))
    model = Reachability(planned.network)
    flows: dict[tuple[str, str], Spans] = defaultdict(tuple)
    for passage in model.passages():
        pair = tuple(planned.called.get(end, end) for end in (passage.source, passage.destination))
        flows[pair[0], pair[1]] = union(flows[pair[0], pair[1]], passage.possible)
    open_flows = [
        NetworkFlow(source=source, destination=end, traffic=written(possible))
        for (source, end), possible in sorted(flows.items())
        if possible != NOTHING
    ]
    return NetworkPicture(
        stack=stack,
        tiers=tuple(NetworkTier(name=name, public=public, ranges=cidrs) for name, (public, cidrs) in tiers.items()),
        ends=tuple(ends.values()),
        flows=tuple(open_flows[:_MOST_FLOWS]),
        left_out=len(open_flows[_MOST_FLOWS:]),
        unknown=planned.unknown,
    )


def _tier_of(endpoint: Endpoint, ranges: Mapping[str, Spans]) -> str:
    """Return the tier that holds every place of an end; a name of our own where there is none."""
    fitting = (
        name
        for name, whole in ranges.items()
        if endpoint.places and all(covers(whole, _fourth(place.addresses)) for place in endpoint.places)
    )
    return next(fitting, OTHER_TIER)


def _fourth(addresses: Spans) -> Spans:
    """Return the part that is IPv4, in which tiers are written."""
    return tuple((low, high) for low, high in addresses if high < 1 << 32)
