"""The path that the load balancer checks, asked of a running workload: when it answers, what that costs, on whom it hangs."""

from __future__ import annotations

import json
import secrets
import threading
import time
from collections.abc import Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace

from exitgate.errors import PrerequisiteMissing
from exitgate.evidence_folder import EvidenceFolder
from exitgate.observation import Observation, Substrate
from exitgate.observe.pressure import Pressure
from exitgate.observe.serving import Reply, Served, is_served, served
from exitgate.provision.engine import Engine
from exitgate.provision.relay import Relayed, Way
from exitgate.run import Run
from exitgate.settings import ContainerSettings
from exitgate.target import Traffic, Workload
from exitgate.waiting import wait_for

ASKED = 60
"""How often the path is asked where its cost is counted: at 20 a second, which no load balancer does."""
_EVERY_S = 0.05
_SETTLE_S = 15.0
_SILENT_FOR_S, _CUT_FOR_S = 2.0, 3.0
_STARVED_PATIENCE = 3.0
_LATE = "TimeoutError"
_ABSENT = "exitgate-no-such-path"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """What the path answered while one dependency was out of reach."""

    dependency: str
    way: Way
    replies: tuple[Reply, ...]
    ended: bool
    """The workload ended over it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthPath(Observation):
    """What was seen of the path."""

    workload: str
    location: str
    """The workload's Dockerfile: its program answers."""
    path: str
    answer: Reply
    """The first with a success code; where there was none in the time that a start may take, the last."""
    answers: bool
    premature: tuple[str, ...] = ()
    """Kinds of requests that were not served when the path first answered, and were later, with what came back."""
    is_late_alone: bool = False
    """There are such kinds, and nothing at all came back for any of them in time."""
    absent: Reply | None = None
    """What a path got that does not exist."""
    asked: tuple[Reply, ...] = ()
    statements: int = 0
    """Sent to databases while it was asked."""
    statements_unasked: tuple[int, ...] = ()
    """Sent by the workload itself in the same time, several times over."""
    statements_of_traffic: int = 0
    """Sent for one request of each kind that the workload serves: shows that the count can see."""
    has_database: bool = False
    leans_on: tuple[str, ...] = ()
    """The workload's dependencies that were asked to be put out of reach."""
    unknown: tuple[str, ...] = ()
    """Dependencies that were asked about, and that are no backing server of the target."""
    cuts: tuple[Cut, ...] = ()
    unfelt: tuple[str, ...] = ()
    """Dependencies that were out of reach without the workload having been in touch with them."""
    starved_percent: float = 0.0


def read_health_path(
    engine: Engine,
    run: Run,
    workload: Workload,
    image_id: str,
    settings: ContainerSettings,
    substrate: Substrate,
    *,
    relayed: Relayed,
    success_codes: Collection[int],
    independent_of: Sequence[str],
    check_timeout_s: float,
    keep: EvidenceFolder,
) -> HealthPath:
    """Run a workload and ask the path.

    1. From its start on, until it answers with a success code; at that moment each kind of request is asked for too.
    2. Ask a path that does not exist, and the path often, counting statements to databases with and without.
    3. For each dependency named, by name or kind: let nothing through, then refuse connections, and ask all the while.

    Raises:
        PrerequisiteMissing: if the workload gives no answer at all, or never serves the requests that it says it does.
        ProvisionError: if the engine refuses.
    """
    around = relayed.around
    substrate = replace(
        substrate,
        substitutes=(*substrate.substitutes, *around.substitutes),
        tools=(*substrate.tools, *around.tools),
        limits=(
            *substrate.limits,
            f"a dependency is out of reach for {_SILENT_FOR_S + _CUT_FOR_S:g} s; what turns unhealthy later is not seen",
        ),
    )
    with served(
        engine, run, workload, image_id, settings, environment=around.environment, network=around.network
    ) as there:
        pressure = Pressure()
        answer = _first_answer(there, success_codes)
        seen = HealthPath(
            substrate=substrate,
            workload=workload.name,
            location=workload.dockerfile,
            path=workload.health_path,
            answer=answer,
            answers=answer.status in success_codes,
        )
        if seen.answers:
            premature = _premature(there)
            words = tuple(f"{each.name}: {_words(reply)}" for each, reply in premature)
            late = [reply.failure.startswith(_LATE) for _, reply in premature]
            seen = replace(seen, premature=words, is_late_alone=bool(late) and all(late))
            absent = there.ask(f"{workload.health_path.rstrip('/')}/{_ABSENT}")
            seen = _counted(there, relayed, replace(seen, absent=absent))
            wanted = relayed.used(independent_of)
            seen = replace(seen, leans_on=tuple(wanted), unknown=relayed.unknown(independent_of))
            seen = _cut_off(there, relayed, wanted, seen, check_timeout_s)
        seen = replace(seen, starved_percent=pressure.starved_percent)
    dump = {**asdict(replace(seen, evidence=())), "substrate": substrate.name}
    evidence = keep.keep(f"health-path-{workload.name}.json", json.dumps(dump, indent=1, sort_keys=True))
    return replace(seen, evidence=(evidence,))


