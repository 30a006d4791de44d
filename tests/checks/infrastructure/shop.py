"""The reference's network as its named plan has it, small enough to be changed in tests."""

from __future__ import annotations

import json
from collections.abc import Mapping

from exitgate.assurance import Assurance
from exitgate.observation import Substrate
from exitgate.observe.terraform import UNKNOWN, Infrastructure, Reference, Resource, Stack, Value

FLOWS = (
    *(("internet", "balancer", 80), ("internet", "balancer", 443)),
    *(("balancer", name, 3000) for name in ("web", "orders", "catalog")),
    *(("orders", "orders-database", 5432), ("catalog", "catalog-database", 5432), ("catalog", "cache", 6379)),
    *(("orders", "broker", 5671), ("catalog", "broker", 5671)),
    *((name, "aws-endpoints", 443) for name in ("web", "orders", "catalog")),
)
TIERS = {
    "public": {"eu-central-1a": "10.20.0.0/24", "eu-central-1b": "10.20.1.0/24"},
    "services": {"eu-central-1a": "10.20.16.0/22", "eu-central-1b": "10.20.20.0/22"},
    "data": {"eu-central-1a": "10.20.32.0/24", "eu-central-1b": "10.20.33.0/24"},
}
NAMES = (
    "balancer",
    "web",
    "orders",
    "catalog",
    "aws-endpoints",
    "orders-database",
    "catalog-database",
    "cache",
    "broker",
)
VPC = Reference("aws_vpc.this", "id")
ACCOUNT, REGION = "123456789012", "eu-central-1"
SECRET = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:reference-shop/"
SECRETS = {
    "orders": ("orders/database-url", "orders/rabbitmq-url"),
    "catalog": ("catalog/database-url", "catalog/rabbitmq-url", "catalog/redis-url"),
    "web": (),
}
TRUST = {
    "Effect": "Allow",
    "Principal": {"Service": "ecs-tasks.amazonaws.com"},
    "Action": "sts:AssumeRole",
    "Condition": {
        "StringEquals": {"aws:SourceAccount": ACCOUNT},
        "ArnLike": {"aws:SourceArn": f"arn:aws:ecs:{REGION}:{ACCOUNT}:*"},
    },
}
KEY_POLICY = [
    {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, "Action": "kms:*", "Resource": "*"},
    {
        "Sid": "ThroughSecretsManagerOnly",
        "Effect": "Allow",
        "Principal": {"AWS": "*"},
        "Action": ["kms:Decrypt", "kms:DescribeKey"],
        "Resource": "*",
        "Condition": {
            "StringEquals": {
                "kms:CallerAccount": ACCOUNT,
                "kms:ViaService": f"secretsmanager.{REGION}.amazonaws.com",
            }
        },
    },
]


def made(address: str, **values: Value) -> Resource:
    """Return a resource whose arguments stand on lines from 10 on."""
    lines = tuple((name, 10 + index) for index, name in enumerate(values) if values[name] is not UNKNOWN)
    kind = address.partition(".")[0]
    return Resource(address=address, type=kind, values=values, path="infra/main.tf", line=9, lines=lines)


def group(name: str) -> Reference:
    return Reference(f"aws_security_group.{name}", "id")


def ingress(name: str, owner: str, **values: Value) -> Resource:
    """Return a rule beside its group; values as Terraform has them."""
    return _rule("ingress", name, owner, values)


def egress(name: str, owner: str, **values: Value) -> Resource:
    return _rule("egress", name, owner, values)


def _rule(side: str, name: str, owner: str, values: Mapping[str, Value]) -> Resource:
    told: dict[str, Value] = {"cidr_ipv4": None, "referenced_security_group_id": None, "ip_protocol": "tcp", **values}
    return made(f"aws_vpc_security_group_{side}_rule.{name}", security_group_id=group(owner), **told)


def _subnets(tier: str) -> tuple[Value, ...]:
    return tuple(Reference(f"aws_subnet.{tier}-{zone}", "id") for zone in TIERS[tier])


