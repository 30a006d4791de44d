"""A rolling update for a person: two images, some settings, and no target; the same engine as in the gate's own scenarios."""

from __future__ import annotations

import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from exitgate.assurance import Assurance
from exitgate.checks.deployments.rolling import failed_requests, strange_versions, unfinished_rollouts
from exitgate.checks.deployments.tasks import flooded_logs, killed_tasks
from exitgate.errors import PrerequisiteMissing, UsageError
from exitgate.evidence_folder import EvidenceFolder
from exitgate.finding import Finding
from exitgate.observation import Substrate
from exitgate.observe.rollout.facts import Defect, Disturbance, Rollout, Sight, Version
from exitgate.observe.rollout.given import GivenSettings
from exitgate.observe.rollout.rehearsed import rehearsed
from exitgate.observe.rollout.scenario import ScenarioOrder, read_rollout
from exitgate.own_run import own_run
from exitgate.provision.backing import Surroundings
from exitgate.provision.engine import Engine
from exitgate.rollout.settings import RolloutSettings
from exitgate.settings import ContainerSettings
from exitgate.target import Traffic, Workload

OLD, NEW = "from", "to"
_FAILING_SHARE, _DELAY_S = 0.2, 2.0
_CALM_S = 5.0
"""Latency above which nothing would be learnt; below, it is the person's own business how busy this machine is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HandOrder:
    """What somebody asks for."""

    old: str
    """An image of the engine's: a name, or an id."""
    new: str
    settings: GivenSettings
    environment: Mapping[str, str]
    network: str = ""
    """Of the engine's; one of the run's own where not given."""
    listen: int = 0
    """The balancer's port of 127.0.0.1; a free one where it is 0."""
    compression: float = 1.0
    """By how much waits of ECS and of the balancer are shortened."""
    limit_s: float = 300.0
    """Seconds for the deployment, a rollback included."""
    defect: Defect = Defect.NONE
    """What is made wrong with the new version from outside, to see what becomes of it."""
    disturbance: Disturbance | None = None
    """What happens to its first healthy task."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HandResult:
    """What became of it."""

    rollout: Rollout
    told: bytes
    """All but the single requests, in JSON."""
    findings: tuple[Finding, ...]
    """Nothing where it completed, and nobody noticed."""
    not_assessed: str
    """Why nothing is said of failed requests, where this machine was too busy; empty else."""


def roll_by_hand(order: HandOrder, watch: Callable[[Sight], None]) -> HandResult:
    """Deploy the old image, send load, deploy the new one, and judge what was seen; leave nothing behind.

    Raises:
        UsageError: if an image or network is not there, the port is in use, or the old version never serves.
        PrerequisiteMissing: if there is no engine or balancer, or failures say more of this machine than of the service.
        ProvisionError: if something refuses, or is left behind.
    """
    _refuse_port_in_use(order.listen)
    with own_run("rollout") as (engine, run):
        old, new = (_image(engine, option, name) for option, name in (("--from", order.old), ("--to", order.new)))
        network = _network(engine, order.network)
        keep = EvidenceFolder(run.scratch_path)
        try:
            rollout = read_rollout(
                engine,
                run,
                _workload(order),
                ContainerSettings(stop_timeout_s=order.settings.stop_timeout_s),
                _settings(order),
                ScenarioOrder(
                    name="by-hand",
                    initial=Version(name=OLD, image_id=old),
                    deployments=(Version(name=NEW, image_id=new, defect=order.defect),),
                    step_limit_s=order.limit_s,
                    alarms=order.settings.alarm_limits(order.compression),
                    failing_share=_FAILING_SHARE,
                    delay_s=_DELAY_S,
                    calm_latency_s=_CALM_S,
                    disturbance=order.disturbance,
                ),
                Substrate(
                    assurance=Assurance.EXECUTED,
                    name=f"rolling update by ECS's rules on Docker engine {engine.version}",
                ),
                around=Surroundings(network=network),
                keep=keep,
                location=f"--to {order.new}",
                watch=watch,
                listen=order.listen,
            )
        except PrerequisiteMissing as error:
            if not error.blocked_by:
                raise
            raise UsageError(
                f"--from {order.old}",
                got=error.got,
                expected=f"tasks that answer {order.settings.health_path} on port {order.settings.port} with "
                f"{order.settings.matcher}",
                action="Correct port, health_path or grace_period_s, or give it what it needs: --env, --env-file, --network.",
            ) from error
        told = (run.scratch_path / rollout.evidence[0].path).read_bytes()
    return _judged(rollout, told)


def _judged(rollout: Rollout, told: bytes) -> HandResult:
    """Judge what was seen; what this machine may have done itself is nobody's finding."""
    findings: list[Finding] = []
    why = ""
    rules: tuple[Callable[[Rollout], list[Finding]], ...] = (
        unfinished_rollouts,
        lambda seen: [] if findings else strange_versions(seen),
        lambda seen: failed_requests(seen, frozenset()),
        killed_tasks,
        flooded_logs,
    )
    for rule in rules:
        try:
            findings += rule(rollout)
        except PrerequisiteMissing as error:
            why = why or str(error)
    return HandResult(rollout=rollout, told=told, findings=tuple(findings), not_assessed=why)


def _settings(order: HandOrder) -> RolloutSettings:
    settings = order.settings.rollout
    return rehearsed(settings, order.compression) if order.compression > 1 else settings


def _workload(order: HandOrder) -> Workload:
    """Return the service as a target would describe it; its files are never looked at."""
    path = order.settings.health_path
    return Workload(
        name="service",
        path=".",
        dockerfile="Dockerfile",
        task_definition="task-definition.json",
        port=order.settings.port,
        health_path=path,
        environment=dict(order.environment),
        traffic=order.settings.traffic or (Traffic(name="health", path=path),),
    )


def _image(engine: Engine, option: str, name: str) -> str:
    from docker.errors import APIError, NotFound

    try:
        return str(engine.client.images.get(name).id)
    except (NotFound, APIError, ValueError) as error:
        raise UsageError(
            f"{option} {name}",
            got="no such image on this engine",
            expected="the name or id of one that is there",
            action="Build or pull it first: `docker images` shows what is there.",
        ) from error


def _network(engine: Engine, name: str) -> str | None:
    from docker.errors import APIError, NotFound

    try:
        return str(engine.client.networks.get(name).name) if name else None
    except (NotFound, APIError) as error:
        raise UsageError(
            f"--network {name}",
            got="no such network on this engine",
            expected="one that the service's tasks may join",
            action="`docker network ls` shows them.",
        ) from error


def _refuse_port_in_use(port: int) -> None:
    with socket.socket() as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind(("127.0.0.1", port))
        except OSError as error:
            raise UsageError(
                f"--listen {port}",
                got=f"can't be used ({error.strerror})",
                expected="a port of 127.0.0.1 that is free",
                action="Name another, or leave --listen out.",
            ) from error
