"""3.3.reproducible, 3.3.drift and the lock: what escapes a plan, what changes by itself, what hides changes, who opens the lock."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from exitgate.checks.infrastructure.judging import Judgement, judged
from exitgate.errors import PrerequisiteMissing
from exitgate.finding import Finding
from exitgate.observe.terraform import Infrastructure, Stack, Unknown

_KEPT_BY: Final = {
    **dict.fromkeys(
        (
            *("random_bytes", "random_id", "random_integer", "random_password", "random_pet", "random_shuffle"),
            *("random_string", "random_uuid"),
        ),
        "keepers",
    ),
    **dict.fromkeys(("time_offset", "time_rotating", "time_static"), "triggers"),
}
"""What draws a value or reads a clock, and the argument that says when it does so again."""
ALL: Final = "all"
JUDGED: Final = {
    "aws_db_instance": (
        *("storage_encrypted", "publicly_accessible", "deletion_protection", "backup_retention_period"),
        *("db_subnet_group_name", "vpc_security_group_ids", "identifier", "parameter_group_name"),
    ),
    "aws_db_parameter_group": ("parameter",),
    "aws_db_subnet_group": ("subnet_ids",),
    "aws_default_route_table": ("route",),
    "aws_ecs_cluster": ("capacity_providers",),
    "aws_ecs_cluster_capacity_providers": ("capacity_providers",),
    "aws_ecs_service": (
        *("cluster", "task_definition", "launch_type", "capacity_provider_strategy", "network_configuration"),
        *("load_balancer", "desired_count"),
    ),
    "aws_ecs_task_definition": (
        *("container_definitions", "requires_compatibilities", "network_mode", "task_role_arn", "execution_role_arn"),
    ),
    "aws_elasticache_replication_group": (
        *("transit_encryption_enabled", "at_rest_encryption_enabled", "transit_encryption_mode", "auth_token"),
        *("user_group_ids", "subnet_group_name"),
    ),
    "aws_elasticache_subnet_group": ("subnet_ids",),
    "aws_elasticache_serverless_cache": ("user_group_id", "subnet_ids"),
    "aws_iam_policy": ("policy",),
    "aws_iam_role": ("assume_role_policy", "inline_policy", "managed_policy_arns"),
    "aws_iam_role_policy": ("policy", "role"),
    "aws_lb": ("access_logs", "subnets", "load_balancer_type", "internal"),
    "aws_lb_listener": ("load_balancer_arn", "protocol", "certificate_arn", "ssl_policy", "default_action"),
    "aws_lb_listener_rule": ("action", "listener_arn"),
    "aws_lb_target_group": ("target_type", "health_check"),
    "aws_mq_broker": ("engine_type", "publicly_accessible", "logs", "user"),
    "aws_rds_cluster": (
        *("storage_encrypted", "deletion_protection", "backup_retention_period", "db_subnet_group_name"),
        *("vpc_security_group_ids", "cluster_identifier", "db_cluster_parameter_group_name"),
    ),
    "aws_rds_cluster_parameter_group": ("parameter",),
    "aws_route": ("gateway_id", "route_table_id"),
    "aws_route_table": ("route",),
    "aws_route_table_association": ("subnet_id", "route_table_id"),
    "aws_security_group": ("ingress", "egress"),
    "aws_security_group_rule": ("cidr_blocks", "source_security_group_id", "security_group_id"),
    "aws_subnet": ("cidr_block", "availability_zone"),
    "aws_vpc": ("cidr_block",),
    "aws_vpc_security_group_ingress_rule": ("cidr_ipv4", "referenced_security_group_id", "security_group_id"),
}
"""The attributes that rules of this criterion look at: who changes them past the code must be found out."""


def escaping_code(planned: Infrastructure) -> list[Finding]:
    """Name each provisioner, and each data source that asks a program, an address or another state."""

    def judge(stack: Stack, judgement: Judgement) -> None:
        for each in stack.outside:
            judgement.fault(
                each.location,
                f"{each.address} brings {each.what} into an apply, which no plan shows",
                expected="code whose plan says all that an apply does",
                got=each.what,
                remedy="Declare what it does as a resource, or hand its answer in by a reviewed variable.",
            )

    return judged(planned, judge)


def changing_values(planned: Infrastructure) -> list[Finding]:
    """Name each value that hangs on time or chance: functions, and resources that nothing says when to draw again."""

    def judge(stack: Stack, judgement: Judgement) -> None:
        for module in stack.unread:
            judgement.unknown.append(f"{module}: its code, which lies outside of the target")
        for each in stack.chances:
            judgement.fault(
                each.location,
                f"{each.address} gives {each.what}",
                expected="the same plan from the same code",
                got=each.address,
                remedy="Hand the value in by a variable, or let AWS make it.",
            )
        for resource in stack.of(*_KEPT_BY):
            key = _KEPT_BY[resource.type]
            # Keepers of which something is known only after an apply are keepers.
            if resource.get(key) in (None, {}) and not isinstance(resource.get(key), Unknown):
                judgement.fault(
                    resource.locate(),
                    f"{resource.address} is made by time or chance, and nothing says when it is made anew",
                    expected=f"{key} that name what it hangs on",
                    got="none",
                    remedy=f"Give it {key}.",
                )

    return judged(planned, judge)


def hidden_changes(planned: Infrastructure, elsewhere: Collection[tuple[str, str]]) -> list[Finding]:
    """Name each judged attribute whose changes the code ignores, and that no ``[[infrastructure.elsewhere]]`` gives to another.

    Args:
        planned: The plans.
        elsewhere: Types and attributes that another system sets.
    """

    def judge(stack: Stack, judgement: Judgement) -> None:
        for resource in stack.resources:
            watched = JUDGED.get(resource.type, ())
            ignored = watched if ALL in resource.ignores else [each for each in resource.ignores if each in watched]
            for attribute in ignored:
                if (resource.type, attribute) not in elsewhere:
                    judgement.fault(
                        resource.locate("lifecycle"),
                        f"{resource.address} ignores changes of {attribute}, so a change by hand stays for good",
                        expected="changes that the next plan takes back",
                        got=f"ignore_changes of {'everything' if ALL in resource.ignores else attribute}",
                        remedy="Take it out of ignore_changes, or say in [[infrastructure.elsewhere]] which system owns it.",
                    )

    return judged(planned, judge)


def open_locks(planned: Infrastructure, name: str | None) -> list[Finding]:
    """Say where the variable that lets production's traffic in is not false unless somebody sets it.

    Args:
        planned: The plans, made with the target's own files of variables.
        name: The variable; nothing where the target declares none.

    Raises:
        PrerequisiteMissing: if the target declares none.
    """
    if name is None:
        raise PrerequisiteMissing(
            "exitgate.toml",
            got="no lock_variable in [infrastructure]",
            expected="the variable that lets production's traffic in",
            action="Add lock_variable, and let the infrastructure code hang on it.",
        )

    def judge(stack: Stack, judgement: Judgement) -> None:
        lock = next((each for each in stack.variables if each.name == name), None)
        if lock is None:
            judgement.fault(
                f"stack:{stack.name}",
                f"the code has no variable {name}",
                expected=f"variable {name}, false by default",
                got="no such variable",
                remedy="Declare it, or correct lock_variable.",
            )
        elif lock.default != "False":
            judgement.fault(
                lock.location,
                f"the lock {name} is not false by default",
                expected="default = false",
                got=lock.default or "no default",
                remedy="Set default = false: who forgets to say something opens nothing.",
            )
        elif lock.value not in ("", "False"):
            judgement.fault(
                lock.location,
                f"a file of the target sets the lock {name}",
                expected="a value that who applies gives, for what has passed",
                got=f"{name} = {lock.value.lower()}",
                remedy="Take it out of the files of variables.",
            )

    return judged(planned, judge)
