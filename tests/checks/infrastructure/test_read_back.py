"""Rules on what stands after an apply: green for what was planned, red for less, more and other, and never green on nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from exitgate.assurance import Assurance
from exitgate.checks.infrastructure import (
    changed_balancers,
    changed_brokers,
    changed_caches,
    changed_clusters,
    changed_databases,
    changed_definitions,
    changed_execution_roles,
    changed_listeners,
    changed_task_roles,
    foreign_roles,
)
from exitgate.errors import PrerequisiteMissing
from exitgate.finding import Finding
from exitgate.observation import Substrate
from exitgate.observe.applied import Compared, PlannedTask, ReadBack, ReadResource
from exitgate.target import Workload

ORDERS = Workload(
    name="orders", path="apps/orders", dockerfile="Dockerfile", port=3000, task_definition="deploy/orders.json"
)
STORES = {"orders": ("DATABASE_URL",)}
ROLE = "arn:aws:iam::111111111111:role/"
Rule = Callable[[ReadBack], list[Finding]]


def there(kind: str, name: str, *attributes: str, **of: str) -> ReadResource:
    compared = tuple(Compared(attribute=each, kept=True) for each in attributes)
    return ReadResource(type=kind, name=name, address=f"{kind}.{name}", stands=True, compared=compared, of=of)


CLEAN = ReadBack(
    substrate=Substrate(assurance=Assurance.EMULATED, name="an emulator"),
    stack="staging",
    places={"aws_lb_listener.https": "infra/lb.tf:9"},
    root="infra",
    resources=(
        there("aws_ecs_cluster", "shop", "setting"),
        there("aws_ecs_service", "orders", "desired_count", task_definition="t:1", planned="t:1"),
        there("aws_ecs_task_definition", "t:1", "container_definitions", task=f"{ROLE}orders-task"),
        there("aws_lb", "shop", "subnets"),
        there("aws_lb_listener", "https", "certificate_arn", "ssl_policy", "default_action"),
        there("aws_db_instance", "shop-orders", "storage_encrypted"),
        there("aws_elasticache_replication_group", "cache", "auth_token"),
        there("aws_mq_broker", "broker", "publicly_accessible"),
        there("aws_iam_role", "orders-task", "assume_role_policy", role="orders-task"),
        there("aws_iam_role", "orders-execution", "assume_role_policy", role="orders-execution"),
        there("aws_iam_role_policy", "orders-execution start", "policy", role="orders-execution"),
    ),
    tasks=(
        PlannedTask(
            arn="t:1",
            containers=("orders",),
            execution_role=f"{ROLE}orders-execution",
            task_role=f"{ROLE}orders-task",
        ),
    ),
)
RULES: dict[str, Rule] = {
    "cluster": changed_clusters,
    "balancer": changed_balancers,
    "listener": changed_listeners,
    "database": lambda read: changed_databases(read, ORDERS, STORES),
    "cache": changed_caches,
    "broker": changed_brokers,
    "execution role": lambda read: changed_execution_roles(read, ORDERS),
    "task role": lambda read: changed_task_roles(read, ORDERS),
    "definition": changed_definitions,
}
OWN = {
    "cluster": "aws_ecs_service",
    "balancer": "aws_lb",
    "listener": "aws_lb_listener",
    "database": "aws_db_instance",
    "cache": "aws_elasticache_replication_group",
    "broker": "aws_mq_broker",
    "execution role": "aws_iam_role_policy",
    "task role": "aws_iam_role",
    "definition": "aws_ecs_task_definition",
}


def edited(kind: str, **changes: object) -> ReadBack:
    """Return the clean account with the first resource of a type changed."""
    index = next(index for index, each in enumerate(CLEAN.resources) if each.type == kind)
    resources = list(CLEAN.resources)
    resources[index] = replace(resources[index], **changes)  # type: ignore[arg-type]
    return replace(CLEAN, resources=tuple(resources))


def other(attribute: str) -> Compared:
    return Compared(attribute=attribute, kept=False, planned="this", read="that")


@pytest.mark.parametrize("rule", [*RULES.values(), lambda read: foreign_roles(read, ORDERS)])
def test_what_stands_as_planned_has_no_finding(rule: Rule) -> None:
    assert rule(CLEAN) == []


@pytest.mark.parametrize("rule", [*RULES.values(), lambda read: foreign_roles(read, ORDERS)])
def test_where_nothing_is_planned_nothing_is_assessed(rule: Rule) -> None:
    with pytest.raises(PrerequisiteMissing):
        rule(replace(CLEAN, resources=(), tasks=()))


@pytest.mark.parametrize("name", RULES)
def test_another_value_is_told_by_its_attribute(name: str) -> None:
    (finding,) = RULES[name](edited(OWN[name], compared=(other("an_attribute"),)))
    assert finding.message.endswith(".an_attribute does not stand as planned")
    assert (finding.expected, finding.got) == ("this", "that")


@pytest.mark.parametrize("name", RULES)
def test_what_is_planned_and_absent_is_told(name: str) -> None:
    (finding,) = RULES[name](edited(OWN[name], stands=False, compared=()))
    assert "is planned, and the account has none" in finding.message


@pytest.mark.parametrize("name", RULES)
def test_one_more_than_planned_is_told(name: str) -> None:
    role = {"execution role": "orders-execution", "task role": "orders-task"}.get(name, "")
    stray = ReadResource(type=OWN[name], name="spare", address="", stands=True, of={"role": role})
    (finding,) = RULES[name](replace(CLEAN, resources=(*CLEAN.resources, stray)))
    assert finding.message == f"there is one more than planned: {OWN[name]} spare"
    assert finding.location == "infra"


@pytest.mark.parametrize("name", sorted(OWN.keys() - {"foreign_roles"}))
def test_of_what_not_one_attribute_could_be_compared_nothing_is_assessed(name: str) -> None:
    with pytest.raises(PrerequisiteMissing, match="no attribute of"):
        RULES[name](edited(OWN[name], compared=()))


def test_a_finding_has_the_place_of_its_block() -> None:
    (finding,) = changed_listeners(edited("aws_lb_listener", compared=(other("ssl_policy"),)))
    # The first listener of the clean account has this address.
    assert finding.location == "infra/lb.tf:9"


@pytest.mark.parametrize("attribute", ["certificate_arn", "ssl_policy"])
def test_certificates_and_policies_are_the_listeners_rule_alone(attribute: str) -> None:
    read = edited("aws_lb_listener", compared=(other(attribute),))
    assert len(changed_listeners(read)) == 1
    assert changed_balancers(read) == []


def test_another_services_role_and_database_are_not_this_ones() -> None:
    strays = (
        ReadResource(type="aws_iam_role_policy", name="x", address="", stands=True, of={"role": "web-task"}),
        ReadResource(type="aws_db_instance", name="shop-catalog", address="", stands=True),
    )
    read = replace(CLEAN, resources=(*CLEAN.resources, *strays))
    assert changed_task_roles(read, ORDERS) == []
    assert changed_databases(read, ORDERS, {**STORES, "catalog": ("DATABASE_URL",)}) == []


def test_a_service_that_stores_nothing_has_no_database() -> None:
    assert changed_databases(replace(CLEAN, resources=()), ORDERS, {}) == []
    stray = ReadResource(type="aws_db_instance", name="orders", address="", stands=True)
    assert len(changed_databases(replace(CLEAN, resources=(stray,)), ORDERS, {})) == 1


@pytest.mark.parametrize("runs", ["t:2", ""])
def test_a_service_that_runs_another_definition_has_another_role(runs: str) -> None:
    (finding,) = foreign_roles(edited("aws_ecs_service", of={"task_definition": runs, "planned": "t:1"}), ORDERS)
    assert "runs a task definition with another task role than the planned one" in finding.message
    assert (finding.expected, finding.got.startswith("none")) == (f"{ROLE}orders-task", True)


def test_a_workload_that_no_planned_definition_runs_is_not_assessed() -> None:
    with pytest.raises(PrerequisiteMissing, match="0 planned task definitions with the container orders"):
        changed_task_roles(replace(CLEAN, tasks=()), ORDERS)
