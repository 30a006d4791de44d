"""The backing servers of a run: each started once, when it is first needed, and shared by all workers."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any

from exitgate.atomic import write_atomically
from exitgate.errors import PrerequisiteMissing, ProvisionError, one_line
from exitgate.provenance import Tool
from exitgate.provision.backing.kind import Access, Kind, NotReady
from exitgate.provision.backing.postgres import Postgres
from exitgate.provision.backing.rabbitmq import RabbitMQ
from exitgate.provision.backing.redis import Redis
from exitgate.provision.backing.substitute import DATA, OWN, USER, backing_image, start_command
from exitgate.provision.engine import Builder, Engine
from exitgate.provision.favour import favoured_group
from exitgate.provision.registry import obtain
from exitgate.run import Run
from exitgate.target import Backing, BackingUse, Target, Workload
from exitgate.waiting import wait_for

if TYPE_CHECKING:
    from docker.models.containers import Container

KINDS: Mapping[str, Kind] = {kind.name: kind for kind in (Postgres(), Redis(), RabbitMQ())}
_START_TIMEOUT_S = 90.0
_LOCK_TIMEOUT_S = 900.0
_MEMORY_BYTES = 1024**3
_PUBLIC_DATA = ("/data", "/var/lib/postgresql", "/var/lib/rabbitmq")
_LOCAL = "127.0.0.1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A backing server that serves."""

    name: str
    """As the target calls it, and under which it is found on the network."""
    kind: str
    version: str
    container_id: str
    network: str
    """The engine's network on which workloads reach it."""
    local_port: int
    """On 127.0.0.1, for whatever runs on this machine itself."""
    password: str
    substitute: str
    """What stands in for the public image; empty where it is the image."""

    @property
    def tool(self) -> Tool:
        """The server as a line of the record."""
        return Tool(name=self.kind, version=self.version)

    @property
    def locally(self) -> Access:
        """Its owner's access from this machine."""
        return Access(host=_LOCAL, port=self.local_port, user=KINDS[self.kind].user, password=self.password)


def servers(
    engine: Engine, builder: Builder, run: Run, declared: Sequence[Backing], names: frozenset[str], apart: str = ""
) -> dict[str, Server]:
    """Return the named servers of the run by name, started where they are not running yet.

    Whoever comes first starts one and writes down where it is; the controller removes them all at the end of the run.

    Args:
        engine: Where they run.
        builder: What makes the image that stands in for one that can't be had.
        run: Whose they are.
        declared: What the target says of them.
        names: Of those that are wanted.
        apart: A word for a set of servers that nobody else in the run uses; empty for the one that is shared.

    Raises:
        PrerequisiteMissing: if an image can be had in no way.
        ProvisionError: if a server does not serve in time.
    """
    wanted = [backing for backing in declared if backing.name in names]
    if not wanted:
        return {}
    network = backing_network(engine, run, apart)
    with ThreadPoolExecutor(max_workers=len(wanted)) as pool:
        made = pool.map(lambda backing: _shared(engine, builder, run, backing, network), wanted)
        return {server.name: server for server in made}


@contextmanager
def started_ahead(
    engine: Engine, builder: Builder, run: Run, target: Target, workloads: Sequence[Workload]
) -> Iterator[None]:
    """Start what the workloads lean on while the block does something else, e.g. builds the images.

    Whoever needs a server waits for it in `servers`, and is told there why it did not start.
    """
    names = frozenset(use.backing for workload in workloads for use in workload.backing.values())
    with ThreadPoolExecutor(max_workers=1) as pool:
        pool.submit(servers, engine, builder, run, target.backings, names)
        yield


