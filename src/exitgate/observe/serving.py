"""A workload that serves, run as production would for whoever wants to ask it something, at its own address."""

from __future__ import annotations

import http.client
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from exitgate.errors import PrerequisiteMissing, one_line
from exitgate.provision.containers import throwaway_container
from exitgate.provision.engine import Engine
from exitgate.run import Run
from exitgate.settings import ContainerSettings
from exitgate.target import Traffic, Workload
from exitgate.waiting import wait_for

if TYPE_CHECKING:
    from docker.models.containers import Container

_STARVED_PATIENCE = 3.0
"""How many start timeouts a workload gets: a busy machine makes every start slow, and how slow a start may be is no matter here."""
_LOG_LINES = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What came back for one request."""

    status: int
    """0 where there was no answer."""
    latency_s: float
    failure: str = ""
    """Why there was none, in one line."""
    location: str = ""
    """Where a redirect leads."""


def is_served(traffic: Traffic, status: int) -> bool:
    """Say whether a request of a kind has been answered with one of its codes."""
    return status in traffic.accepts if traffic.accepts else 200 <= status < 300  # noqa: PLR2004


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """A workload's container, started."""

    workload: Workload
    container: Container
    address: str
    """On a network of the run."""

    def ask(
        self,
        path: str,
        *,
        method: str = "GET",
        headers: Mapping[str, str] | None = None,
        body: str = "",
        timeout_s: float = 2.0,
    ) -> Reply:
        """Send one request on a connection of its own, without credentials, and follow no redirect."""
        connection = http.client.HTTPConnection(self.address, self.workload.port, timeout=timeout_s)
        began = time.monotonic()
        try:
            connection.request(method, path, body or None, {"User-Agent": "exitgate", **(headers or {})})
            answer = connection.getresponse()
            answer.read()
        except (OSError, http.client.HTTPException) as error:
            words = one_line(f"{type(error).__name__} {error}", 80)
            return Reply(status=0, latency_s=time.monotonic() - began, failure=words)
        finally:
            connection.close()
        location = answer.getheader("location") or ""
        return Reply(status=answer.status, latency_s=time.monotonic() - began, location=one_line(location, 80))

    @property
    def runs(self) -> bool:
        """Whether it has not ended."""
        self.container.reload()
        return bool(self.container.attrs["State"]["Running"])

    @property
    def last_words(self) -> str:
        """The line of its log that tells most: the last that speaks of an error, else the last."""
        text = self.container.logs(tail=_LOG_LINES).decode("utf-8", "replace")
        lines = [line for line in text.splitlines() if line.strip()]
        telling = [line for line in lines if "error" in line.lower()]
        return one_line((telling or lines or ["it logged nothing"])[-1], 300)

    def await_answer(self) -> None:
        """Wait until its health path answers 2xx.

        Raises:
            PrerequisiteMissing: if it does not; the control that owns starting says so.
        """

        def look() -> str:
            if not self.runs:
                return "ended"
            reply = self.ask(self.workload.health_path)
            return "" if 200 <= reply.status < 300 else reply.failure or f"status {reply.status}"  # noqa: PLR2004

        limit_s = _STARVED_PATIENCE * self.workload.start_timeout_s
        seen, _ = wait_for(look, until=lambda each: each in ("", "ended"), timeout_s=limit_s, interval_s=0.05)
        if seen:
            raise PrerequisiteMissing(
                f"workload {self.workload.name}",
                got=f"it does not serve: {seen}; its log says: {self.last_words}",
                expected=f"a 2xx from {self.workload.health_path} within {limit_s:g} s",
                action="Mend its start first.",
                blocked_by="3.2.B.2.2",
            )


@contextmanager
def served(
    engine: Engine,
    run: Run,
    workload: Workload,
    image_id: str,
    settings: ContainerSettings,
    *,
    environment: Mapping[str, str],
    network: str | None,
) -> Iterator[Served]:
    """Start a workload as production would, and remove it at the end of the block.

    Raises:
        PrerequisiteMissing: if the engine can't start it, or it ends at once; the control that owns starting says so.
        ProvisionError: if the engine refuses to make it.
    """
    from docker.errors import APIError

    with throwaway_container(
        engine,
        run,
        image_id,
        settings,
        name=workload.name,
        environment={**workload.environment, **environment},
        network=network,
    ) as container:
        failure = ""
        try:
            container.start()
        except APIError as error:
            failure = one_line(f"the engine could not start it: {error.explanation}", 200)
        container.reload()
        addresses = [str(each["IPAddress"]) for each in container.attrs["NetworkSettings"]["Networks"].values()]
        if failure or not any(addresses):
            raise PrerequisiteMissing(
                f"workload {workload.name}",
                got=failure or "it ended at once",
                expected="one that serves",
                action="Mend its start first.",
                blocked_by="3.2.B.2.2",
            )
        yield Served(workload=workload, container=container, address=next(filter(None, addresses)))
