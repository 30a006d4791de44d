"""The sample service at work on a drawn network: asked from the internet's end by TLS through a balancer, with real servers.

All that it sends and gets passes filters and routes drawn from the plan, on the way in and on the way to each server.
"""

from __future__ import annotations

import http.client
import json
import secrets
import socket
import ssl
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, replace
from typing import Final

from exitgate.errors import PrerequisiteMissing, one_line
from exitgate.evidence_folder import EvidenceFolder
from exitgate.observation import Observation, Substrate
from exitgate.observe.planned_front import PlannedFront
from exitgate.observe.planned_network import PlannedNetwork
from exitgate.observe.rollout.messages import handled_by_now, messages_to
from exitgate.observe.sample_start import container_of, given, port_of, settings_of
from exitgate.observe.serving import Served, is_served, served
from exitgate.observe.terraform.planned_tasks import PlannedTaskDefinition
from exitgate.policy.network import Flow
from exitgate.provision.backing import Surroundings
from exitgate.provision.balancer import (
    RULE_HEADER,
    TASK_HEADER,
    Balancer,
    BalancerRules,
    Front,
    Target,
    TargetHealth,
    certificate_for,
    find_envoy,
    throwaway_balancer,
)
from exitgate.provision.drawn_network import Namespace
from exitgate.provision.engine import Engine
from exitgate.provision.passage import DrawnEnds, Passage, drawn_ends
from exitgate.provision.relay import Way, led_through, network_gateway
from exitgate.reachability import INTERNET
from exitgate.run import Run
from exitgate.target import Traffic, Workload
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
_TASK: Final = "sample"
_LOCAL: Final = "127.0.0.1"
_ANSWER_S: Final = 5.0
_WORK_S, _APART_S, _BACK_S = 20.0, 3.0, 30.0
"""How long work may take that is done, how long is waited for work that can't be, and for a server to be used again."""
_PATIENCE: Final = 3.0
"""How many start timeouts the balancer's first verdict gets."""
_TOLD_BY: Final = {"postgres": "[[service.traffic]]", "redis": "[[service.traffic]]", "rabbitmq": "[[service.message]]"}
_CHECK_EVERY_S: Final = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back for a kind of requests, sent by TLS from the internet's end."""

    traffic: str
    path: str
    status: int
    """0 where there was no answer."""
    failure: str
    """Why there was none, in one line."""
    is_served: bool
    """It is one of the codes that this kind of requests is answered with."""
    by_task: bool
    """It comes from the service, and not from the balancer."""
    rule: str
    """The address of the rule that decided; empty where the balancer did not say."""
    tls: str
    """The version that was agreed on, as ``TLSv1.3``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dependency:
    """A backing server, and what of the work hangs on it."""

    server: str
    kind: str
    works: bool
    """Work that takes the server was done."""
    works_without: bool
    """It was, too, while the server was out of reach."""
    works_again: bool
    """It was once more, when the server was back."""
    words: str
    """What was seen, in one line."""


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
    ) -> Iterator[tuple[Balancer, Mapping[str, Passage]]]:
        """Start the service between its servers and a balancer, for as long as the block lasts.

        Raises:
            _Undone: if it does not answer at all.
        """
        around = self.around
        with ExitStack() as stack:
            gateway = network_gateway(self.engine, around.network) if around.network else _LOCAL
            ways = {
                name: stack.enter_context(
                    ends.passage(
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
                ends.passage((front.balancer, own), port, listens_at=_LOCAL, leads_to=(there.address, port))
            )
            balancer = stack.enter_context(throwaway_balancer(self.run, _rules(front)))
            stack.enter_context(ends.entrance(front.balancer, front.port, balancer.port))
            balancer.register(Target(task=_TASK, address=_LOCAL, port=door.near.port))
            yield balancer, ways

    @contextmanager
    def _started(self, port: int, led: Surroundings, ways: Mapping[str, Passage]) -> Iterator[Served]:
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
        self, stack: WorkedStack, ends: DrawnEnds, front: PlannedFront, balancer: Balancer, ways: Mapping[str, Passage]
    ) -> WorkedStack:
        limit_s = _PATIENCE * self.workload.start_timeout_s
        health, _ = wait_for(
            lambda: balancer.health()[_TASK],
            until=lambda each: each is not TargetHealth.INITIAL,
            timeout_s=limit_s,
            interval_s=0.1,
        )
        client = _Client(
            space=ends.space(INTERNET), address=ends.address(front.balancer), planned=front, rules=balancer.rules
        )
        trials = _Trials(workload=self.workload, around=self.around, ask=client.ask)
        answers, _ = wait_for(
            trials.answers,
            until=lambda each: all(one.is_served for one in each),
            timeout_s=_WORK_S,
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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Client:
    """Somebody on the internet, who trusts the run's own certificate for the domain."""

    space: Namespace
    address: str
    planned: PlannedFront
    rules: BalancerRules

    def ask(self, traffic: Traffic) -> Answer:
        """Send one request of a kind on a connection of its own, and follow no redirect."""
        headers = {"User-Agent": "exitgate", **traffic.headers}
        if traffic.key_header:
            headers[traffic.key_header] = f"exitgate-{secrets.token_hex(8)}"
        answer = Answer(
            traffic=traffic.name,
            path=traffic.path,
            status=0,
            failure="",
            is_served=False,
            by_task=False,
            rule="",
            tls="",
        )
        try:
            with self._connected(self.planned.host_for(traffic.path)) as (connection, version):
                connection.request(traffic.method, traffic.path, traffic.body or None, headers)
                got = connection.getresponse()
                got.read()
        except (OSError, http.client.HTTPException) as error:
            return replace(answer, failure=one_line(f"{type(error).__name__} {error}", 120))
        task = got.getheader(TASK_HEADER) or ""
        return replace(
            answer,
            status=got.status,
            is_served=is_served(traffic, got.status) and task == _TASK,
            by_task=task == _TASK,
            rule=got.getheader(RULE_HEADER) or "",
            tls=version,
        )

    @contextmanager
    def _connected(self, host: str) -> Iterator[tuple[http.client.HTTPConnection, str]]:
        front = self.rules.front
        domain, trusted = (front.certificate.domain, front.certificate.certificate) if front else ("", "")
        context = ssl.create_default_context(cadata=trusted)
        place = (self.address, self.planned.port)
        plain = self.space.within(lambda: socket.create_connection(place, timeout=_ANSWER_S))
        with plain, context.wrap_socket(plain, server_hostname=domain) as secure:
            # Its own port is the one that goes without saying, as 443 does.
            connection = http.client.HTTPConnection(host)
            connection.sock = secure
            yield connection, secure.version() or ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Trials:
    """The service's work, tried while its servers are there and while one is not."""

    workload: Workload
    around: Surroundings
    ask: Callable[[Traffic], Answer]

    def tells(self, kind: str) -> bool:
        """Say whether the target tells of work that takes a kind of server."""
        return bool(self.workload.message if kind == "rabbitmq" else self.workload.traffic)

    def answers(self) -> tuple[Answer, ...]:
        """Ask each kind of requests once."""
        return tuple(map(self.ask, self.workload.traffic))

    def without(self, name: str, kind: str, way: Passage) -> Dependency:
        """Try the work that takes a server: with it, without it, and with it again."""
        works, first = self._try_until_done(kind, _WORK_S)
        way.far.lead(Way.CUT)
        try:
            works_without, apart = self._try(kind, _APART_S)
        finally:
            way.far.lead(Way.OPEN)
        again, last = self._try_until_done(kind, _BACK_S) if works else (False, "not tried")
        words = f"with it {first}, without {apart}, then {last}; {way.words}"
        return Dependency(
            server=name, kind=kind, works=works, works_without=works_without, works_again=again, words=words
        )

    def _try_until_done(self, kind: str, within_s: float) -> tuple[bool, str]:
        (_, words), done = wait_for(
            lambda: self._try(kind, within_s), until=lambda each: each[0], timeout_s=within_s, interval_s=0.5
        )
        return done, words

    def _try(self, kind: str, within_s: float) -> tuple[bool, str]:
        """Return whether the work was done, and what of it in words."""
        if kind == "rabbitmq":
            return self._messages(within_s)
        self.around.empty_caches()
        answers = self.answers()
        if kind == "redis":
            entries = self.around.cached()
            return entries > 0, f"{entries} entries kept"
        served_kinds = sum(each.is_served for each in answers)
        return served_kinds == len(answers), f"{served_kinds} of {len(answers)} kinds of requests served"

    def _messages(self, within_s: float) -> tuple[bool, str]:
        """Publish until one message is handled, or time is over.

        Others may take from the same queue in this run: of several messages the service gets some. Where it never came to its
        broker, nobody has declared the exchange, and the broker takes none.
        """
        with messages_to(self.workload, self.around) as published:
            handled, _ = wait_for(
                lambda: handled_by_now(self.workload, self.around, [each.ids for each in published]),
                until=lambda count: count > 0 or any(each.failure for each in published),
                timeout_s=within_s,
                interval_s=0.1,
            )
            told = f"{handled} of {sum(len(each.ids) for each in published)} messages handled"
            refused = next((each.failure for each in published if each.failure), "")
            return handled > 0, one_line(f"{told}; {refused}" if refused and not handled else told, 200)
