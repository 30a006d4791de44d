"""Rules on a stack that was applied: each red for its own reason, green for none, and never green on nothing."""

from __future__ import annotations

from dataclasses import replace

import pytest

from exitgate.assurance import Assurance
from exitgate.checks.infrastructure import (
    failed_destroy,
    left_after_destroy,
    missed_drift,
    unequal_applies,
    unexplained_drift,
    unsettled_plan,
)
from exitgate.errors import ObservationError, PrerequisiteMissing
from exitgate.observation import Substrate
from exitgate.observe.applied import Applied, AttributeChange, Destroyed, Difference
from exitgate.provision.outside_changes import REQUIRED, WAYS, Change

GROUP = "module.network.aws_security_group.this"
PLACES = {GROUP: "infra/network.tf:12"}


def change(kind: str, attribute: str = "ingress", *, address: str = GROUP, landed: bool = True) -> Change:
    return Change(kind=kind, address=address, attribute=attribute, landed=landed)


def named(attribute: str, address: str = GROUP) -> AttributeChange:
    return AttributeChange(address=address, type="aws_security_group", attribute=attribute, before="a", after="b")


CLEAN = Applied(
    substrate=Substrate(assurance=Assurance.EMULATED, name="an emulator"),
    stack="staging",
    places=PLACES,
    root="infra",
    counts=(156, 156),
    differences=(),
    again=(),
    quiet=(),
    drift=tuple(named(f"attribute-{index}") for index, _ in enumerate(REQUIRED)),
    changes=tuple(change(kind, f"attribute-{index}") for index, kind in enumerate(REQUIRED)),
    destroyed=Destroyed(step="destroy", error="", in_state=(), in_account=()),
)
RULES = (unequal_applies, unsettled_plan, missed_drift, unexplained_drift, failed_destroy, left_after_destroy)


@pytest.mark.parametrize("rule", RULES)
def test_a_stack_that_does_all_of_it_has_no_finding(rule: object) -> None:
    assert rule(CLEAN) == []  # type: ignore[operator]


def test_one_account_alone_is_equal_to_nothing_and_the_other_rules_look_at_it() -> None:
    alone = replace(CLEAN, is_alone=True)
    with pytest.raises(PrerequisiteMissing, match="one account, applied to once; expected two that are empty"):
        unequal_applies(alone)
    assert [rule(alone) for rule in RULES[1:]] == [[]] * 5


@pytest.mark.parametrize("rule", [unequal_applies, unsettled_plan, unexplained_drift, left_after_destroy])
def test_nothing_applied_is_not_assessed(rule: object) -> None:
    with pytest.raises(PrerequisiteMissing, match="no resource after the apply"):
        rule(replace(CLEAN, counts=(0, 0)))  # type: ignore[operator]


def test_a_difference_is_told_by_its_place_and_attribute() -> None:
    told = Difference(address=GROUP, attribute="ingress[0].from_port", first="22", second="23")
    (finding,) = unequal_applies(replace(CLEAN, differences=(told,)))
    assert finding.location == "infra/network.tf:12"
    assert f"two applies of the same code differ: {GROUP}.ingress[0].from_port" in finding.message
    assert (finding.expected, finding.got) == ("22", "23")


def test_a_resource_in_one_account_alone_is_told() -> None:
    told = Difference(address="aws_x.y", attribute="", first="it is there", second="it is not")
    (finding,) = unequal_applies(replace(CLEAN, counts=(1, 0), differences=(told,)))
    assert finding.message.endswith("differ: aws_x.y")
    assert finding.location == "infra"


@pytest.mark.parametrize(("rule", "part"), [(unsettled_plan, "again"), (unexplained_drift, "quiet")])
def test_a_plan_that_is_not_at_rest_is_told_by_attribute(rule: object, part: str) -> None:
    (finding,) = rule(replace(CLEAN, **{part: (named("tags"),)}))  # type: ignore[operator, arg-type]
    assert f"{GROUP}.tags" in finding.message
    assert finding.location == "infra/network.tf:12"


def test_drift_that_no_plan_tells_is_a_finding_for_that_change_alone() -> None:
    (finding,) = missed_drift(replace(CLEAN, drift=CLEAN.drift[1:]))
    assert finding.message == f"{REQUIRED[0]} by hand, and no plan tells: {GROUP}.attribute-0"


