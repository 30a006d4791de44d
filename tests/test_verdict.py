"""The fold from outcomes to a verdict: what holds for every gate, whatever arrives."""

from __future__ import annotations

import datetime
from collections import Counter
from dataclasses import dataclass, replace
from typing import Any

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from exitgate.assurance import Assurance
from exitgate.catalogue import Gate, SubjectKind
from exitgate.outcome import Key, Outcome, Status
from exitgate.verdict import NO_SUBJECT, Expected, GateStatus, Verdict, expectations, judge
from exitgate.waivers import Exclusion, Waiver
from tests.builders import (
    BEST_TO_WORST,
    PASSES,
    TODAY,
    check,
    control,
    exclusion,
    gate,
    judged_controls,
    outcome,
    settled,
    target,
    waiver,
)

SEVERITY = ("not_applicable", "met", "waived", "not_assessed", "error", "not_met")
everywhere = settings(
    database=None,
    deadline=None,
    max_examples=100,
    suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow],
)


@dataclass(frozen=True, kw_only=True)
class Situation:
    """Everything that a verdict is made of."""

    gate: Gate
    expected: tuple[Expected, ...]
    arrived: tuple[Outcome, ...]
    waivers: tuple[Waiver, ...] = ()
    exclusions: tuple[Exclusion, ...] = ()
    problems: tuple[str, ...] = ()

    def judge(self, **changes: Any) -> Verdict:
        it = replace(self, **changes)
        return judge(
            it.gate,
            it.expected,
            it.arrived,
            waivers=it.waivers,
            exclusions=it.exclusions,
            today=TODAY,
            problems=it.problems,
        )

    @property
    def excluded(self) -> set[str]:
        return {each.control for each in self.exclusions}

    def is_waived(self, item: Expected) -> bool:
        return any(
            each.control == item.control.id and each.subject in (None, item.subject) and each.expires >= TODAY
            for each in self.waivers
        )

    def plain(self) -> list[Expected]:
        """Return what has a subject and is neither waived nor excluded."""
        excused = [item for item in self.expected if item.control.id in self.excluded or self.is_waived(item)]
        return [item for item in self.expected if item.subject != NO_SUBJECT and item not in excused]


# Strategies are made once: making them anew for each example takes longer than judging it.
LEVELS = st.sampled_from(Assurance)
ROWS = st.lists(
    st.lists(st.tuples(st.sampled_from(SubjectKind), LEVELS), min_size=1, max_size=2), min_size=1, max_size=3
)
WORDS = st.none() | st.lists(
    st.tuples(st.sampled_from(Status), st.none() | LEVELS, st.sampled_from(["", "a word"])), max_size=3
)
NUMBERS = st.integers(0, 11)
WAIVED = st.tuples(NUMBERS, st.none() | NUMBERS, st.sampled_from([0, 1, -1]))
ANY_WAIVED, SOME_WAIVED = st.lists(WAIVED, max_size=2), st.lists(WAIVED, min_size=1, max_size=2)
KINDS = st.sampled_from(["all is met", "all is met but what has a waiver", "anything"])


@st.composite
def situations(draw: st.DrawFn) -> Situation:
    controls = [
        control(f"c{index}", *(check(f"k{place}", kind, needs) for place, (kind, needs) in enumerate(row)))
        for index, row in enumerate(draw(ROWS))
    ]
    split = 1 + draw(NUMBERS) % len(controls)
    asked = gate(*controls[:split], requirements=controls[split:])
    expected = expectations(asked, target(services=(draw(NUMBERS) + 1) % 4, frontends=(draw(NUMBERS) + 1) % 3))
    subjects = sorted({item.subject for item in expected})
    kind = draw(KINDS)
    waivers = [
        waiver(
            controls[which % len(controls)].id,
            None if subject is None else subjects[subject % len(subjects)],
            TODAY + datetime.timedelta(days),
        )
        for which, subject, days in draw(SOME_WAIVED if kind == "all is met but what has a waiver" else ANY_WAIVED)
    ]
    waived = {each.control for each in waivers}
    exclusions = [exclusion(each.id) for each in controls if each.id not in waived and draw(NUMBERS) == 7]
    arrived: list[Outcome] = []
    for item in expected:
        if item.subject == NO_SUBJECT:
            continue
        words = draw(WORDS) if kind == "anything" else None
        if words is None:
            broken = kind == "all is met but what has a waiver" and item.control.id in waived
            words = [(Status.NOT_MET if broken else Status.MET, item.needs, "")]
        arrived += [outcome(item.key, *word) for word in words]
    return Situation(
        gate=asked, expected=expected, arrived=tuple(arrived), waivers=tuple(waivers), exclusions=tuple(exclusions)
    )


