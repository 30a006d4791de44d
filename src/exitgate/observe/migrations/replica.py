"""A replica of a service on a database, seen from outside: whether it listens, answers or ends, and what it says."""

from __future__ import annotations

import http.client
import json
import os
import re
import secrets
import signal
import string
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from exitgate.errors import PrerequisiteMissing, one_line
from exitgate.migration_settings import UNIQUE, SmokeRequest
from exitgate.observe.listening import ListeningPorts
from exitgate.observe.migrations.pulse import Pulse
from exitgate.provision.containers import throwaway_container
from exitgate.provision.engine import Engine
from exitgate.run import Run
from exitgate.settings import ContainerSettings
from exitgate.target import Service
from exitgate.waiting import wait_for

if TYPE_CHECKING:
    from docker.models.containers import Container

_REQUEST_TIMEOUT_S = 5.0
_ABSENT = re.compile(r"no such file or directory|executable file not found", re.IGNORECASE)
_NO_MODULE = re.compile(r"Cannot find module '([^']+)'")
_LOG_LINES = 30
NOTHING = "nothing"
"""What a replica said that wrote no line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """What became of a replica's start."""

    answered: bool
    """2xx on its health path; of a task that migrates, an end with 0."""
    listened: bool
    """A socket listened on its port at some time, whether it answered or not."""
    exit_code: int | None
    """Nothing where it still ran."""
    said: str
    """The line of its log that tells most; `NOTHING` where there is none."""
    seconds: float


@dataclass(slots=True)
class Replica:
    """A container that was started: a replica of the service, or a task that migrates in its place."""

    container: Container
    service: Service
    name: str = ""
    """As its sessions call themselves, where it is told to give them a name."""
    is_task: bool = False
    """It serves nothing: all that is wanted of it is an end with 0."""
    began: float = field(default_factory=time.monotonic)
    listened: bool = False
    _pulse: Pulse = field(init=False)
    _ports: ListeningPorts | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        self._pulse = Pulse(self.container)

    def look(self) -> str:
        """Return ``answers``, ``ended`` or ``starting``."""
        if not self._pulse.beats():
            return "ended"
        if self._ports is None:
            self._ports = ListeningPorts(self._pulse.pid)
        self.listened = self.listened or self.service.port in self._ports.read()
        return "answers" if self.listened and self._ask_health() else "starting"

    def close(self) -> None:
        """Let go of what it was looked at by."""
        if self._ports is not None:
            self._ports.close()

    def await_start(self, timeout_s: float) -> Start:
        """Wait until it answers or has ended."""
        seen, _ = wait_for(self.look, until=lambda state: state != "starting", timeout_s=timeout_s, interval_s=0.05)
        exit_code = int(self.container.attrs["State"]["ExitCode"]) if seen == "ended" else None
        return Start(
            answered=seen == "answers" or (self.is_task and exit_code == 0),
            listened=self.listened,
            exit_code=exit_code,
            said=self.said,
            seconds=round(time.monotonic() - self.began, 2),
        )

    @property
    def said(self) -> str:
        """The first line that names a failure, else the last."""
        lines = self.container.logs(tail=_LOG_LINES).decode("utf-8", "replace").splitlines()
        telling = [line for line in lines if any(word in line.lower() for word in ("fail", "error"))]
        return one_line((telling or lines or [NOTHING])[0 if telling else -1], 300)

    @property
    def address(self) -> str:
        """Its address on the network of its servers, by which they know it; empty once it has ended."""
        if not self._pulse.beats():
            return ""
        networks = self.container.attrs["NetworkSettings"]["Networks"] or {}
        return next((str(each["IPAddress"]) for each in networks.values() if each.get("IPAddress")), "")

    def kill_children(self) -> int:
        """Kill every process of the container but the first, and return how many there were; needs this machine's own /proc."""
        self.container.reload()
        below = _descendants(int(self.container.attrs["State"]["Pid"]))
        for pid in below:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        return len(below)

    def request(self, request: SmokeRequest, saved: dict[str, str]) -> str:
        """Send a request, keep what it saves, and return what was wrong, or nothing."""
        values = {**saved, UNIQUE: secrets.token_hex(8)}

        def fill(text: str) -> str:
            return string.Template(text).safe_substitute(values)

        path = fill(request.path)
        connection = self._connection()
        try:
            headers = {"User-Agent": "exitgate", **{name: fill(value) for name, value in request.headers.items()}}
            connection.request(request.method, path, body=fill(request.body) or None, headers=headers)
            response = connection.getresponse()
            body = response.read()
        except (OSError, http.client.HTTPException) as error:
            return one_line(f"{request.method} {path}: {type(error).__name__} {error}", 200)
        finally:
            connection.close()
        if response.status != request.status:
            text = body[:120].decode("utf-8", "replace")
            return one_line(f"{request.method} {path}: {response.status}, not {request.status}: {text}", 250)
        try:
            saved |= {name: str(json.loads(body)[key]) for name, key in request.save.items()}
        except (ValueError, KeyError, TypeError):
            return f"{request.method} {path}: an answer without {', '.join(request.save.values())}"
        return ""

    def smoke(self, requests: Sequence[SmokeRequest], saved: dict[str, str] | None = None) -> tuple[str, ...]:
        """Send all requests, and return what was wrong with each that failed.

        Args:
            saved: Is given what they save.
        """
        saved = {} if saved is None else saved
        return tuple(filter(None, (self.request(request, saved) for request in requests)))

    def _connection(self) -> http.client.HTTPConnection:
        published = (self.container.attrs["NetworkSettings"]["Ports"] or {}).get(f"{self.service.port}/tcp")
        port = int(published[0]["HostPort"]) if published else 0
        return http.client.HTTPConnection("127.0.0.1", port, timeout=_REQUEST_TIMEOUT_S)

    def _ask_health(self) -> bool:
        connection = self._connection()
        try:
            connection.request("GET", self.service.health_path, headers={"User-Agent": "exitgate"})
            return 200 <= connection.getresponse().status < 300  # noqa: PLR2004
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()


