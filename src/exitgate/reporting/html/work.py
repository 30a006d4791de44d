"""What calls for work: controls with something *not met* or in error, and the command that runs one again."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from exitgate.outcome import Status
from exitgate.record import CheckEntry, ControlEntry
from exitgate.reporting.text import status_of

_TO_DO = (Status.NOT_MET, Status.ERROR)


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """A control with its checks that call for work: *not met* or *error*."""

    control: ControlEntry
    status: str
    """Not met, unless errors are all there is."""
    faults: Sequence[Sequence[CheckEntry]]
    """Checks that say the same stand together."""


def tasks_of(controls: Iterable[ControlEntry]) -> list[Task]:
    """Return what calls for work: controls with something *not met* first, then those with errors alone, in plan order."""
    tasks = []
    for control in controls:
        faults: dict[tuple[object, ...], list[CheckEntry]] = {}
        for check in control.checks:
            if status_of(check.status) in _TO_DO:
                faults.setdefault((check.status, check.message, check.findings), []).append(check)
        if faults:
            status = Status.NOT_MET if any(key[0] == Status.NOT_MET for key in faults) else Status.ERROR
            tasks.append(Task(control=control, status=status, faults=list(faults.values())))
    return sorted(tasks, key=lambda task: task.status != Status.NOT_MET)


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """One thing to do, wherever it has to be done."""

    remedy: str
    places: Mapping[str, Sequence[str]]
    """Location to what is wrong there."""
    controls: Sequence[str]
    """The controls that it mends something of, in plan order."""


def actions_of(controls: Iterable[ControlEntry]) -> list[Action]:
    """Return what has to be done by the findings of what is not met: equal remedies once, the one with most places first."""
    places: dict[str, dict[str, dict[str, None]]] = {}
    owners: dict[str, dict[str, None]] = {}
    for control in controls:
        for check in control.checks:
            for finding in check.findings if check.status == Status.NOT_MET else ():
                said = places.setdefault(finding.remedy, {}).setdefault(finding.location, {})
                said[finding.message] = None
                owners.setdefault(finding.remedy, {})[control.id] = None
    actions = [
        Action(
            remedy=remedy,
            places={location: tuple(said) for location, said in where.items()},
            controls=tuple(owners[remedy]),
        )
        for remedy, where in places.items()
    ]
    return sorted(actions, key=lambda action: -len(action.places))


def rerun(gate: str, controls: Iterable[str]) -> str:
    """Return the command that runs some controls again."""
    return shlex.join(["exitgate", "run", gate, *(word for each in controls for word in ("--control", each))])
