"""The sample service at work on a drawn network: asked from the internet's end by TLS through a balancer, with real servers.

All that it sends and gets passes filters and routes drawn from the plan, on the way in and on the way to each server.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, replace
from typing import Final

from exitgate.errors import PrerequisiteMissing
from exitgate.evidence_folder import EvidenceFolder
from exitgate.observation import Observation, Substrate
from exitgate.observe.planned_front import PlannedFront
from exitgate.observe.planned_network import PlannedNetwork
from exitgate.observe.sample_start import container_of, given, port_of, settings_of
from exitgate.observe.sample_trials import TASK, WORK_S, Answer, Client, Dependency, Trials
from exitgate.observe.serving import Served, served
from exitgate.observe.terraform.planned_tasks import PlannedTaskDefinition
from exitgate.policy.network import Flow
from exitgate.provision.backing import Surroundings
from exitgate.provision.balancer import (
    Balancer,
    BalancerRules,
    Front,
    Target,
    TargetHealth,
    certificate_for,
    find_envoy,
    throwaway_balancer,
)
from exitgate.provision.crossing import Crossing, DrawnEnds, drawn_ends
from exitgate.provision.engine import Engine
from exitgate.provision.relay import led_through, network_gateway
from exitgate.reachability import INTERNET
from exitgate.run import Run
from exitgate.target import Workload
from exitgate.waiting import wait_for

LIMITS: Final = (
    "the sample's connections pass networks drawn from the plan, whose ends lead to containers and servers on this machine",
    "in the place of AWS's balancer stands Envoy, set up by the planned listener, rules and target group",
    "its certificate is one of the run's own, for the planned certificate's domain",
    "whether the planned certificate holds for the hosts of the rules is not looked at",
    "servers are reached without TLS, on the ports of the policy's flows",
)
TYPES: Final[Mapping[str, tuple[str, ...]]] = {
    "postgres": ("aws_db_instance", "aws_rds_cluster"),
    "redis": ("aws_elasticache_replication_group", "aws_elasticache_cluster", "aws_elasticache_serverless_cache"),
    "rabbitmq": ("aws_mq_broker",),
}
"""Kind of backing server to the resources that stand for it in a plan."""
_LOCAL: Final = "127.0.0.1"
_PATIENCE: Final = 3.0
"""How many start timeouts the balancer's first verdict gets."""
_TOLD_BY: Final = {"postgres": "[[service.traffic]]", "redis": "[[service.traffic]]", "rabbitmq": "[[service.message]]"}
_CHECK_EVERY_S: Final = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkedStack:
    """The service at work by one stack's plan."""

    name: str
    location: str
    """Where its definition stands."""
    front: PlannedFront | None
    failure: str = ""
    """Why it did not come to work; empty where it did."""
    health: str = ""
    """What the balancer says of its target, in ELB's words; empty where its health checks can't be tried."""
    answers: tuple[Answer, ...] = ()
    dependencies: tuple[Dependency, ...] = ()
    untried: tuple[str, ...] = ()
    """Planned servers that it was not tried with, as ``address: what``."""
    unknown: tuple[str, ...] = ()
    """What can't be drawn or tried, as ``name: what``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleWork(Observation):
    """The sample service at work."""

    workload: str
    stacks: tuple[WorkedStack, ...]
    left_out: tuple[str, ...] = ()
    """None: one stack stands for all, since others may be locked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedSample:
    """What one stack plans of the sample service."""

    stack: str
    definition: PlannedTaskDefinition
    task_memory_mib: int | None
    front: PlannedFront | None
    network: PlannedNetwork
    servers: tuple[str, ...] = ()
    """Addresses of the backing servers that the stack plans."""


class _Undone(Exception):
    """The service does not come to work, with the reason."""


