"""Plans of stacks that are not of the kind that the rules know, written by hand after the provider's documentation.

Source: the AWS provider's pages of `aws_lb` (network), `aws_apigatewayv2_api`, `aws_lambda_function`, `aws_eks_cluster`, 5.100.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from exitgate.observe.terraform import Infrastructure, read_infrastructure
from exitgate.provision.stack_plan import StackPlan
from exitgate.provision.terraform import TerraformTool
from exitgate.target import Target, load_target

_NETWORK: Mapping[str, Any] = {
    "aws_vpc.this": {"cidr_block": "10.20.0.0/16"},
    "aws_subnet.a": {"cidr_block": "10.20.0.0/20", "availability_zone": "eu-central-1a"},
}
SHAPES: Mapping[str, Mapping[str, Any]] = {
    "machines": {
        **_NETWORK,
        "aws_launch_template.app": {"image_id": "ami-0123456789", "instance_type": "t3.small", "user_data": None},
        "aws_autoscaling_group.app": {"min_size": 2, "max_size": 4, "launch_template": [{"version": "$Latest"}]},
        "aws_lb.app": {
            "load_balancer_type": "network",
            "internal": False,
            "subnets": None,
            "subnet_mapping": [{"private_ipv4_address": None}],
            "access_logs": [],
        },
        "aws_lb_target_group.app": {
            "protocol": "TCP",
            "target_type": "instance",
            "health_check": [{"protocol": "TCP"}],
        },
        "aws_lb_listener.app": {
            "protocol": "TCP",
            "port": 443,
            "certificate_arn": None,
            "default_action": [{"type": "forward", "target_group_arn": None, "forward": []}],
        },
        "aws_db_instance.app": {"identifier": "shop", "storage_encrypted": None, "backup_retention_period": None},
    },
    "functions": {
        "aws_lambda_function.app": {
            "function_name": "orders",
            "runtime": "nodejs22.x",
            "environment": [{"variables": {"A": "b"}}],
            "vpc_config": [],
        },
        "aws_apigatewayv2_api.app": {"name": "shop", "protocol_type": "HTTP", "cors_configuration": None},
        "aws_apigatewayv2_stage.app": {"name": "$default", "auto_deploy": True, "access_log_settings": []},
        "aws_iam_role.app": {
            "name": "app",
            "assume_role_policy": json.dumps({"Statement": {"Effect": "Allow", "Principal": "*"}}),
            "managed_policy_arns": None,
            "inline_policy": None,
        },
        "aws_iam_role_policy.app": {"role": None, "policy": "not JSON"},
        "aws_dynamodb_table.app": {"name": "orders", "attribute": [{"name": "id", "type": "S"}]},
    },
    "kubernetes": {
        **_NETWORK,
        "aws_eks_cluster.app": {"name": "shop", "vpc_config": [{"endpoint_public_access": True}]},
        "aws_eks_node_group.app": {"scaling_config": [{"min_size": 2}], "subnet_ids": None},
        "aws_security_group.app": {"name": "app", "ingress": None, "egress": []},
        "helm_release.app": {"name": "orders", "set": None, "values": ["a: 1"]},
        "aws_route.out": {"route_table_id": None, "gateway_id": None, "nat_gateway_id": None},
    },
    "nothing": {},
}
UNKNOWN_OF: Mapping[str, Any] = {"arn": True, "id": True, "subnets": True, "load_balancer_arn": True, "role": True}


def planned_shape(folder: Path, resources: Mapping[str, Any]) -> tuple[Target, Infrastructure]:
    """Return what is read of a plan with these resources, and the target that it is of."""
    (folder / "infra").mkdir(exist_ok=True)
    (folder / "infra" / "main.tf").write_text("", encoding="utf-8")
    (folder / "exitgate.toml").write_text(
        '[target]\nname = "shop"\n\n[infrastructure]\n\n[[infrastructure.stack]]\nname = "only"\npath = "infra"\n',
        encoding="utf-8",
    )
    plan = {
        "variables": {},
        "configuration": {"root_module": {}},
        "resource_changes": [
            {
                "address": address,
                "mode": "managed",
                "type": address.split(".")[0],
                "name": address.split(".")[1],
                "change": {
                    "actions": ["create"],
                    "after": {key: value for key, value in values.items() if value is not None},
                    "after_unknown": {key: True for key in UNKNOWN_OF if values.get(key) is None},
                    "after_sensitive": {},
                },
            }
            for address, values in resources.items()
        ],
    }
    (folder / "plan.json").write_text(json.dumps(plan), encoding="utf-8")
    target = load_target(folder)
    tool = TerraformTool(name="terraform", executable="terraform", version="1.11.4")
    files = StackPlan(stack="only", plan=folder / "plan.json", named=None, names={}, why_not_named="by hand")
    return target, read_infrastructure(target, tool, [files])
