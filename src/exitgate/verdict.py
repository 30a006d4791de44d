"""The verdict: a pure fold of what arrived over what the catalogue and the target make us expect."""

from __future__ import annotations

import datetime
import enum
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from exitgate.assurance import Assurance
from exitgate.catalogue import Check, Control, Gate, Given, SubjectKind
from exitgate.outcome import Key, Outcome, Status, worst
from exitgate.waivers import Exclusion, Waiver, waivers_for

if TYPE_CHECKING:
    from exitgate.target import Target

NO_SUBJECT = "-"
"""Stands where a check has no subject at all: the target has none of that kind."""


class GateStatus(enum.StrEnum):
    """The verdict on a whole gate."""

    PASSED = "passed"
    PASSED_WITH_EXCEPTIONS = "passed_with_exceptions"
    FAILED = "failed"
    NOT_ASSESSED = "not_assessed"

    @property
    def words(self) -> str:
        """The verdict as people read it."""
        return self.value.replace("_", " ")


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """One outcome that has to arrive."""

    control: Control
    check: Check
    subject: str
    needs: Assurance
    """The catalogue's level, or the higher one that the target's policy demands."""

    @property
    def key(self) -> Key:
        """The key under which its outcome arrives."""
        return Key(control=self.control.id, check=self.check.id, subject=self.subject)


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedCheck:
    """An expected check with the one outcome that counts for it."""

    expected: Expected
    outcome: Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedControl:
    """A control with the worst status of its checks, and how it was seen."""

    control: Control
    status: Status
    assurance: Assurance | None
    """The lowest level among the checks that decide the control's level; nothing where one of them was not seen."""
    needs: Assurance
    checks: tuple[JudgedCheck, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What is said about the gate as a whole."""

    status: GateStatus
    controls: tuple[JudgedControl, ...]
    requirements: tuple[JudgedControl, ...]
    problems: tuple[str, ...]
    """What went wrong with the run itself; with one of these a gate is never passed."""


def expectations(gate: Gate, target: Target, given: Collection[Given] = ()) -> tuple[Expected, ...]:
    """Return every outcome that has to arrive, in plan order: each check about each subject that the target has.

    A level that the target's rules demand lifts the checks that decide the control's own level; where checks of the control that
    need something given reach it, those are owed in their stead.

    Args:
        given: What the run was given beside its target, for the checks that need it.
    """
    expected: list[Expected] = []
    for control in gate.everything:
        label = target.policy.assurance.get(control.id)
        demanded = Assurance.parse(label) if label else None
        owed = control.owed(given, demanded)
        reached = demanded is not None and any(check.given and check.needs >= demanded for check in owed)
        for check in owed:
            needs = check.needs
            if demanded is not None and needs == control.needs and not reached:
                needs = max(needs, demanded)
            expected += [
                Expected(control=control, check=check, subject=subject, needs=needs)
                for subject in target.subjects(check.subject) or (NO_SUBJECT,)
            ]
    return tuple(expected)


def judge(
    gate: Gate,
    expected: Sequence[Expected],
    arrived: Iterable[Outcome],
    *,
    waivers: Sequence[Waiver] = (),
    exclusions: Sequence[Exclusion] = (),
    today: datetime.date,
    problems: Sequence[str] = (),
    absences: Mapping[Key, Outcome] | None = None,
) -> Verdict:
    """Fold outcomes into a verdict. The order in which they arrived does not matter.

    Args:
        arrived: What was heard; an outcome that nobody expects is a problem of the run, never ignored.
        absences: Why an expected outcome did not arrive, where that is known; never better than *not assessed*.
    """
    heard: dict[Key, list[Outcome]] = {}
    for outcome in arrived:
        heard.setdefault(outcome.key, []).append(outcome)
    known = {item.key for item in expected}
    stray = sorted(str(key) for key in heard.keys() - known)
    all_problems = (*problems, *(f"an outcome arrived that nobody expects: {name}" for name in stray))
    excluded = {exclusion.control: exclusion for exclusion in exclusions if exclusion.holds(today)}

    judged: dict[str, list[JudgedCheck]] = {}
    for item in expected:
        exclusion = excluded.get(item.control.id)
        if exclusion:
            outcome = _not_applicable(item, exclusion)
        else:
            outcome = _settle(item, heard.get(item.key, []), (absences or {}).get(item.key), waivers, today)
        judged.setdefault(item.control.id, []).append(JudgedCheck(expected=item, outcome=outcome))

    controls = tuple(_judge_control(control, judged.get(control.id, [])) for control in gate.controls)
    requirements = tuple(_judge_control(control, judged.get(control.id, [])) for control in gate.requirements)
    status = _judge_gate([each.status for each in (*controls, *requirements)], all_problems)
    return Verdict(status=status, controls=controls, requirements=requirements, problems=all_problems)


def _settle(
    item: Expected,
    heard: Sequence[Outcome],
    absence: Outcome | None,
    waivers: Sequence[Waiver],
    today: datetime.date,
) -> Outcome:
    if not heard or item.subject == NO_SUBJECT:
        return _absent(item, absence)
    outcome = _settle_one(item, _most_severe(heard), waivers, today)
    if len(heard) > 1 and worst([outcome.status, Status.ERROR]) is Status.ERROR:
        message = f"heard {len(heard)} times about one subject; the worst word: {outcome.message}"
        return outcome.model_copy(update={"status": Status.ERROR, "message": message})
    return outcome


def _settle_one(item: Expected, outcome: Outcome, waivers: Sequence[Waiver], today: datetime.date) -> Outcome:
    if outcome.status in (Status.WAIVED, Status.NOT_APPLICABLE):
        # Neither is for a check to claim: a waiver is applied here, an exclusion stands in the target.
        return outcome.model_copy(update={"status": Status.ERROR, "message": f"claimed to be {outcome.status.words}"})
    rules = [finding.rule for finding in outcome.findings]
    excuses = waivers_for(item.control.id, item.subject, rules, waivers, today)
    if outcome.status is Status.NOT_MET and excuses:
        first = min(excuses, key=lambda waiver: waiver.expires)
        more = f" (and {len(excuses) - 1} more)" if len(excuses) > 1 else ""
        word = f"waived until {first.expires.isoformat()} by {first.approver}: {first.reason}{more}"
        return outcome.model_copy(update={"status": Status.WAIVED, "message": f"{word} — {outcome.message}"})
    if outcome.status is Status.MET and (outcome.assurance is None or outcome.assurance < item.needs):
        seen = outcome.assurance.label if outcome.assurance else "nothing"
        message = f"seen at {seen}, needs {item.needs.label}"
        return outcome.model_copy(update={"status": Status.NOT_ASSESSED, "message": message})
    return outcome


def _most_severe(heard: Sequence[Outcome]) -> Outcome:
    status = worst([outcome.status for outcome in heard])
    alike = [outcome for outcome in heard if outcome.status is status]
    return min(alike, key=lambda outcome: outcome.model_dump_json())


def _absent(item: Expected, absence: Outcome | None) -> Outcome:
    if item.subject == NO_SUBJECT:
        kind = {SubjectKind.FRONTEND: "front end"}.get(item.check.subject, item.check.subject.value)
        return Outcome(key=item.key, status=Status.NOT_ASSESSED, message=f"the target has no {kind} to look at")
    if absence is None:
        return Outcome(key=item.key, status=Status.NOT_ASSESSED, message="nothing was heard of it")
    if absence.status not in (Status.ERROR, Status.NOT_ASSESSED):
        return absence.model_copy(update={"status": Status.ERROR, "message": "absent, yet called assessed"})
    return absence


def _not_applicable(item: Expected, exclusion: Exclusion) -> Outcome:
    message = f"declared not applicable by {exclusion.approver}: {exclusion.reason}"
    return Outcome(key=item.key, status=Status.NOT_APPLICABLE, assurance=Assurance.DECLARED, message=message)


def _judge_control(control: Control, checks: Sequence[JudgedCheck]) -> JudgedControl:
    if not checks:
        return JudgedControl(
            control=control, status=Status.NOT_ASSESSED, assurance=None, needs=control.needs, checks=()
        )
    needs = max(check.expected.needs for check in checks)
    deciding = [check.outcome.assurance for check in checks if check.expected.needs == needs]
    seen = [level for level in deciding if level is not None]
    return JudgedControl(
        control=control,
        status=worst([check.outcome.status for check in checks]),
        assurance=min(seen) if seen and len(seen) == len(deciding) else None,
        needs=needs,
        checks=tuple(checks),
    )


def _judge_gate(statuses: Sequence[Status], problems: Sequence[str]) -> GateStatus:
    if Status.NOT_MET in statuses:
        return GateStatus.FAILED
    if not statuses or problems or Status.NOT_ASSESSED in statuses or Status.ERROR in statuses:
        return GateStatus.NOT_ASSESSED
    if all(status is Status.NOT_APPLICABLE for status in statuses):
        return GateStatus.NOT_ASSESSED
    return GateStatus.PASSED_WITH_EXCEPTIONS if Status.WAIVED in statuses else GateStatus.PASSED
