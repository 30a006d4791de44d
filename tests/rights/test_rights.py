"""The model of IAM beside an independent evaluation, beside Amazon's documented examples, and where something is not known."""

from __future__ import annotations

from collections import Counter
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exitgate.rights import (
    Context,
    MalformedPolicyError,
    Policies,
    Principal,
    Request,
    Verdict,
    decide,
    hidden,
    read_document,
)
from exitgate.rights.actions import ALL_ACTIONS
from exitgate.rights.drawing import at_random, filled, made_for, made_of, outside, places
from exitgate.rights.escalation import ADMIN, DIRECT, PASS, PASSING
from exitgate.rights.truth import all_of, any_of, opposite

from .random_policies import ROLE, SESSION, a_statement, difference

ME = Principal(arn=ROLE, session=SESSION, account="111111111111")
USER = Principal(arn="arn:aws:iam::111111111111:user/carlos", account="111111111111")
Json = Any


@settings(max_examples=300, deadline=None)
@given(st.integers(0, 1 << 32))
def test_the_evaluation_agrees_with_an_independent_one(seed: int) -> None:
    assert difference(seed) == ""


def allow(action: Json = "*", resource: Json = "*", **more: Json) -> Json:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def deny(action: Json = "*", resource: Json = "*", **more: Json) -> Json:
    return {"Effect": "Deny", "Action": action, "Resource": resource, **more}


def to(principal: Json, **more: Json) -> Json:
    return allow(Principal=principal, **more)


def documents(*statements: Json, version: str = "2012-10-17") -> Any:
    return (read_document("policy", {"Version": version, "Statement": list(statements)}),)


def verdict(
    identity: Json = (),
    *,
    action: str = "s3:GetObject",
    resource: str = "arn:aws:s3:::bucket/key",
    principal: Principal = ME,
    account: str = "",
    context: dict[str, tuple[str, ...]] | None = None,
    complete: bool = True,
    version: str = "2012-10-17",
    guarded: bool = False,
    **others: Json,
) -> str:
    """Evaluate a request; policies are lists of statements."""
    told = {key: documents(*value) for key, value in others.items()}
    policies = Policies(identity=documents(*identity, version=version), guarded=guarded, **told)
    known = Context(values={key.lower(): value for key, value in (context or {}).items()}, complete=complete)
    request = Request(principal=principal, action=action, resource=resource, context=known, account=account)
    return decide(request, policies).verdict.value


