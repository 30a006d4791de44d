"""A way from a workload to a backing server that leads past us: it can be held up or cut for that workload alone."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from enum import StrEnum
from urllib.parse import urlsplit, urlunsplit

from exitgate.errors import ProvisionError
from exitgate.provision.backing import Surroundings
from exitgate.provision.drawn_network import Namespace
from exitgate.provision.engine import Engine
from exitgate.target import Workload

_START_TIMEOUT_S = 5.0
_CONNECT_TIMEOUT_S = 5.0
"""To a server across another network: what that drops is given up then."""
_PIECE_BYTES = 65536
_STARTUP_BYTES = 8
_HEAD_BYTES = 5
_STATEMENTS = b"QEF"
"""Messages of PostgreSQL's protocol that have something done: Query, Execute, FunctionCall."""
_REQUESTS_BEFORE_STARTUP = {80877103, 80877104}
"""SSLRequest and GSSENCRequest: the startup message follows where the server says no."""


class Way(StrEnum):
    """How a relay passes on what it gets."""

    OPEN = "open"
    SILENT = "silent"
    """Connections stand, and nothing comes through: as with a server that hangs, or a network that drops packets."""
    CUT = "cut"
    """Connections are reset, and new ones refused: as with a server that is gone."""


class StatementCounter:
    """Counts the statements that a client sends to PostgreSQL, from its first byte on.

    Source: https://www.postgresql.org/docs/current/protocol-message-formats.html.
    """

    def __init__(self) -> None:
        self.count = 0
        self._buffer = b""
        self._started = False

    def feed(self, data: bytes) -> int:
        """Take what was sent next; return how many statements ended in it."""
        self._buffer += data
        before = self.count
        while self._message():
            pass
        return self.count - before

    def _message(self) -> bool:
        if not self._started:
            if len(self._buffer) < _STARTUP_BYTES:
                return False
            length = int.from_bytes(self._buffer[:4])
            if len(self._buffer) < length:
                return False
            self._started = int.from_bytes(self._buffer[4:8]) not in _REQUESTS_BEFORE_STARTUP
            self._buffer = self._buffer[length:]
            return True
        if len(self._buffer) < _HEAD_BYTES:
            return False
        length = 1 + int.from_bytes(self._buffer[1:5])
        if len(self._buffer) < length:
            return False
        self.count += self._buffer[0] in _STATEMENTS
        self._buffer = self._buffer[length:]
        return True


