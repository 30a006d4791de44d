"""The sample service as its planned task definition starts it, stack by stack: a real container, asked on its health path."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from exitgate.errors import PrerequisiteMissing
from exitgate.evidence_folder import EvidenceFolder
from exitgate.observation import Observation, Substrate
from exitgate.observe.serving import served
from exitgate.observe.terraform.planned_tasks import PlannedTaskDefinition
from exitgate.provision.backing import Surroundings
from exitgate.provision.engine import Engine
from exitgate.run import Run
from exitgate.settings import ContainerSettings
from exitgate.target import Workload

LIMITS: Final = (
    "the image is the one built of the judged commit: what the definition names can't be pulled before a release",
    "secrets have the values of throwaway servers, under the definition's names; they are reached without TLS",
    "the share of a processor and ulimits are not set",
)
_MIB: Final = 1024**2


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedStart:
    """A start by one stack's definition."""

    name: str
    """The stack's."""
    location: str
    """Where the definition's containers stand."""
    port: int | None
    """The port that the definition maps; nothing where it maps none."""
    failure: str
    """Why there was no success on the health path; empty where there was."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleStart(Observation):
    """The sample service, started by each stack's planned definition."""

    workload: str
    path: str
    """Its health path."""
    stacks: tuple[PlannedStart, ...]
    left_out: tuple[str, ...] = ()
    """Stacks that were not planned, as the command line names others."""


def read_sample_start(
    engine: Engine,
    run: Run,
    workload: Workload,
    image_id: str,
    definitions: Sequence[tuple[str, PlannedTaskDefinition, int | None]],
    substrate: Substrate,
    *,
    around: Surroundings,
    left_out: tuple[str, ...],
    keep: EvidenceFolder,
) -> SampleStart:
    """Start the service by each definition, and ask its health path until it answers with a success.

    Args:
        definitions: Stack, the service's container in its planned definition, and the memory of the whole task in MiB.
        around: What the service leans on; of it the container gets what the definition has a secret or a variable for.

    Raises:
        ProvisionError: if the engine refuses to make the container.
    """
    starts, told = [], []
    for stack, definition, task_memory_mib in definitions:
        container = container_of(definition)
        port = port_of(container)
        start = PlannedStart(name=stack, location=definition.place, port=port, failure="it maps no port")
        if port is not None:
            failure = _started(
                engine, run, workload, image_id, settings_of(definition, task_memory_mib), port, container, around
            )
            start = replace(start, failure=failure)
        starts.append(start)
        told.append(
            {"stack": stack, "port": port, "failure": start.failure, "variables": sorted(given(container, around))}
        )
    evidence = keep.keep(f"sample-start-{workload.name}.json", json.dumps(told, indent=1))
    return SampleStart(
        substrate=replace(
            substrate,
            limits=(*substrate.limits, *LIMITS),
            substitutes=(*substrate.substitutes, *around.substitutes),
            tools=(*substrate.tools, *around.tools),
        ),
        evidence=(evidence,),
        workload=workload.name,
        path=workload.health_path,
        stacks=tuple(starts),
        left_out=left_out,
    )


def _started(
    engine: Engine,
    run: Run,
    workload: Workload,
    image_id: str,
    settings: ContainerSettings,
    port: int,
    container: Mapping[str, Any],
    around: Surroundings,
) -> str:
    # What exitgate.toml sets on top is for other runs: here the definition has to be enough.
    asked = workload.model_copy(update={"port": port, "environment": {}})
    try:
        with served(
            engine,
            run,
            asked,
            image_id,
            settings,
            environment=given(container, around),
            network=around.network,
        ) as there:
            there.await_answer()
    except PrerequisiteMissing as error:
        return error.got
    return ""


def given(container: Mapping[str, Any], around: Surroundings) -> dict[str, str]:
    """Return the variables of backing servers that the definition has a place for: a secret that it forgot nobody gets."""
    names = {str(each.get("name")) for key in ("secrets", "environment") for each in container.get(key) or ()}
    return {name: value for name, value in around.environment.items() if name in names}


def container_of(definition: PlannedTaskDefinition) -> Mapping[str, Any]:
    """Return the container in a planned definition, as ECS would be told it."""
    containers = json.loads(definition.source)["containerDefinitions"]
    found: Mapping[str, Any] = containers[definition.position]
    return found


def port_of(container: Mapping[str, Any]) -> int | None:
    """Return the port that a container maps; nothing where it maps none."""
    return next((int(each["containerPort"]) for each in container.get("portMappings") or ()), None)


def settings_of(definition: PlannedTaskDefinition, task_memory_mib: int | None) -> ContainerSettings:
    """Return what a definition sets, within the memory of its whole task."""
    bounds = [each for each in (definition.settings.memory_bytes, (task_memory_mib or 0) * _MIB) if each]
    return replace(definition.settings, memory_bytes=min(bounds, default=None))