BOUNDARY = [allow(["s3:*", "cloudwatch:*", "ec2:*"])]
KEY = "arn:aws:kms:eu-central-1:111111111111:key/1"
ROOT = {"AWS": "arn:aws:iam::111111111111:root"}
EXAMPLES: dict[str, tuple[dict[str, Any], str]] = {
    # "Policy evaluation logic": the order of the flow chart.
    "by default every request is denied": ({}, "denied"),
    "an allowance overrides the default": ({"identity": [allow()]}, "allowed"),
    "an explicit refusal overrides any allowance": ({"identity": [allow(), deny("s3:GetObject")]}, "denied"),
    "a refusal of the resource's policy too": ({"identity": [allow()], "resource": [deny(Principal="*")]}, "denied"),
    "service control policies do not grant": ({"organisation": ()}, "denied"),
    # "Permissions boundaries for IAM entities": the example of ShirleyRodriguez's boundary.
    "a boundary alone grants nothing": ({"boundary": BOUNDARY}, "denied"),
    "what both allow is allowed": ({"identity": [allow("s3:GetObject")], "boundary": BOUNDARY}, "allowed"),
    "iam:CreateUser is outside of the boundary": (
        {"identity": [allow("iam:CreateUser")], "boundary": BOUNDARY, "action": "iam:CreateUser"},
        "denied",
    ),
    "a boundary's refusal counts": ({"identity": [allow()], "boundary": [allow(), deny("s3:*")]}, "denied"),
    # "Session policies": the intersection.
    "a session gets the intersection": ({"identity": [allow("s3:*")], "session": [allow("ec2:*")]}, "denied"),
    # "Resource-based policies" for role and session.
    "a grant to the role needs no identity policy": ({"resource": [to({"AWS": ROLE})]}, "allowed"),
    "and is limited by the boundary": ({"resource": [to({"AWS": ROLE})], "boundary": [allow("ec2:*")]}, "denied"),
    "and by the session's policy": ({"resource": [to({"AWS": ROLE})], "session": [allow("ec2:*")]}, "denied"),
    "a grant to the session is not limited": (
        {"resource": [to({"AWS": SESSION})], "boundary": [allow("ec2:*")], "session": [allow("ec2:*")]},
        "allowed",
    ),
    "a grant to a user is not limited by the boundary": (
        {"resource": [to({"AWS": USER.arn})], "boundary": [allow("ec2:*")], "principal": USER},
        "allowed",
    ),
    "a grant to the account leaves it to identity policies": ({"resource": [to(ROOT)]}, "denied"),
    "a grant to everybody in the same account": ({"resource": [to("*")]}, "allowed"),
    # "Cross-account policy evaluation logic": both sides.
    "another account's resource needs both": ({"identity": [allow()], "account": "222222222222"}, "denied"),
    "the resource's policy alone does not do": (
        {"resource": [to({"AWS": ROLE})], "account": "222222222222"},
        "denied",
    ),
    "both together do": (
        {"identity": [allow()], "resource": [to({"AWS": "111111111111"})], "account": "222222222222"},
        "allowed",
    ),
    # "Elements: NotAction, NotResource, NotPrincipal".
    "NotAction allows all others": (
        {"identity": [{"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}]},
        "allowed",
    ),
    "NotAction leaves out what it names": (
        {"identity": [{"Effect": "Allow", "NotAction": "s3:*", "Resource": "*"}]},
        "denied",
    ),
    "a refusal with NotResource spares what it names": (
        {
            "identity": [
                allow(),
                {"Effect": "Deny", "Action": "s3:*", "NotResource": ["arn:aws:s3:::bucket", "arn:aws:s3:::bucket/*"]},
            ]
        },
        "allowed",
    ),
    "actions are compared without case": ({"identity": [allow("S3:getOBJECT")]}, "allowed"),
    "resources are compared with case": ({"identity": [allow(resource="arn:aws:s3:::Bucket/*")]}, "denied"),
    "an incomplete ARN is completed": ({"identity": [allow(resource="arn:aws:s3")]}, "allowed"),
    # "Variables and tags".
    "a variable is replaced": (
        {
            "identity": [allow(resource="arn:aws:s3:::bucket/${aws:username}/*")],
            "resource_": "arn:aws:s3:::bucket/carlos/x",
            "context": {"aws:username": ("carlos",)},
        },
        "allowed",
    ),
    "a variable without a value matches nothing": (
        {
            "identity": [allow(resource="arn:aws:s3:::bucket/${aws:username}/*")],
            "resource_": "arn:aws:s3:::bucket//x",
        },
        "denied",
    ),
    "a default stands in for it": (
        {
            "identity": [allow(resource="arn:aws:s3:::bucket/${aws:PrincipalTag/team, 'company-wide'}/*")],
            "resource_": "arn:aws:s3:::bucket/company-wide/x",
        },
        "allowed",
    ),
    "before 2012 a variable is a text": (
        {
            "identity": [allow(resource="arn:aws:s3:::bucket/${aws:username}")],
            "resource_": "arn:aws:s3:::bucket/carlos",
            "context": {"aws:username": ("carlos",)},
            "version": "2008-10-17",
        },
        "denied",
    ),
    "${*} is a mere star": (
        {"identity": [allow(resource="arn:aws:s3:::bucket/${*}")], "resource_": "arn:aws:s3:::bucket/key"},
        "denied",
    ),
}


@pytest.mark.parametrize("name", EXAMPLES)
def test_amazons_examples(name: str) -> None:
    given_, expected = EXAMPLES[name]
    told = dict(given_)
    if "resource_" in told:
        identity, wanted = told.pop("identity"), told.pop("resource_")
        assert verdict(identity, resource=wanted, **told) == expected
        return
    own = told.pop("resource", None)
    levels = told.pop("organisation", None)
    if levels is not None:
        policies = Policies(organisation=(documents(allow()),))
        assert decide(Request(principal=ME, action="s3:GetObject", resource="*"), policies).verdict.value == expected
        return
    policies = Policies(
        identity=documents(*told.pop("identity", ())),
        resource=documents(*own) if own else (),
        boundary=documents(*told.pop("boundary")) if "boundary" in told else None,
        session=documents(*told.pop("session")) if "session" in told else None,
    )
    request = Request(
        principal=told.get("principal", ME),
        action=told.get("action", "s3:GetObject"),
        resource="arn:aws:s3:::bucket/key",
        account=told.get("account", ""),
    )
    assert decide(request, policies).verdict.value == expected


@pytest.mark.parametrize(
    ("key_policy", "identity", "expected"),
    [
        # KMS developer guide, "Key policies": IAM policies count only where the key's policy gives the account its say.
        ((to(ROOT),), (allow("kms:*"),), "allowed"),
        ((to({"AWS": "arn:aws:iam::111111111111:role/other"}),), (allow("kms:*"),), "denied"),
        ((to({"AWS": ROLE}),), (), "allowed"),
        ((to(ROOT),), (), "denied"),
        ((), (allow("kms:*"),), "denied"),
    ],
)
def test_a_key_is_guarded_by_its_own_policy(key_policy: Json, identity: Json, expected: str) -> None:
    policies = Policies(identity=documents(*identity), resource=documents(*key_policy), guarded=True)
    request = Request(principal=ME, action="kms:Decrypt", resource=KEY)
    assert decide(request, policies).verdict.value == expected


def test_what_leaves_it_to_the_account_is_not_told_as_what_grants() -> None:
    everybody, account = {**to("*"), "Sid": "Everybody"}, {**to(ROOT), "Sid": "Account"}
    request = Request(principal=ME, action="kms:Decrypt", resource=KEY)

    def statements(*identity: Json) -> str:
        policies = Policies(identity=documents(*identity), resource=documents(account, everybody), guarded=True)
        return " ".join(decide(request, policies).statements)

    assert "Everybody" in statements()
    assert "Account" not in statements()
    assert "Account" in statements(allow("kms:*"))


# "Condition operators", "Multivalued context keys": operator, the policy's values, the request's, what comes of it.
CONDITIONS: list[tuple[str, Json, tuple[str, ...] | None, bool]] = [
    ("StringEquals", "a", ("a",), True),
    ("StringEquals", ["a", "b"], ("b",), True),
    ("StringEquals", "a*", ("ab",), False),
    ("StringEquals", "a", None, False),
    ("StringEqualsIfExists", "a", None, True),
    ("StringNotEquals", "a", None, True),
    ("StringNotEquals", ["a", "b"], ("b",), False),
    ("StringEqualsIgnoreCase", "A", ("a",), True),
    ("StringNotEqualsIgnoreCase", "A", ("a",), False),
    ("StringLike", "a*c?", ("abcd",), True),
    ("StringNotLike", "a*", ("b",), True),
    ("NumericEquals", 5, ("5.0",), True),
    ("NumericNotEquals", "5", ("6",), True),
    ("NumericLessThan", "5", ("4.9",), True),
    ("NumericLessThanEquals", "5", ("5",), True),
    ("NumericGreaterThan", "5", ("five",), False),
    ("NumericGreaterThanEquals", "5", ("5",), True),
    ("DateLessThan", "2026-01-01T00:00:00Z", ("2025-12-31T23:59:59Z",), True),
    ("DateGreaterThan", "2026-01-01T00:00:00Z", ("1893456000",), True),
    ("DateEquals", "2026-01-01T00:00:00Z", ("2026-01-01T01:00:00+01:00",), True),
    ("DateNotEquals", "2026-01-01T00:00:00Z", ("no date",), True),
    ("Bool", "true", ("True",), True),
    ("Bool", False, ("true",), False),
    ("Bool", "false", None, False),
    ("BoolIfExists", "false", None, True),
    ("BinaryEquals", "QmluYXJ5VmFsdWVJbkJhc2U2NA==", ("QmluYXJ5VmFsdWVJbkJhc2U2NA==",), True),
    ("IpAddress", "203.0.113.0/24", ("203.0.113.77",), True),
    ("IpAddress", "2001:DB8:1234:5678::/64", ("2001:db8:1234:5678::1",), True),
    ("NotIpAddress", "203.0.113.0/24", ("203.0.113.77",), False),
    ("NotIpAddress", "203.0.113.0/24", None, True),
    ("ArnEquals", "arn:aws:sns:*:123456789012:a", ("arn:aws:sns:us-east-1:123456789012:a",), True),
    ("ArnLike", "arn:aws:sns*a", ("arn:aws:sns:us-east-1:123456789012:a",), False),
    ("ArnNotLike", "arn:aws:sns:*:*:*", None, True),
    ("Null", "true", None, True),
    ("Null", "false", None, False),
    ("Null", False, ("x",), True),
    ("ForAllValues:StringEquals", ["a", "b"], ("a", "b"), True),
    ("ForAllValues:StringEquals", ["a", "b"], ("a", "c"), False),
    ("ForAllValues:StringEquals", ["a", "b"], None, True),
    ("ForAnyValue:StringEquals", ["a", "b"], ("c", "b"), True),
    ("ForAnyValue:StringEquals", ["a", "b"], None, False),
    ("ForAnyValue:StringNotEquals", ["a"], None, False),
    ("ForAnyValue:StringNotEquals", ["a"], ("a", "c"), True),
    ("ForAllValues:StringNotEquals", ["a"], ("a", "c"), False),
    ("ForAnyValue:StringEqualsIfExists", ["a"], None, True),
]


@pytest.mark.parametrize(("operator", "values", "request_", "expected"), CONDITIONS)
def test_condition_operators(operator: str, values: Json, request_: tuple[str, ...] | None, expected: bool) -> None:
    told = verdict(
        [allow(Condition={operator: {"aws:Key": values}})], context={} if request_ is None else {"aws:key": request_}
    )
    assert told == ("allowed" if expected else "denied")


@pytest.mark.parametrize(
    ("identity", "context", "expected"),
    [
        ([allow(Condition={"StringEquals": {"aws:SourceVpce": "v"}})], {}, "unknown"),
        ([allow(), deny(Condition={"StringNotEquals": {"aws:SourceVpce": "v"}})], {}, "unknown"),
        ([deny(Condition={"Bool": {"x": "true"}})], {}, "denied"),
        ([allow(), allow(Condition={"Bool": {"x": "true"}})], {}, "allowed"),
        ([allow(resource=hidden("module.x arn"))], {}, "unknown"),
        ([allow(resource=f"arn:aws:s3:::{hidden('bucket name')}/key")], {}, "unknown"),
        ([allow(resource=f"arn:aws:sqs:::{hidden('queue name')}")], {}, "denied"),
        ([allow(resource="arn:aws:s3:::bucket/${aws:userid}")], {}, "unknown"),
        # A key of several values without a quantifier: AWS does not say.
        ([allow(Condition={"StringEquals": {"aws:Key": "a"}})], {"aws:key": ("a", "b")}, "unknown"),
        ([allow(Condition={"Null": {"aws:Key": "true"}})], {}, "unknown"),
    ],
)
def test_what_is_not_known_decides_only_where_it_matters(identity: Json, context: Any, expected: str) -> None:
    assert verdict(identity, context=context, complete=False) == expected


def test_a_grant_to_everybody_under_a_boundary_is_left_open_as_amazon_does() -> None:
    policies = Policies(resource=documents(to("*")), boundary=documents(allow("ec2:*")))
    assert decide(Request(principal=ME, action="s3:GetObject", resource="*"), policies).verdict is Verdict.UNKNOWN


@pytest.mark.parametrize(
    ("principals", "expected"),
    [
        ([ROLE, SESSION, "arn:aws:iam::111111111111:root"], "allowed"),
        ([ROLE], "unknown"),
        (["arn:aws:iam::111111111111:role/other"], "denied"),
    ],
)
def test_a_refusal_to_all_others_spares_who_is_named_whole(principals: list[str], expected: str) -> None:
    refusal = deny(NotPrincipal={"AWS": principals})
    policies = Policies(identity=documents(allow()), resource=documents(refusal))
    assert decide(Request(principal=ME, action="s3:GetObject", resource="*"), policies).verdict.value == expected


@pytest.mark.parametrize(
    "body",
    [
        [],
        {"Statement": {}},
        {"Version": "2020-01-01", "Statement": allow()},
        {"Statement": {"Effect": "Perhaps", "Action": "*", "Resource": "*"}},
        {"Statement": {"Effect": "Allow", "Resource": "*"}},
        {"Statement": {**allow(), "NotAction": "s3:*"}},
        {"Statement": {**allow(), "NotResource": "*"}},
        {"Statement": {**allow(), "Principal": "*", "NotPrincipal": "*"}},
        {"Statement": {**allow(), "Principal": "me"}},
        {"Statement": {**allow(), "Action": [1]}},
        {"Statement": {**allow(), "Condition": {"StringAlmost": {"a": "b"}}}},
        {"Statement": {**allow(), "Condition": {"NullIfExists": {"a": "true"}}}},
        {"Statement": {**allow(), "Condition": []}},
        {"Statement": {**allow(), "Condition": {"Bool": {"a": {}}}}},
    ],
)
def test_what_iam_refuses_is_refused(body: Json) -> None:
    with pytest.raises(MalformedPolicyError):
        read_document("policy", body)


def test_decisions_name_their_statements() -> None:
    identity = documents(allow("s3:Get*", Sid="Read"), deny("s3:Put*", Sid="NoWrite"))
    read = decide(Request(principal=ME, action="s3:GetObject", resource="*"), Policies(identity=identity))
    write = decide(Request(principal=ME, action="s3:PutObject", resource="*"), Policies(identity=identity))
    assert (read.statements, read.explicit) == (("policy statement Read",), False)
    assert (write.statements, write.explicit) == (("policy statement NoWrite",), True)


HERE = {"account": "111111111111", "region": "eu-central-1"}


@given(st.integers(0, 1 << 32))
def test_what_is_drawn_outside_of_needs_is_denied_to_a_role_that_has_just_them(seed: int) -> None:
    needs = [("s3:GetObject", "arn:aws:s3:::exports/?"), ("sqs:SendMessage", "arn:aws:sqs:eu-central-1:111111111111:q")]
    role = documents(*(allow(action, resource) for action, resource in needs))
    arns = ["arn:aws:s3:::exports/a", "arn:aws:sqs:eu-central-1:111111111111:q", KEY]
    for asked in at_random(arns, **HERE, seed=seed, count=20):
        expected = Verdict.DENIED if outside(asked, needs) else Verdict.ALLOWED
        request = Request(principal=ME, action=asked[0], resource=asked[1])
        assert decide(request, Policies(identity=role)).verdict is expected


@settings(deadline=None)
@given(st.integers(0, 1 << 32))
def test_every_statement_without_conditions_allows_what_is_made_of_it(seed: int) -> None:
    drawn = a_statement(Random(seed), resource=False)
    drawn.pop("Condition", None)
    role = documents({**drawn, "Effect": "Allow"})
    for action, resource in made_of(role, **HERE):
        told = decide(Request(principal=ME, action=action, resource=resource), Policies(identity=role)).verdict
        if "NotResource" not in drawn:
            assert told is not Verdict.DENIED, (action, resource)


def test_requests_are_made_of_statements() -> None:
    role = documents(allow("s3:*", "arn:aws:s3:::exports/*"))
    assert ("s3:ExitgateDrawn", "arn:aws:s3:::exports/exitgate-drawn") in set(made_of(role, **HERE))
    assert ("kms:Decrypt", KEY) in set(made_for(documents(to("*")), KEY))
    assert filled("arn:aws:sqs", **HERE) == "arn:aws:sqs:eu-central-1:111111111111:exitgate-drawn"
    assert places(role, "sts:AssumeRole", [ROLE], **HERE)[0] == ROLE
    assert not outside(("ecr:GetAuthorizationToken", "*"), [("ecr:GetAuthorizationToken", "*")])


def test_truth_has_three_values() -> None:
    assert (any_of([False, None]), any_of([None, True]), any_of([])) == (None, True, False)
    assert (all_of([True, None]), all_of([None, False]), all_of([])) == (None, False, True)
    assert (opposite(None), opposite(True)) == (None, False)


def test_the_known_ways_are_of_one_shape() -> None:
    assert all(escalation.actions[0] == PASS and escalation.passes_to for escalation in PASSING)
    assert all(not escalation.passes_to for escalation in DIRECT)
    names = Counter(escalation.name for escalation in (*DIRECT, *PASSING))
    assert names.most_common(1)[0][1] == 1
    assert len(ALL_ACTIONS) > 60
    assert len(ADMIN) > 5