def _first_answer(there: Served, success_codes: Collection[int]) -> Reply:
    """Ask again and again until a success; return the last reply where there is none in time."""
    began = time.monotonic()
    limit_s = there.workload.start_timeout_s

    def enough(reply: Reply) -> bool:
        # Whoever answers has started, however busy this machine is.
        is_late = bool(reply.status) and time.monotonic() - began > limit_s
        return reply.status in success_codes or is_late or (not reply.status and not there.runs)

    reply, _ = wait_for(
        lambda: there.ask(there.workload.health_path),
        until=enough,
        timeout_s=_STARVED_PATIENCE * limit_s,
        interval_s=0.01,
    )
    if reply.status:
        return reply
    raise PrerequisiteMissing(
        f"workload {there.workload.name}",
        got=f"no answer on port {there.workload.port}: {reply.failure}; its log says: {there.last_words}",
        expected=f"one within {_STARVED_PATIENCE * limit_s:g} s",
        action="Mend its start first.",
        blocked_by="3.2.B.2.2",
    )


def _premature(there: Served) -> list[tuple[Traffic, Reply]]:
    """Return the kinds of requests that are not served yet, with what came back.

    Raises:
        PrerequisiteMissing: if one is not served later either, or none is declared.
    """
    traffic = there.workload.traffic
    if not traffic:
        raise PrerequisiteMissing(
            f"workload {there.workload.name}",
            got="no [[service.traffic]]",
            expected="the requests that it serves, to see whether it can when its health path answers",
            action="Add at least one to exitgate.toml.",
        )
    with ThreadPoolExecutor(max_workers=len(traffic)) as pool:
        at_once = list(pool.map(lambda each: _send(there, each), traffic))
    early = [(each, reply) for each, reply in zip(traffic, at_once, strict=True) if not _is_served(each, reply)]
    for each, reply in early:
        last, is_served = wait_for(
            lambda each=each: _send(there, each),  # type: ignore[misc]
            until=lambda reply, each=each: _is_served(each, reply),  # type: ignore[misc]
            timeout_s=_SETTLE_S,
            interval_s=0.1,
        )
        if not is_served:
            raise PrerequisiteMissing(
                f"traffic {each.name} of {there.workload.name}",
                got=f"{_words(reply)}, and {_words(last)} after {_SETTLE_S:g} s",
                expected="an answer with one of its codes",
                action="Look at its [[service.traffic]] and at the workload's log.",
            )
    return early


def _send(there: Served, traffic: Traffic, timeout_s: float = 5.0) -> Reply:
    headers = dict(traffic.headers)
    if traffic.key_header:
        headers[traffic.key_header] = f"exitgate-{secrets.token_hex(8)}"
    return there.ask(traffic.path, method=traffic.method, headers=headers, body=traffic.body, timeout_s=timeout_s)


def _is_served(traffic: Traffic, reply: Reply) -> bool:
    return is_served(traffic, reply.status)


def _words(reply: Reply) -> str:
    return reply.failure or f"status {reply.status}"


def _counted(there: Served, relayed: Relayed, seen: HealthPath) -> HealthPath:
    """Ask often, and count what that has the workload ask of databases; count the same without, and for what has to."""
    databases = [relay for name, relay in relayed.relays.items() if relayed.kinds.get(name) == "postgres"]

    def total() -> int:
        return sum(relay.statements for relay in databases)

    def unasked() -> int:
        before = total()
        if databases:
            threading.Event().wait(ASKED * _EVERY_S)
        return total() - before

    quiet = [unasked(), unasked()]
    before = total()
    replies = tuple(_asked(there, ASKED))
    statements = total() - before
    quiet.append(unasked())
    before = total()
    relayed.around.empty_caches()
    for each in there.workload.traffic:
        _send(there, each)
    return replace(
        seen,
        asked=replies,
        statements=statements,
        statements_unasked=tuple(quiet),
        statements_of_traffic=total() - before,
        has_database=bool(databases),
    )


def _asked(there: Served, times: int) -> Iterator[Reply]:
    for _ in range(times):
        reply = there.ask(there.workload.health_path)
        yield reply
        threading.Event().wait(max(0.0, _EVERY_S - reply.latency_s))


def _cut_off(there: Served, relayed: Relayed, wanted: Sequence[str], seen: HealthPath, timeout_s: float) -> HealthPath:
    cuts: list[Cut] = []
    unfelt: list[str] = []
    for name in wanted:
        relay, before = relayed.relays[name], relayed.relays[name].felt
        for way, lasts_s in ((Way.SILENT, _SILENT_FOR_S), (Way.CUT, _CUT_FOR_S)):
            relay.lead(way)
            relayed.around.empty_caches()
            try:
                replies = tuple(_while_out_of_reach(there, lasts_s, timeout_s))
            finally:
                relay.lead(Way.OPEN)
            ended = not there.runs
            cuts.append(Cut(dependency=name, way=way, replies=replies, ended=ended))
            if ended:
                return replace(seen, cuts=tuple(cuts), unfelt=tuple(unfelt))
        if relay.felt == before:
            unfelt.append(name)
        wait_for(
            lambda: all(_is_served(each, _send(there, each)) for each in there.workload.traffic),
            until=bool,
            timeout_s=_SETTLE_S,
            interval_s=0.2,
        )
    return replace(seen, cuts=tuple(cuts), unfelt=tuple(unfelt))


def _while_out_of_reach(there: Served, lasts_s: float, timeout_s: float) -> Iterator[Reply]:
    """Ask the path, while requests that need the dependency are under way."""
    traffic, until = there.workload.traffic, time.monotonic() + lasts_s
    with ThreadPoolExecutor(max_workers=max(1, len(traffic))) as pool:
        for each in traffic:
            pool.submit(_send, there, each, lasts_s)
        while time.monotonic() < until:
            reply = there.ask(there.workload.health_path, timeout_s=timeout_s)
            yield reply
            threading.Event().wait(max(0.0, _EVERY_S - reply.latency_s))
