"""3.3.C.2: on networks drawn from the plan each flow of the policy connects, and nothing else does."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from exitgate.checks.infrastructure.judging import Judgement, judged
from exitgate.finding import Finding
from exitgate.observe.connections import Answer, Connections, DrawnNetwork, Try
from exitgate.policy import InfrastructurePolicy
from exitgate.policy.network import INTERNET, Flow

_SHOWN = 3


def unconnected_flows(connections: Connections, policy: InfrastructurePolicy) -> list[Finding]:
    """Name each flow of the policy that did not connect from each address of its source to each of its destination."""

    def judge(network: DrawnNetwork, judgement: Judgement) -> None:
        judgement.unknown += network.unknown
        for flow in policy.flow:
            for name in (flow.source, flow.destination):
                if name not in network.ends:
                    judgement.unknown.append(f"endpoint {name}: nothing of that name could be drawn")
            if flow.protocol != "tcp":
                judgement.unknown.append(f"{flow.source} to {flow.destination}: {flow.protocol}, which was not tried")
                continue
            for port in flow.ports:
                _judge_flow(network, flow, port, judgement)

    return judged(connections, judge)


def unlisted_connections(connections: Connections, policy: InfrastructurePolicy) -> list[Finding]:
    """Name each pair that connected on a port that no flow of the policy lists for it."""
    listed = {
        (flow.source, flow.destination, port) for flow in policy.flow if flow.protocol == "tcp" for port in flow.ports
    }

    def judge(network: DrawnNetwork, judgement: Judgement) -> None:
        judgement.unknown += network.unknown
        refused = [each for each in network.tries if each.answer is not Answer.CONNECTED]
        if not refused:
            judgement.unknown.append(f"stack {network.name}: nothing was refused, so that no filter was seen to work")
        extra: dict[tuple[str, str], list[Try]] = defaultdict(list)
        for each in network.tries:
            if each.answer is Answer.CONNECTED and not _is_listed(network, listed, each):
                extra[each.source, each.destination].append(each)
        for (source, destination), tries in extra.items():
            _extra(network, source, destination, tries, judgement)

    return judged(connections, judge)


def _judge_flow(network: DrawnNetwork, flow: Flow, port: int, judgement: Judgement) -> None:
    key = (flow.source, flow.destination, port)
    tries = [each for each in network.tries if (each.source, each.destination, each.port) == key]
    if not tries:
        judgement.unknown.append(f"{flow.source} to {flow.destination} on tcp {port}: never tried")
    failed = [each for each in tries if each.answer is not Answer.CONNECTED]
    if failed:
        first = failed[0]
        judgement.fault(
            network.ends.get(flow.destination if flow.destination != INTERNET else flow.source, flow.destination),
            f"{flow.source} did not connect to {flow.destination} on tcp {port}: {first.answer.value} in {len(failed)} of "
            f"{len(tries)} tries",
            expected=f"a connection, by the policy's flow, {flow.why}",
            got=f"from {first.here} to {first.there}:{port}: {first.answer.value}",
            remedy="Open it in the groups of both ends, and in routes and network ACLs between them; or take the flow out.",
        )


def _is_listed(network: DrawnNetwork, listed: set[tuple[str, str, int]], each: Try) -> bool:
    """Say whether a flow lists what connected: what everybody may reach, strangers may, and who may reach everybody, AWS too."""
    sources, destinations = {each.source}, {each.destination}
    if each.source not in network.ends:
        sources.add(INTERNET)
    if each.destination in network.services_of_aws:
        destinations.add(INTERNET)
    return any((source, end, each.port) in listed for source in sources for end in destinations)


def _extra(network: DrawnNetwork, source: str, destination: str, tries: list[Try], judgement: Judgement) -> None:
    first = tries[0]
    place = source if destination == INTERNET or destination in network.services_of_aws else destination
    judgement.fault(
        network.ends.get(place, place),
        f"{source} connected to {destination} on tcp {_ports(each.port for each in tries)}, which no flow of the policy lists",
        expected="a refusal of whatever [[policy.infrastructure.flow]] does not list",
        got=f"from {first.here} to {first.there}:{first.port}: {first.answer.value}",
        remedy="Take out or narrow the rule that lets it in; or list the flow, with the reason.",
    )


def _ports(ports: Iterable[int]) -> str:
    several = sorted(set(ports))
    more = f" and {len(several) - _SHOWN} more" if len(several) > _SHOWN else ""
    return ", ".join(map(str, several[:_SHOWN])) + more
