"""The target's rules as data, and their digest."""

from __future__ import annotations

import re
from typing import Any

import pytest
from pydantic import ValidationError

from exitgate.policy import ContainerPolicy, IdRange, Policy, digest_of

LARGEST = 2**32 - 2


def ids(first: Any, last: Any) -> IdRange:
    return IdRange.model_validate([first, last])


def rules(**more: Any) -> dict[str, Any]:
    return {"uid_range": [10000, 65535], "gid_range": [10000, 65535], **more}


@pytest.mark.parametrize(("number", "inside"), [(9, False), (10, True), (15, True), (20, True), (21, False)])
def test_a_range_holds_both_its_ends(number: int, inside: bool) -> None:
    assert (number in ids(10, 20)) is inside


def test_a_range_may_be_given_by_the_names_of_its_ends() -> None:
    assert IdRange(first=1, last=2) == ids(1, 2)
    assert IdRange.model_validate({"first": 1, "last": 2}) == ids(1, 2)


def test_a_range_may_hold_a_single_id() -> None:
    assert [number for number in range(3) if number in ids(1, 1)] == [1]


def test_a_range_reads_as_its_ends() -> None:
    assert str(ids(10, 20)) == "10-20"


@pytest.mark.parametrize("pair", [[], [1], [1, 2, 3]])
def test_a_range_with_other_than_two_ends_is_refused(pair: list[int]) -> None:
    with pytest.raises(ValidationError, match="a range has two ends"):
        IdRange.model_validate(pair)


def test_a_range_from_high_to_low_is_refused() -> None:
    with pytest.raises(ValidationError, match="from the lower id to the higher"):
        ids(20, 10)


@pytest.mark.parametrize(("first", "last"), [(-1, 5), (0, LARGEST + 1), ("a", 5), (1.5, 5)])
def test_what_is_no_id_is_refused(first: Any, last: Any) -> None:
    with pytest.raises(ValidationError):
        ids(first, last)


def test_the_whole_span_of_ids_is_a_range() -> None:
    assert LARGEST in ids(0, LARGEST)


@pytest.mark.parametrize("missing", ["uid_range", "gid_range"])
def test_both_ranges_are_needed(missing: str) -> None:
    given = rules()
    del given[missing]
    with pytest.raises(ValidationError, match=missing):
        ContainerPolicy.model_validate(given)


def test_nothing_is_allowed_unless_it_is_listed() -> None:
    policy = ContainerPolicy.model_validate(rules())
    assert policy.allow_setuid == ()
    assert policy.allow_capabilities == ()


@pytest.mark.parametrize("path", ["bin/su", "./su", "", "su"])
def test_a_setuid_file_is_listed_by_its_absolute_path(path: str) -> None:
    with pytest.raises(ValidationError, match="is not an absolute path"):
        ContainerPolicy.model_validate(rules(allow_setuid=["/bin/ping", path]))


@pytest.mark.parametrize("name", ["net_raw", "NET-RAW", "", "A", "NET_RAW ", "NET_RAW\n", "CAP_NET_RAW"])
def test_what_does_not_look_like_a_capability_is_refused(name: str) -> None:
    with pytest.raises(ValidationError):
        ContainerPolicy.model_validate(rules(allow_capabilities=[name]))


def test_an_unknown_rule_is_refused() -> None:
    with pytest.raises(ValidationError, match="allow_root"):
        ContainerPolicy.model_validate(rules(allow_root=True))


def test_a_policy_that_says_nothing_has_no_container_rules() -> None:
    assert Policy().containers is None
    assert Policy().assurance == {}


def test_a_demanded_level_has_to_be_one() -> None:
    with pytest.raises(ValidationError, match="'seen' is no assurance level"):
        Policy.model_validate({"assurance": {"a": "live", "b": "seen"}})


def test_rules_can_not_be_changed_afterwards() -> None:
    with pytest.raises(ValidationError):
        Policy().containers = None  # type: ignore[misc]


def test_a_digest_is_a_sha256_with_its_name() -> None:
    assert re.fullmatch(r"sha256:[0-9a-f]{64}", digest_of(Policy()))


def test_equal_rules_have_equal_digests_in_whatever_order_they_were_written() -> None:
    one = Policy.model_validate({"assurance": {"a": "live", "b": "executed"}, "containers": rules()})
    other = Policy.model_validate({"containers": rules(), "assurance": {"b": "executed", "a": "live"}})
    assert digest_of(one) == digest_of(other)


@pytest.mark.parametrize(
    "changed",
    [
        {"containers": rules(uid_range=[10001, 65535])},
        {"containers": rules(gid_range=[10000, 65534])},
        {"containers": rules(allow_setuid=["/bin/su"])},
        {"containers": rules(allow_capabilities=["CHOWN"])},
        {"containers": rules(), "assurance": {"a": "live"}},
        {},
    ],
)
def test_each_rule_is_in_the_digest(changed: dict[str, Any]) -> None:
    assert digest_of(Policy.model_validate(changed)) != digest_of(Policy.model_validate({"containers": rules()}))


def test_the_parts_of_a_digest_are_told_apart() -> None:
    one, other = Policy(), Policy.model_validate({"assurance": {"a": "live"}})
    assert len({digest_of(one, other), digest_of(other, one), digest_of(one), digest_of(one, one)}) == 4
