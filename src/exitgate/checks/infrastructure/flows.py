"""3.3.A.3: of all that can reach one another by the planned network, it is those that the policy lists, no more and no less."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

from exitgate.checks.infrastructure.compute import service_of
from exitgate.checks.infrastructure.judging import Judgement, judged
from exitgate.finding import Finding
from exitgate.observe.planned_network import PlannedNetwork, read_planned_network
from exitgate.observe.planned_network.picture import network_picture
from exitgate.observe.terraform import Infrastructure, Resource, Stack
from exitgate.pictures import NetworkPicture
from exitgate.policy import InfrastructurePolicy
from exitgate.policy.network import Flow
from exitgate.reachability import INTERNET, Hop, Passage, Reachability, Way
from exitgate.reachability.addresses import V4, family, written
from exitgate.reachability.spans import NOTHING, Spans, covers, difference, intersection, union
from exitgate.reachability.traffic import traffic
from exitgate.reachability.traffic import written as in_words
from exitgate.target import Workload

_SHOWN = 3


@dataclass(slots=True, kw_only=True)
class _View:
    """A stack's network beside the policy's names."""

    planned: PlannedNetwork
    model: Reachability
    ends: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    """The policy's name to the ends of the model that have it."""

    def called(self, end: str) -> str:
        """Return the policy's name of an end."""
        return self.planned.called.get(end, end)


def impossible_flows(
    planned: Infrastructure, policy: InfrastructurePolicy, workloads: tuple[Workload, ...]
) -> list[Finding]:
    """Name each flow of the policy that the planned network does not let through, with the hop that stops it."""

    def judge(stack: Stack, judgement: Judgement) -> None:
        view = _view(stack, workloads, judgement)
        judgement.unknown += view.planned.unknown
        for flow in policy.flow:
            for name in (flow.source, flow.destination):
                if name not in view.ends:
                    judgement.unknown.append(f"endpoint {name}: no planned resource has it as its tag 'endpoint'")
            for port in flow.ports:
                _judge_flow(view, flow, port, judgement)

    return judged(planned, judge)


def unlisted_flows(
    planned: Infrastructure, policy: InfrastructurePolicy, workloads: tuple[Workload, ...]
) -> list[Finding]:
    """Name each rule that lets through what no flow of the policy lists, with the whole way that a packet takes."""
    listed: dict[tuple[str, str], Spans] = defaultdict(tuple)
    for flow in policy.flow:
        key = (flow.source, flow.destination)
        listed[key] = union(listed[key], *(traffic(flow.protocol, port, port) for port in flow.ports))

    def judge(stack: Stack, judgement: Judgement) -> None:
        view = _view(stack, workloads, judgement)
        judgement.unknown += view.planned.unknown
        if not view.planned.called:
            judgement.unknown.append(f"stack {stack.name}: nothing in it has an address that the model knows")
        extra: dict[str, list[tuple[Passage, Spans]]] = defaultdict(list)
        for passage in view.model.passages():
            beyond = difference(passage.possible, _listed(view, listed, passage))
            if beyond and passage.unknown:
                judgement.unknown += [f"{name}: where it leads" for name in passage.unknown]
            elif beyond:
                extra[_culprit(view, passage, beyond)].append((passage, beyond))
        for rule, flows in extra.items():
            _extra(view, rule, flows, judgement)

    return judged(planned, judge)


def pictured_networks(
    planned: Infrastructure, policy: InfrastructurePolicy | None, workloads: tuple[Workload, ...]
) -> tuple[NetworkPicture, ...]:
    """Return a picture of each stack's network: what it lets through, by the policy's names and tiers."""
    network = policy.network if policy else None
    tiers = {each.name: (each.public, tuple(each.subnets.values())) for each in network.tier} if network else {}
    return tuple(
        network_picture(stack.name, _view(stack, workloads, Judgement()).planned, tiers) for stack in planned.stacks
    )


def planned_networks(
    planned: Infrastructure, workloads: tuple[Workload, ...]
) -> tuple[tuple[str, PlannedNetwork], ...]:
    """Return each stack's name and its network, with the names that the policy has for its endpoints."""
    return tuple((stack.name, _view(stack, workloads, Judgement()).planned) for stack in planned.stacks)


def _view(stack: Stack, workloads: tuple[Workload, ...], judgement: Judgement) -> _View:
    # That a service is missing is the finding of the checks that look for it; here its endpoint has no address then.
    aside = Judgement()
    found = [(workload, service_of(stack, workload, aside)) for workload in workloads]
    judgement.unknown += aside.unknown
    judgement.outside += aside.outside
    services = {pair[0].address: workload.name for workload, pair in found if pair}

    def named(resource: Resource) -> str:
        return services.get(resource.address, "")

    planned = read_planned_network(stack, named)
    view = _View(planned=planned, model=Reachability(planned.network))
    for end in view.model.ends:
        view.ends[view.called(end)].append(end)
    return view


