"""A workload stopped under load as ECS stops a task: its stop signal, its stop timeout, SIGKILL."""

from __future__ import annotations

import json
import math
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace

from exitgate.errors import PrerequisiteMissing
from exitgate.evidence_folder import EvidenceFolder
from exitgate.load.process import probing
from exitgate.load.results import LoadResults, Request
from exitgate.observation import Observation, Substrate
from exitgate.observe.consumers import Taken, await_first, backlog, left_behind
from exitgate.observe.pressure import Pressure
from exitgate.observe.rollout.load import SLOW_S, stopping_plan
from exitgate.observe.serving import Served, served
from exitgate.provision.backing import Surroundings
from exitgate.provision.engine import Engine
from exitgate.run import Run
from exitgate.settings import ContainerSettings
from exitgate.target import Workload
from exitgate.waiting import wait_for

SURELY_BEGUN_S = 0.1
"""A request that was sent so long before the signal has begun. Of later ones nobody knows: ECS takes a task out of the load
balancer before it stops it, so that none come then."""
_LOAD_FOR_S = 2 * SLOW_S
_MOST_LOAD_S = 60.0
_KILLED = 137


@dataclass(frozen=True, slots=True, kw_only=True)
class Stopping(Observation):
    """What became of a workload and of its requests when it was told to stop."""

    workload: str
    location: str
    """The Dockerfile, which decides what runs as the first process."""
    signal: str
    stop_timeout_s: float
    signalled_s: float
    """On this machine's monotonic clock, as the requests' times."""
    ended_s: float
    exit_code: int
    load: LoadResults
    messages: tuple[Taken, ...]
    """Of each kind whose queue is known, what it left."""
    last_words: str
    """Of its log."""
    starved_percent: float
    """The share of the time in which this machine had too few processors for what ran."""

    @property
    def took_s(self) -> float:
        """Seconds from the signal to the end."""
        return self.ended_s - self.signalled_s

    @property
    def was_killed(self) -> bool:
        """Whether it was still there when its stop timeout ended."""
        return self.exit_code == _KILLED and self.took_s >= self.stop_timeout_s

    @property
    def in_flight(self) -> tuple[Request, ...]:
        """The requests that had begun when the signal came, and had no answer yet."""
        return tuple(
            each
            for each in self.load.requests
            if each.sent_s <= self.signalled_s - SURELY_BEGUN_S and each.ended_s > self.signalled_s
        )

    @property
    def failed_in_flight(self) -> tuple[Request, ...]:
        """Those of them that got no answer, or a wrong one."""
        return tuple(each for each in self.in_flight if each.failure)


def read_stopping(
    engine: Engine,
    run: Run,
    workload: Workload,
    image_id: str,
    settings: ContainerSettings,
    substrate: Substrate,
    *,
    around: Surroundings,
    keep: EvidenceFolder,
) -> Stopping:
    """Start a workload, send load to it, and stop it in the midst of that, with more messages in its queues than it can take.

    Raises:
        PrerequisiteMissing: if it does not serve, or says not what it serves, or its requests fail before it is stopped.
        ObservationError: if the prober fails, or broker or store don't say what became of its messages.
        ProvisionError: if the engine refuses.
    """
    substrate = replace(
        substrate,
        substitutes=(*substrate.substitutes, *around.substitutes),
        tools=(*substrate.tools, *around.tools),
        limits=(*substrate.limits, f"requests are kept in flight by sending their ends over {SLOW_S:g} s"),
    )
    with served(
        engine, run, workload, image_id, settings, environment=around.environment, network=around.network
    ) as there:
        plan = stopping_plan(workload, there.address, workload.port, timeout_s=settings.stop_timeout_s)
        there.await_answer()
        pressure = Pressure()
        with probing(run, plan) as prober, ThreadPoolExecutor(max_workers=1) as pool:
            every = {stream.name for stream in plan.streams}
            _, warm = wait_for(
                lambda: {each.stream for each in prober.so_far().requests if not each.failure},
                until=every.issubset,
                timeout_s=_MOST_LOAD_S,
                interval_s=_LOAD_FOR_S,
            )
            if not warm:
                raise _not_served(workload, every, prober.so_far())
            timeout_s = math.ceil(settings.stop_timeout_s)
            with backlog(workload, around) as published:
                await_first(around, published)
                signalled_s = time.monotonic()
                ending = pool.submit(_stop, there, timeout_s)
                load = prober.stop()
                ended_s = ending.result()
                messages = left_behind(around, published)
        there.container.reload()
        stopping = Stopping(
            substrate=substrate,
            workload=workload.name,
            location=workload.dockerfile,
            signal=_signal(engine, image_id),
            stop_timeout_s=timeout_s,
            signalled_s=signalled_s,
            ended_s=ended_s,
            exit_code=int(there.container.attrs["State"]["ExitCode"]),
            load=load,
            messages=messages,
            last_words=there.last_words,
            starved_percent=pressure.starved_percent,
        )
    return replace(stopping, evidence=(keep.keep(f"stopping-{workload.name}.json", _told(stopping)),))


def _stop(there: Served, timeout_s: int) -> float:
    """Have the engine stop it, as ECS's agent has: the image's stop signal, the time, SIGKILL. Returns when it was over."""
    there.container.stop(timeout=timeout_s)
    return time.monotonic()


def _signal(engine: Engine, image_id: str) -> str:
    image = engine.client.images.get(image_id)
    return str((image.attrs.get("Config") or {}).get("StopSignal") or "SIGTERM")


def _not_served(workload: Workload, every: set[str], load: LoadResults) -> PrerequisiteMissing:
    lacking = sorted(every - {each.stream for each in load.requests if not each.failure})
    failed = [each for each in load.failed if each.stream in lacking]
    words = f"{failed[-1].stream}: {failed[-1].failure} {failed[-1].status or ''}".strip() if failed else "no answer"
    return PrerequisiteMissing(
        f"workload {workload.name}",
        got=f"{', '.join(lacking)}: none succeeds before it is stopped; last failure: {words}",
        expected="requests that succeed, so that those in flight can be told",
        action="Look at its [[service.traffic]] and at its log.",
    )


def _told(stopping: Stopping) -> str:
    """Return all but the single requests, of which those in flight are told."""
    told = {
        **asdict(replace(stopping, evidence=(), load=replace(stopping.load, requests=()))),
        "substrate": stopping.substrate.name,
        "sent": len(stopping.load.requests),
        "in_flight": [asdict(each) for each in stopping.in_flight],
    }
    return json.dumps(told, indent=1, sort_keys=True, default=str)
