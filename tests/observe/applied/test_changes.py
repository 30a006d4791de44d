"""What a plan changes by attribute, noise apart; and gaps, which excuse one attribute of one type in one version."""

from __future__ import annotations

from typing import Any

import pytest

from exitgate.observe.applied import AttributeChange, Gap, beside_gaps, changes_of, closed_gaps, known_gaps
from exitgate.provision.emulator import pinned


def resource(before: Any, after: Any, *actions: str, **more: Any) -> dict[str, Any]:
    change = {"actions": list(actions or ("update",)), "before": before, "after": after, **more}
    return {"address": "aws_thing.one", "type": "aws_thing", "mode": "managed", "change": change}


def named(*resources: dict[str, Any]) -> list[tuple[str, str, str]]:
    return [(each.attribute, each.before, each.after) for each in changes_of(resources)]


def test_a_change_is_told_by_attribute_with_both_values() -> None:
    assert named(resource({"count": 2, "name": "a"}, {"count": 5, "name": "a"})) == [("count", "2", "5")]


@pytest.mark.parametrize("nothing", [{}, [], "", None, False, 0])
def test_what_is_empty_in_whatever_way_is_the_same(nothing: object) -> None:
    assert named(resource({"tags": None}, {"tags": nothing})) == []
    assert named(resource({"tags": nothing}, {})) == []
    assert named(resource({"rule": [{"on": None}]}, {"rule": [{"on": nothing}]})) == []


@pytest.mark.parametrize("was", [True, 14, "x", ["x"], {"a": "b"}])
def test_what_was_there_and_is_not_is_a_change(was: object) -> None:
    assert [name for name, _, _ in named(resource({"it": was}, {"it": None}))] == ["it"]


def test_json_in_another_order_is_no_change() -> None:
    assert named(resource({"policy": '{"a":1,"b":2}'}, {"policy": '{"b": 2, "a": 1}'})) == []


@pytest.mark.parametrize("actions", [("no-op",), ("read",)])
def test_what_plans_do_nothing_about_is_no_change(actions: tuple[str, ...]) -> None:
    assert named(resource({"a": 1}, {"a": 2}, *actions)) == []


def test_data_sources_do_not_count() -> None:
    assert changes_of([{**resource({"a": 1}, {"a": 2}), "mode": "data"}]) == ()


@pytest.mark.parametrize(("before", "after"), [(None, {"a": 1}), ({"a": 1}, None)])
def test_a_resource_that_is_made_or_goes_is_a_change_of_all_of_it(before: Any, after: Any) -> None:
    (change,) = changes_of([resource(before, after, "create" if after else "delete")])
    assert change.attribute == ""
    assert change.before != change.after


def test_one_that_is_made_anew_has_no_values_yet_and_that_is_no_change() -> None:
    again = resource({"id": "1", "kind": "a"}, {"kind": "b"}, "delete", "create", after_unknown={"id": True})
    assert named(again) == [("kind", "a", "b")]


@pytest.mark.parametrize("unknown", [True, {"applied": True}])
def test_a_value_that_is_new_at_every_plan_is_a_change(unknown: object) -> None:
    after = {} if unknown is True else {"tags": {"Name": "a"}}
    told = named(resource({"tags": {"Name": "a", "applied": "12:00"}}, after, after_unknown={"tags": unknown}))
    assert [name for name, _, _ in told] == ["tags"]
    assert "known after the apply" in told[0][2]


def test_secrets_do_not_show_and_marks_that_mark_nothing_hide_nothing() -> None:
    marks = {"before_sensitive": {"password": True, "rule": [{}]}, "after_sensitive": {"rule": [{"port": False}]}}
    told = named(resource({"password": "a", "rule": [1]}, {"password": "b", "rule": [2]}, **marks))
    assert told == [("password", "(secret)", "(secret)"), ("rule", "[1]", "[2]")]


def change(attribute: str, kind: str = "aws_thing") -> AttributeChange:
    return AttributeChange(address=f"{kind}.one", type=kind, attribute=attribute, before="a", after="b")


def test_a_gap_excuses_its_attribute_of_its_type_and_no_other() -> None:
    gap = Gap(type="aws_thing", attribute="logs", why="it forgets them")
    unseen = Gap(type="aws_thing", attribute="key", why="it forgets it")
    left, seen = beside_gaps([change("logs"), change("name"), change("logs", "aws_other")], [gap, unseen])
    assert left == (change("name"), change("logs", "aws_other"))
    assert seen == (gap,)


def test_a_gap_that_closed_is_told_where_something_of_its_type_was_applied() -> None:
    gaps = [Gap(type=kind, attribute="a", why="w") for kind in ("aws_one", "aws_two", "aws_absent")]
    assert closed_gaps(gaps, gaps[:1], frozenset({"aws_one", "aws_two"})) == (gaps[1],)


def test_a_resource_that_is_gone_is_never_a_gap() -> None:
    assert all(gap.attribute for gap in known_gaps("ministack", "1.5.33"))


def test_gaps_are_of_one_version_alone() -> None:
    told = pinned()
    assert known_gaps(told["name"], told["version"])
    assert known_gaps(told["name"], told["version"] + ".1") == ()
    assert known_gaps("another", told["version"]) == ()


def test_a_gap_is_listed_once_and_says_why() -> None:
    told = known_gaps("ministack", "1.5.33")
    assert len({(gap.type, gap.attribute) for gap in told}) == len(told)
    assert all(gap.why for gap in told)
