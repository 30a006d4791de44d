"""Names that stand for what a plan does not know, as ARNs; grants of keys; and policies that can't be read."""

from __future__ import annotations

import json

import pytest

from exitgate.observe.planned_rights import asked, read_planned_rights
from exitgate.observe.terraform import UNKNOWN, Reference, Resource, Stack, Value, Variable
from exitgate.rights import Verdict

NAMED = "arn:aws:exitgate:xx-named-1:000000000000:{:05d}/arn"
TRUST = {"Effect": "Allow", "Principal": {"Service": "ecs-tasks.amazonaws.com"}, "Action": "sts:AssumeRole"}


ACCOUNT = Variable(name="account_id", default="", value="123456789012", location="main.tf:1")


def resource(address: str, **values: Value) -> Resource:
    lines = tuple((name, 2) for name in values)
    kind = address.partition(".")[0]
    return Resource(address=address, type=kind, values=values, path="main.tf", line=1, lines=lines)


def policy(*statements: object) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(action: str, resources: str, **more: object) -> dict[str, object]:
    return {"Effect": "Allow", "Action": action, "Resource": resources, **more}


def stack(*more: Resource) -> Stack:
    """Return a role, a key, a queue and two secrets, with names for the ARNs of the first and for one that is not planned."""
    resources = (
        resource("aws_iam_role.task", name="task", path="/shop/", assume_role_policy=policy(TRUST)),
        resource("aws_kms_key.data", policy=policy(allow("kms:*", "*", Principal={"AWS": "123456789012"}))),
        resource("aws_sqs_queue.jobs", name="jobs", policy=UNKNOWN_TEXT),
        resource("aws_secretsmanager_secret.one", name="shop/one"),
        *more,
    )
    addresses = [
        "aws_iam_role.task",
        "aws_kms_key.data",
        "aws_sqs_queue.jobs",
        "aws_secretsmanager_secret.one",
        "aws_x.y",
    ]
    names = {NAMED.format(index): (address, "arn") for index, address in enumerate(addresses)}
    names["exitgate-00000-id"] = ("aws_iam_role.task", "id")
    names["exitgate-00003-id"] = ("aws_secretsmanager_secret.one", "id")
    names["e817ca7e-0000-4000-8000-000000000001"] = ("aws_kms_key.data", "key_id")
    return Stack(name="s", resources=resources, named=True, variables=(ACCOUNT,), names=names)


UNKNOWN_TEXT: Value = None
REGION = "arn:aws:logs:eu-central-1:123456789012:*"


def inline(*statements: object) -> Resource:
    return resource("aws_iam_role_policy.p", role=Reference("aws_iam_role.task", "id"), policy=policy(*statements))


def test_names_become_the_arns_of_what_they_stand_for() -> None:
    rights = read_planned_rights(stack(inline(allow("logs:*", REGION))))
    told = {
        NAMED.format(0): "arn:aws:iam::123456789012:role/shop/task",
        NAMED.format(1): "arn:aws:kms:eu-central-1:123456789012:key/00000001-0000-4000-8000-000000000000",
        NAMED.format(2): "arn:aws:sqs:eu-central-1:123456789012:jobs",
        NAMED.format(3): "arn:aws:secretsmanager:eu-central-1:123456789012:secret:shop/one-AbCdEf",
        "exitgate-00000-id": "task",
        "exitgate-00003-id": "arn:aws:secretsmanager:eu-central-1:123456789012:secret:shop/one-AbCdEf",
        "key/e817ca7e-0000-4000-8000-000000000001": "key/00000001-0000-4000-8000-000000000000",
        "plain": "plain",
    }
    assert {text: rights.arns.text(text) for text in told} == told
    assert rights.arns.text(UNKNOWN) is None
    assert "aws_x.y" in str(rights.arns.text(NAMED.format(4)))


@pytest.mark.parametrize(
    ("named", "resource_", "expected"),
    [
        (NAMED.format(2), "arn:aws:sqs:eu-central-1:123456789012:jobs", Verdict.ALLOWED),
        (NAMED.format(2), "arn:aws:sqs:eu-central-1:123456789012:other", Verdict.DENIED),
        (NAMED.format(4), "arn:aws:sqs:eu-central-1:123456789012:other", Verdict.UNKNOWN),
    ],
)
def test_a_statement_by_reference_meets_its_resource_alone(named: str, resource_: str, expected: Verdict) -> None:
    rights = read_planned_rights(stack(inline(allow("sqs:SendMessage", named), allow("logs:*", REGION))))
    role = rights.roles["aws_iam_role.task"]
    assert asked(rights, role, "sqs:SendMessage", resource_).verdict is expected


def test_a_grant_allows_its_operations_under_its_constraints() -> None:
    grant = resource(
        "aws_kms_grant.g",
        key_id=Reference("aws_kms_key.data", "key_id"),
        grantee_principal=Reference("aws_iam_role.task", "arn"),
        operations=("Decrypt",),
        constraints=({"encryption_context_equals": {"tenant": "a"}, "encryption_context_subset": None},),
    )
    plain = resource("aws_kms_grant.g", **{**grant.values, "constraints": ()})
    for given, decrypt in ((grant, Verdict.UNKNOWN), (plain, Verdict.ALLOWED)):
        rights = read_planned_rights(stack(given))
        role, key = rights.roles["aws_iam_role.task"], rights.arns.text(Reference("aws_kms_key.data", "arn"))
        assert asked(rights, role, "kms:Decrypt", str(key)).verdict is decrypt
        assert asked(rights, role, "kms:Encrypt", str(key)).verdict is Verdict.DENIED


def test_what_can_not_be_read_is_told_by_name() -> None:
    rights = read_planned_rights(
        stack(
            resource("aws_iam_role_policy.text", role="task", policy="no JSON"),
            resource("aws_iam_role_policy.hidden", role="task", policy=UNKNOWN),
            resource("aws_sqs_queue_policy.q", queue_url="https://elsewhere", policy=policy(TRUST)),
            resource("aws_kms_grant.g", key_id=Reference("aws_kms_key.data", "key_id"), operations=UNKNOWN),
        )
    )
    assert rights.roles["aws_iam_role.task"].unknown == (
        "aws_iam_role_policy.text: a policy that is no JSON",
        "aws_iam_role_policy.hidden: policy",
    )
    assert rights.unknown == ["aws_sqs_queue_policy.q: queue_url", "aws_kms_grant.g: grantee and operations"]


def test_policies_are_attached_by_name_and_by_reference() -> None:
    rights = read_planned_rights(
        stack(
            resource("aws_iam_policy.p", name="p", policy=policy(allow("sqs:*", "*"))),
            resource("aws_iam_role_policy_attachment.a", role="task", policy_arn=Reference("aws_iam_policy.p", "arn")),
            resource(
                "aws_iam_policy_attachment.b",
                roles=(Reference("aws_iam_role.task", "name"),),
                policy_arn="arn:aws:iam::aws:policy/AmazonSNSFullAccess",
            ),
        )
    )
    names = [document.name for document in rights.roles["aws_iam_role.task"].policies]
    assert names == ["aws_iam_policy.p", "aws_iam_policy_attachment.b"]
    assert rights.locate("aws_iam_policy.p statement 1") == "main.tf:2"
