"""Which planned servers the sample did not come to: its own and nobody's, and not those that the policy gives to others."""

from __future__ import annotations

import json
from pathlib import Path

from exitgate.checks.infrastructure import planned_sample
from exitgate.observe.sample_work import untried_servers
from exitgate.observe.terraform import Resource
from exitgate.policy.network import Flow
from exitgate.target import load_target
from tests.checks.infrastructure.shop import FLOWS, changed, made

CATALOG = load_target(Path(__file__).parents[2] / "reference").workload("catalog")
DATABASE = "aws_db_instance.catalog"
CACHE = "aws_elasticache_replication_group.cache"
BROKER = "aws_mq_broker.broker"


def untried(*tried: str, more: tuple[Resource, ...] = ()) -> tuple[str, ...]:
    containers = json.dumps([{"name": "catalog", "image": "registry.example/catalog:1"}])
    task = {"family": "catalog", "container_definitions": containers}
    planned = planned_sample(
        changed(*more, **{"aws_ecs_task_definition.catalog": task}), CATALOG, (CATALOG,), "staging"
    )
    flows = [Flow(source=source, destination=end, ports=(port,), why="traffic") for source, end, port in FLOWS]
    return untried_servers(planned, flows, "catalog", tried)


def test_where_each_of_its_own_was_tried_those_of_others_are_no_matter() -> None:
    assert untried(DATABASE, CACHE, BROKER) == ()


def test_a_server_that_the_policy_has_it_reach_and_that_was_not_tried_is_named() -> None:
    assert untried(DATABASE, BROKER) == (f"{CACHE}: what catalog does with it, which was not tried",)


def test_a_server_that_the_policy_gives_to_nobody_is_named() -> None:
    reports = made("aws_db_instance.reports", engine="postgres")
    (told,) = untried(DATABASE, CACHE, BROKER, more=(reports,))
    assert told.startswith("aws_db_instance.reports: ")
