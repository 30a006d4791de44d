"""What a person has taken responsibility for."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
from pydantic import ValidationError

from exitgate.waivers import Exclusion, Responsibilities, Waiver, unknown_controls, waivers_for

DAY = datetime.date(2027, 3, 31)
ONE_DAY = datetime.timedelta(days=1)


def entry(**more: Any) -> dict[str, Any]:
    return {"control": "a", "owner": "Bo", "reason": "a reason", "approver": "Ada", "expires": DAY, **more}


def waiver(**more: Any) -> Waiver:
    return Waiver.model_validate(entry(**more))


def exclusion(control: str) -> Exclusion:
    return Exclusion.model_validate(entry(control=control))


@pytest.mark.parametrize(("today", "holds"), [(DAY - ONE_DAY, True), (DAY, True), (DAY + ONE_DAY, False)])
def test_a_waiver_holds_up_to_and_on_its_last_day(today: datetime.date, holds: bool) -> None:
    assert waiver().covers("a", "orders", today) is holds


def test_a_waiver_covers_the_control_that_it_names_and_no_other() -> None:
    assert not waiver(control="3.2.B.2").covers("3.2.B.2.1", "orders", DAY)
    assert waiver(control="3.2.B.2").covers("3.2.B.2", "orders", DAY)


def test_a_waiver_without_a_subject_covers_all_and_one_with_a_subject_that_one() -> None:
    assert waiver().covers("a", "billing", DAY)
    assert waiver(subject="orders").covers("a", "orders", DAY)
    assert not waiver(subject="orders").covers("a", "billing", DAY)
    assert not waiver(subject="").covers("a", "billing", DAY)


@pytest.mark.parametrize(
    "expires",
    [
        "2027-03-31",
        "never",
        "",
        20270331,
        1806451200,
        None,
        True,
        datetime.datetime(2027, 3, 31, tzinfo=datetime.UTC),
        datetime.datetime(2027, 3, 31),  # noqa: DTZ001
        datetime.time(12, 0),
    ],
)
def test_an_end_that_is_no_toml_date_is_refused(expires: object) -> None:
    with pytest.raises(ValidationError, match="a TOML date without quotes"):
        waiver(expires=expires)


@pytest.mark.parametrize("missing", ["control", "owner", "reason", "approver", "expires"])
def test_a_waiver_needs_a_control_an_owner_a_reason_an_approver_and_an_end(missing: str) -> None:
    given = entry()
    del given[missing]
    with pytest.raises(ValidationError, match=missing):
        Waiver.model_validate(given)


@pytest.mark.parametrize("key", ["reason", "approver"])
@pytest.mark.parametrize("blank", ["", "   "])
def test_a_waiver_with_a_blank_is_refused(key: str, blank: str) -> None:
    with pytest.raises(ValidationError):
        waiver(**{key: blank})


@pytest.mark.parametrize("missing", ["control", "owner", "reason", "approver", "expires"])
def test_an_exclusion_is_held_to_the_same(missing: str) -> None:
    given = entry()
    del given[missing]
    with pytest.raises(ValidationError, match=missing):
        Exclusion.model_validate(given)


@pytest.mark.parametrize("key", ["reason", "approver"])
@pytest.mark.parametrize("blank", ["", "   "])
def test_an_exclusion_with_a_blank_is_refused(key: str, blank: str) -> None:
    with pytest.raises(ValidationError):
        Exclusion.model_validate(entry(**{key: blank}))


@pytest.mark.parametrize(("today", "holds"), [(DAY, True), (DAY + ONE_DAY, False)])
def test_an_exclusion_holds_up_to_and_on_its_last_day(today: datetime.date, holds: bool) -> None:
    assert exclusion("a").holds(today) is holds


def test_an_exclusion_has_no_subject() -> None:
    with pytest.raises(ValidationError, match="subject"):
        Exclusion.model_validate(entry(subject="orders"))


def test_the_first_waiver_that_covers_is_found_past_those_that_do_not() -> None:
    expired = waiver(expires=DAY - ONE_DAY)
    other = waiver(control="b")
    narrow = waiver(subject="billing")
    first, second = waiver(reason="first"), waiver(reason="second")
    assert waivers_for("a", "orders", [""], [expired, other, narrow, first, second], DAY) == (first,)


def test_where_no_waiver_covers_there_is_none() -> None:
    assert waivers_for("a", "orders", [""], [], DAY) == ()
    assert waivers_for("a", "orders", [""], [waiver(expires=DAY - ONE_DAY), waiver(control="b")], DAY) == ()


def test_a_waiver_of_one_finding_excuses_that_and_nothing_beside_it() -> None:
    one, other = waiver(finding="CVE-1"), waiver(finding="CVE-2")
    assert waivers_for("a", "orders", ["CVE-1"], [one], DAY) == (one,)
    assert waivers_for("a", "orders", ["CVE-1", "CVE-1"], [one], DAY) == (one,)
    assert waivers_for("a", "orders", ["CVE-1", "CVE-2"], [one], DAY) == ()
    assert waivers_for("a", "orders", ["CVE-1", "CVE-2"], [one, other], DAY) == (one, other)
    assert waivers_for("a", "orders", ["CVE-1", ""], [one, other], DAY) == ()
    assert waivers_for("a", "orders", ["CVE-10"], [one], DAY) == ()
    # A failure of which nothing is known by name.
    assert waivers_for("a", "orders", [], [one, other], DAY) == ()
    assert waivers_for("a", "orders", ["CVE-1", ""], [one, waiver()], DAY) == (waiver(),)


def test_of_two_waivers_of_one_finding_the_first_that_holds_excuses() -> None:
    expired, first, second = (
        waiver(finding="X", expires=DAY - ONE_DAY),
        waiver(finding="X"),
        waiver(finding="X", reason="2"),
    )
    assert waivers_for("a", "orders", ["X"], [expired, first, second], DAY) == (first,)


def test_two_waivers_may_name_one_control() -> None:
    both = Responsibilities(waiver=(waiver(subject="orders"), waiver(subject="billing")))
    assert len(both.waiver) == 2


def test_a_control_may_be_excluded_once() -> None:
    with pytest.raises(ValidationError, match="declared not applicable twice"):
        Responsibilities(not_applicable=(exclusion("a"), exclusion("b"), exclusion("a")))


def test_a_control_that_is_excluded_can_not_be_waived_as_well() -> None:
    with pytest.raises(ValidationError, match="a is both waived and declared not applicable"):
        Responsibilities(waiver=(waiver(),), not_applicable=(exclusion("b"), exclusion("a")))


def test_controls_that_the_gate_does_not_know_are_named_in_order() -> None:
    given = Responsibilities(
        waiver=(waiver(control="x"), waiver(control="known")), not_applicable=(exclusion("y"), exclusion("also"))
    )
    assert list(unknown_controls(given, ["known", "also"])) == ["x", "y"]
    assert list(unknown_controls(given, iter(["known", "also", "x", "y"]))) == []