def read_sample_work(
    engine: Engine,
    run: Run,
    workload: Workload,
    image_id: str,
    planned: PlannedSample,
    substrate: Substrate,
    *,
    flows: Sequence[Flow],
    around: Surroundings,
    kinds: Mapping[str, str],
    keep: EvidenceFolder,
) -> SampleWork:
    """Start the service by one stack's plan on its drawn network, have it work, and take each server away in turn.

    1. The network is drawn; each server, the service and the balancer are led to from the ends that stand for them.
    2. Each kind of the service's requests is asked by TLS from the internet's end, and messages are published to its broker.
    3. Each server in turn is out of reach from its end on, and the work that takes it is tried; then it is back.

    Args:
        flows: The policy's: on which port the service reaches which end.
        around: What it leans on.
        kinds: Backing server to its kind, of all that the target has.

    Raises:
        PrerequisiteMissing: if nothing can be drawn here, or no Envoy is to be had.
        ProvisionError: if the engine or the kernel refuses.
        ObservationError: if a broker or a store does not say what it has.
    """
    sample = _Sample(
        engine=engine,
        run=run,
        workload=workload,
        image_id=image_id,
        planned=planned,
        flows=flows,
        around=around,
        kinds=kinds,
    )
    seen = sample.work()
    leaned_on = {kinds[name] for name in around.local_ports}
    spared = tuple(
        f"{kind}: {workload.name}, which stands for all services, does not lean on it"
        for kind in sorted(set(kinds.values()) - leaned_on)
    )
    told = json.dumps(asdict(replace(seen, front=None)), indent=1, sort_keys=True)
    return SampleWork(
        substrate=replace(
            substrate,
            limits=(*substrate.limits, *LIMITS, *spared),
            substitutes=(*substrate.substitutes, *around.substitutes),
            tools=(*substrate.tools, *around.tools, find_envoy().tool),
        ),
        evidence=(keep.keep(f"sample-work-{workload.name}.json", told),),
        workload=workload.name,
        stacks=(seen,),
    )