def _judge_flow(view: _View, flow: Flow, port: int, judgement: Judgement) -> None:
    wanted = traffic(flow.protocol, port, port)
    for source in view.ends.get(flow.source, ()):
        for destination in view.ends.get(flow.destination, ()):
            if _stops_at_balancer(view, (source, destination), flow, port, judgement):
                return
            passages = view.model.between(source, destination)
            # Who has both is reached by IPv4: it is what every client speaks.
            fourth = [each for each in passages if family(each.here.low) == V4]
            for passage in fourth or passages:
                if covers(passage.assured, wanted):
                    continue
                if passage.unknown:
                    judgement.unknown += [f"{name}: where it leads" for name in passage.unknown]
                    continue
                _missing(view, passage, flow, wanted, judgement)
                return


def _stops_at_balancer(view: _View, ends: tuple[str, str], flow: Flow, port: int, judgement: Judgement) -> bool:
    into, out_of = view.planned.balancers.get(ends[1]), view.planned.balancers.get(ends[0])
    if into and into.complete and port not in into.listens:
        where = ends[1]
        what = f"{ends[1]} has no listener on port {port}"
    elif (
        out_of
        and out_of.complete
        and ends[1].rpartition(".")[0].endswith("aws_ecs_service")
        and (ends[1], port) not in out_of.hands_to
    ):
        where = ends[0]
        what = f"{ends[0]} hands no request to {ends[1]} on port {port}"
    else:
        return False
    judgement.fault(
        view.planned.locations.get(where, where),
        f"{flow.source} can't reach {flow.destination} on {flow.protocol} {port}: {what}",
        expected=f"the policy's flow, {flow.why}",
        got=what,
        remedy="Give the balancer a listener and a target group for it, or take the flow out of the policy.",
    )
    return True


def _missing(view: _View, passage: Passage, flow: Flow, wanted: Spans, judgement: Judgement) -> None:
    hops = view.model.explain(passage)
    stopping = next((hop for hop in hops if not _passes(hop, wanted)), hops[-1])
    way = "the answer" if stopping.answers else "the request"
    judgement.fault(
        view.planned.locations.get(stopping.where.split(", ")[0], stopping.where),
        f"{flow.source} can't reach {flow.destination} on {in_words(wanted)}: {way} stops at {stopping}",
        expected=f"the policy's flow, {flow.why}",
        got=_told(hops, wanted),
        remedy="Open it at this hop, both ways, or take the flow out of the policy.",
    )


def _passes(hop: Hop, wanted: Spans) -> bool:
    if hop.answers is None:
        return covers(hop.passes, wanted)
    protocol = wanted[0][0] >> 16
    return covers(hop.passes, (((protocol << 16) + hop.answers[0], (protocol << 16) + hop.answers[1]),))


def _listed(view: _View, listed: dict[tuple[str, str], Spans], passage: Passage) -> Spans:
    source, destination = view.called(passage.source), view.called(passage.destination)
    found = listed.get((source, destination), NOTHING)
    if getattr(view.model.ends[passage.destination], "way", None) is Way.SERVICE:
        # What may reach everybody may reach AWS.
        found = union(found, listed.get((source, INTERNET), NOTHING))
    return found


def _culprit(view: _View, passage: Passage, beyond: Spans) -> str:
    rules = view.model.rules(passage, beyond)
    return rules[0].name if rules else passage.destination


def _extra(view: _View, rule: str, flows: list[tuple[Passage, Spans]], judgement: Judgement) -> None:
    told: dict[tuple[str, str], Spans] = defaultdict(tuple)
    for passage, beyond in flows:
        key = (view.called(passage.source), view.called(passage.destination))
        told[key] = union(told[key], beyond)
    words = [f"{source} can reach {end} on {in_words(beyond)}" for (source, end), beyond in sorted(told.items())]
    more = f", and {len(words) - _SHOWN} flows more" if len(words) > _SHOWN else ""
    passage, beyond = flows[0]
    judgement.fault(
        view.planned.locations.get(rule, rule),
        f"{'; '.join(words[:_SHOWN])}{more}, by {rule}, which no flow of the policy lists",
        expected="the flows of [[policy.infrastructure.flow]] and no other",
        got=f"from {written(passage.here.low)} to {written(passage.there.low)}: "
        + _told(view.model.explain(passage), (beyond[0],)),
        remedy="Take the rule out or narrow it to a listed flow; or list the flow, with the reason.",
    )


def _told(hops: tuple[Hop, ...], wanted: Spans) -> str:
    return "; ".join(_hop(hop, wanted) for hop in hops)


def _hop(hop: Hop, wanted: Spans) -> str:
    if hop.answers is None:
        verdict = "passes" if intersection(hop.passes, wanted) else "stops"
    else:
        verdict = "lets answers back" if _passes(hop, wanted) else "lets not all answers back"
    return f"{hop}: {verdict}"
