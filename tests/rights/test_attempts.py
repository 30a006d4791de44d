"""What is tried of a role: its needs where they stand, and outside of them what others need and what it is given."""

from __future__ import annotations

import pytest

from exitgate.rights import read_document
from exitgate.rights.attempts import Attempt, accounts_in, attempts, in_account

HERE, PLANNED = "222222222222", "123456789012"
SECRET = "arn:aws:secretsmanager:eu-central-1:{}:secret:{}-{}"
STANDING = [SECRET.format(HERE, name, "a1B2c3") for name in ("orders", "catalog")]
NEEDS = {
    ("ecr:GetAuthorizationToken", "*"): "signs in",
    ("secretsmanager:GetSecretValue", SECRET.format(PLANNED, "orders", "??????")): "reads it",
}


def tried(*statements: dict[str, object], needs: dict[tuple[str, str], str] | None = None) -> list[Attempt]:
    given = [read_document("own", {"Version": "2012-10-17", "Statement": list(statements)})] if statements else []
    foreign = {("ecr:BatchGetImage", f"arn:aws:ecr:eu-central-1:{PLANNED}:repository/catalog"): "pulls"}
    return [
        *attempts(
            NEEDS if needs is None else needs,
            foreign,
            given,
            ["s3:ListAllMyBuckets"],
            STANDING,
            account=HERE,
            region="eu-central-1",
        )
    ]


def test_needs_come_first_where_they_stand_in_the_account() -> None:
    first, second = (each for each in tried() if each.origin == "need")
    assert (first.action, first.resource) == ("ecr:GetAuthorizationToken", "*")
    assert (second.resource, second.pattern) == (STANDING[0], SECRET.format(HERE, "orders", "??????"))


def test_the_rest_is_what_others_need_other_secrets_and_listings() -> None:
    assert {(each.action, each.resource) for each in tried() if each.origin == "other"} == {
        ("secretsmanager:GetSecretValue", STANDING[1]),
        ("ecr:BatchGetImage", f"arn:aws:ecr:eu-central-1:{HERE}:repository/catalog"),
        ("s3:ListAllMyBuckets", "*"),
    }


def test_what_its_policies_give_within_its_needs_is_no_more() -> None:
    own = {"Effect": "Allow", "Action": "secretsmanager:GetSecretValue", "Resource": STANDING[0]}
    assert [each for each in tried(own) if each.origin == "given"] == []


def test_what_its_policies_give_beyond_them_is_tried_as_given() -> None:
    more = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::exports/*"}
    (found,) = (each for each in tried(more) if each.origin == "given")
    assert (found.action, found.resource) == ("s3:GetObject", "arn:aws:s3:::exports/exitgate-drawn")


def test_a_role_without_needs_is_tried_all_the_same() -> None:
    assert {each.origin for each in tried(needs={})} == {"other"}


def test_nothing_at_all_is_nothing() -> None:
    assert attempts({}, {}, [], [], [], account=HERE, region="eu-central-1") == ()


@pytest.mark.parametrize(
    ("arn", "there"),
    [
        ("arn:aws:sqs:eu-central-1:123456789012:jobs", "arn:aws:sqs:eu-central-1:222222222222:jobs"),
        ("arn:aws:iam::123456789012:role/a", "arn:aws:iam::222222222222:role/a"),
        ("arn:aws:s3:::exports/123456789012", "arn:aws:s3:::exports/123456789012"),
        ("*", "*"),
    ],
)
def test_an_arn_is_told_of_another_account(arn: str, there: str) -> None:
    assert in_account(arn, HERE) == there


def test_accounts_are_those_of_arns() -> None:
    assert accounts_in([*STANDING, "*", "arn:aws:s3:::exports"]) == {HERE}