def untried_servers(
    planned: PlannedSample, flows: Sequence[Flow], workload: str, tried: Collection[str]
) -> tuple[str, ...]:
    """Name the planned servers that a workload was not tried with; those that the policy gives to others alone are theirs.

    Args:
        flows: The policy's.
        workload: Its name there.
        tried: The ends of those that it was tried with.
    """
    found = []
    for server in planned.servers:
        sources = {each.source for each in flows if each.destination == planned.network.called.get(server, server)}
        if server not in tried and (workload in sources or not sources):
            found.append(f"{server}: what {workload} does with it, which was not tried")
    return tuple(found)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sample:
    engine: Engine
    run: Run
    workload: Workload
    image_id: str
    planned: PlannedSample
    flows: Sequence[Flow]
    around: Surroundings
    kinds: Mapping[str, str]

    def work(self) -> WorkedStack:
        planned, front = self.planned, self.planned.front
        stack = WorkedStack(name=planned.stack, location=planned.definition.place, front=front)
        port = port_of(container_of(planned.definition))
        if front is None or port is None:
            lacks = "no listener of TLS leads to it" if front is None else "its definition maps no port"
            return replace(stack, failure=lacks)
        with drawn_ends(planned.network.network) as ends:
            unknown = (*planned.network.unknown, *ends.drawing.undrawn, *front.unknown, *front.unchecked)
            stack = replace(stack, unknown=tuple(dict.fromkeys(unknown)))
            own = self._end_called(self.workload.name)
            servers = {name: self._end_of(self.kinds[name]) for name in sorted(self.around.local_ports)}
            unled = [
                f"{name}: no flow of the policy leads from {self.workload.name} to it"
                for name in servers
                if not servers[name]
            ]
            tried = {found[0] for found in servers.values() if found}
            untried = untried_servers(planned, self.flows, self.workload.name, tried)
            stack = replace(stack, untried=untried)
            absent = [end for end in (own, front.balancer, INTERNET) if end not in ends.spaces]
            if unled or absent:
                told = [*unled, *(f"{end or self.workload.name}: where it stands" for end in absent)]
                return replace(stack, unknown=(*stack.unknown, *told))
            try:
                with self._at_work(ends, own, servers, front, port) as (balancer, ways):
                    return self._seen(stack, ends, front, balancer, ways)
            except _Undone as error:
                return replace(stack, failure=str(error))

    def _end_called(self, name: str) -> str:
        """Return the end that the policy has a name for; empty where none does."""
        return next((end for end, called in self.planned.network.called.items() if called == name), "")

    def _end_of(self, kind: str) -> tuple[str, int] | None:
        """Return the end that stands for the service's server of a kind, and the port on which the policy has it reached."""
        for flow in self.flows:
            end = self._end_called(flow.destination)
            of_its_kind = any(f".{each}." in f".{end}" for each in TYPES[kind])
            if flow.source == self.workload.name and of_its_kind and flow.ports:
                return end, flow.ports[0]
        return None

    @contextmanager
    def _at_work(
        self,
        ends: DrawnEnds,
        own: str,
        servers: Mapping[str, tuple[str, int] | None],
        front: PlannedFront,
        port: int,
    ) -> Iterator[tuple[Balancer, Mapping[str, Crossing]]]:
        """Start the service between its servers and a balancer, for as long as the block lasts.

        Raises:
            _Undone: if it does not answer at all.
        """
        around = self.around
        with ExitStack() as stack:
            gateway = network_gateway(self.engine, around.network) if around.network else _LOCAL
            ways = {
                name: stack.enter_context(
                    ends.crossing(
                        (own, found[0]),
                        found[1],
                        listens_at=gateway,
                        leads_to=(_LOCAL, around.local_ports[name]),
                    )
                )
                for name, found in servers.items()
                if found
            }
            places = {name: (gateway, way.near.port) for name, way in ways.items()}
            led = replace(around, environment=led_through(around, self.workload, places))
            there = stack.enter_context(self._started(port, led, ways))
            door = stack.enter_context(
                ends.crossing((front.balancer, own), port, listens_at=_LOCAL, leads_to=(there.address, port))
            )
            balancer = stack.enter_context(throwaway_balancer(self.run, _rules(front)))
            stack.enter_context(ends.entrance(front.balancer, front.port, balancer.port))
            balancer.register(Target(task=TASK, address=_LOCAL, port=door.near.port))
            yield balancer, ways

    @contextmanager
    def _started(self, port: int, led: Surroundings, ways: Mapping[str, Crossing]) -> Iterator[Served]:
        definition = self.planned.definition
        asked = self.workload.model_copy(update={"port": port, "environment": {}})
        environment = given(container_of(definition), led)
        settings = settings_of(definition, self.planned.task_memory_mib)
        with ExitStack() as stack:
            try:
                there = stack.enter_context(
                    served(
                        self.engine,
                        self.run,
                        asked,
                        self.image_id,
                        settings,
                        environment=environment,
                        network=led.network,
                    )
                )
                there.await_answer()
            except PrerequisiteMissing as error:
                told = "; ".join(f"{name}: {way.words}" for name, way in ways.items())
                raise _Undone(f"{error.got}; {told}") from error
            yield there

    def _seen(
        self, stack: WorkedStack, ends: DrawnEnds, front: PlannedFront, balancer: Balancer, ways: Mapping[str, Crossing]
    ) -> WorkedStack:
        limit_s = _PATIENCE * self.workload.start_timeout_s
        health, _ = wait_for(
            lambda: balancer.health()[TASK],
            until=lambda each: each is not TargetHealth.INITIAL,
            timeout_s=limit_s,
            interval_s=0.1,
        )
        client = Client(
            space=ends.space(INTERNET), address=ends.address(front.balancer), planned=front, rules=balancer.rules
        )
        trials = Trials(workload=self.workload, around=self.around, ask=client.ask)
        answers, _ = wait_for(
            trials.answers,
            until=lambda each: all(one.is_served for one in each),
            timeout_s=WORK_S,
            interval_s=0.5,
        )
        found = [
            trials.without(name, self.kinds[name], way) for name, way in ways.items() if trials.tells(self.kinds[name])
        ]
        untold = [
            f"{name}: what {self.workload.name} does with it, which no {_TOLD_BY[self.kinds[name]]} tells"
            for name in ways
            if not trials.tells(self.kinds[name])
        ]
        return replace(
            stack,
            health="" if front.unchecked else health.value,
            answers=answers,
            dependencies=tuple(found),
            unknown=(*stack.unknown, *untold),
        )


def _rules(front: PlannedFront) -> BalancerRules:
    return BalancerRules(
        health_path=front.health_path,
        success_codes=front.success_codes,
        interval_s=_CHECK_EVERY_S,
        front=Front(
            rules=front.rules,
            certificate=certificate_for(front.domain),
            oldest=front.oldest,
            newest=front.newest,
            targets_by_tls=front.by_tls,
        ),
    )
