"""A workload's planned task definition, as the criteria of containers and deployments take the file of one.

What Terraform plans is what ECS gets: settings that a template, a variable or a module changes on the way are seen as they will be.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import Final

from exitgate.assurance import Assurance
from exitgate.errors import PrerequisiteMissing
from exitgate.observation import Substrate
from exitgate.observe.ecs import task_definition_in
from exitgate.observe.task_definition import TaskDefinition
from exitgate.observe.terraform.resources import Resource, Sensitive, Stack, Unknown, parsed

_KEYS: Final = {
    "family": "family",
    "network_mode": "networkMode",
    "pid_mode": "pidMode",
    "ipc_mode": "ipcMode",
    "requires_compatibilities": "requiresCompatibilities",
}
"""What the provider calls what ECS calls."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedTaskDefinition(TaskDefinition):
    """A task definition of a plan. Its places are those of the code that it comes from, as its own text stands nowhere."""

    place: str
    """``path:line`` of its ``container_definitions``."""

    def locate(self, *keys: str) -> str:  # noqa: ARG002
        """Return the place of its code, whatever the key: a plan does not say which line made which key."""
        return self.place


def planned_task_definition(stack: Stack, task: Resource, container: str) -> PlannedTaskDefinition:
    """Read a container's settings from a planned ``aws_ecs_task_definition``.

    Raises:
        PrerequisiteMissing: if what is asked for is not known before an apply.
        ObservationError: if ECS would not accept it, or it has no such container.
    """
    containers = parsed(task.get("container_definitions"))
    if not isinstance(containers, list):
        raise _not_known(stack, task, "container_definitions")
    document: dict[str, object] = {"containerDefinitions": containers, "volumes": _volumes(stack, task)}
    for attribute, key in _KEYS.items():
        value = task.get(attribute)
        if isinstance(value, Unknown | Sensitive):
            raise _not_known(stack, task, attribute)
        if value not in (None, "", ()):
            document[key] = list(value) if isinstance(value, tuple) else value
    name = f"{task.address} of stack {stack.name}"
    read = task_definition_in(json.dumps(document, indent=1), name, container)
    place = task.locate("container_definitions")
    fields = {each: getattr(read, each) for each in TaskDefinition.__dataclass_fields__}
    return PlannedTaskDefinition(
        **{
            **fields,
            "substrate": Substrate(assurance=Assurance.DECLARED, name=f"plan of {name}"),
            "path": task.path,
            "host_shares": tuple(replace(each, location=place) for each in read.host_shares),
            "neighbours": tuple(replace(each, location=place) for each in read.neighbours),
            "mount_locations": tuple((path, place) for path, _ in read.mount_locations),
        },
        place=place,
    )


def _volumes(stack: Stack, task: Resource) -> list[dict[str, object]]:
    blocks = task.blocks("volume")
    if blocks is None:
        raise _not_known(stack, task, "volume")
    volumes: list[dict[str, object]] = []
    for block in blocks:
        name, host = block.get("name"), block.get("host_path")
        if isinstance(name, Unknown | Sensitive) or isinstance(host, Unknown | Sensitive):
            raise _not_known(stack, task, "volume")
        volumes.append({"name": name, **({"host": {"sourcePath": host}} if host else {})})
    return volumes


def _not_known(stack: Stack, task: Resource, attribute: str) -> PrerequisiteMissing:
    return PrerequisiteMissing(
        f"{task.address}: {attribute}",
        got=f"not known before an apply, in {stack.name}",
        expected="a task definition that the plan shows",
        action="Write it in a way that a plan can show.",
    )
