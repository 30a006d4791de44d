"""Who gets through to whom on the networks that are drawn from the plans: every pair, port by port, by real connects."""

from __future__ import annotations

import asyncio
import errno
import socket
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from exitgate.assurance import Assurance
from exitgate.errors import ObservationError
from exitgate.evidence_folder import EvidenceFolder
from exitgate.observation import Observation, Substrate
from exitgate.observe.planned_network import PlannedNetwork
from exitgate.observe.terraform import Infrastructure
from exitgate.provision.drawn_network import STRANGER, Drawing, Host, Namespace, drawing_of, drawn
from exitgate.reachability import Network
from exitgate.reachability.spans import Spans
from exitgate.reachability.traffic import PORTS, TCP

LIMITS: Final = (
    "the networks are drawn from the plan: groups, network ACLs and routes of IPv4 in this machine's kernel; no packet passes AWS",
    "what answers on a drawn network are listeners of ours; TCP alone is tried, and what AWS drops is refused with a word",
    "a NAT gateway is drawn as a way out, and the network ACL of its own subnet is not",
)
_UNLISTED: Final = 9
"""A port that nobody's rules speak of, as long as no rule does: discard (RFC 863)."""
_SILENCE_S: Final = 2.0
"""The kernel answers a connect by itself, in microseconds."""
_AT_ONCE: Final = 256
_MOST_PORTS: Final = 64
_REFUSED: Final = (errno.EHOSTUNREACH, errno.ENETUNREACH, errno.EACCES, errno.EPERM)


