"""Ways in which a rule once was content without reason, and one in which it was not content without reason."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from exitgate.checks import infrastructure as rules
from exitgate.errors import PrerequisiteMissing
from exitgate.observe.terraform import UNKNOWN, Infrastructure, Reference, Resource, Sensitive, Value
from tests.checks.infrastructure.plans import (
    ORDERS,
    POLICY,
    STORES,
    TRUST,
    WORKLOADS,
    Rule,
    clean,
    planned,
    resource,
    with_value,
)

TASK_ROLE = Reference("aws_iam_role.task", "arn")


def without(*addresses: str) -> Infrastructure:
    return planned(*(each for address, each in clean().items() if address not in addresses))


def said(rule: Rule, plan: Infrastructure) -> list[str]:
    return [each.message for each in rule(plan)]


def own_database(plan: Infrastructure) -> list[str]:
    return said(lambda p: rules.shared_databases(p, ORDERS, STORES), plan)


@pytest.mark.parametrize(
    "rule",
    [
        lambda p: rules.workloads_off_fargate(p, ORDERS),
        lambda p: rules.unrouted_workloads(p, POLICY, ORDERS),
        lambda p: rules.loose_trust(p, ORDERS),
        lambda p: rules.rights_beyond_need(p, POLICY, ORDERS),
        lambda p: rules.shared_roles(p, ORDERS),
        lambda p: rules.shared_databases(p, ORDERS, STORES),
    ],
)
@pytest.mark.parametrize(
    ("address", "key"),
    [("aws_ecs_service.orders", "task_definition"), ("aws_ecs_task_definition.orders", "container_definitions")],
)
def test_a_reference_that_is_not_known_is_no_missing_service(rule: Rule, address: str, key: str) -> None:
    with pytest.raises(PrerequisiteMissing, match=f"{address}: {key}"):
        rule(with_value(address, **{key: UNKNOWN}))


def test_a_stack_that_was_left_out_is_no_pass_but_no_cover_either() -> None:
    part = replace(planned(*clean().values()), left_out=("production",))
    with pytest.raises(PrerequisiteMissing, match="stack production: not planned"):
        rules.missing_clusters(part, WORKLOADS)
    assert rules.missing_clusters(replace(without("aws_ecs_cluster.main"), left_out=("production",)), WORKLOADS)


def test_a_task_of_nobodys_workload_is_no_pass_but_no_cover_either() -> None:
    cron = resource("aws_ecs_task_definition.cron", container_definitions='[{"name": "cron"}]')
    seen = planned(*clean().values(), cron)
    with pytest.raises(
        PrerequisiteMissing, match=r"aws_ecs_task_definition.cron: a task that exitgate.toml describes no"
    ):
        rules.missing_clusters(seen, WORKLOADS)
    assert rules.missing_clusters(planned(*without("aws_ecs_cluster.main").stacks[0].resources, cron), WORKLOADS)
    hidden = with_value("aws_ecs_task_definition.orders", container_definitions=UNKNOWN)
    with pytest.raises(PrerequisiteMissing, match="container_definitions"):
        rules.missing_clusters(hidden, WORKLOADS)


def test_a_cluster_has_capacity_that_the_code_declares_for_it() -> None:
    no_capacity = without("aws_ecs_cluster_capacity_providers.main")
    assert said(lambda p: rules.missing_clusters(p, WORKLOADS), no_capacity) == [
        "aws_ecs_cluster.main has no capacity that the code declares, in staging"
    ]
    another = with_value("aws_ecs_cluster_capacity_providers.main", cluster_name="another")
    assert "has no capacity" in said(lambda p: rules.missing_clusters(p, WORKLOADS), another)[0]


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"cluster": "arn:aws:ecs:eu-central-1:1:cluster/by-hand"}, "in a cluster that the code does not make"),
        ({"network_configuration": ()}, "has no network configuration"),
        ({"launch_type": None}, "does not run on Fargate"),
    ],
)
def test_a_service_runs_on_fargate_in_a_planned_cluster(values: dict[str, Value], words: str) -> None:
    plan = with_value("aws_ecs_service.orders", **values)
    assert any(words in each for each in said(lambda p: rules.workloads_off_fargate(p, ORDERS), plan))


@pytest.mark.parametrize("protocol", ["HTTP", "TCP", "UDP"])
def test_a_public_listener_that_forwards_in_the_clear_is_found(protocol: str) -> None:
    forward: Value = ({"type": "forward", "target_group_arn": Reference("aws_lb_target_group.orders", "arn")},)
    plan = with_value(
        "aws_lb_listener.plain",
        load_balancer_arn=Reference("aws_lb.main", "arn"),
        protocol=protocol,
        default_action=forward,
    )
    assert said(lambda p: rules.plain_forwards(p, POLICY), plan) == [
        f"aws_lb_listener.plain forwards what comes over {protocol}, without TLS, in staging"
    ]


def test_a_rule_of_a_plain_listener_that_forwards_by_weight_is_found() -> None:
    groups: Value = ({"target_group": ({"arn": Reference("aws_lb_target_group.orders", "arn"), "weight": 1},)},)
    plan = with_value(
        "aws_lb_listener_rule.more",
        listener_arn=Reference("aws_lb_listener.http", "arn"),
        action=({"type": "forward", "forward": groups},),
    )
    found = said(lambda p: rules.plain_forwards(p, POLICY), plan)
    assert found == ["aws_lb_listener_rule.more forwards what comes over HTTP, without TLS, in staging"]


def test_an_action_whose_group_is_not_known_is_no_missing_rule() -> None:
    plan = with_value(
        "aws_lb_listener.https", default_action=({"type": "forward", "target_group_arn": UNKNOWN, "forward": ()},)
    )
    with pytest.raises(PrerequisiteMissing, match=r"aws_lb_listener.https: action.target_group_arn"):
        rules.unrouted_workloads(plan, POLICY, ORDERS)


def test_another_service_that_a_rule_lets_in_shares_the_database() -> None:
    plan = with_value(
        "aws_vpc_security_group_ingress_rule.catalog",
        security_group_id=Reference("aws_security_group.database", "id"),
        referenced_security_group_id=Reference("aws_security_group.catalog", "id"),
    )
    (found,) = own_database(plan)
    assert found.startswith("aws_vpc_security_group_ingress_rule.catalog lets aws_ecs_service.catalog into aws_db_inst")


def test_a_range_in_which_another_service_stands_lets_it_in() -> None:
    plan = with_value(
        "aws_security_group.database",
        ingress=({"cidr_blocks": ("10.0.0.0/8",), "security_groups": (), "self": False},),
    )
    assert "aws_security_group.database lets aws_ecs_service.catalog into" in own_database(plan)[0]


@pytest.mark.parametrize(
    ("address", "values"),
    [
        ("aws_vpc_security_group_ingress_rule.database", {"prefix_list_id": "pl-1"}),
        ("aws_vpc_security_group_ingress_rule.database", {"referenced_security_group_id": UNKNOWN}),
        ("aws_vpc_security_group_ingress_rule.database", {"security_group_id": UNKNOWN}),
        ("aws_security_group.database", {"ingress": UNKNOWN}),
        ("aws_db_instance.orders", {"vpc_security_group_ids": UNKNOWN}),
    ],
)
def test_who_is_let_in_and_is_not_known_is_not_assessed(address: str, values: dict[str, Value]) -> None:
    with pytest.raises(PrerequisiteMissing, match=r"aws_db_instance.orders: vpc_security_group_ids, or a rule of them"):
        own_database(with_value(address, **values))


def test_another_service_that_reads_the_secret_shares_the_database() -> None:
    secrets = [{"name": "OTHER_URL", "valueFrom": "orders/DATABASE_URL"}]
    text = json.dumps([{"name": "catalog", "secrets": secrets}])
    found = own_database(with_value("aws_ecs_task_definition.catalog", container_definitions=text))
    assert found == [
        "aws_ecs_task_definition.catalog reads by OTHER_URL the secret that tells orders of its database, in staging"
    ]


def test_a_field_of_the_same_secret_is_the_same_secret() -> None:
    arn = "arn:aws:secretsmanager:eu-central-1:1:secret:shop"
    everything = clean()
    for name in ("orders", "catalog"):
        task = everything[f"aws_ecs_task_definition.{name}"]
        secret = [{"name": "DATABASE_URL", "valueFrom": f"{arn}:{name}::"}]
        text = json.dumps([{"name": name, "secrets": secret}])
        everything[task.address] = replace(task, values={**task.values, "container_definitions": text})
    assert "reads by DATABASE_URL the secret" in own_database(planned(*everything.values()))[0]


def test_a_database_of_another_name_is_a_services_by_who_is_let_in() -> None:
    everything = clean()
    database = everything.pop("aws_db_instance.orders")
    everything["aws_db_instance.main"] = replace(
        database, address="aws_db_instance.main", values={**database.values, "identifier": "main"}
    )
    plan = planned(*everything.values())
    assert own_database(plan) == []
    assert said(lambda p: rules.unprotected_databases(p, POLICY, ORDERS, STORES), plan) == []


def test_a_database_of_a_service_that_stores_nothing_is_found() -> None:
    found = said(lambda p: rules.shared_databases(p, ORDERS, {}), planned(*clean().values()))
    assert found == ["aws_db_instance.orders is open to orders, which stores nothing by exitgate.toml, in staging"]
    assert said(lambda p: rules.shared_databases(p, ORDERS, {}), without("aws_db_instance.orders")) == []


def test_a_service_without_a_secret_of_its_database_is_not_assessed() -> None:
    text = json.dumps([{"name": "orders"}])
    with pytest.raises(PrerequisiteMissing, match="secrets: DATABASE_URL"):
        own_database(with_value("aws_ecs_task_definition.orders", container_definitions=text))


def test_a_database_that_is_not_planned_is_not_protected() -> None:
    found = said(lambda p: rules.unprotected_databases(p, POLICY, ORDERS, STORES), without("aws_db_instance.orders"))
    assert found == ["the plan holds no database of orders, in staging"]


def test_a_subnet_that_no_tier_lists_is_not_private() -> None:
    everything = clean()
    foreign = resource("aws_subnet.foreign", cidr_block="10.99.0.0/24", availability_zone="eu-central-1a")
    everything[foreign.address] = foreign
    everything["aws_db_subnet_group.data"] = resource(
        "aws_db_subnet_group.data", name="data", subnet_ids=(Reference(foreign.address, "id"),)
    )
    found = said(lambda p: rules.unprotected_databases(p, POLICY, ORDERS, STORES), planned(*everything.values()))
    assert found == [
        "aws_db_instance.orders stands in aws_subnet.foreign, which is no subnet of a private tier, in staging"
    ]


def serverless(**values: Value) -> Infrastructure:
    everything = clean()
    subnets = everything["aws_elasticache_subnet_group.data"].values["subnet_ids"]
    del everything["aws_elasticache_replication_group.cache"]
    cache = resource("aws_elasticache_serverless_cache.cache", **{"engine": "valkey", "subnet_ids": subnets, **values})
    return planned(*everything.values(), cache)


def test_a_serverless_cache_is_judged_by_its_own_flags() -> None:
    assert said(lambda p: rules.open_caches(p, POLICY), serverless(user_group_id="users")) == []
    assert "asks for no credential" in said(lambda p: rules.open_caches(p, POLICY), serverless())[0]
    public = (Reference("aws_subnet.public-eu-central-1a", "id"),)
    found = said(lambda p: rules.open_caches(p, POLICY), serverless(user_group_id="users", subnet_ids=public))
    assert found == ["aws_elasticache_serverless_cache.cache stands in a public subnet, in staging"]


def test_a_memcached_is_no_redis() -> None:
    assert said(rules.plain_caches, serverless(engine="memcached")) == ["the plan holds no Redis, in staging"]


@pytest.mark.parametrize(
    ("variable", "value"),
    [("RABBITMQ_URL", "amqps://shop:hunter2hunter2@broker"), ("BROKER_PASSWORD", "hunter2hunter2")],
)
def test_a_literal_in_a_task_definition_is_found_and_not_told(variable: str, value: str) -> None:
    text = json.dumps([{"name": "orders", "environment": [{"name": variable, "value": value}]}])
    found = rules.literal_users(with_value("aws_ecs_task_definition.orders", container_definitions=text))
    assert [f"user or password in its variable {variable}, in staging" in each.message for each in found] == [True]
    assert "hunter2" not in repr(found)


def changed(address: str, **fields: object) -> Infrastructure:
    everything: dict[str, Resource] = clean()
    everything[address] = replace(everything[address], **fields)  # type: ignore[arg-type]
    return planned(*everything.values())


def test_a_stand_in_for_planning_is_no_literal_and_no_secret_either() -> None:
    address = "aws_elasticache_replication_group.cache"
    values = {**clean()[address].values, "auth_token": Sensitive(known=True)}
    with pytest.raises(PrerequisiteMissing, match=r"auth_token, for which exitgate.toml has a stand-in"):
        rules.open_caches(changed(address, values=values, stand_ins=frozenset({"auth_token"})), POLICY)
    assert "stands in the code" in said(lambda p: rules.open_caches(p, POLICY), changed(address, values=values))[0]


def test_a_user_name_in_the_code_is_found() -> None:
    found = said(rules.literal_users, changed("aws_mq_broker.broker", literals=frozenset({"user.username"})))
    assert found == ["aws_mq_broker.broker has a user whose name stands in the code, in staging"]


ADMIN = "arn:aws:iam::aws:policy/AdministratorAccess"
ALL = json.dumps({"Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}})


@pytest.mark.parametrize(
    ("address", "values", "words"),
    [
        ("aws_iam_policy_attachment.x", {"roles": ("task",), "policy_arn": ADMIN}, "all of the managed policy"),
        ("aws_iam_role_policy_attachment.x", {"role": "task", "policy_arn": ADMIN}, "all of the managed policy"),
        (
            "aws_iam_role_policy_attachments_exclusive.x",
            {"role_name": TASK_ROLE, "policy_arns": (ADMIN,)},
            "all of the managed policy",
        ),
        (
            "aws_iam_role_policies_exclusive.x",
            {"role_name": "task", "policy_names": ("by-hand",)},
            "all of the inline policy by-hand",
        ),
        ("aws_iam_role.task", {"managed_policy_arns": (ADMIN,)}, "all of the managed policy"),
        ("aws_iam_role.task", {"inline_policy": ({"name": "x", "policy": ALL},)}, r"is allowed s3:\* on \*"),
    ],
)
def test_every_way_to_grant_is_looked_at(address: str, values: dict[str, Value], words: str) -> None:
    found = said(lambda p: rules.rights_beyond_need(p, POLICY, ORDERS), with_value(address, **values))
    assert len(found) == 1
    assert words.replace("\\", "") in found[0]


def test_a_policy_of_the_code_is_judged_by_what_it_says() -> None:
    attached: dict[str, Value] = {"role": "task", "policy_arn": Reference("aws_iam_policy.own", "arn")}
    everything = clean()
    for name, deny in (("Deny", 0), ("Allow", 1)):
        text = json.dumps({"Statement": [{"Effect": name, "Action": "s3:*", "Resource": "*"}]})
        more = (resource("aws_iam_role_policy_attachment.x", **attached), resource("aws_iam_policy.own", policy=text))
        found = rules.rights_beyond_need(planned(*everything.values(), *more), POLICY, ORDERS)
        assert len(found) == deny


def test_rights_that_are_not_known_are_not_assessed() -> None:
    with pytest.raises(PrerequisiteMissing, match=r"aws_iam_role.task: managed_policy_arns"):
        rules.rights_beyond_need(with_value("aws_iam_role.task", managed_policy_arns=UNKNOWN), POLICY, ORDERS)


@pytest.mark.parametrize(
    "condition",
    [
        {"StringNotEquals": {"aws:SourceAccount": "123456789012"}, "ArnLike": {"aws:SourceArn": "arn:aws:ecs:r:*:*"}},
        {"StringEqualsIfExists": {"aws:SourceAccount": "123456789012"}},
        {"StringLike": {"aws:SourceAccount": "*"}, "ArnLike": {"aws:SourceArn": "*"}},
    ],
)
def test_a_condition_that_limits_nothing_is_none(condition: dict[str, object]) -> None:
    trust = json.dumps({"Statement": [{**TRUST, "Condition": condition}]})
    found = said(lambda p: rules.loose_trust(p, ORDERS), with_value("aws_iam_role.execution", assume_role_policy=trust))
    assert any("no condition on aws:sourceaccount" in each for each in found)
    assert any("no condition on aws:sourcearn" in each for each in found)


def test_a_role_that_nobody_may_take_on_is_found() -> None:
    trust = json.dumps({"Statement": [{**TRUST, "Effect": "Deny"}]})
    plan = with_value("aws_iam_role.execution", assume_role_policy=trust)
    assert "taken on by nobody" in said(lambda p: rules.loose_trust(p, ORDERS), plan)[0]
