"""Rules on planned infrastructure: one clean, one faulty, one empty plan each; and an unknown is never a pass."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace

import pytest

from exitgate.assurance import Assurance
from exitgate.checks import infrastructure as rules
from exitgate.errors import PrerequisiteMissing
from exitgate.finding import Finding
from exitgate.observation import Substrate
from exitgate.observe.terraform import UNKNOWN, Infrastructure, Provider, Reference, Sensitive, Value
from tests.checks.infrastructure.plans import ORDERS, POLICY, STORES, TRUST, WORKLOADS, clean, planned, with_value

Rule = Callable[[Infrastructure], list[Finding]]
GRANT = json.dumps({"Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]})
OPEN_TRUST = json.dumps({"Statement": [{**TRUST, "Principal": "*"}]})
CASES: list[tuple[str, Rule, str, dict[str, Value], str]] = [
    (
        "regions",
        lambda p: rules.strays_of_region(p, POLICY),
        "aws_x.y",
        {"arn": "arn:aws:sqs:us-east-1:1:q"},
        "us-east-1",
    ),
    (
        "more of a network",
        lambda p: rules.foreign_networks(p, POLICY),
        "aws_vpc_ipv4_cidr_block_association.more",
        {"cidr_block": "10.99.0.0/16"},
        "brings a network that is not the policy's",
    ),
    (
        "layout",
        lambda p: rules.foreign_networks(p, POLICY),
        "aws_vpc.main",
        {"cidr_block": "10.9.0.0/16"},
        "another range",
    ),
    (
        "routes",
        lambda p: rules.exposed_tiers(p, POLICY),
        "aws_route.out",
        {"route_table_id": Reference("aws_route_table.data", "id")},
        "has a route to an internet gateway",
    ),
    (
        "cluster",
        lambda p: rules.missing_clusters(p, WORKLOADS),
        "aws_ecs_cluster_capacity_providers.main",
        {"capacity_providers": ("x",)},
        "not Far",
    ),
    (
        "fargate",
        lambda p: rules.workloads_off_fargate(p, ORDERS),
        "aws_ecs_service.orders",
        {"launch_type": "EC2"},
        "Fargate",
    ),
    ("balancer", lambda p: rules.unsound_balancers(p, POLICY), "aws_lb.main", {"access_logs": ()}, "no access logs"),
    (
        "routing",
        lambda p: rules.unrouted_workloads(p, POLICY, ORDERS),
        "aws_lb_target_group.orders",
        {"target_type": "instance"},
        "takes no addresses",
    ),
    (
        "health",
        lambda p: rules.unrouted_workloads(p, POLICY, ORDERS),
        "aws_lb_target_group.orders",
        {"health_check": ({"enabled": True, "path": UNKNOWN},)},
        "has no health check of its own",
    ),
    (
        "tls",
        lambda p: rules.plain_forwards(p, POLICY),
        "aws_lb_listener.https",
        {"ssl_policy": "old"},
        "security policy",
    ),
    ("http", rules.served_without_tls, "aws_lb_listener.http", {"default_action": ({"type": "forward"},)}, "redirect"),
    (
        "database",
        lambda p: rules.shared_databases(p, ORDERS, STORES),
        "aws_db_instance.orders",
        {"identifier": "orders-catalog"},
        "and of catalog",
    ),
    (
        "protected",
        lambda p: rules.unprotected_databases(p, POLICY, ORDERS, STORES),
        "aws_db_instance.orders",
        {"storage_encrypted": False},
        "is not encrypted",
    ),
    (
        "redis",
        rules.plain_caches,
        "aws_elasticache_replication_group.cache",
        {"transit_encryption_enabled": False},
        "in transit",
    ),
    (
        "redis-token",
        lambda p: rules.open_caches(p, POLICY),
        "aws_elasticache_replication_group.cache",
        {"auth_token": Sensitive(known=True)},
        "stands in the code",
    ),
    ("broker", rules.open_brokers, "aws_mq_broker.broker", {"publicly_accessible": True}, "from the internet"),
    ("broker-logs", rules.unlogged_brokers, "aws_mq_broker.broker", {"logs": ()}, "keeps no logs"),
    ("broker-user", rules.literal_users, "aws_mq_broker.broker", {"user": Sensitive(known=True)}, "stands in the code"),
    (
        "trust",
        lambda p: rules.loose_trust(p, ORDERS),
        "aws_iam_role.execution",
        {"assume_role_policy": OPEN_TRUST},
        "by others than ECS tasks",
    ),
    (
        "rights",
        lambda p: rules.rights_beyond_need(p, POLICY, ORDERS),
        "aws_iam_role_policy.more",
        {"role": Reference("aws_iam_role.task", "id"), "policy": GRANT},
        "is allowed s3:* on *",
    ),
    (
        "own-role",
        lambda p: rules.shared_roles(p, ORDERS),
        "aws_ecs_task_definition.orders",
        {"execution_role_arn": Reference("aws_iam_role.task", "arn")},
        "is a role of orders",
    ),
]
OPTIONAL = {"regions", "routes", "http"}
"""Rules on what is there: another one says where it is not."""
DEMANDING = [each for each in CASES if each[0] not in OPTIONAL]


@pytest.mark.parametrize(
    ("rule", "address", "values", "message"), [each[1:] for each in CASES], ids=[each[0] for each in CASES]
)
def test_a_clean_plan_passes_and_a_faulty_one_does_not(
    rule: Rule, address: str, values: dict[str, Value], message: str
) -> None:
    assert rule(planned(*clean().values())) == []
    found = rule(with_value(address, **values))
    assert any(message in each.message and each.location.startswith("infra/main.tf:") for each in found)


def in_region(region: str) -> Infrastructure:
    (stack,) = (seen := planned(*clean().values())).stacks
    provider = Provider(name="aws", region=region, location="infra/main.tf:1")
    return replace(seen, stacks=(replace(stack, providers=(provider,)),))


def test_a_provider_of_another_region_is_found_and_one_of_none_is_not_assessed() -> None:
    assert rules.strays_of_region(in_region(POLICY.regions[0]), POLICY) == []
    (found,) = rules.strays_of_region(in_region("us-east-1"), POLICY)
    assert "provider aws makes its resources in us-east-1" in found.message
    with pytest.raises(PrerequisiteMissing, match="provider aws: region"):
        rules.strays_of_region(in_region(""), POLICY)


@pytest.mark.parametrize("rule", [each[1] for each in DEMANDING], ids=[each[0] for each in DEMANDING])
def test_an_empty_plan_is_no_pass(rule: Rule) -> None:
    found = rule(planned())
    assert found
    assert all("the plan holds no" in each.message for each in found)


def test_no_stack_is_not_assessed() -> None:
    nothing = Infrastructure(substrate=Substrate(assurance=Assurance.DECLARED, name="plan"), stacks=())
    with pytest.raises(PrerequisiteMissing, match="no stack"):
        rules.plain_caches(nothing)


@pytest.mark.parametrize(
    ("rule", "address", "key"),
    [
        (lambda p: rules.foreign_networks(p, POLICY), "aws_vpc.main", "cidr_block"),
        (lambda p: rules.exposed_tiers(p, POLICY), "aws_route.out", "route_table_id"),
        (rules.plain_caches, "aws_elasticache_replication_group.cache", "transit_encryption_enabled"),
        (lambda p: rules.loose_trust(p, ORDERS), "aws_iam_role.execution", "assume_role_policy"),
    ],
)
def test_what_hangs_on_an_unknown_is_not_assessed_by_name(rule: Rule, address: str, key: str) -> None:
    with pytest.raises(PrerequisiteMissing, match=f"{address}: .*{key}"):
        rule(with_value(address, **{key: UNKNOWN}))