@contextmanager
def environment_of(
    uses: Mapping[str, BackingUse], running: Mapping[str, Server], *, locally: bool
) -> Iterator[dict[str, str]]:
    """Give a client its parts of the servers that it uses, and its environment, for as long as the block lasts.

    Args:
        uses: Environment variable to what it is to tell of which server; where no part is named, the whole server, as its owner.
        locally: For a process of this machine, in place of a container on the servers' network.
    """
    with ExitStack() as stack:
        parts: dict[tuple[str, str], Access] = {}
        environment: dict[str, str] = {}
        for variable, use in sorted(uses.items()):
            server = running[use.backing]
            kind = KINDS[server.kind]
            key = (use.backing, use.part)
            if key not in parts:
                part = kind.part(server.locally, use.part) if use.part else nullcontext(server.locally)
                parts[key] = stack.enter_context(part)
            access = parts[key] if locally else replace(parts[key], host=server.name, port=kind.port)
            environment[variable] = value_of(use, server, access)
        yield environment


def value_of(use: BackingUse, server: Server, access: Access) -> str:
    """Return what a variable tells of an access to a server."""
    return KINDS[server.kind].url(access) if use.field == "url" else str(getattr(access, use.field))


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What a workload finds when it runs: its backing servers and their network."""

    network: str | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    substitutes: tuple[str, ...] = ()
    tools: tuple[Tool, ...] = ()
    local_ports: Mapping[str, int] = field(default_factory=dict)
    """Server to the port of 127.0.0.1 under which this machine itself reaches it."""
    caches: tuple[str, ...] = ()
    """Addresses, as this machine reaches them, of the parts that the workload keeps in Redis."""

    def empty_caches(self) -> None:
        """Forget what the workload keeps in Redis: an answer from there asks nothing of a database."""
        import redis

        for url in self.caches:
            with redis.Redis.from_url(url) as client:
                client.flushdb()

    def cached(self) -> int:
        """Return how many entries the workload keeps in Redis."""
        import redis

        found = 0
        for url in self.caches:
            with redis.Redis.from_url(url) as client:
                found += int(client.dbsize())
        return found


@contextmanager
def surroundings(
    engine: Engine, builder: Builder, run: Run, target: Target, workload: Workload, apart: str = ""
) -> Iterator[Surroundings]:
    """Start what a workload leans on, and give it parts of its own for as long as the block lasts.

    A part of a cache or of a broker is only its own where the target names one; with `apart`, the servers are its own, too.

    Raises:
        PrerequisiteMissing: if a server's image can be had in no way.
        ProvisionError: if a server does not serve in time.
    """
    names = frozenset(use.backing for use in workload.backing.values())
    running = servers(engine, builder, run, target.backings, names, apart)
    kept = {
        variable: use.model_copy(update={"field": "url"})
        for variable, use in workload.backing.items()
        if running[use.backing].kind == Redis.name
    }
    with (
        environment_of(workload.backing, running, locally=False) as environment,
        environment_of(kept, running, locally=True) as caches,
    ):
        yield Surroundings(
            network=next((server.network for server in running.values()), None),
            environment=environment,
            substitutes=tuple(server.substitute for server in running.values() if server.substitute),
            tools=tuple(server.tool for server in running.values()),
            local_ports={server.name: server.local_port for server in running.values()},
            caches=tuple(sorted(set(caches.values()))),
        )


def backing_network(engine: Engine, run: Run, apart: str = "") -> str:
    """Return the engine's network on which workloads reach what they lean on; it is made where it is not there yet."""
    from docker.errors import NotFound
    from filelock import FileLock

    name = f"exitgate-{run.id}-backing{f'-{apart}' if apart else ''}"
    with FileLock(run.scratch_path / "backing.lock", timeout=_LOCK_TIMEOUT_S):
        try:
            engine.client.networks.get(name)
        except NotFound:
            engine.client.networks.create(name, labels=run.labels)
    return name


def _shared(engine: Engine, builder: Builder, run: Run, backing: Backing, network: str) -> Server:
    from filelock import FileLock

    # Each set of servers has its own network.
    note = run.scratch_path / f"{network}-{backing.name}.json"
    with FileLock(note.with_suffix(".lock"), timeout=_LOCK_TIMEOUT_S):
        if note.is_file():
            return Server(**json.loads(note.read_text(encoding="utf-8")))
        server = _start(engine, builder, run, backing, network)
        write_atomically(note, json.dumps(asdict(server)))
        return server


