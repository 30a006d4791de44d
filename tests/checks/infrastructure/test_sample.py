"""3.3.C.1 on starts and work that are made up: clean, failed, empty, and definitions that are not there."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from exitgate.assurance import Assurance
from exitgate.checks.infrastructure import (
    failed_starts,
    idle_dependencies,
    planned_definitions,
    planned_sample,
    unanswered_requests,
)
from exitgate.errors import PrerequisiteMissing
from exitgate.finding import Finding
from exitgate.observation import Substrate
from exitgate.observe.planned_front import PlannedFront
from exitgate.observe.sample_start import PlannedStart, SampleStart
from exitgate.observe.sample_trials import Answer, Dependency
from exitgate.observe.sample_work import SampleWork, WorkedStack
from exitgate.observe.terraform import Infrastructure
from exitgate.provision.balancer import Rule
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


FRONT = PlannedFront(
    listener="aws_lb_listener.https",
    location="infra/balancer.tf:3",
    balancer="aws_lb.this",
    port=443,
    domain="shop.example",
    oldest="TLSv1_2",
    newest="TLSv1_3",
    rules=(Rule(address="catalog", paths=("/api/products",)), Rule(address="default", answers=503)),
    places={"catalog": "infra/routing.tf:9", "default": "infra/balancer.tf:3"},
    group="aws_lb_target_group.catalog",
    group_location="infra/routing.tf:1",
    by_tls=False,
    health_path="/healthz",
    success_codes=(200,),
)
SERVED = Answer(
    traffic="list",
    path="/api/products",
    status=200,
    failure="",
    is_served=True,
    by_task=True,
    rule="catalog",
    tls="TLSv1.3",
)
USED = Dependency(
    server="redis", kind="redis", works=True, works_without=False, works_again=True, words="1 entries kept"
)
AT_WORK = WorkedStack(
    name="staging", location="infra/main.tf:7", front=FRONT, health="healthy", answers=(SERVED,), dependencies=(USED,)
)
RULES = (unanswered_requests, idle_dependencies)


def at_work(*stacks: WorkedStack) -> SampleWork:
    return SampleWork(
        substrate=Substrate(assurance=Assurance.EXECUTED, name="container"), workload="catalog", stacks=stacks
    )


@pytest.mark.parametrize("rule", RULES)
def test_a_service_at_work_is_well(rule: Callable[[SampleWork], list[Finding]]) -> None:
    assert rule(at_work(AT_WORK)) == []


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("work", [at_work(), at_work(replace(AT_WORK, unknown=("cache: where it stands",)))])
def test_work_that_was_not_tried_is_not_assessed(work: SampleWork, rule: Callable[[SampleWork], list[Finding]]) -> None:
    with pytest.raises(PrerequisiteMissing):
        rule(work)


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("front", [None, FRONT])
def test_a_service_that_does_not_come_to_work_is_a_finding(
    front: PlannedFront | None, rule: Callable[[SampleWork], list[Finding]]
) -> None:
    (finding,) = rule(at_work(replace(AT_WORK, front=front, failure="it ended at once")))
    assert finding.message == "catalog does not come to work on its planned network, in staging"
    assert (finding.location, finding.got) == ("infra/main.tf:7", "it ended at once")


@pytest.mark.parametrize(
    ("changes", "location", "got"),
    [
        (
            {"status": 503, "by_task": False, "rule": "default"},
            "infra/balancer.tf:3",
            "503 of the balancer, by default",
        ),
        ({"status": 502, "by_task": False}, "infra/routing.tf:1", "status 502 of the balancer, by catalog"),
        ({"status": 500}, "infra/routing.tf:1", "status 500 of the service"),
        ({"status": 0, "failure": "OSError", "rule": ""}, "infra/balancer.tf:3", "OSError"),
    ],
    ids=["rule", "target", "service", "nobody"],
)
def test_a_request_that_is_not_served_is_a_finding_where_it_was_decided(
    changes: dict[str, object], location: str, got: str
) -> None:
    answer = replace(SERVED, is_served=False, **changes)  # type: ignore[arg-type]
    (finding,) = unanswered_requests(at_work(replace(AT_WORK, answers=(answer,))))
    assert finding.message == "catalog is not reached by TLS for list requests, /api/products, in staging"
    assert finding.location == location
    assert got in finding.got


def test_a_failed_health_check_is_a_finding_at_the_target_group() -> None:
    (finding,) = unanswered_requests(at_work(replace(AT_WORK, health="unhealthy")))
    assert finding.message.startswith("catalog does not pass the health check of its planned target group")
    assert finding.location == "infra/routing.tf:1"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"works": False}, "catalog does none of its work that takes redis"),
        ({"works_without": True}, "catalog works as well without redis"),
        ({"works_again": False}, "catalog does not come back to redis"),
        ({"works": False, "server": "cache"}, "catalog does none of its work that takes redis cache"),
    ],
)
def test_a_server_without_use_is_a_finding(changes: dict[str, object], words: str) -> None:
    found = replace(USED, **changes)  # type: ignore[arg-type]
    (finding,) = idle_dependencies(at_work(replace(AT_WORK, dependencies=(found,))))
    assert (finding.message, finding.got) == (f"{words}, in staging", "1 entries kept")


def test_what_no_request_tells_of_is_not_assessed() -> None:
    with pytest.raises(PrerequisiteMissing, match="tells what it serves"):
        unanswered_requests(at_work(replace(AT_WORK, answers=())))


@pytest.mark.parametrize("rule", RULES)
def test_behind_a_front_that_is_not_all_modelled_nothing_is_held_against_it(
    rule: Callable[[SampleWork], list[Finding]],
) -> None:
    front = replace(FRONT, unknown=("catalog: its condition on source_ip",))
    missed = replace(SERVED, is_served=False, by_task=False, status=503, rule="default")
    unused = replace(USED, works=False)
    work = at_work(replace(AT_WORK, front=front, answers=(missed,), dependencies=(unused,), unknown=front.unknown))
    with pytest.raises(PrerequisiteMissing, match="catalog: its condition on source_ip"):
        rule(work)


def test_health_checks_that_are_not_tried_say_nothing_of_requests() -> None:
    told = "aws_lb_target_group.catalog: health checks by another protocol than requests"
    stack = replace(AT_WORK, front=replace(FRONT, unchecked=(told,)), health="", unknown=(told,))
    with pytest.raises(PrerequisiteMissing, match="another protocol"):
        unanswered_requests(at_work(stack))
    missed = replace(SERVED, is_served=False, by_task=False, status=502)
    (finding,) = unanswered_requests(at_work(replace(stack, answers=(missed,))))
    assert finding.message.startswith("catalog is not reached by TLS")


def test_a_service_without_a_server_that_was_tried_is_not_assessed() -> None:
    with pytest.raises(PrerequisiteMissing, match="catalog: no server that it leans on was tried"):
        idle_dependencies(at_work(replace(AT_WORK, dependencies=())))


def test_a_planned_server_that_was_not_tried_is_not_assessed_and_says_nothing_of_answers() -> None:
    work = at_work(replace(AT_WORK, untried=("aws_db_instance.reports: what catalog does with it",)))
    with pytest.raises(PrerequisiteMissing, match=r"aws_db_instance\.reports: what catalog does with it"):
        idle_dependencies(work)
    assert unanswered_requests(work) == []


def test_the_sample_is_planned_by_a_stack_that_was_planned() -> None:
    containers = json.dumps([{"name": "orders", "image": "registry.example/orders:1"}])
    plan = changed(**{"aws_ecs_task_definition.orders": {"family": "orders", "container_definitions": containers}})
    found = planned_sample(plan, ORDERS, (ORDERS,), "staging")
    assert (found.stack, found.definition.container, found.front) == ("staging", "orders", None)
    with pytest.raises(PrerequisiteMissing, match="stack production: not planned"):
        planned_sample(plan, ORDERS, (ORDERS,), "production")