def _routing() -> list[Resource]:
    found = [
        made("aws_vpc.this", cidr_block="10.20.0.0/16", ipv6_cidr_block=UNKNOWN),
        made("aws_default_security_group.this", vpc_id=VPC, ingress=(), egress=()),
        made(
            "aws_default_route_table.this",
            default_route_table_id=Reference("aws_vpc.this", "default_route_table_id"),
            route=(),
        ),
        made("aws_internet_gateway.this", vpc_id=VPC),
        made("aws_nat_gateway.this", subnet_id=_subnets("public")[0], connectivity_type="public"),
        made(
            "aws_route.public_internet",
            route_table_id=Reference("aws_route_table.public", "id"),
            destination_cidr_block="0.0.0.0/0",
            gateway_id=Reference("aws_internet_gateway.this", "id"),
            network_interface_id=UNKNOWN,
        ),
        made(
            "aws_route.services_nat",
            route_table_id=Reference("aws_route_table.services", "id"),
            destination_cidr_block="0.0.0.0/0",
            nat_gateway_id=Reference("aws_nat_gateway.this", "id"),
            network_interface_id=UNKNOWN,
        ),
    ]
    for tier, zones in TIERS.items():
        found.append(made(f"aws_route_table.{tier}", vpc_id=VPC, route=UNKNOWN))
        for zone, cidr in zones.items():
            name = f"aws_subnet.{tier}-{zone}"
            found.append(made(name, vpc_id=VPC, cidr_block=cidr, availability_zone=zone, ipv6_cidr_block=None))
            found.append(
                made(
                    f"aws_route_table_association.{tier}-{zone}",
                    subnet_id=Reference(name, "id"),
                    route_table_id=Reference(f"aws_route_table.{tier}", "id"),
                )
            )
    return found


def _workload(name: str) -> list[Resource]:
    target = Reference(f"aws_lb_target_group.{name}", "arn")
    return [
        made(
            f"aws_ecs_task_definition.{name}",
            container_definitions=json.dumps(
                [{"name": name, "secrets": [{"name": "X", "valueFrom": f"{SECRET}{each}"} for each in SECRETS[name]]}]
            ),
            task_role_arn=Reference(f"aws_iam_role.{name}-task", "arn"),
            execution_role_arn=Reference(f"aws_iam_role.{name}-execution", "arn"),
        ),
        made(
            f"aws_ecs_service.{name}",
            task_definition=Reference(f"aws_ecs_task_definition.{name}", "arn"),
            network_configuration=(
                {"subnets": _subnets("services"), "security_groups": (group(name),), "assign_public_ip": False},
            ),
            load_balancer=({"target_group_arn": target, "container_name": name, "container_port": 3000},),
        ),
        made(f"aws_lb_target_group.{name}"),
        made(
            f"aws_lb_listener_rule.{name}",
            listener_arn=Reference("aws_lb_listener.https", "arn"),
            action=({"type": "forward", "target_group_arn": target},),
        ),
    ]


def policy(*statements: object) -> str:
    """Return a policy as Terraform's jsonencode gives it."""
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(actions: object, resources: object = "*", sid: str = "Given", **more: object) -> dict[str, object]:
    """Return a statement that allows."""
    return {"Sid": sid, "Effect": "Allow", "Action": actions, "Resource": resources, **more}


def inline(name: str, role: str, *statements: object) -> Resource:
    """Return a policy that stands in a role."""
    return made(f"aws_iam_role_policy.{name}", role=Reference(f"aws_iam_role.{role}", "id"), policy=policy(*statements))


def _rights(name: str) -> list[Resource]:
    repository = f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/reference-shop/{name}"
    stream = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/ecs/reference-shop/{name}:log-stream:{name}/{name}/{'?' * 32}"
    statements = [
        allow(["ecr:GetAuthorizationToken"], ["*"], "SignIn"),
        allow(
            ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
            [repository],
            "PullImage",
        ),
        allow(["logs:CreateLogStream", "logs:PutLogEvents"], [stream], "WriteLog"),
    ]
    if SECRETS[name]:
        resources = [f"{SECRET}{each}-??????" for each in SECRETS[name]]
        statements.append(allow(["secretsmanager:GetSecretValue"], resources, "ReadSecrets"))
    return [
        *(
            made(f"aws_iam_role.{name}-{kind}", name=f"{name}-{kind}", path="/", assume_role_policy=policy(TRUST))
            for kind in ("task", "execution")
        ),
        inline(f"{name}-execution", f"{name}-execution", *statements),
        *(
            made(
                f'aws_secretsmanager_secret.this["{each}"]',
                name=f"reference-shop/{each}",
                kms_key_id=Reference("aws_kms_key.secrets", "arn"),
                policy=UNKNOWN,
            )
            for each in SECRETS[name]
        ),
    ]