def _start(engine: Engine, builder: Builder, run: Run, backing: Backing, network: str) -> Server:
    from docker.errors import DockerException

    kind, password = KINDS[backing.kind], secrets.token_hex(16)
    image, substituted = _image(engine, builder, run, backing)
    start = kind.start(password)
    own: dict[str, Any] = {"tmpfs": {**dict.fromkeys(_PUBLIC_DATA, ""), **start.disks}}
    if substituted:
        own = {"entrypoint": list(start_command(kind.name)), "tmpfs": {DATA: OWN, **start.disks}, "user": USER}
    ports: dict[str, Any] = {f"{kind.port}/tcp": (_LOCAL, None)}
    group = favoured_group(engine, run)
    try:
        container = engine.client.containers.create(
            image,
            name=f"exitgate-{run.id}-{backing.name}-{secrets.token_hex(3)}",
            hostname="localhost" if kind.name == RabbitMQ.name else None,
            labels=run.labels,
            environment=dict(start.environment),
            command=list(start.command),
            mem_limit=_MEMORY_BYTES,
            cgroup_parent=f"/{group}" if group else None,
            ports=ports,
            networking_config={network: engine.client.api.create_endpoint_config(aliases=[backing.name])},
            network=network,
            **own,
        )
        container.start()
        container.reload()
    except DockerException as error:
        raise _unserved(backing, f"the engine refuses: {error}") from error
    published = container.attrs["NetworkSettings"]["Ports"].get(f"{kind.port}/tcp")
    if not published:
        raise _unserved(backing, f"it ended at once; {_last_words(container)}")
    port = int(published[0]["HostPort"])
    owner = Access(host=_LOCAL, port=port, user=kind.user, password=password)
    version = _await(container, backing, kind, owner)
    return Server(
        name=backing.name,
        kind=kind.name,
        version=version,
        container_id=str(container.id),
        network=network,
        local_port=port,
        password=password,
        substitute=f"{backing.image} → {kind.name} {version} in an image made of packages" if substituted else "",
    )


def _image(engine: Engine, builder: Builder, run: Run, backing: Backing) -> tuple[str, bool]:
    from filelock import FileLock

    state, words = obtain(engine, builder, backing.image)
    if state == "here":
        return backing.image, False
    if state == "absent" or not backing.substitute:
        raise PrerequisiteMissing(
            f"backing server {backing.name}",
            got=f"image {backing.image} can't be had ({words})",
            expected="the image, or leave to take a substitute where no registry answers",
            action="Correct its name, connect to its registry, or set substitute = true in [[backing]].",
        )
    with FileLock(run.scratch_path / "backing-image.lock", timeout=_LOCK_TIMEOUT_S):
        return backing_image(engine), True


def _await(container: Container, backing: Backing, kind: Kind, owner: Access) -> str:
    words = ""

    def ask() -> str:
        nonlocal words
        container.reload()
        if not container.attrs["State"]["Running"]:
            words = "it ended"
            return "ended"
        try:
            return kind.version(owner)
        except NotReady as error:
            words = one_line(str(error), 120)
            return ""

    version, _ = wait_for(ask, until=bool, timeout_s=_START_TIMEOUT_S, interval_s=0.1)
    if version and version != "ended":
        return version
    raise _unserved(backing, f"{words}; {_last_words(container)}")


def _last_words(container: Container) -> str:
    log = [line for line in container.logs(tail=5).decode("utf-8", "replace").splitlines() if line.strip()]
    return f"its log says: {log[-1] if log else 'nothing'}"


def _unserved(backing: Backing, got: str) -> ProvisionError:
    return ProvisionError(
        f"backing server {backing.name}",
        got=one_line(got, 300),
        expected=f"a {backing.kind} that serves within {_START_TIMEOUT_S:g} s",
        action="Try its image with `docker run`.",
    )
