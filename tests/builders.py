"""Small gates, targets and outcomes for the tests of the verdict and of what is made of it."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from exitgate.assurance import Assurance
from exitgate.catalogue import Check, Control, ControlId, Criterion, Gate, Given, SubjectKind
from exitgate.outcome import Key, Outcome, Status
from exitgate.target import Configuration, Target
from exitgate.verdict import GateStatus, JudgedControl, Verdict
from exitgate.waivers import Exclusion, Waiver

TODAY = datetime.date(2026, 6, 15)
BEST_TO_WORST = (GateStatus.PASSED, GateStatus.PASSED_WITH_EXCEPTIONS, GateStatus.NOT_ASSESSED, GateStatus.FAILED)
PASSES = BEST_TO_WORST[:2]


def check(
    name: str = "one",
    subject: SubjectKind = SubjectKind.TARGET,
    needs: Assurance = Assurance.EXECUTED,
    given: Given | None = None,
    *,
    thorough: bool = False,
) -> Check:
    return Check(id=name, subject=subject, needs=needs, says="It is so.", given=given, dear=thorough, thorough=thorough)


def control(name: str, *checks: Check, criterion: str = "containers", dimension: Any = "A") -> Control:
    return Control(
        id=ControlId(name),
        criterion=criterion,
        dimension=dimension,
        title=name,
        rationale="Why.",
        remediation="How.",
        checks=checks,
    )


def gate(*controls: Control, requirements: Sequence[Control] = ()) -> Gate:
    return Gate(
        id="gate",
        title="A gate",
        summary="Asks.",
        directory=Path("/nowhere"),
        criteria=(Criterion(id="containers", task="1", title="Containers", module="test_containers.py"),),
        controls=controls,
        requirements=tuple(requirements),
    )


def target(*, services: int = 0, frontends: int = 0, assurance: dict[str, str] | None = None) -> Target:
    workload = {"path": ".", "dockerfile": "Dockerfile", "port": 80, "task_definition": "task.json"}
    configuration = Configuration.model_validate(
        {
            "target": {"name": "shop"},
            "service": [{"name": f"service{number}", **workload} for number in range(services)],
            "frontend": [{"name": f"front{number}", "path": "."} for number in range(frontends)],
            "policy": {"assurance": assurance or {}},
        }
    )
    return Target(directory=Path("/nowhere"), configuration=configuration, source="")


def outcome(
    key: Key, status: Status = Status.MET, assurance: Assurance | None = Assurance.LIVE, message: str = ""
) -> Outcome:
    return Outcome(key=key, status=status, assurance=assurance, message=message)


def waiver(control_id: str, subject: str | None = None, expires: datetime.date = TODAY) -> Waiver:
    return Waiver(control=control_id, subject=subject, owner="Bo", reason="a reason", approver="Ada", expires=expires)


def exclusion(control_id: str) -> Exclusion:
    return Exclusion(
        control=control_id, owner="Bo", reason="no such thing here", approver="Ada", expires=datetime.date(2999, 1, 1)
    )


def judged_controls(verdict: Verdict) -> dict[str, JudgedControl]:
    return {each.control.id: each for each in (*verdict.controls, *verdict.requirements)}


def settled(verdict: Verdict) -> dict[Key, Outcome]:
    """Return the outcome that counts, of every check about every subject."""
    return {
        each.expected.key: each.outcome
        for judged in (*verdict.controls, *verdict.requirements)
        for each in judged.checks
    }