def _data() -> list[Resource]:
    found = [
        made("aws_db_subnet_group.data", name="data", subnet_ids=_subnets("data")),
        made("aws_elasticache_subnet_group.data", name="cache", subnet_ids=_subnets("data")),
        made(
            "aws_elasticache_replication_group.cache",
            subnet_group_name="cache",
            security_group_ids=(group("cache"),),
        ),
        made(
            "aws_mq_broker.broker",
            subnet_ids=_subnets("data")[:1],
            security_groups=(group("broker"),),
            publicly_accessible=False,
        ),
    ]
    found += [
        made(
            f"aws_db_instance.{name}",
            db_subnet_group_name=Reference("aws_db_subnet_group.data", "name"),
            vpc_security_group_ids=(group(f"{name}-database"),),
            publicly_accessible=False,
        )
        for name in ("orders", "catalog")
    ]
    found += [
        made(
            f'aws_vpc_endpoint.this["{name}"]',
            vpc_endpoint_type="Interface",
            subnet_ids=_subnets("services"),
            security_group_ids=(group("aws-endpoints"),),
            prefix_list_id=UNKNOWN,
        )
        for name in ("ecr.api", "logs", "s3")
    ]
    return found


def shop() -> dict[str, Resource]:
    """Return the resources by address."""
    found = _routing()
    found += [
        made(f"aws_security_group.{name}", vpc_id=VPC, tags={"endpoint": name}, ingress=UNKNOWN, egress=UNKNOWN)
        for name in NAMES
    ]
    for source, destination, port in FLOWS:
        name = f"{source}-{destination}-{port}"
        ports: dict[str, Value] = {"from_port": port, "to_port": port}
        if source == "internet":
            found.append(ingress(name, destination, cidr_ipv4="0.0.0.0/0", **ports))
            continue
        found.append(ingress(name, destination, referenced_security_group_id=group(source), **ports))
        found.append(egress(name, source, referenced_security_group_id=group(destination), **ports))
    balancer = Reference("aws_lb.this", "arn")
    found += [
        made(
            "aws_lb.this",
            load_balancer_type="application",
            internal=False,
            subnets=_subnets("public"),
            security_groups=(group("balancer"),),
        ),
        made("aws_lb_listener.http", load_balancer_arn=balancer, port=80, default_action=({"type": "redirect"},)),
        made(
            "aws_lb_listener.https", load_balancer_arn=balancer, port=443, default_action=({"type": "fixed-response"},)
        ),
    ]
    for name in ("web", "orders", "catalog"):
        found += [*_workload(name), *_rights(name)]
    found.append(made("aws_kms_key.secrets", policy=policy(*KEY_POLICY)))
    found.append(made("aws_secretsmanager_secret.cache-token", name="reference-shop/cache/token", policy=UNKNOWN))
    return {each.address: each for each in (*found, *_data())}


def planned(resources: Mapping[str, Resource], *, named: bool = True) -> Infrastructure:
    """Return a plan of one stack."""
    substrate = Substrate(assurance=Assurance.MODELLED, name="plan")
    stack = Stack(name="staging", resources=tuple(resources.values()), named=named)
    return Infrastructure(substrate=substrate, stacks=(stack,))


def changed(*more: Resource, without: tuple[str, ...] = (), **values: Mapping[str, Value]) -> Infrastructure:
    """Return the shop with more resources, without some, and with other values by address."""
    everything = {address: each for address, each in shop().items() if address not in without}
    for address, given in values.items():
        everything[address] = made(address, **{**everything[address].values, **given})
    everything.update((each.address, each) for each in more)
    return planned(everything)
