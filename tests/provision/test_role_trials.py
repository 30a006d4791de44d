"""What roles may do on an emulator that enforces IAM: what is answered, what is refused, and that nothing is left behind."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from exitgate.errors import PrerequisiteMissing
from exitgate.provision.account_listing import list_account
from exitgate.provision.emulator import Emulator, installed_emulator, throwaway_emulator
from exitgate.provision.role_trials import CALLS, LISTINGS, Needed, try_roles
from exitgate.provision.role_trials.calls import resource_of
from tests.runs import run_in

RUN = run_in(name="20260101t000000z-tr0001")
REGION, ACCOUNT, PLANNED = "eu-central-1", "222222222222", "123456789012"
SECRET = f"arn:aws:secretsmanager:{REGION}:{PLANNED}:secret:shop/orders/database-??????"
REPOSITORY = f"arn:aws:ecr:{REGION}:{PLANNED}:repository/shop/orders"
STREAM = f"arn:aws:logs:{REGION}:{PLANNED}:log-group:/ecs/orders:log-stream:orders/????????"
OWN_TASKS = {
    "Effect": "Allow",
    "Principal": {"Service": "ecs-tasks.amazonaws.com"},
    "Action": "sts:AssumeRole",
    "Condition": {"StringEquals": {"aws:SourceAccount": ACCOUNT}},
}
NEEDS = [
    Needed(workload="orders", kind="execution", action=action, resource=resource, why="it starts")
    for action, resource in (
        ("ecr:GetAuthorizationToken", "*"),
        ("ecr:BatchGetImage", REPOSITORY),
        ("logs:PutLogEvents", STREAM),
        ("secretsmanager:GetSecretValue", SECRET),
    )
]


def statement(action: object, resource: str) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource.replace(PLANNED, ACCOUNT)}


@pytest.fixture(scope="module")
def emulator() -> Iterator[Emulator]:
    try:
        installation = installed_emulator()
    except PrerequisiteMissing as error:
        pytest.skip(str(error))
    with throwaway_emulator(RUN, installation, REGION) as started:
        secrets = started.client("secretsmanager", ACCOUNT)
        for name in ("orders", "catalog"):
            secrets.create_secret(Name=f"shop/{name}/database", SecretString="x")
        started.client("ecr", ACCOUNT).create_repository(repositoryName="shop/orders")
        yield started


def tried(emulator: Emulator, *more: dict[str, Any], trust: dict[str, Any] = OWN_TASKS) -> dict[str, Any]:
    """Return what came of a service whose execution role has its needs and some statements more, and its task role nothing."""
    iam = emulator.client("iam", ACCOUNT)
    given = [statement(each.action, each.resource) for each in NEEDS]
    arns = {}
    for kind in ("execution", "task"):
        document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
        arns[kind] = iam.create_role(RoleName=f"orders-{kind}", AssumeRolePolicyDocument=document)["Role"]["Arn"]
    document = json.dumps({"Version": "2012-10-17", "Statement": [*given, *more]})
    iam.put_role_policy(RoleName="orders-execution", PolicyName="start", PolicyDocument=document)
    resources = [
        {"type": "aws_iam_role", "address": f"aws_iam_role.{kind}", "values": {"arn": arn}}
        for kind, arn in arns.items()
    ]
    task = {"container_definitions": json.dumps([{"name": "app"}])}
    task |= {f"{kind}_role_arn": arn for kind, arn in arns.items()}
    resources.append({"type": "aws_ecs_task_definition", "address": "aws_ecs_task_definition.it", "values": task})
    try:
        return try_roles(emulator.client, ACCOUNT, REGION, resources, {"orders": "app"}, NEEDS)
    finally:
        iam.delete_role_policy(RoleName="orders-execution", PolicyName="start")
        for kind in arns:
            iam.delete_role(RoleName=f"orders-{kind}")


def answers(told: dict[str, Any], role: str = "execution") -> dict[tuple[str, str], tuple[str, str, str]]:
    """Return what the role, who is allowed exactly that, and who is allowed nothing were answered."""
    found = next(each for each in told["roles"] if each["kind"] == role)
    return {
        (each["action"], resource_of(each["resource"])): (each["role"], each["granted"], each["nobody"])
        for each in found["tries"]
    }


@pytest.fixture(scope="module")
def clean(emulator: Emulator) -> dict[str, Any]:
    return tried(emulator)


def test_what_a_role_needs_is_answered_and_the_rest_is_refused(clean: dict[str, Any]) -> None:
    seen = {key[0]: told for key, told in answers(clean).items() if "catalog" not in key[1]}
    told = ("answered", "answered", "refused")
    for action in ("ecr:GetAuthorizationToken", "ecr:BatchGetImage", "secretsmanager:GetSecretValue"):
        assert seen[action] == told, action
    assert {seen[action] for action in LISTINGS} == {("refused", "answered", "refused")}


def test_another_service_s_secret_is_refused(clean: dict[str, Any]) -> None:
    found = {key: told for key, told in answers(clean).items() if "shop/catalog/database" in key[1]}
    assert list(found.values()) == [("refused", "answered", "refused")]


def test_a_task_role_without_needs_is_refused_what_the_execution_role_needs(clean: dict[str, Any]) -> None:
    seen = answers(clean, "task")
    assert seen["ecr:BatchGetImage", "repository/shop/orders"] == ("refused", "answered", "refused")
    assert all(told[0] == "refused" for told in seen.values())


def test_that_this_version_asks_for_the_group_of_a_log_stream_alone_is_seen_and_not_believed(
    clean: dict[str, Any],
) -> None:
    """Who is allowed exactly the stream is refused: a version in which that is otherwise closes a limit of the record."""
    found = [told for key, told in answers(clean).items() if key[0] == "logs:PutLogEvents"]
    assert found == [("refused", "refused", "refused")]


def test_nobody_else_takes_a_role_on_though_each_stranger_gets_one_that_trusts_it(clean: dict[str, Any]) -> None:
    strangers = {"a user of the account", "another role of the account", "a user of another account"}
    assert clean["strangers"] == {who: {"open": "answered", "closed": "refused"} for who in strangers}
    for role in clean["roles"]:
        assert role["taken"] == dict.fromkeys(strangers, "refused")


def test_what_its_own_policy_gives_beyond_its_needs_is_tried_and_answered(emulator: Emulator) -> None:
    seen = answers(tried(emulator, statement("s3:ListAllMyBuckets", "*"), statement("sqs:*", "*")))
    assert seen["s3:ListAllMyBuckets", "*"][0] == "answered"
    # The queue is not there: that is another answer than a refusal.
    assert seen["sqs:ReceiveMessage", "exitgate-drawn"][0] not in ("refused", "answered", "")
    assert seen["sqs:DeleteQueue", "exitgate-drawn"] == ("", "", ""), "no harmless call is known, so it is not tried"


def test_an_explicit_deny_is_seen(emulator: Emulator) -> None:
    denied = {**statement("ecr:BatchGetImage", "*"), "Effect": "Deny"}
    seen = answers(tried(emulator, denied))
    assert seen["ecr:BatchGetImage", "repository/shop/orders"] == ("refused", "answered", "refused")


def test_a_trust_that_names_everybody_lets_strangers_in(emulator: Emulator) -> None:
    told = tried(emulator, trust={"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"})
    assert set(told["roles"][0]["taken"].values()) == {"answered"}


def test_nothing_is_left_behind_and_trusts_are_as_before(emulator: Emulator) -> None:
    before = list_account(lambda service: emulator.client(service, ACCOUNT))
    tried(emulator)
    assert list_account(lambda service: emulator.client(service, ACCOUNT)) == before
    assert emulator.client("iam", "910000000003").list_users()["Users"] == []


def test_needs_of_several_accounts_are_not_assessed(emulator: Emulator) -> None:
    other = Needed(
        workload="orders", kind="task", action="sqs:SendMessage", resource="arn:aws:sqs:x:999999999999:q", why="y"
    )
    with pytest.raises(PrerequisiteMissing, match="ARNs of 2 accounts: 123456789012, 999999999999"):
        try_roles(emulator.client, ACCOUNT, REGION, [], {}, [*NEEDS, other])


@pytest.mark.parametrize("action", sorted(CALLS))
def test_a_call_has_the_arguments_that_its_operation_asks_for(emulator: Emulator, action: str) -> None:
    call = CALLS[action]
    client = emulator.client(call.service, ACCOUNT)
    name = client.meta.method_to_api_mapping[call.operation]
    shape = client.meta.service_model.operation_model(name).input_shape
    given = call.arguments(f"arn:aws:{call.service}:{REGION}:{ACCOUNT}:part/name")
    assert set(shape.required_members if shape else ()) <= set(given)
    assert set(given) <= set(shape.members if shape else ())
