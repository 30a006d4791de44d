"""Generated stacks: the code of any number of resources, and the plan that Terraform would make of it, with references named.

A group of ten resources is a service as the reference has one: its ECS service and task definition, roles, groups, a rule, a
database, a target group, a listener's rule. What they share, five resources, is there once.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

Resource = tuple[str, str, dict[str, Any], dict[str, str]]
"""Type, name, values that are known, and attributes with the addresses and attributes that they refer to."""
_GROUP, _SHARED = 10, 5
_TRUST = {
    "Statement": [
        {
            "Effect": "Allow",
            "Action": "sts:AssumeRole",
            "Principal": {"Service": "ecs-tasks.amazonaws.com"},
            "Condition": {
                "StringEquals": {"aws:SourceAccount": "123456789012"},
                "ArnLike": {"aws:SourceArn": "arn:aws:ecs:eu-central-1:123456789012:*"},
            },
        }
    ]
}


def resources(count: int) -> list[Resource]:
    """Return about as many resources as asked for: the first service is called orders."""
    made = list(_shared())
    for number in range(max(1, round((count - _SHARED) / _GROUP))):
        made += _service("orders" if number == 0 else f"service{number}")
    return made


def write_stack(folder: Path, count: int) -> tuple[Path, Path, dict[str, tuple[str, str]], int]:
    """Write the code, its plan and its plan with names; return both plans, the names and the number of resources."""
    made = resources(count)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "main.tf").write_text("\n".join(map(_block, made)), encoding="utf-8")
    names: dict[str, tuple[str, str]] = {}
    plain, named = [], []
    for kind, name, known, references in made:
        texts = {key: f"exitgate-{target.replace('.', '-')}" for key, target in references.items()}
        names |= {
            texts[key]: (target.rpartition(".")[0], target.rpartition(".")[2]) for key, target in references.items()
        }
        head = {"address": f"{kind}.{name}", "mode": "managed", "type": kind, "name": name}
        told = {"actions": ["create"], "after_sensitive": {}, "after_unknown": dict.fromkeys(references, True)}
        plain.append({**head, "change": {**told, "after": known}})
        named.append({**head, "change": {**told, "after": {**known, **texts}}})
    paths = folder.parent / "plan.json", folder.parent / "named.json"
    configuration: dict[str, Any] = {"configuration": {"root_module": {}}, "variables": {}}
    paths[0].write_text(json.dumps({**configuration, "resource_changes": plain}), encoding="utf-8")
    paths[1].write_text(json.dumps({"resource_changes": named}), encoding="utf-8")
    return *paths, names, len(made)


def _shared() -> Iterator[Resource]:
    yield "aws_vpc", "this", {"cidr_block": "10.20.0.0/16"}, {}
    yield "aws_subnet", "data", {"cidr_block": "10.20.64.0/20", "availability_zone": "eu-central-1a"}, {}
    yield "aws_ecs_cluster", "this", {"name": "shop"}, {}
    yield "aws_ecs_cluster_capacity_providers", "this", {"cluster_name": "shop", "capacity_providers": ["FARGATE"]}, {}
    yield "aws_lb_listener", "https", {"protocol": "HTTPS", "port": 443}, {}


def _service(name: str) -> Iterator[Resource]:
    container = {"name": name, "image": "x", "secrets": [{"name": "DATABASE_URL", "valueFrom": f"{name}/url"}]}
    yield "aws_iam_role", f"{name}-task", {"name": f"{name}-task", "assume_role_policy": json.dumps(_TRUST)}, {}
    yield "aws_iam_role", f"{name}-execution", {"name": f"{name}-x", "assume_role_policy": json.dumps(_TRUST)}, {}
    yield (
        "aws_ecs_task_definition",
        name,
        {
            "family": name,
            "network_mode": "awsvpc",
            "requires_compatibilities": ["FARGATE"],
            "container_definitions": json.dumps([container]),
        },
        {"task_role_arn": f"aws_iam_role.{name}-task.arn", "execution_role_arn": f"aws_iam_role.{name}-execution.arn"},
    )
    yield (
        "aws_ecs_service",
        name,
        {"name": name, "launch_type": "FARGATE", "network_configuration": [{"assign_public_ip": False}]},
        {"task_definition": f"aws_ecs_task_definition.{name}.arn", "cluster": "aws_ecs_cluster.this.arn"},
    )
    for group in (name, f"{name}-database"):
        yield "aws_security_group", group, {"name": group, "description": "Its own"}, {}
    yield (
        "aws_vpc_security_group_ingress_rule",
        name,
        {"ip_protocol": "tcp", "from_port": 5432, "to_port": 5432},
        {
            "security_group_id": f"aws_security_group.{name}-database.id",
            "referenced_security_group_id": f"aws_security_group.{name}.id",
        },
    )
    yield (
        "aws_db_instance",
        name,
        {
            "identifier": f"shop-{name}",
            "storage_encrypted": True,
            "publicly_accessible": False,
            "deletion_protection": True,
            "backup_retention_period": 14,
        },
        {"vpc_security_group_ids": f"aws_security_group.{name}-database.id"},
    )
    yield "aws_lb_target_group", name, {"target_type": "ip", "port": 3000, "protocol": "HTTP"}, {}
    yield (
        "aws_lb_listener_rule",
        name,
        {"priority": 100, "action": [{"type": "fixed-response"}]},
        {"listener_arn": "aws_lb_listener.https.arn"},
    )


def _block(resource: Resource) -> str:
    kind, name, known, references = resource
    lines = [f'resource "{kind}" "{name}" {{']
    for key, value in known.items():
        if isinstance(value, list) and value and isinstance(value[0], dict):
            inner = [f"    {each} = {json.dumps(what)}" for each, what in value[0].items()]
            lines += [f"  {key} {{", *inner, "  }"]
        else:
            lines.append(f"  {key} = {json.dumps(value)}")
    several = ("vpc_security_group_ids",)
    lines += [f"  {key} = {f'[{target}]' if key in several else target}" for key, target in references.items()]
    return "\n".join([*lines, "}", ""])
