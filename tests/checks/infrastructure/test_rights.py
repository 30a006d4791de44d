"""3.3.B.3.1, 3.3.B.3.2 and 3.3.C.3 on the shop's planned roles: clean, too much, too little, empty, and not known."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from exitgate.checks.infrastructure.decisions import wrong_decisions
from exitgate.checks.infrastructure.rights import allowed_beyond_need, unneeded_secrets
from exitgate.errors import PrerequisiteMissing
from exitgate.finding import Finding
from exitgate.observe.terraform import UNKNOWN, Infrastructure, Reference
from exitgate.target import load_target

from .shop import ACCOUNT, KEY_POLICY, SECRET, TRUST, allow, changed, inline, made, planned, policy, shop

REFERENCE = load_target(Path(__file__).parents[3] / "reference")
assert REFERENCE.policy.infrastructure
POLICY = REFERENCE.policy.infrastructure
ORDERS, WEB = REFERENCE.workload("orders"), REFERENCE.workload("web")
READ = "secretsmanager:GetSecretValue"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/"
Check = Callable[[Infrastructure], list[Finding]]


def secrets(plan: Infrastructure) -> list[Finding]:
    return unneeded_secrets(plan, ORDERS)


def beyond(plan: Infrastructure) -> list[Finding]:
    return allowed_beyond_need(plan, POLICY, ORDERS)


def decisions(plan: Infrastructure) -> list[Finding]:
    return wrong_decisions(plan, POLICY, ORDERS)


def told(findings: list[Finding]) -> str:
    return "\n".join(f"{each.location} {each.message}" for each in findings)


@pytest.mark.parametrize("workload", REFERENCE.workloads, ids=lambda each: each.name)
def test_the_shop_is_allowed_what_it_needs_and_no_more(workload: Any) -> None:
    plan = planned(shop())
    assert unneeded_secrets(plan, workload) == []
    assert allowed_beyond_need(plan, POLICY, workload) == []
    assert wrong_decisions(plan, POLICY, workload) == []


def execution(*statements: object, name: str = "more") -> Infrastructure:
    return changed(inline(name, "orders-execution", *statements))


def task(*statements: object, **more: Any) -> Infrastructure:
    return changed(inline("more", "orders-task", *statements), **more)


def trust(*statements: object) -> Infrastructure:
    return changed(**{"aws_iam_role.orders-task": {"assume_role_policy": policy(*statements)}})


OTHER = f"{SECRET}catalog/redis-url-??????"
CASES: list[tuple[Check, Infrastructure, str]] = [
    # Secrets: too many.
    (secrets, execution(allow(READ, "*")), "catalog/redis-url-AbCdEf and 6 requests more, by"),
    (secrets, execution(allow(READ, OTHER, "Other")), "by aws_iam_role_policy.more statement Other"),
    (secrets, execution(allow("secretsmanager:*", f"{SECRET}orders/*")), "orders/database-url-of-another"),
    (secrets, execution({"Effect": "Allow", "NotAction": "iam:*", "NotResource": f"{SECRET}x"}), "statement 1"),
    (secrets, execution(allow("ssm:GetParameter*", "*")), "is allowed ssm:GetParameters"),
    (
        secrets,
        changed(
            made(
                "aws_secretsmanager_secret_policy.token",
                secret_arn=Reference("aws_secretsmanager_secret.cache-token", "arn"),
                policy=policy(allow(READ, "*", Principal={"AWS": f"{ROLE}orders-execution"})),
            )
        ),
        "reference-shop/cache/token-AbCdEf, by aws_secretsmanager_secret_policy.token statement Given",
    ),
    # And too few.
    (
        secrets,
        changed(**{"aws_iam_role_policy.orders-execution": {"policy": policy(allow(READ, f"{SECRET}orders/*-url"))}}),
        f"is denied {READ} on {SECRET}orders/database-url-AbCdEf: no statement allows it",
    ),
    (
        secrets,
        execution({"Sid": "Stop", "Effect": "Deny", "Action": "secretsmanager:*", "Resource": "*"}),
        "refused by aws_iam_role_policy.more statement Stop",
    ),
    (
        secrets,
        changed(**{"aws_kms_key.secrets": {"policy": policy(KEY_POLICY[0])}}),
        "is denied kms:Decrypt on arn:aws:kms:",
    ),
    (
        secrets,
        changed(
            made("aws_iam_policy.boundary", name="boundary", policy=policy(allow("ecr:*"))),
            **{"aws_iam_role.orders-execution": {"permissions_boundary": Reference("aws_iam_policy.boundary", "arn")}},
        ),
        f"is denied {READ}",
    ),
    # Task roles.
    (
        beyond,
        task(allow("s3:GetObject", "arn:aws:s3:::exports/*")),
        "s3:GetObject on arn:aws:s3:::exports/exitgate-drawn",
    ),
    (beyond, task(allow("sqs:*")), "by aws_iam_role_policy.more statement Given"),
    (beyond, task({"Effect": "Allow", "NotAction": ["iam:*", "sts:*"], "Resource": "*"}), "requests more"),
    (beyond, task({"Effect": "Allow", "Action": "s3:*", "NotResource": "arn:aws:s3:::private/*"}), "s3:"),
    (
        beyond,
        changed(
            made(
                "aws_iam_role_policy_attachment.admin",
                role=Reference("aws_iam_role.orders-task", "name"),
                policy_arn="arn:aws:iam::aws:policy/AdministratorAccess",
            )
        ),
        "by aws_iam_role_policy_attachment.admin statement 1",
    ),
    (
        beyond,
        changed(
            made("aws_sqs_queue.jobs", name="jobs"),
            made(
                "aws_sqs_queue_policy.jobs",
                queue_url=Reference("aws_sqs_queue.jobs", "id"),
                policy=policy(allow("sqs:SendMessage", "*", Principal="*")),
            ),
        ),
        f"sqs:SendMessage on arn:aws:sqs:eu-central-1:{ACCOUNT}:jobs, by aws_sqs_queue_policy.jobs",
    ),
    (
        beyond,
        changed(
            made(
                "aws_kms_grant.orders",
                key_id=Reference("aws_kms_key.secrets", "key_id"),
                grantee_principal=Reference("aws_iam_role.orders-task", "arn"),
                operations=("Decrypt",),
            )
        ),
        "by aws_kms_grant.orders statement 1",
    ),
    # All together.
    (
        decisions,
        changed(**{"aws_iam_role_policy.orders-execution": {"policy": policy(allow("ecr:GetAuthorizationToken"))}}),
        "is denied logs:PutLogEvents",
    ),
    (decisions, task(allow("dynamodb:Scan")), "aws_iam_role.orders-task is allowed dynamodb:Scan"),
    (decisions, trust({**TRUST, "Condition": {}}), "taken on by ECS tasks of another account, a confused deputy"),
    (
        decisions,
        trust({**TRUST, "Principal": {"Service": ["ecs-tasks.amazonaws.com", "ec2.amazonaws.com"]}}),
        "taken on by ec2.amazonaws.com",
    ),
    (
        decisions,
        trust(TRUST, {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": "999999999999"}}),
        "taken on by a role of another account",
    ),
    (
        decisions,
        trust({**TRUST, "Principal": {"Service": "lambda.amazonaws.com"}}),
        "can't be taken on by this account's own tasks",
    ),
    (decisions, task(allow("iam:PutRolePolicy", f"{ROLE}*")), "can give itself more rights"),
    (
        decisions,
        task(allow(["iam:PassRole", "lambda:CreateFunction", "lambda:InvokeFunction"])),
        "a function with a role (iam:PassRole, lambda:CreateFunction, lambda:InvokeFunction)",
    ),
    (
        decisions,
        task(
            allow("iam:PassRole", Condition={"StringEquals": {"iam:PassedToService": "ec2.amazonaws.com"}}),
            allow("ec2:RunInstances", sid="Run"),
        ),
        "a machine with a role (iam:PassRole, ec2:RunInstances)",
    ),
]


@pytest.mark.parametrize(("check", "plan", "words"), CASES)
def test_too_much_and_too_little_is_told_by_its_statement(check: Check, plan: Infrastructure, words: str) -> None:
    assert words in told(check(plan))


def two_steps() -> Infrastructure:
    """Return a shop whose orders may take on a role that may hand a function the role of an administrator."""
    by_orders = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": f"{ROLE}orders-task"}}
    by_functions = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "lambda.amazonaws.com"}}
    return changed(
        made("aws_iam_role.deployer", name="deployer", path="/", assume_role_policy=policy(by_orders)),
        inline("deployer", "deployer", allow(["iam:PassRole", "lambda:CreateFunction", "lambda:InvokeFunction"])),
        made("aws_iam_role.admin", name="admin", path="/", assume_role_policy=policy(by_functions)),
        inline("admin", "admin", allow("*")),
    )


def test_an_administrator_two_steps_away_is_found() -> None:
    words = told(decisions(two_steps()))
    assert "aws_iam_role.orders-task becomes an administrator in 2 steps: " in words
    assert "aws_iam_role.orders-task → aws_iam_role.deployer → aws_iam_role.admin" in words


@pytest.mark.parametrize(
    ("check", "plan", "words"),
    [
        (secrets, planned(shop(), named=False), "what refers to what"),
        (
            beyond,
            changed(made("aws_iam_role_policy.x", role=UNKNOWN, policy=policy(allow("s3:*")))),
            "aws_iam_role_policy.x: role",
        ),
        (
            beyond,
            changed(
                made(
                    "aws_iam_role_policy_attachment.x",
                    role="orders-task",
                    policy_arn="arn:aws:iam::aws:policy/PowerUserAccess",
                )
            ),
            "what arn:aws:iam::aws:policy/PowerUserAccess allows",
        ),
        (
            beyond,
            task(allow("s3:GetObject", Condition={"StringEquals": {"aws:SourceVpce": "vpce-1"}})),
            "statement Given: whether it decides s3:GetObject",
        ),
        (
            decisions,
            execution({"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": {"Bool": {"x:y": "true"}}}),
            "whether it decides",
        ),
        (beyond, task({"Effect": "Perhaps"}), "a policy that IAM refuses"),
        (
            secrets,
            changed(**{"aws_ecs_task_definition.orders": {"execution_role_arn": UNKNOWN}}),
            "execution_role_arn",
        ),
    ],
)
def test_what_is_not_known_is_not_assessed_by_name(check: Check, plan: Infrastructure, words: str) -> None:
    with pytest.raises(PrerequisiteMissing) as caught:
        check(plan)
    assert words in f"{caught.value}"


@pytest.mark.parametrize("check", [secrets, beyond, decisions])
def test_a_stack_without_the_service_is_no_pass(check: Check) -> None:
    assert "holds no ECS service of orders" in told(check(planned({})))
