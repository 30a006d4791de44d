"""Records of a gate, made up: for tests of what is told of them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

from exitgate.assurance import Assurance
from exitgate.catalogue import load_gate
from exitgate.finding import Finding
from exitgate.outcome import Outcome, Status
from exitgate.provenance import Evidence, Tool
from exitgate.record import (
    CriterionEntry,
    Environment,
    FaultEntry,
    Proof,
    Record,
    TargetEntry,
    WaiverEntry,
    control_entries,
)
from exitgate.verdict import Expected, Verdict, judge
from exitgate.waivers import Exclusion, Waiver

GATE = load_gate(Path(__file__).parents[2] / "gates" / "gate3")
MARKUP = '"\'><script>alert(1)</script><img src=x onerror=alert(1)><a href="javascript:alert(1)">{{ 7*7 }}</details>'
FINDING = Finding(
    location="apps/a/Dockerfile:31", message="runs as root", expected="uid 10000", got="uid 0", remedy="Set USER."
)
NOT_MET, BROKEN, UNSEEN, WAIVED, EXCLUDED = "3.2.B.2.1", "3.3.B.2.1", "3.5.C.2", "3.2.A.3", "3.3.B.2.3"


def outcome(item: Expected) -> Outcome:
    """One status of each kind, each on a control of its own; everything else is met."""
    base = Outcome(key=item.key, status=Status.MET, assurance=item.needs, substrate="Docker 27", duration_s=1.5)
    if item.control.id in {NOT_MET, WAIVED}:
        evidence = Evidence(name="processes.json", sha256="ab" * 32, path="evidence/abab-processes.json")
        return base.model_copy(
            update={
                "status": Status.NOT_MET,
                "message": FINDING.message,
                "findings": (FINDING,),
                "evidence": (evidence,),
            }
        )
    if item.control.id == BROKEN:
        return base.model_copy(update={"status": Status.ERROR, "message": "the emulator went away"})
    if item.control.id == UNSEEN:
        return base.model_copy(
            update={"status": Status.NOT_ASSESSED, "assurance": None, "message": "no engine answers"}
        )
    if item.needs is Assurance.EMULATED:
        return base.model_copy(
            update={"limits": ("The emulator has no firewall.",), "substitutes": ("an emulated AWS",)}
        )
    return base


def record_of(judgement: Verdict, /, **changes: Any) -> Record:
    """Return the record of a verdict."""
    proof = Proof(status="proven", faults=(FaultEntry(id="runs-as-root", title="USER is removed.", killed=True),))
    return Record(
        **{
            "run_id": "run-1",
            "gate": GATE.id,
            "gate_title": GATE.title,
            "verdict": judgement.status.value,
            "rehearsal": False,
            "finished_whole": True,
            "target": TargetEntry(name="shop", commit="9f1c2d3e" * 5, dirty=False),
            "policy_digest": "sha256:" + "4b" * 32,
            "started": "2026-11-01T04:22:10Z",
            "finished": "2026-11-01T05:22:12Z",
            "environment": Environment(
                exitgate="0.1.0", python="3.12", platform="Linux", user="ci", clock="host clock"
            ),
            "substitutes": (),
            "tools": (Tool(name="trivy", version="0.58.1"),),
            "problems": judgement.problems,
            "criteria": tuple(CriterionEntry(id=each.id, task=each.task, title=each.title) for each in GATE.criteria),
            "controls": control_entries(judgement.controls, {NOT_MET: proof}),
            "requirements": control_entries(judgement.requirements, {}),
            "waivers": (),
            **changes,
        }
    )


def judged(outcome_of: Callable[[Expected], Outcome], **arguments: Any) -> Verdict:
    """Return the verdict where each check has one subject."""
    expected = [
        Expected(control=control, check=check, subject="shop", needs=check.needs)
        for control in GATE.everything
        for check in control.checks
    ]
    return judge(GATE, expected, [outcome_of(item) for item in expected], today=date(2026, 11, 1), **arguments)


def passing(item: Expected) -> Outcome:
    """Everything is met."""
    return Outcome(key=item.key, status=Status.MET, assurance=item.needs)


def mixed_record() -> Record:
    """Return a record that has every status in it."""
    waiver = Waiver(
        control=WAIVED, owner="A. Ito", reason="Comes in March.", approver="M. Sato", expires=date(2027, 3, 31)
    )
    exclusion = Exclusion(
        control=EXCLUDED, owner="A. Ito", reason="There is no RabbitMQ.", approver="M. Sato", expires=date(2027, 3, 31)
    )
    verdict = judged(outcome, waivers=[waiver], exclusions=[exclusion], problems=["worker gw1 died"])
    entry = WaiverEntry(
        kind="waiver",
        control=WAIVED,
        subject=None,
        reason=waiver.reason,
        approver=waiver.approver,
        expires="2027-03-31",
        state="used",
    )
    return record_of(verdict, rehearsal=True, substitutes=("an emulated AWS",), waivers=(entry,))


def with_text(value: Any, text: str, *, keep: frozenset[str] = frozenset()) -> Any:
    """Replace every string of a record, apart from the fields that only take listed words."""
    if isinstance(value, dict):
        fixed = keep | {"kind", "state"}
        whole_proof = "faults" in value
        return {
            name: part if name in fixed or (whole_proof and name == "status") else with_text(part, text, keep=keep)
            for name, part in value.items()
        }
    if isinstance(value, list | tuple):
        return [with_text(part, text, keep=keep) for part in value]
    return text if isinstance(value, str) else value