def _descendants(pid: int) -> list[int]:
    try:
        threads = list(Path(f"/proc/{pid}/task").iterdir())
        children = [
            int(word) for thread in threads for word in (thread / "children").read_text(encoding="ascii").split()
        ]
    except OSError:
        return []
    return [found for child in children for found in (child, *_descendants(child))]


@dataclass(frozen=True, slots=True, kw_only=True)
class Replicas:
    """Starts replicas of a service as production does, each on the database that it is told."""

    engine: Engine
    run: Run
    service: Service
    settings: ContainerSettings
    entrypoint: tuple[str, ...]
    """The image's own; an altered image does not keep it."""
    environment: Mapping[str, str]
    network: str | None

    @contextmanager
    def replica(
        self, image: str, url: str, *, pooled: str = "", named: bool = False, task: tuple[str, ...] = ()
    ) -> Iterator[Replica]:
        """Start one, and remove it at the end.

        Args:
            image: Its own, or one made of that.
            url: Of its database.
            pooled: The same by a pooler; empty where there is none.
            named: Let its sessions have a name, by the address: they don't come from an address of their own.
            task: What a task runs in its place; nothing for a replica.

        Raises:
            PrerequisiteMissing: if the image has no such program.
        """
        name = f"exitgate-{secrets.token_hex(4)}" if named else ""

        def calling(address: str) -> str:
            return f"{address}{'&' if '?' in address else '?'}application_name={name}" if named else address

        words = task or self.settings.entrypoint or self.entrypoint
        by_pooler = calling(pooled) if pooled else ""
        with self._container(image, calling(url), words, by_pooler, serves=not task) as container:
            self._begin(container, words[0] if task else "")
            with closing(Replica(container, self.service, name, is_task=bool(task))) as replica:
                yield replica

    def execute(
        self, image: str, url: str, words: tuple[str, ...], timeout_s: float = 60.0
    ) -> tuple[int | None, str, str]:
        """Run a command in the image to its end; return its exit code, or nothing, and its outputs.

        Raises:
            PrerequisiteMissing: if the image has no such program, or not the file that Node.js is to run.
        """
        with self._container(image, url, words, serves=False) as container:
            self._begin(container, words[0])
            pulse = Pulse(container)
            _, ended = wait_for(pulse.beats, until=lambda still: not still, timeout_s=timeout_s, interval_s=0.05)
            code = int(container.attrs["State"]["ExitCode"]) if ended else None
            out = container.logs(stdout=True, stderr=False).decode("utf-8", "replace")
            err = container.logs(stdout=False, stderr=True).decode("utf-8", "replace")
        missing = _NO_MODULE.search(err) if code else None
        if missing and any(missing.group(1).endswith(word.removeprefix("./")) for word in words[1:]):
            raise self._absent(missing.group(1))
        return code, out, err

    def _begin(self, container: Container, program: str) -> None:
        """Start a container; an engine that finds no such program says it in its own words."""
        from docker.errors import APIError

        try:
            container.start()
        except APIError as error:
            if not program or _ABSENT.search(str(error.explanation or error)) is None:
                raise
            raise self._absent(program) from error

    def _absent(self, program: str) -> PrerequisiteMissing:
        return PrerequisiteMissing(
            f"image of {self.service.name}",
            got=f"no program {program} in it",
            expected="what runs the migration tool, as [service.migrations] names it",
            action="Correct cli, deploy or status there, or put the program into the image.",
        )

    @contextmanager
    def _container(
        self, image: str, url: str, words: tuple[str, ...], pooled: str = "", *, serves: bool
    ) -> Iterator[Container]:
        migrations = self.service.migrations
        addresses = {migrations.database if migrations else "DATABASE_URL": pooled or url}
        if migrations and migrations.direct:
            addresses[migrations.direct] = url
        # Health is asked from outside here: the engine's own asking would only take time from those that start.
        settings = replace(self.settings, health_check=None)
        if migrations and migrations.image_directory != "/" and not settings.working_directory:
            settings = replace(settings, working_directory=migrations.image_directory)
        with throwaway_container(
            self.engine,
            self.run,
            image,
            settings,
            name=f"{self.service.name}-migrating",
            port=self.service.port if serves else None,
            environment={**self.service.environment, **self.environment, **addresses},
            network=self.network,
            entrypoint=words,
        ) as container:
            yield container
