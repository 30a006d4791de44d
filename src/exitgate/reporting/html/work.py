"""What calls for work: controls with something *not met* or in error, and the command that runs one again."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Sequence
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


def rerun(gate: str, control: str) -> str:
    """Return the command that runs one control again."""
    return shlex.join(["exitgate", "run", gate, "--control", control])