def rank(verdict: Verdict) -> int:
    return BEST_TO_WORST.index(verdict.status)


def severity(verdict: Verdict, control_id: str) -> int:
    return SEVERITY.index(judged_controls(verdict)[control_id].status)


@everywhere
@given(situations(), st.data())
def test_a_not_met_added_where_nothing_excuses_it_makes_its_control_not_met_and_the_gate_failed(
    situation: Situation, data: st.DataObject
) -> None:
    assume(situation.plain())
    item = data.draw(st.sampled_from(situation.plain()))
    level = data.draw(st.none() | st.sampled_from(Assurance))
    before = situation.judge()
    after = situation.judge(arrived=(*situation.arrived, outcome(item.key, Status.NOT_MET, level, "a fault")))
    assert after.status is GateStatus.FAILED
    assert judged_controls(after)[item.control.id].status is Status.NOT_MET
    others = [name for name in judged_controls(before) if name != item.control.id]
    assert [judged_controls(after)[name] for name in others] == [judged_controls(before)[name] for name in others]


@everywhere
@given(situations(), st.data())
def test_a_not_met_added_anywhere_never_makes_a_pass_without_exceptions(
    situation: Situation, data: st.DataObject
) -> None:
    candidates = [item for item in situation.expected if item.control.id not in situation.excluded]
    assume(candidates)
    item = data.draw(st.sampled_from(candidates))
    after = situation.judge(arrived=(*situation.arrived, outcome(item.key, Status.NOT_MET)))
    assert after.status is not GateStatus.PASSED
    assert severity(after, item.control.id) >= SEVERITY.index("waived")


@everywhere
@given(situations(), st.data())
def test_a_not_met_added_to_what_was_already_heard_never_improves_anything(
    situation: Situation, data: st.DataObject
) -> None:
    assume(situation.arrived)
    key = data.draw(st.sampled_from(situation.arrived)).key
    before = situation.judge()
    after = situation.judge(arrived=(*situation.arrived, outcome(key, Status.NOT_MET)))
    assert rank(after) >= rank(before)
    assert severity(after, key.control) >= severity(before, key.control)


@everywhere
@given(situations())
def test_a_gate_passes_exactly_where_all_that_is_expected_is_met_as_needed_or_excused_by_name(
    situation: Situation,
) -> None:
    heard: dict[Key, list[Outcome]] = {}
    for each in situation.arrived:
        heard.setdefault(each.key, []).append(each)

    def is_met(item: Expected) -> bool:
        match heard.get(item.key, []):
            case [only]:
                return only.status is Status.MET and only.assurance is not None and only.assurance >= item.needs
        return False

    def is_excused(item: Expected) -> bool:
        statuses = [each.status for each in heard.get(item.key, [])]
        return statuses == [Status.NOT_MET] and situation.is_waived(item)

    wanted = [item for item in situation.expected if item.control.id not in situation.excluded]
    whole = bool(wanted) and all(is_met(item) or is_excused(item) for item in wanted)
    exceptions = any(is_excused(item) for item in wanted)
    verdict = situation.judge()
    assert (verdict.status is GateStatus.PASSED) == (whole and not exceptions)
    assert (verdict.status is GateStatus.PASSED_WITH_EXCEPTIONS) == (whole and exceptions)


@everywhere
@given(situations(), st.data())
def test_what_is_taken_away_never_makes_a_pass(situation: Situation, data: st.DataObject) -> None:
    wanted = [item for item in situation.expected if item.control.id not in situation.excluded]
    assume(wanted)
    key = data.draw(st.sampled_from(wanted)).key
    verdict = situation.judge(arrived=tuple(each for each in situation.arrived if each.key != key))
    assert verdict.status not in PASSES
    assert settled(verdict)[key].status is Status.NOT_ASSESSED


@everywhere
@given(situations(), st.data())
def test_the_order_of_arrival_does_not_matter(situation: Situation, data: st.DataObject) -> None:
    stray = outcome(Key(control="x", check="x", subject="x"))
    arrived = (*situation.arrived, *data.draw(st.sampled_from([(), (stray,)])))
    shuffled = data.draw(st.permutations(arrived))
    assert situation.judge(arrived=tuple(shuffled)) == situation.judge(arrived=arrived)


@everywhere
@given(situations(), st.data())
def test_a_waiver_helps_nothing_that_it_does_not_name(situation: Situation, data: st.DataObject) -> None:
    item = data.draw(st.sampled_from(situation.expected))
    whole = data.draw(st.booleans())
    added = waiver(item.control.id, None if whole else item.subject, TODAY)
    before, after = settled(situation.judge()), settled(situation.judge(waivers=(*situation.waivers, added)))
    for key, was in before.items():
        if key.control != item.control.id or not (whole or key.subject == item.subject):
            assert after[key] == was


