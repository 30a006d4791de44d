"""A small plan with which all rules are content, and ways to change it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from exitgate.assurance import Assurance
from exitgate.finding import Finding
from exitgate.observation import Substrate
from exitgate.observe.terraform import Infrastructure, Reference, Resource, Sensitive, Stack, Value
from exitgate.policy import InfrastructurePolicy
from exitgate.target import Workload, load_target

Rule = Callable[[Infrastructure], list[Finding]]
REFERENCE = load_target(Path(__file__).parents[3] / "reference")
ORDERS: Workload = REFERENCE.workload("orders")
WORKLOADS = REFERENCE.workloads
assert REFERENCE.policy.infrastructure
STORES = {"orders": ("DATABASE_URL",), "catalog": ("DATABASE_URL",)}
POLICY: InfrastructurePolicy = REFERENCE.policy.infrastructure
TRUST = {
    "Effect": "Allow",
    "Principal": {"Service": "ecs-tasks.amazonaws.com"},
    "Condition": {
        "StringEquals": {"aws:SourceAccount": "123456789012"},
        "ArnLike": {"aws:SourceArn": "arn:aws:ecs:eu-central-1:123456789012:*"},
    },
}


def resource(address: str, **values: Value) -> Resource:
    lines = tuple((name, 10 + index) for index, name in enumerate(values))
    return Resource(
        address=address,
        type=address.split(".", maxsplit=1)[0],
        values=values,
        path="infra/main.tf",
        line=9,
        lines=lines,
    )


def planned(*resources: Resource) -> Infrastructure:
    substrate = Substrate(assurance=Assurance.DECLARED, name="plan")
    return Infrastructure(substrate=substrate, stacks=(Stack(name="staging", resources=resources, named=True),))


def clean() -> dict[str, Resource]:
    assert POLICY.network
    tiers = {tier.name: tier for tier in POLICY.network.tier}
    made = [resource("aws_vpc.main", cidr_block=POLICY.network.vpc_cidr), resource("aws_internet_gateway.out")]
    made += [resource(f"aws_route_table.{name}") for name in tiers]
    made.append(
        resource(
            "aws_route.out",
            route_table_id=Reference("aws_route_table.public", "id"),
            gateway_id=Reference("aws_internet_gateway.out", "id"),
        )
    )
    for name, tier in tiers.items():
        for zone, cidr in tier.subnets.items():
            subnet = f"aws_subnet.{name}-{zone}"
            made.append(resource(subnet, availability_zone=zone, cidr_block=cidr))
            made.append(
                resource(
                    f"aws_route_table_association.{name}-{zone}",
                    subnet_id=Reference(subnet, "id"),
                    route_table_id=Reference(f"aws_route_table.{name}", "id"),
                )
            )

    def subnets(name: str) -> tuple[Value, ...]:
        return tuple(Reference(f"aws_subnet.{name}-{zone}", "id") for zone in tiers[name].subnets)

    trust = json.dumps({"Statement": [TRUST]})
    made += [
        resource("aws_ecs_cluster.main", name="main"),
        resource("aws_ecs_cluster_capacity_providers.main", cluster_name="main", capacity_providers=("FARGATE",)),
        resource("aws_iam_role.execution", name="execution", assume_role_policy=trust),
        resource("aws_iam_role.task", name="task", assume_role_policy=trust),
        resource(
            "aws_ecs_task_definition.orders",
            container_definitions=task_of("orders"),
            requires_compatibilities=("FARGATE",),
            network_mode="awsvpc",
            task_role_arn=Reference("aws_iam_role.task", "arn"),
            execution_role_arn=Reference("aws_iam_role.execution", "arn"),
        ),
        resource(
            "aws_ecs_service.orders",
            launch_type="FARGATE",
            cluster=Reference("aws_ecs_cluster.main", "arn"),
            task_definition=Reference("aws_ecs_task_definition.orders", "arn"),
            network_configuration=(stands(subnets("services"), "orders"),),
            load_balancer=(
                {
                    "container_name": "orders",
                    "container_port": 3000,
                    "target_group_arn": Reference("aws_lb_target_group.orders", "arn"),
                },
            ),
        ),
        resource("aws_ecs_task_definition.catalog", container_definitions=task_of("catalog"), family="catalog"),
        resource(
            "aws_ecs_service.catalog",
            task_definition="catalog:1",
            network_configuration=(stands(subnets("services"), "catalog"),),
        ),
        *(resource(f"aws_security_group.{name}") for name in ("orders", "catalog", "database")),
        resource(
            "aws_vpc_security_group_ingress_rule.database",
            security_group_id=Reference("aws_security_group.database", "id"),
            referenced_security_group_id=Reference("aws_security_group.orders", "id"),
        ),
        resource("aws_lb_target_group.orders", target_type="ip", health_check=({"enabled": True, "path": "/healthz"},)),
        resource(
            "aws_lb.main", load_balancer_type="application", subnets=subnets("public"), access_logs=({"enabled": True},)
        ),
        resource(
            "aws_lb_listener.https",
            load_balancer_arn=Reference("aws_lb.main", "arn"),
            protocol="HTTPS",
            certificate_arn="arn",
            ssl_policy=POLICY.tls_policies[0],
            default_action=({"type": "forward", "target_group_arn": Reference("aws_lb_target_group.orders", "arn")},),
        ),
        resource(
            "aws_lb_listener.http",
            load_balancer_arn=Reference("aws_lb.main", "arn"),
            protocol="HTTP",
            default_action=({"type": "redirect", "redirect": ({"protocol": "HTTPS"},)},),
        ),
        resource("aws_db_subnet_group.data", name="data", subnet_ids=subnets("data")),
        resource(
            "aws_db_instance.orders",
            identifier="shop-orders",
            engine="postgres",
            engine_version="18.1",
            vpc_security_group_ids=(Reference("aws_security_group.database", "id"),),
            db_subnet_group_name="data",
            storage_encrypted=True,
            publicly_accessible=False,
            deletion_protection=True,
            backup_retention_period=14,
        ),
        resource("aws_elasticache_subnet_group.data", name="cache", subnet_ids=subnets("data")),
        resource(
            "aws_elasticache_replication_group.cache",
            subnet_group_name="cache",
            transit_encryption_enabled=True,
            at_rest_encryption_enabled="true",
            auth_token=Sensitive(known=False),
        ),
        resource(
            "aws_mq_broker.broker",
            engine_type="RabbitMQ",
            publicly_accessible=False,
            logs=({"general": True},),
            user=Sensitive(known=False),
        ),
    ]
    return {each.address: each for each in made}


def task_of(name: str, *secrets: str) -> str:
    read = [
        {"name": each.rpartition("/")[2], "valueFrom": f"arn:aws:secretsmanager:r:1:secret:{each}"} for each in secrets
    ]
    return json.dumps(
        [{"name": name, "secrets": read or [{"name": "DATABASE_URL", "valueFrom": f"{name}/DATABASE_URL"}]}]
    )


def stands(subnets: tuple[Value, ...], group: str) -> dict[str, Value]:
    return {
        "assign_public_ip": False,
        "subnets": subnets,
        "security_groups": (Reference(f"aws_security_group.{group}", "id"),),
    }


def with_value(address: str, **values: Value) -> Infrastructure:
    everything = clean()
    before = everything.get(address) or resource(address)
    everything[address] = resource(address, **{**before.values, **values})
    return planned(*everything.values())