def test_drift_of_another_attribute_or_resource_does_not_count() -> None:
    others = (*CLEAN.drift[1:], named("attribute-0", "aws_other.one"), named("description"))
    assert len(missed_drift(replace(CLEAN, drift=others))) == 1


@pytest.mark.parametrize("ignored", ["attribute-2", "all"])
def test_a_change_that_the_code_ignores_stays(ignored: str) -> None:
    findings = missed_drift(replace(CLEAN, ignored=frozenset({(GROUP, ignored)})))
    assert any("by hand stays: the code ignores changes of" in each.message for each in findings)
    assert len(findings) == (1 if ignored == "attribute-2" else len(REQUIRED))


@pytest.mark.parametrize("why", ["not landed", "nothing there", "never tried"])
def test_a_required_kind_that_could_not_be_tried_is_not_assessed(why: str) -> None:
    changes = {
        "not landed": (replace(CLEAN.changes[0], landed=False), *CLEAN.changes[1:]),
        "nothing there": (replace(CLEAN.changes[0], address="", landed=False), *CLEAN.changes[1:]),
        "never tried": CLEAN.changes[1:],
    }[why]
    with pytest.raises(PrerequisiteMissing, match=REQUIRED[0]):
        missed_drift(replace(CLEAN, changes=changes))


def test_another_kind_that_could_not_be_tried_is_no_finding() -> None:
    beyond = change("a bucket opened to the public", landed=False)
    assert missed_drift(replace(CLEAN, changes=(*CLEAN.changes, beyond))) == []


def test_another_kind_that_landed_has_to_be_found() -> None:
    beyond = change("a tag added", "tags")
    assert len(missed_drift(replace(CLEAN, changes=(*CLEAN.changes, beyond)))) == 1


@pytest.mark.parametrize(
    ("step", "words"), [("lift", "protection from deletion can't be lifted"), ("destroy", "the destroy fails")]
)
def test_a_destroy_that_fails_is_told_and_what_it_leaves_is_its_doing(step: str, words: str) -> None:
    failed = replace(CLEAN, destroyed=replace(CLEAN.destroyed, step=step, error="Error: it is protected"))
    (finding,) = failed_destroy(failed)
    assert (finding.message, finding.got) == (words, "Error: it is protected")
    with pytest.raises(PrerequisiteMissing, match="it failed"):
        left_after_destroy(failed)


@pytest.mark.parametrize("rule", [failed_destroy, left_after_destroy])
def test_a_destroy_that_does_not_end_is_an_error_of_what_looks_at_it_alone(rule: object) -> None:
    hanging = replace(CLEAN, destroyed=replace(CLEAN.destroyed, unended="no end after 600 s"))
    with pytest.raises(ObservationError, match="destroy of stack staging: no end after 600 s"):
        rule(hanging)  # type: ignore[operator]
    assert [each(hanging) for each in (unequal_applies, unsettled_plan, missed_drift, unexplained_drift)] == [[]] * 4


@pytest.mark.parametrize("rule", [failed_destroy, left_after_destroy])
def test_what_the_emulator_has_made_twice_is_its_error_and_no_finding(rule: object) -> None:
    twins = replace(CLEAN, destroyed=replace(CLEAN.destroyed, twins=("SubnetId s-2 beside s-1",)))
    with pytest.raises(ObservationError, match="the emulator has made 1 twice: SubnetId s-2 beside s-1"):
        rule(twins)  # type: ignore[operator]
    assert unequal_applies(twins) == []


def test_what_state_or_account_still_have_is_told() -> None:
    left = replace(CLEAN.destroyed, in_state=(GROUP,), in_account=("rds DBSnapshotIdentifier orders-final",))
    findings = left_after_destroy(replace(CLEAN, destroyed=left))
    assert [(each.location, each.message) for each in findings] == [
        ("infra/network.tf:12", f"the destroy leaves {GROUP}"),
        ("infra", "the destroy leaves rds DBSnapshotIdentifier orders-final"),
    ]


def test_at_least_eight_kinds_of_change_are_tried_each_of_them_once() -> None:
    kinds = [way.kind for way in WAYS]
    assert len(kinds) >= 8
    assert len(set(kinds)) == len(kinds)
    assert set(REQUIRED) <= set(kinds)