class Answer(StrEnum):
    """What became of a try to connect."""

    CONNECTED = "connected"
    REFUSED = "refused"
    """By a packet filter or for want of a route."""
    SILENT = "nobody answered"
    """As where an answer is lost on its way back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Try:
    """A connect from one address to another."""

    source: str
    """The policy's name, or the end's own where it has none."""
    destination: str
    here: str
    """``address:port`` that it was sent from."""
    there: str
    """``address`` that it was sent to."""
    port: int
    answer: Answer


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawnNetwork:
    """What was tried on one stack's network."""

    name: str
    """The stack's."""
    tries: tuple[Try, ...]
    ends: Mapping[str, str]
    """The policy's name of each endpoint that is drawn to its file and line."""
    services_of_aws: frozenset[str]
    """Ends that are a service of AWS, reached by its own ranges."""
    unknown: tuple[str, ...]
    """What can't be drawn or read, as ``name: what``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Connections(Observation):
    """What was tried on the networks of all stacks that were planned."""

    stacks: tuple[DrawnNetwork, ...]
    left_out: tuple[str, ...] = ()
    """Stacks that were not planned, as the command line names others."""


def read_connections(
    planned: Infrastructure,
    networks: Sequence[tuple[str, PlannedNetwork]],
    ports: Collection[int],
    keep: EvidenceFolder,
) -> Connections:
    """Draw each stack's network and try every pair of ends on every port that a flow, a listener or a rule speaks of, and one more.

    1. A listener at every address of every destination, on every port; it says whose it is.
    2. Each is asked from beside it, by its own address: that a connect fails later is never that nobody listens.
    3. From every address to every other one, one of the two at least an endpoint's: sent from the lowest and from the highest
       port that the source sends from.

    Args:
        planned: What was planned, for its tools.
        networks: Stack to its network.
        ports: Those of the policy's flows.

    Raises:
        PrerequisiteMissing: if nothing can be drawn here.
        ObservationError: if a listener does not answer from beside it, or an answer is not its own.
    """
    found, evidence = [], []
    for name, network in networks:
        drawing = drawing_of(network.network)
        tried = _ports(network, ports)
        with drawn(drawing) as namespaces:
            tries = _tried(drawing.hosts, namespaces, tried, network)
        ways = {each.name for each in network.network.outsides if each.way.name == "SERVICE"}
        found.append(
            DrawnNetwork(
                name=name,
                tries=tries,
                ends={
                    network.called.get(host.end, host.end): network.locations.get(host.end, host.end)
                    for host in drawing.hosts
                    if not host.end.startswith(STRANGER)
                },
                services_of_aws=frozenset(ways),
                unknown=(*network.unknown, *drawing.undrawn),
            )
        )
        evidence.append(keep.keep(f"connections-{name}.txt", _told(drawing, tries)))
    told = planned.substrate
    return Connections(
        substrate=Substrate(
            assurance=Assurance.EXECUTED,
            name="networks of this machine's kernel, drawn from the plans",
            limits=(*told.limits, *LIMITS),
            substitutes=told.substitutes,
            tools=told.tools,
        ),
        evidence=tuple(evidence),
        stacks=tuple(found),
        left_out=planned.left_out,
    )


def _ports(planned: PlannedNetwork, listed: Collection[int]) -> tuple[int, ...]:
    """Return the ports to try: of flows, of listeners, the ends of what rules let through, and one that nobody speaks of."""
    found = set(listed)
    for balancer in planned.balancers.values():
        found |= balancer.listens | {port for _, port in balancer.hands_to}
    spoken = set(_ends_of_rules(planned.network))
    # Rules in great number speak of many ports; those of flows and listeners come first.
    found |= set(sorted(spoken - found)[: max(0, _MOST_PORTS - len(found))])
    return tuple(sorted({*found, next(port for port in range(_UNLISTED, PORTS) if port not in found)}))


def _ends_of_rules(network: Network) -> Iterator[int]:
    for group in network.groups:
        for rule in (*group.inbound, *group.outbound):
            yield from _tcp_ends(rule.traffic)


def _tcp_ends(traffic: Spans) -> Iterator[int]:
    base = TCP * PORTS
    for low, high in traffic:
        if low > base or high < base + PORTS - 1:
            yield from (end - base for end in (low, high) if base < end < base + PORTS)


def _tried(
    hosts: Sequence[Host], namespaces: Sequence[Namespace], ports: tuple[int, ...], planned: PlannedNetwork
) -> tuple[Try, ...]:
    open_at = {host.interface: space for host, space in zip(hosts, namespaces, strict=True)}
    listening = [host for host in hosts if host.listens]
    called = planned.called
    tries: list[Try] = []

    async def all_of_them() -> None:
        room = asyncio.Semaphore(_AT_ONCE)
        with ExitStack() as stack:
            for host in listening:
                made = stack.enter_context(_sockets(open_at[host.interface], host.addresses, ports))
                stack.enter_context(_answering(made, host))
            for host in listening:
                await _from_beside(host, open_at[host.interface], ports, room)
            for host in hosts:
                ends = _others(host, listening)
                tries.extend(await _from(host, open_at[host.interface], ends, ports, room, called))

    asyncio.run(all_of_them())
    expected = sum(
        len(host.addresses) * len(other.addresses) * len(ports) * 2
        for host in hosts
        for other in _others(host, listening)
    )
    if len(tries) != expected:
        raise ObservationError(
            "connections",
            got=f"{len(tries)} answers",
            expected=f"one for each of {expected} tries",
            action="Run it again; report it where it happens twice.",
        )
    return tuple(tries)


def _others(host: Host, listening: Sequence[Host]) -> list[Host]:
    """Return whom a host tries to reach: strangers and outsides are no matter of the plan's to one another."""
    return [other for other in listening if other is not host and (host.planned or other.planned)]


@contextmanager
def _sockets(space: Namespace, addresses: Collection[str], ports: Collection[int]) -> Iterator[list[socket.socket]]:
    made: list[socket.socket] = []

    def listen() -> None:
        for address in addresses:
            for port in ports:
                one = socket.socket()
                made.append(one)
                one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                one.settimeout(0)
                one.bind((address, port))
                one.listen(socket.SOMAXCONN)

    try:
        space.within(listen)
        yield made
    finally:
        for each in made:
            each.close()


@contextmanager
def _answering(listeners: Sequence[socket.socket], host: Host) -> Iterator[None]:
    """Say to whoever connects whose the listener is, for as long as the block lasts."""
    loop = asyncio.get_running_loop()

    def accept(listener: socket.socket) -> None:
        with suppress(BlockingIOError):
            while True:
                connection, _ = listener.accept()
                with connection, suppress(OSError):
                    connection.send(_greeting(host.interface, listener.getsockname()))

    for each in listeners:
        loop.add_reader(each, accept, each)
    try:
        yield
    finally:
        for each in listeners:
            loop.remove_reader(each)


def _greeting(interface: str, name: tuple[str, int]) -> bytes:
    return f"{interface} {name[0]}:{name[1]}".encode()


