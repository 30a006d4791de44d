"""A planned task definition gives the settings that the same text gives as a file, with the places of its code."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from exitgate.errors import ObservationError, PrerequisiteMissing
from exitgate.observe.ecs import read_task_definition
from exitgate.observe.terraform import UNKNOWN, Resource, Sensitive, Stack, Value, planned_task_definition

FILE = Path(__file__).parents[3] / "reference" / "deploy" / "orders.task-definition.json"
STACK = Stack(name="staging", resources=(), named=True)


def planned(**values: Value) -> Resource:
    read = json.loads(FILE.read_text(encoding="utf-8"))
    containers = read["containerDefinitions"]
    containers[0]["mountPoints"] = [{"sourceVolume": "all", "containerPath": "/host"}]
    given: dict[str, Value] = {
        "family": read["family"],
        "network_mode": read["networkMode"],
        "requires_compatibilities": tuple(read["requiresCompatibilities"]),
        "container_definitions": json.dumps([*containers, {"name": "beside", "image": "x", "privileged": True}]),
        "volume": ({"name": "all", "host_path": "/"},),
    }
    return Resource(
        address="aws_ecs_task_definition.orders",
        type="aws_ecs_task_definition",
        values={**given, **values},
        path="infra/main.tf",
        line=3,
        lines=(("container_definitions", 7),),
    )


def test_settings_are_those_of_the_file() -> None:
    task = planned_task_definition(STACK, planned(), "orders")
    file = read_task_definition(FILE.parent, FILE.name, "orders")
    assert (task.image, task.secret_variables) == (file.image, file.secret_variables)
    assert (task.settings.user, task.settings.environment) == (file.settings.user, file.settings.environment)
    assert (task.settings.health_check, task.settings.read_only_root) == (
        *(file.settings.health_check, file.settings.read_only_root),
    )
    assert task.substrate.name == "plan of aws_ecs_task_definition.orders of stack staging"


def test_places_are_those_of_the_code() -> None:
    task = planned_task_definition(STACK, planned(), "orders")
    shares, beside = {each.location for each in task.host_shares}, {each.location for each in task.neighbours}
    assert shares | beside | {task.locate("user")} | {place for _, place in task.mount_locations} == {"infra/main.tf:7"}
    assert [each.got for each in task.host_shares] == ["/"]
    assert [(each.name, each.privileged) for each in task.neighbours] == [("beside", True)]


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("container_definitions", UNKNOWN),
        ("container_definitions", Sensitive(known=True)),
        ("pid_mode", UNKNOWN),
        ("volume", UNKNOWN),
        ("volume", ({"name": "all", "host_path": UNKNOWN},)),
    ],
)
def test_what_is_not_known_is_not_assessed(key: str, value: Value) -> None:
    with pytest.raises(PrerequisiteMissing, match=rf"aws_ecs_task_definition.orders: {key}: not known"):
        planned_task_definition(STACK, planned(**{key: value}), "orders")


def test_a_container_that_is_not_there_is_an_error() -> None:
    with pytest.raises(ObservationError, match=r"aws_ecs_task_definition.orders of stack staging: containers orders"):
        planned_task_definition(STACK, planned(), "web")