class Relay:
    """Passes connections on to a server, as its way says."""

    def __init__(
        self,
        address: str,
        port: int,
        *,
        host: str = "127.0.0.1",
        counts_statements: bool = False,
        own_port: int = 0,
        listens_in: Namespace | None = None,
        connects_in: Namespace | None = None,
    ) -> None:
        """Prepare; nothing listens yet.

        Args:
            address: Where it listens: this machine's own on a network of the run.
            port: Where the server listens.
            host: On which it does.
            counts_statements: For PostgreSQL.
            own_port: On which it listens; 0 for a free one.
            listens_in: The network in which it listens; this machine's own where none is given.
            connects_in: The network from which it reaches the server; this machine's own where none is given.
        """
        self.port = own_port
        self._listens_in, self._connects_in = listens_in, connects_in
        self.connections = 0
        """That were ever made."""
        self.statements = 0
        self.felt = 0
        """How often somebody met with a way that was not open: connections reset, and pieces held up."""
        self._address, self._counts = address, counts_statements
        self._onward_host, self._onward_port = host, port
        self._ready = threading.Event()
        self._failure: OSError | ProvisionError | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._server: asyncio.Server | None = None
        self._open = asyncio.Event()
        self._writers: set[asyncio.StreamWriter] = set()
        self._copies: set[asyncio.Task[None]] = set()
        self._over = asyncio.Event()

    @contextmanager
    def serving(self) -> Iterator[Relay]:
        """Serve in a thread for as long as the block lasts.

        Raises:
            ProvisionError: if it can't listen there, or the kernel does not let it into that network.
        """
        thread = threading.Thread(target=lambda: asyncio.run(self._main()), name="relay", daemon=True)
        thread.start()
        self._ready.wait(_START_TIMEOUT_S)
        try:
            if isinstance(self._failure, ProvisionError):
                raise self._failure
            if self._server is None:
                raise ProvisionError(
                    "relay to a backing server",
                    got=f"it can't listen on {self._address}: {self._failure or 'no answer'}",
                    expected="a free port on the run's own network",
                    action="Look whether the engine runs on this machine.",
                )
            yield self
        finally:
            if self._loop and not self._failure:
                self._loop.call_soon_threadsafe(self._over.set)
            thread.join()

    def lead(self, way: Way) -> None:
        """Take another way, from now on; returns once it is taken."""
        if self._loop is None:
            return
        asyncio.run_coroutine_threadsafe(self._lead(way), self._loop).result(_START_TIMEOUT_S)

    async def _main(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._open.set()
        try:
            await self._listen()
        except (OSError, ProvisionError) as error:
            self._failure = error
            self._ready.set()
            return
        self._ready.set()
        await self._over.wait()
        self._reset()
        if self._server:
            self._server.close()
        for copy in self._copies:
            copy.cancel()
        await asyncio.gather(*self._copies, return_exceptions=True)

    async def _listen(self) -> None:
        if self._listens_in is None:
            self._server = await asyncio.start_server(self._serve, self._address, self.port)
        else:
            own = await asyncio.to_thread(self._listens_in.within, self._bound)
            self._server = await asyncio.start_server(self._serve, sock=own)
        self.port = self._server.sockets[0].getsockname()[1]

    def _bound(self) -> socket.socket:
        own = socket.socket()
        try:
            own.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            own.bind((self._address, self.port))
        except OSError:
            own.close()
            raise
        return own

    async def _onward(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Connect to the server, from the network that is to be crossed.

        Raises:
            OSError: if that refuses, or nobody answers in time.
            ProvisionError: if the kernel does not let us into that network.
        """
        place = (self._onward_host, self._onward_port)
        if self._connects_in is None:
            return await asyncio.open_connection(*place)
        # A socket stays in the network in which it was made, whoever uses it.
        own = await asyncio.to_thread(self._connects_in.within, socket.socket)
        try:
            own.settimeout(0)
            async with asyncio.timeout(_CONNECT_TIMEOUT_S):
                await asyncio.get_running_loop().sock_connect(own, place)
            return await asyncio.open_connection(sock=own)
        except BaseException:
            own.close()
            raise

    async def _lead(self, way: Way) -> None:
        if way is Way.OPEN:
            if self._server is None:
                await self._listen()
            self._open.set()
            return
        self._open.clear()
        if way is Way.CUT and self._server is not None:
            self._server.close()
            self._server = None
            self.felt += self._reset()

    def _reset(self) -> int:
        for writer in self._writers:
            writer.transport.abort()
        return len(self._writers)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            there, onward = await self._onward()
        except (OSError, ProvisionError, asyncio.CancelledError):
            # Cancelled is who still connects, or copies, at the end; asyncio's server (3.11) would log that as an error.
            writer.transport.abort()
            return
        self._writers.update((writer, onward))
        counter = StatementCounter() if self._counts else None
        back = asyncio.create_task(self._copy(there, writer, None))
        onwards = asyncio.create_task(self._copy(reader, onward, counter.feed if counter else None))
        self._copies.update((back, onwards))
        try:
            with suppress(asyncio.CancelledError):
                await asyncio.wait((back, onwards))
        finally:
            self._copies.difference_update((back, onwards))
            self._writers.difference_update((writer, onward))

    async def _copy(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, count: Callable[[bytes], int] | None
    ) -> None:
        with suppress(OSError):
            while data := await reader.read(_PIECE_BYTES):
                if not self._open.is_set():
                    self.felt += 1
                    await self._open.wait()
                if count:
                    self.statements += count(data)
                writer.write(data)
                await writer.drain()
        with suppress(OSError):
            writer.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class Relayed:
    """A workload's surroundings, and the ways to them."""

    around: Surroundings
    relays: Mapping[str, Relay]
    """By the backing server's name."""
    kinds: Mapping[str, str]
    """Of what kind each backing server of the target is, this workload's or not."""

    def used(self, names: Collection[str]) -> list[str]:
        """Return the servers that the workload leans on and that are named, or whose kind is."""
        return [name for name in self.relays if {name, self.kinds[name]} & set(names)]

    def unknown(self, names: Collection[str]) -> tuple[str, ...]:
        """Return the names that are those of no server, and of no kind that one is of."""
        return tuple(sorted(set(names) - set(self.kinds) - set(self.kinds.values())))


@contextmanager
def relayed(engine: Engine, around: Surroundings, workload: Workload, kinds: Mapping[str, str]) -> Iterator[Relayed]:
    """Lead a workload to its backing servers through relays for as long as the block lasts.

    Args:
        engine: Knows this machine's address on the run's network.
        around: What the workload leans on; it is handed back, with the relays' addresses in it.
        workload: Says which variable tells of which server.
        kinds: What kind each server of the target is of.

    Raises:
        ProvisionError: if a relay can't listen.
    """
    with ExitStack() as stack:
        relays: dict[str, Relay] = {}
        gateway = network_gateway(engine, around.network) if around.network else ""
        for name, port in sorted(around.local_ports.items()):
            relay = Relay(gateway, port, counts_statements=kinds[name] == "postgres")
            relays[name] = stack.enter_context(relay.serving())
        environment = led_through(around, workload, {name: (gateway, relay.port) for name, relay in relays.items()})
        yield Relayed(around=replace(around, environment=environment), relays=relays, kinds=kinds)


def network_gateway(engine: Engine, network: str) -> str:
    """Return this machine's own address on a network of the engine."""
    found = engine.client.networks.get(network)
    return str(found.attrs["IPAM"]["Config"][0]["Gateway"])


def led_through(around: Surroundings, workload: Workload, places: Mapping[str, tuple[str, int]]) -> dict[str, str]:
    """Return a workload's environment with other places of its backing servers.

    Args:
        around: What it leans on.
        workload: Says which variable tells of which server.
        places: Server to address and port.
    """
    environment = dict(around.environment)
    for variable, use in workload.backing.items():
        address, port = places[use.backing]
        match use.field:
            case "url":
                parts = urlsplit(environment[variable])
                credentials, at, _ = parts.netloc.rpartition("@")
                environment[variable] = urlunsplit(parts._replace(netloc=f"{credentials}{at}{address}:{port}"))
            case "host":
                environment[variable] = address
            case "port":
                environment[variable] = str(port)
    return environment
