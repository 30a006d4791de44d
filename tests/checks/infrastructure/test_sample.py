"""3.3.C.1 on starts that are made up: clean, failed in one stack or both, empty, and definitions that are not there."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from exitgate.assurance import Assurance
from exitgate.checks.infrastructure import failed_starts, planned_definitions
from exitgate.errors import PrerequisiteMissing
from exitgate.observation import Substrate
from exitgate.observe.sample_start import PlannedStart, SampleStart
from exitgate.observe.terraform import Infrastructure
from exitgate.target import load_target

from .shop import changed, planned

ORDERS = load_target(Path(__file__).parents[3] / "reference").workload("orders")
WELL = PlannedStart(name="staging", location="infra/main.tf:7", port=3000, failure="")


def seen(*stacks: PlannedStart) -> SampleStart:
    return SampleStart(
        substrate=Substrate(assurance=Assurance.EXECUTED, name="container"),
        workload="orders",
        path="/healthz",
        stacks=stacks,
    )


def test_a_service_that_starts_by_each_definition_is_well() -> None:
    assert failed_starts(seen(WELL, replace(WELL, name="production"))) == []


def test_a_start_that_fails_in_one_stack_is_a_finding_with_the_reason() -> None:
    (finding,) = failed_starts(seen(WELL, replace(WELL, name="production", failure="it ended at once")))
    assert finding.message == "orders does not start by its planned task definition, in production"
    assert (finding.location, finding.got) == ("infra/main.tf:7", "it ended at once")


def test_the_same_failure_in_both_stacks_is_told_once() -> None:
    bad = replace(WELL, failure="it maps no port", port=None)
    (finding,) = failed_starts(seen(bad, replace(bad, name="production")))
    assert finding.message.endswith("in staging and production")


@pytest.mark.parametrize("sample", [seen(), replace(seen(WELL), left_out=("production",))], ids=["empty", "left out"])
def test_what_was_not_started_is_not_assessed(sample: SampleStart) -> None:
    with pytest.raises(PrerequisiteMissing):
        failed_starts(sample)


def test_the_definition_is_the_planned_one() -> None:
    containers = json.dumps([{"name": "orders", "image": "registry.example/orders:1"}])
    values = {"family": "orders", "memory": "512", "container_definitions": containers}
    plan = changed(**{"aws_ecs_task_definition.orders": values})
    ((stack, definition, memory_mib),) = planned_definitions(plan, ORDERS)
    assert (stack, definition.container, memory_mib) == ("staging", "orders", 512)


@pytest.mark.parametrize("plan", [planned({}), changed(without=("aws_ecs_service.orders",))])
def test_where_no_service_is_planned_nothing_is_started(plan: Infrastructure) -> None:
    with pytest.raises(PrerequisiteMissing, match=r"blocked by 3\.3\.B\.1\.1: stack staging: no ECS service of orders"):
        planned_definitions(plan, ORDERS)
