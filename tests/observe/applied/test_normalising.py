"""Two states compared: what AWS makes up is no difference, everything else is, and order counts where it counts."""

from __future__ import annotations

import json
from typing import Any

import pytest

from exitgate.observe.applied import Difference, differences

ACCOUNTS = ("111111111111", "222222222222")
AWS = "registry.terraform.io/hashicorp/aws"
TEXT, COMPUTED = {"type": "string", "optional": True}, {"type": "string", "computed": True}
BOTH = {"type": "string", "optional": True, "computed": True}
SCHEMAS: dict[str, Any] = {
    "aws_thing": {
        "attributes": {
            "id": BOTH,
            "arn": COMPUTED,
            "name": BOTH,
            "name_prefix": BOTH,
            "policy": TEXT,
            "other_id": TEXT,
            "create_date": COMPUTED,
            "status": COMPUTED,
            "not_after": COMPUTED,
            "members": {"type": ["set", "string"], "optional": True},
            "steps": {"type": ["list", "string"], "optional": True},
        },
        "block_types": {
            "rule": {
                "nesting_mode": "set",
                "block": {"attributes": {"ports": {"type": ["set", "number"], "optional": True}}},
            }
        },
    },
    "aws_s3_bucket": {"attributes": {"id": BOTH, "arn": COMPUTED}},
    "random_id": {"attributes": {"id": BOTH, "hex": COMPUTED}},
}


def thing(account: str, label: str = "one", /, *, provider: str = AWS, **values: Any) -> dict[str, Any]:
    digit = account[0]
    return {
        "address": f"aws_thing.{label}",
        "type": "aws_thing",
        "provider_name": provider,
        "values": {
            "id": f"thing-{digit}abcdef0{label}",
            "arn": f"arn:aws:x:r:{account}:thing/{digit}abcdef0{label}",
            **values,
        },
        "sensitive_values": {},
    }


def compared(*ways: Any) -> tuple[Difference, ...]:
    """Compare what each function makes for each account."""
    first, second = ([way(account) for way in ways] for account in ACCOUNTS)
    return differences(first, second, SCHEMAS, ACCOUNTS)


def paths(*ways: Any) -> list[str]:
    return [each.attribute for each in compared(*ways)]


def test_ids_arns_accounts_and_times_are_no_difference_nor_is_what_refers_to_them() -> None:
    assert not compared(
        lambda account: thing(account, create_date=f"2026-11-26T12:00:0{account[0]}Z"),
        lambda account: thing(account, "two", other_id=f"thing-{account[0]}abcdef0one", name=f"logs-{account}"),
    )


def test_times_that_two_resources_share_in_one_account_alone_are_none_either() -> None:
    assert not compared(
        lambda account: thing(account, create_date="2026-11-26T12:00:01Z"),
        lambda account: thing(account, "two", create_date=f"2026-11-26T12:00:0{account[0]}Z"),
    )


def test_a_time_is_known_by_its_looks_where_the_provider_tells_it_and_counts_where_somebody_wrote_it() -> None:
    def timed(attribute: str) -> list[str]:
        return paths(lambda account: thing(account, **{attribute: f"2027-11-26T12:38:0{account[0]}Z"}))

    assert timed("not_after") == []
    assert timed("name") == ["name"]


def test_a_reference_to_another_resource_is_a_difference() -> None:
    def referring(account: str) -> dict[str, Any]:
        to = "one" if account == ACCOUNTS[0] else "two"
        return thing(account, "three", other_id=f"thing-{account[0]}abcdef0{to}")

    found = compared(thing, lambda account: thing(account, "two"), referring)
    (only,) = found
    assert (only.address, only.attribute) == ("aws_thing.three", "other_id")
    assert (only.first, only.second) == ("{{aws_thing.one.id}}", "{{aws_thing.two.id}}")


def test_what_the_provider_computes_under_another_name_is_a_difference() -> None:
    assert paths(lambda account: thing(account, status=f"state-{account[0]}-of-it")) == ["status"]


def test_a_name_by_chance_is_a_difference_though_it_is_the_id_as_well() -> None:
    assert set(paths(lambda account: thing(account, id=f"shop-{account[0]}f3a", name=f"shop-{account[0]}f3a"))) == {
        "id",
        "name",
    }


def test_the_end_of_a_name_that_the_provider_makes_up_is_none() -> None:
    assert not compared(lambda account: thing(account, name=f"shop-2026{account[0]}", name_prefix="shop-"))


def test_another_provider_s_ids_are_what_chance_makes() -> None:
    def chance(account: str) -> dict[str, Any]:
        return {**thing(account), "type": "random_id", "provider_name": "registry.terraform.io/hashicorp/random"}

    assert set(paths(chance)) == {"id", "arn"}


def test_a_set_has_no_order_and_a_list_has() -> None:
    def ordered(account: str) -> dict[str, Any]:
        values = ["b", "a"] if account == ACCOUNTS[0] else ["a", "b"]
        return thing(account, members=values, steps=values, rule=[{"ports": [80]}, {"ports": [int(account[0])]}])

    assert paths(ordered) == ["rule[0].ports[0]", "steps[0]", "steps[1]"]


def test_sets_are_ordered_by_what_their_elements_stand_for() -> None:
    def ordered(account: str) -> dict[str, Any]:
        own = [f"thing-{account[0]}abcdef0{name}" for name in ("one", "two")]
        return thing(account, "three", members=own if account == ACCOUNTS[0] else own[::-1])

    assert not compared(thing, lambda account: thing(account, "two"), ordered)


def test_text_that_is_json_is_read() -> None:
    def written(account: str) -> dict[str, Any]:
        policy = {"Resource": f"arn:aws:x:r:{account}:thing/{account[0]}abcdef0one", "Effect": "Allow"}
        return thing(account, "two", policy=json.dumps(policy, sort_keys=account == ACCOUNTS[0]))

    assert not compared(thing, written)


def test_a_difference_inside_of_json_is_told_by_its_place() -> None:
    assert paths(lambda account: thing(account, policy=json.dumps({"Statement": [{"Sid": account[0]}]}))) == [
        "policy.Statement[0].Sid"
    ]


def test_a_secret_is_there_or_is_not_and_its_value_never_shows() -> None:
    def keeping(account: str, *, there: bool = True) -> dict[str, Any]:
        made = thing(account, policy=f"hunter{account[0]}" if there else None)
        return {**made, "sensitive_values": {"policy": True}}

    assert not compared(keeping)
    (only,) = compared(lambda account: keeping(account, there=account == ACCOUNTS[0]))
    assert "hunter" not in repr(only)
    assert only.attribute == "policy"


def test_a_resource_in_one_account_alone_is_a_difference() -> None:
    found = differences([thing(ACCOUNTS[0])], [], SCHEMAS, ACCOUNTS)
    assert [(each.address, each.attribute, each.first, each.second) for each in found] == [
        ("aws_thing.one", "", "it is there", "it is not")
    ]


def test_the_owner_of_a_bucket_is_the_account() -> None:
    def bucket(account: str, digest: str) -> dict[str, Any]:
        return {**thing(account, grant=[{"id": digest, "type": "CanonicalUser"}]), "type": "aws_s3_bucket"}

    assert not compared(lambda account: bucket(account, account[0] * 64))
    assert "grant[0].id" in paths(lambda account: bucket(account, f"somebody-{account[0]}"))


@pytest.mark.parametrize("count", [0, 3])
def test_equal_states_have_no_difference(count: int) -> None:
    assert not compared(*(lambda account, index=index: thing(account, f"n{index}") for index in range(count)))
