"""How far a target has come: which records count, which of several, and which step comes next."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from exitgate.assurance import Assurance
from exitgate.catalogue import Gate
from exitgate.outcome import Outcome, Status
from exitgate.progress import Judged, next_step, progress, records_below
from exitgate.record import Environment, Record, TargetEntry, control_entries, write_record
from exitgate.verdict import expectations, judge
from tests.builders import TODAY, check, control, gate, target

COMMIT, POLICY = "c" * 40, "sha256:" + "9" * 64
JUDGED = Judged(gate="g", target="shop", commit=COMMIT, policy_digest=POLICY, version="1")
PLAN: Gate = gate(control("a", check("one")), control("b", check("one")), control("c", check("one")))


def record(ended: str = "2026-06-15T00:10:00Z", **statuses: Status) -> Record:
    """Return the record of a run in which the named controls came to something, and the others were not asked."""
    outcomes = [
        Outcome(key=each.key, status=status, assurance=Assurance.EXECUTED)
        for each in expectations(PLAN, target())
        if (status := statuses.get(each.key.control)) is not None
    ]
    judged = judge(PLAN, expectations(PLAN, target()), outcomes, today=TODAY)
    return Record(
        run_id="r",
        gate="g",
        gate_title="",
        verdict="not_assessed",
        rehearsal=False,
        finished_whole=True,
        target=TargetEntry(name="shop", commit=COMMIT, dirty=False),
        policy_digest=POLICY,
        started="2026-06-15T00:00:00Z",
        finished=ended,
        environment=Environment(exitgate="1", python="", platform="", user="", clock=""),
        substitutes=(),
        tools=(),
        problems=(),
        criteria=(),
        controls=control_entries(judged.controls, {}),
        requirements=(),
        waivers=(),
    )


def statuses(*records: Record) -> list[Status]:
    return [step.status for step in progress(PLAN, JUDGED, [(Path("x"), each) for each in records])]


def test_without_records_nothing_is_verified() -> None:
    steps = progress(PLAN, JUDGED, [])
    assert [step.control.id for step in steps] == ["a", "b", "c"]
    assert [(step.status, step.record) for step in steps] == [(Status.NOT_ASSESSED, None)] * 3


def test_runs_of_single_controls_add_up() -> None:
    assert statuses(record(a=Status.MET), record(b=Status.MET)) == [Status.MET, Status.MET, Status.NOT_ASSESSED]


def test_of_several_the_last_that_assessed_a_control_counts() -> None:
    early, late = "2026-06-15T00:10:00Z", "2026-06-16T00:10:00Z"
    assert statuses(record(late, a=Status.NOT_MET), record(early, a=Status.MET))[0] is Status.NOT_MET
    assert statuses(record(early, a=Status.NOT_MET), record(late, a=Status.MET))[0] is Status.MET
    assert statuses(record(early, a=Status.MET), record(late, b=Status.MET))[0] is Status.MET


@pytest.mark.parametrize(
    "other",
    [
        {"gate": "h"},
        {"target": TargetEntry(name="bakery", commit=COMMIT, dirty=False)},
        {"target": TargetEntry(name="shop", commit="d" * 40, dirty=False)},
        {"target": TargetEntry(name="shop", commit=COMMIT, dirty=True)},
        {"policy_digest": "sha256:" + "8" * 64},
        {"environment": Environment(exitgate="2", python="", platform="", user="", clock="")},
        {"finished": None},
    ],
    ids=["gate", "target", "commit", "uncommitted", "policy", "version", "unfinished"],
)
def test_a_record_of_something_else_tells_nothing(other: dict[str, Any]) -> None:
    assert statuses(record(a=Status.MET).model_copy(update=other))[0] is Status.NOT_ASSESSED


def test_the_next_step_is_the_first_that_is_not_verified() -> None:
    steps = progress(PLAN, JUDGED, [(Path("x"), record(a=Status.MET, b=Status.NOT_MET))])
    following = next_step(steps)
    assert following is not None
    assert following.control.id == "b"
    beyond = next_step(steps, past=["b"])
    assert beyond is not None
    assert beyond.control.id == "c"
    assert next_step(steps, past=["b", "c"]) is None


def test_records_are_found_at_any_depth_and_what_is_none_is_passed_over(tmp_path: Path) -> None:
    write_record(record(a=Status.MET), tmp_path / "steps/a")
    (tmp_path / "other").mkdir()
    (tmp_path / "other/record.json").write_text("{", encoding="utf-8")
    ((path, found),) = records_below(tmp_path)
    assert path == tmp_path / "steps/a/record.json"
    assert found == record(a=Status.MET)