@everywhere
@given(situations())
def test_waivers_change_nothing_but_what_is_not_met(situation: Situation) -> None:
    without, with_them = settled(situation.judge(waivers=())), settled(situation.judge())
    for key, was in without.items():
        if was.status is not Status.NOT_MET:
            assert with_them[key] == was


@everywhere
@given(situations(), st.integers(1, 4000))
def test_an_expired_waiver_is_worth_none(situation: Situation, days: int) -> None:
    gone = tuple(each.model_copy(update={"expires": TODAY - datetime.timedelta(days)}) for each in situation.waivers)
    assert situation.judge(waivers=gone) == situation.judge(waivers=())


@everywhere
@given(situations(), st.data())
def test_what_is_heard_twice_is_never_a_pass(situation: Situation, data: st.DataObject) -> None:
    candidates = [each for each in situation.arrived if each.key.control not in situation.excluded]
    assume(candidates)
    again = data.draw(st.sampled_from(candidates))
    verdict = situation.judge(arrived=(*situation.arrived, again))
    assert verdict.status not in PASSES
    for key, times in Counter(each.key for each in situation.arrived).items():
        if times > 1 and key.control not in situation.excluded:
            assert settled(verdict)[key].status in (Status.ERROR, Status.NOT_MET)
    assert settled(verdict)[again.key].status in (Status.ERROR, Status.NOT_MET)


@everywhere
@given(situations(), st.sampled_from(Status), st.data())
def test_what_nobody_expects_is_never_a_pass_and_never_ignored(
    situation: Situation, status: Status, data: st.DataObject
) -> None:
    near = data.draw(st.sampled_from(situation.expected)).key
    part = data.draw(st.sampled_from(["control", "check", "subject"]))
    stray = outcome(near.model_copy(update={part: "stray"}), status)
    before, after = situation.judge(), situation.judge(arrived=(*situation.arrived, stray))
    assert after.status not in PASSES
    assert rank(after) >= rank(before)
    assert any(str(stray.key) in problem for problem in after.problems)


@everywhere
@given(situations(), st.data())
def test_asking_for_more_never_improves_anything(situation: Situation, data: st.DataObject) -> None:
    raised = tuple(
        replace(item, needs=data.draw(st.sampled_from([level for level in Assurance if level >= item.needs])))
        for item in situation.expected
    )
    before, after = situation.judge(), situation.judge(expected=raised)
    assert rank(after) >= rank(before)
    assert all(severity(after, name) >= severity(before, name) for name in judged_controls(before))


@everywhere
@given(situations(), st.sampled_from(Status), st.sampled_from(Assurance))
def test_a_reason_for_an_absence_is_never_a_pass(situation: Situation, status: Status, level: Assurance) -> None:
    heard = {each.key for each in situation.arrived}
    missing = {item.key: outcome(item.key, status, level) for item in situation.expected if item.key not in heard}
    missing = {key: each for key, each in missing.items() if key.control not in situation.excluded}
    assume(missing)
    verdict = judge(
        situation.gate,
        situation.expected,
        situation.arrived,
        waivers=situation.waivers,
        exclusions=situation.exclusions,
        today=TODAY,
        absences=missing,
    )
    assert verdict.status not in PASSES
    assert all(settled(verdict)[key].status in (Status.ERROR, Status.NOT_ASSESSED) for key in missing)


@everywhere
@given(situations())
def test_a_reason_for_an_absence_means_nothing_for_what_did_arrive(situation: Situation) -> None:
    reasons = {each.key: outcome(each.key, Status.ERROR) for each in situation.arrived}
    verdict = judge(
        situation.gate,
        situation.expected,
        situation.arrived,
        waivers=situation.waivers,
        exclusions=situation.exclusions,
        today=TODAY,
        absences=reasons,
    )
    assert verdict == situation.judge()


@everywhere
@given(situations())
def test_a_problem_of_the_run_is_never_a_pass_and_never_hides_a_failure(situation: Situation) -> None:
    before, after = situation.judge(), situation.judge(problems=("the disk is full",))
    assert after.status not in PASSES
    assert (after.status is GateStatus.FAILED) == (before.status is GateStatus.FAILED)
    assert after.problems[0] == "the disk is full"


@everywhere
@given(situations())
def test_every_control_is_judged_once_in_plan_order_and_is_the_worst_of_its_checks(situation: Situation) -> None:
    verdict = situation.judge()
    assert [each.control for each in verdict.controls] == list(situation.gate.controls)
    assert [each.control for each in verdict.requirements] == list(situation.gate.requirements)
    assert list(settled(verdict)) == [item.key for item in situation.expected]
    for each in (*verdict.controls, *verdict.requirements):
        assert each.status == max((check.outcome.status for check in each.checks), key=SEVERITY.index)
