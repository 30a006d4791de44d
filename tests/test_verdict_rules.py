"""The fold from outcomes to a verdict: what is expected, and each rule by one example."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from typing import Any

import pytest

from exitgate.assurance import Assurance
from exitgate.catalogue import Gate, Given, SubjectKind
from exitgate.outcome import Key, Outcome, Status
from exitgate.provenance import Evidence
from exitgate.target import Target
from exitgate.verdict import NO_SUBJECT, Expected, GateStatus, Verdict, expectations, judge
from tests.builders import (
    BEST_TO_WORST,
    PASSES,
    TODAY,
    check,
    control,
    exclusion,
    gate,
    outcome,
    settled,
    target,
    waiver,
)

# ---- What is expected ---------------------------------------------------------------------------------------------


def keys(expected: Sequence[Expected]) -> list[str]:
    return [str(item.key) for item in expected]


def test_each_check_is_expected_of_each_subject_of_its_kind() -> None:
    asked = gate(
        control("a", check("one", SubjectKind.TARGET), check("two", SubjectKind.SERVICE)),
        control("b", check("one", SubjectKind.FRONTEND)),
        requirements=[control("r", check("one", SubjectKind.WORKLOAD), dimension="R")],
    )
    assert keys(expectations(asked, target(services=2, frontends=1))) == [
        "a one · shop",
        "a two · service0",
        "a two · service1",
        "b one · front0",
        "r one · service0",
        "r one · service1",
    ]


@pytest.mark.parametrize("kind", [SubjectKind.SERVICE, SubjectKind.FRONTEND, SubjectKind.WORKLOAD])
def test_a_check_without_any_subject_is_still_expected(kind: SubjectKind) -> None:
    (item,) = expectations(gate(control("a", check("one", kind))), target())
    assert item.subject == NO_SUBJECT


def test_a_demand_of_the_target_raises_what_the_catalogue_needs() -> None:
    asked = gate(control("a", check(needs=Assurance.DECLARED)), control("b", check(needs=Assurance.DECLARED)))
    first, second = expectations(asked, target(assurance={"a": "executed"}))
    assert (first.needs, second.needs) == (Assurance.EXECUTED, Assurance.DECLARED)


def test_a_demand_of_the_target_never_lowers_what_the_catalogue_needs() -> None:
    (item,) = expectations(gate(control("a", check(needs=Assurance.LIVE))), target(assurance={"a": "declared"}))
    assert item.needs is Assurance.LIVE


def test_a_demand_is_made_of_the_checks_that_decide_the_controls_level() -> None:
    asked = gate(control("a", check("declared", needs=Assurance.DECLARED), check("run", needs=Assurance.EXECUTED)))
    declared, run = expectations(asked, target(assurance={"a": "live"}))
    assert (declared.needs, run.needs) == (Assurance.DECLARED, Assurance.LIVE)


# ---- Checks that need what a run may be given

LIVE = control(
    "a", check("read", needs=Assurance.MODELLED), check("asked", needs=Assurance.LIVE, given="github-repository")
)


def levels(*given: Given, demands: str = "") -> list[tuple[str, Assurance]]:
    demanded = target(assurance={"a": demands} if demands else {})
    return [(item.check.id, item.needs) for item in expectations(gate(LIVE), demanded, given)]


def test_a_check_that_needs_what_a_run_was_not_given_is_not_owed() -> None:
    assert levels() == [("read", Assurance.MODELLED)]
    assert levels("github-repository") == [("read", Assurance.MODELLED), ("asked", Assurance.LIVE)]


def test_such_a_check_does_not_raise_what_the_control_needs() -> None:
    assert LIVE.needs is Assurance.MODELLED


def test_a_demand_that_such_a_check_reaches_asks_for_it_and_lifts_no_other() -> None:
    assert levels(demands="live") == [("read", Assurance.MODELLED), ("asked", Assurance.LIVE)]


def test_a_demand_below_such_a_check_lifts_the_others_as_ever() -> None:
    assert levels(demands="executed") == [("read", Assurance.EXECUTED)]
    assert levels("github-repository", demands="executed") == [("read", Assurance.MODELLED), ("asked", Assurance.LIVE)]


def test_a_control_with_such_a_check_is_seen_live_or_not_at_all() -> None:
    expected = expectations(gate(LIVE), target(), ["github-repository"])
    read, asked = (item.key for item in expected)
    seen = judge(gate(LIVE), expected, [outcome(read, assurance=Assurance.MODELLED), outcome(asked)], today=TODAY)
    assert (seen.controls[0].status, seen.controls[0].assurance) == (Status.MET, Assurance.LIVE)
    unseen = judge(gate(LIVE), expected, [outcome(read, assurance=Assurance.MODELLED)], today=TODAY)
    assert unseen.controls[0].status is Status.NOT_ASSESSED


def test_an_outcome_of_a_check_that_is_not_owed_is_a_problem_of_the_run() -> None:
    _, asked = (item.key for item in expectations(gate(LIVE), target(), ["github-repository"]))
    verdict = judge(gate(LIVE), expectations(gate(LIVE), target()), [outcome(asked)], today=TODAY)
    assert any("nobody expects" in each for each in verdict.problems)


# ---- One rule, one example ----------------------------------------------------------------------------------------

ONE = gate(control("a", check()))
(ITEM,) = expectations(ONE, target())
KEY = ITEM.key


def verdict_of(*arrived: Outcome, asked: Gate = ONE, subjects: Target | None = None, **more: Any) -> Verdict:
    return judge(asked, expectations(asked, subjects or target()), arrived, today=more.pop("today", TODAY), **more)


def the_check(verdict: Verdict) -> Outcome:
    ((only,),) = [each.checks for each in verdict.controls]
    return only.outcome


def test_a_met_control_passes_the_gate_with_the_level_at_which_it_was_seen() -> None:
    verdict = verdict_of(outcome(KEY, assurance=Assurance.EXECUTED))
    assert verdict.status is GateStatus.PASSED
    assert verdict.controls[0].assurance is Assurance.EXECUTED
    assert verdict.controls[0].needs is Assurance.EXECUTED
    assert verdict.problems == ()


def test_a_requirement_fails_the_gate_as_a_control_does() -> None:
    asked = gate(control("a", check()), requirements=[control("r", check(), dimension="R")])
    met, broken = (outcome(item.key) for item in expectations(asked, target()))
    assert verdict_of(met, broken, asked=asked).status is GateStatus.PASSED
    broken = broken.model_copy(update={"status": Status.NOT_MET})
    assert verdict_of(met, broken, asked=asked).status is GateStatus.FAILED


@pytest.mark.parametrize("status", [Status.ERROR, Status.NOT_ASSESSED])
def test_a_failure_outranks_what_could_not_be_assessed(status: Status) -> None:
    asked = gate(control("a", check()), control("b", check()))
    first, second = expectations(asked, target())
    verdict = verdict_of(outcome(first.key, status), outcome(second.key, Status.NOT_MET), asked=asked)
    assert verdict.status is GateStatus.FAILED
    assert verdict_of(outcome(first.key, status), outcome(second.key), asked=asked).status is GateStatus.NOT_ASSESSED


@pytest.mark.parametrize(
    ("level", "status"),
    [
        (Assurance.EXECUTED, Status.MET),
        (Assurance.LIVE, Status.MET),
        (Assurance.EMULATED, Status.NOT_ASSESSED),
        (None, Status.NOT_ASSESSED),
    ],
)
def test_a_check_is_met_only_at_the_level_that_it_needs(level: Assurance | None, status: Status) -> None:
    assert the_check(verdict_of(outcome(KEY, assurance=level))).status is status


def test_what_was_seen_too_low_says_so() -> None:
    assert (
        the_check(verdict_of(outcome(KEY, assurance=Assurance.DECLARED))).message == "seen at declared, needs executed"
    )
    assert the_check(verdict_of(outcome(KEY, assurance=None))).message == "seen at nothing, needs executed"


@pytest.mark.parametrize("level", [None, Assurance.DECLARED])
def test_a_fault_counts_at_whatever_level_it_was_seen(level: Assurance | None) -> None:
    assert verdict_of(outcome(KEY, Status.NOT_MET, level)).status is GateStatus.FAILED


@pytest.mark.parametrize("claim", [Status.WAIVED, Status.NOT_APPLICABLE])
def test_no_check_may_excuse_itself(claim: Status) -> None:
    verdict = verdict_of(outcome(KEY, claim), waivers=[waiver("a")])
    assert verdict.status is GateStatus.NOT_ASSESSED
    assert the_check(verdict).status is Status.ERROR
    assert claim.words in the_check(verdict).message


def test_a_waived_fault_passes_with_exceptions_and_keeps_the_word_of_the_fault() -> None:
    verdict = verdict_of(outcome(KEY, Status.NOT_MET, message="root runs it"), waivers=[waiver("a")])
    assert verdict.status is GateStatus.PASSED_WITH_EXCEPTIONS
    told = the_check(verdict)
    assert told.status is Status.WAIVED
    assert all(word in told.message for word in ("2026-06-15", "Ada", "a reason", "root runs it"))


@pytest.mark.parametrize(
    ("today", "status"),
    [
        (TODAY - datetime.timedelta(1), GateStatus.PASSED_WITH_EXCEPTIONS),
        (TODAY, GateStatus.PASSED_WITH_EXCEPTIONS),
        (TODAY + datetime.timedelta(1), GateStatus.FAILED),
    ],
)
def test_a_waiver_holds_on_its_last_day_and_not_on_the_next(today: datetime.date, status: GateStatus) -> None:
    verdict = verdict_of(outcome(KEY, Status.NOT_MET), waivers=[waiver("a", expires=TODAY)], today=today)
    assert verdict.status is status


def test_a_waiver_of_one_subject_leaves_the_other_failed() -> None:
    asked = gate(control("a", check("one", SubjectKind.SERVICE)))
    shop = target(services=2)
    faults = [outcome(item.key, Status.NOT_MET) for item in expectations(asked, shop)]
    verdict = verdict_of(*faults, asked=asked, subjects=shop, waivers=[waiver("a", "service0")])
    assert verdict.status is GateStatus.FAILED
    assert [each.status for each in settled(verdict).values()] == [Status.WAIVED, Status.NOT_MET]


def test_a_valid_waiver_holds_beside_an_expired_one() -> None:
    past = waiver("a", expires=TODAY - datetime.timedelta(1))
    verdict = verdict_of(outcome(KEY, Status.NOT_MET), waivers=[past, waiver("a")])
    assert verdict.status is GateStatus.PASSED_WITH_EXCEPTIONS


@pytest.mark.parametrize("status", [Status.ERROR, Status.NOT_ASSESSED])
def test_a_waiver_does_not_excuse_from_being_looked_at(status: Status) -> None:
    assert verdict_of(outcome(KEY, status), waivers=[waiver("a")]).status is GateStatus.NOT_ASSESSED


def test_a_met_control_with_a_waiver_is_met() -> None:
    assert verdict_of(outcome(KEY), waivers=[waiver("a")]).status is GateStatus.PASSED


def test_an_excluded_control_is_not_applicable_by_name_and_reason() -> None:
    asked = gate(control("a", check()), control("b", check()))
    first, second = expectations(asked, target())
    verdict = verdict_of(outcome(second.key), asked=asked, exclusions=[exclusion("a")])
    assert verdict.status is GateStatus.PASSED
    told = settled(verdict)[first.key]
    assert told.status is Status.NOT_APPLICABLE
    assert told.assurance is Assurance.DECLARED
    assert told.message == "declared not applicable by Ada: no such thing here"


def test_a_gate_of_which_everything_is_excluded_is_not_assessed() -> None:
    assert verdict_of(exclusions=[exclusion("a")]).status is GateStatus.NOT_ASSESSED


def test_an_exclusion_does_not_excuse_another_control() -> None:
    asked = gate(control("a", check()), control("b", check()))
    assert verdict_of(asked=asked, exclusions=[exclusion("a")]).status is GateStatus.NOT_ASSESSED


def test_a_gate_without_controls_is_not_assessed() -> None:
    assert verdict_of(asked=gate()).status is GateStatus.NOT_ASSESSED


def test_a_control_of_which_nothing_is_expected_is_not_assessed() -> None:
    verdict = judge(ONE, (), (), today=TODAY)
    assert verdict.status is GateStatus.NOT_ASSESSED
    assert verdict.controls[0].status is Status.NOT_ASSESSED
    assert verdict.controls[0].needs is Assurance.EXECUTED
    assert verdict.controls[0].assurance is None


def test_a_run_of_which_nothing_is_heard_is_not_assessed() -> None:
    verdict = verdict_of()
    assert verdict.status is GateStatus.NOT_ASSESSED
    assert the_check(verdict).message == "nothing was heard of it"


def test_the_reason_for_an_absence_is_kept() -> None:
    reason = outcome(KEY, Status.ERROR, None, "lost with worker gw0")
    assert the_check(verdict_of(absences={KEY: reason})) == reason


@pytest.mark.parametrize("status", [Status.MET, Status.WAIVED, Status.NOT_APPLICABLE, Status.NOT_MET])
def test_an_absence_that_claims_to_be_an_assessment_is_an_error(status: Status) -> None:
    told = the_check(verdict_of(absences={KEY: outcome(KEY, status)}))
    assert (told.status, told.message) == (Status.ERROR, "absent, yet called assessed")


@pytest.mark.parametrize(
    ("kind", "word"),
    [(SubjectKind.SERVICE, "service"), (SubjectKind.FRONTEND, "front end"), (SubjectKind.WORKLOAD, "workload")],
)
def test_a_target_without_a_subject_to_look_at_is_not_assessed(kind: SubjectKind, word: str) -> None:
    asked = gate(control("a", check("one", kind)))
    verdict = verdict_of(asked=asked)
    assert verdict.status is GateStatus.NOT_ASSESSED
    assert the_check(verdict).message == f"the target has no {word} to look at"


@pytest.mark.parametrize("kind", [SubjectKind.SERVICE, SubjectKind.FRONTEND, SubjectKind.WORKLOAD])
def test_a_check_without_a_subject_is_not_met_by_a_test_that_says_so(kind: SubjectKind) -> None:
    asked = gate(control("a", check("one", kind)))
    (item,) = expectations(asked, target())
    assert verdict_of(outcome(item.key), asked=asked).status not in PASSES


def test_what_is_heard_twice_is_an_error_that_counts_and_keeps_the_worst_word() -> None:
    told = the_check(verdict_of(outcome(KEY, message="fine"), outcome(KEY, Status.NOT_ASSESSED, message="no engine")))
    assert told.status is Status.ERROR
    assert told.message == "heard 2 times about one subject; the worst word: no engine"


def test_a_fault_heard_twice_stays_a_fault() -> None:
    assert verdict_of(outcome(KEY), outcome(KEY, Status.NOT_MET)).status is GateStatus.FAILED


def test_a_fault_heard_twice_is_not_waived() -> None:
    verdict = verdict_of(outcome(KEY, Status.NOT_MET), outcome(KEY), waivers=[waiver("a")])
    assert the_check(verdict).status is Status.ERROR


def test_strays_are_named_in_order_after_the_runs_own_problems() -> None:
    strays = [outcome(Key(control=name, check="x", subject="y")) for name in ("z", "b")]
    verdict = verdict_of(outcome(KEY), *strays, problems=["first"])
    assert verdict.problems == (
        "first",
        "an outcome arrived that nobody expects: b x · y",
        "an outcome arrived that nobody expects: z x · y",
    )


def test_a_controls_level_is_the_lowest_of_the_checks_that_decide_it() -> None:
    asked = gate(
        control("a", check("declared", needs=Assurance.DECLARED), check("x"), check("y", needs=Assurance.EXECUTED))
    )
    declared, one, other = expectations(asked, target())
    verdict = verdict_of(
        outcome(declared.key, assurance=Assurance.DECLARED),
        outcome(one.key, assurance=Assurance.LIVE),
        outcome(other.key, assurance=Assurance.EXECUTED),
        asked=asked,
    )
    assert verdict.controls[0].assurance is Assurance.EXECUTED
    assert verdict.controls[0].needs is Assurance.EXECUTED


def test_a_control_with_a_deciding_check_that_was_not_seen_has_no_level() -> None:
    asked = gate(control("a", check("x"), check("y")))
    one, _ = expectations(asked, target())
    assert verdict_of(outcome(one.key), asked=asked).controls[0].assurance is None


def test_the_level_that_a_target_demands_is_shown_as_what_its_control_needs() -> None:
    subjects = target(assurance={"a": "live"})
    verdict = verdict_of(outcome(KEY, assurance=Assurance.EXECUTED), subjects=subjects)
    assert verdict.controls[0].needs is Assurance.LIVE
    assert verdict.controls[0].status is Status.NOT_ASSESSED


def test_what_was_seen_is_kept_with_the_outcome_that_counts() -> None:
    seen = Outcome(
        key=KEY,
        status=Status.MET,
        assurance=Assurance.EXECUTED,
        evidence=(Evidence(name="log", sha256="0" * 64, path="evidence/log"),),
        substrate="an engine",
    )
    assert the_check(verdict_of(seen)) == seen


def test_verdicts_read_as_words() -> None:
    assert [each.words for each in BEST_TO_WORST] == ["passed", "passed with exceptions", "not assessed", "failed"]