async def _from_beside(host: Host, space: Namespace, ports: tuple[int, ...], room: asyncio.Semaphore) -> None:
    pairs = [(address, port) for address in host.addresses for port in ports]
    made = space.within(lambda: [_client(None) for _ in pairs])
    answers = await asyncio.gather(
        *(_connect(one, host, pair, room) for one, pair in zip(made, pairs, strict=True)),
    )
    deaf = [f"{pair[0]}:{pair[1]}" for pair, answer in zip(pairs, answers, strict=True) if answer != Answer.CONNECTED]
    if deaf:
        raise ObservationError(
            f"listener of {host.end}",
            got=f"no answer from beside it at {deaf[0]}",
            expected="one, so that whoever is refused later is refused on the way",
            action="Run it again; look whether this machine has enough memory and files.",
        )


async def _from(
    host: Host,
    space: Namespace,
    others: Sequence[Host],
    ports: tuple[int, ...],
    room: asyncio.Semaphore,
    called: Mapping[str, str],
) -> list[Try]:
    low, high = host.ports
    senders = (
        next(port for port in range(low, high + 1) if port not in ports),
        next(port for port in range(high, low - 1, -1) if port not in ports),
    )
    found: list[Try] = []
    for other in others:
        ways = [
            ((here, sender), (there, port))
            for here in host.addresses
            for sender in senders
            for there in other.addresses
            for port in ports
        ]
        made = space.within(lambda ways=ways: [_client(here) for here, _ in ways])  # type: ignore[misc]
        answers = await asyncio.gather(
            *(_connect(one, other, there, room) for one, (_, there) in zip(made, ways, strict=True))
        )
        found += [
            Try(
                source=called.get(host.end, host.end),
                destination=called.get(other.end, other.end),
                here=f"{here[0]}:{here[1]}",
                there=there[0],
                port=there[1],
                answer=answer,
            )
            for (here, there), answer in zip(ways, answers, strict=True)
        ]
    return found


def _client(here: tuple[str, int] | None) -> socket.socket:
    one = socket.socket()
    one.settimeout(0)
    if here:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        one.bind(here)
    return one


async def _connect(one: socket.socket, other: Host, there: tuple[str, int], room: asyncio.Semaphore) -> Answer:
    loop = asyncio.get_running_loop()
    async with room:
        with one:
            try:
                async with asyncio.timeout(_SILENCE_S):
                    await loop.sock_connect(one, there)
                    said = await loop.sock_recv(one, 200)
            except TimeoutError:
                if not _is_connected(one):
                    return Answer.SILENT
                # The kernel let it through, and the listener is ours: to call that refused would be a pass of a slow machine.
                raise ObservationError(
                    f"connect to {other.end} at {there[0]}:{there[1]}",
                    got=f"a connection, and no word of its listener within {_SILENCE_S:g} s",
                    expected="an answer of its listener, or a refusal on the way",
                    action="Run it again when this machine has less to do.",
                ) from None
            except OSError as error:
                if error.errno in _REFUSED:
                    return Answer.REFUSED
                raise ObservationError(
                    f"connect to {other.end} at {there[0]}:{there[1]}",
                    got=error.strerror or str(error),
                    expected="an answer of its listener, or a refusal on the way",
                    action="Run it again; report it where it happens twice.",
                ) from error
    if said != _greeting(other.interface, there):
        raise ObservationError(
            f"connect to {other.end} at {there[0]}:{there[1]}",
            got=f"an answer of somebody else: {said.decode('ascii', 'replace')!r}",
            expected="its own listener's",
            action="Run it again; report it where it happens twice.",
        )
    return Answer.CONNECTED


def _is_connected(one: socket.socket) -> bool:
    try:
        one.getpeername()
    except OSError:
        return False
    return True


def _told(drawing: Drawing, tries: Sequence[Try]) -> str:
    """Return a line for each pair and port, those that connect first."""
    counted: dict[tuple[str, str, int], Counter[Answer]] = {}
    for each in tries:
        counted.setdefault((each.source, each.destination, each.port), Counter())[each.answer] += 1
    lines = [f"{len(drawing.hosts)} hosts, {len(tries)} tries of TCP, {len(tries)} answers"]
    for (source, destination, port), answers in sorted(
        counted.items(), key=lambda each: (not each[1][Answer.CONNECTED], each[0])
    ):
        words = ", ".join(f"{count} {answer.value}" for answer, count in sorted(answers.items()))
        lines.append(f"{source} → {destination} tcp {port}: {words}")
    return "\n".join([*lines, ""])
