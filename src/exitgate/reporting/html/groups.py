"""Controls that stand together on the page, and how many of them are what."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from exitgate.assurance import Assurance
from exitgate.outcome import Status
from exitgate.record import CheckEntry, ControlEntry, Record
from exitgate.reporting.html.links import anchor
from exitgate.reporting.text import status_of

LEVELS = tuple(level.label for level in Assurance)
"""Labels of the levels of assurance, lowest first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Controls that stand together: those of a criterion, or the requirements."""

    anchor: str
    task: str
    title: str
    controls: Sequence[ControlEntry]

    @property
    def statuses(self) -> Mapping[str, int]:
        """How many controls have each status, in the order of `Status`."""
        counts = Counter(status_of(control.status).value for control in self.controls)
        return {status.value: counts[status.value] for status in Status}

    @property
    def levels(self) -> Mapping[str, int]:
        """How many controls are met on the strength of each level, lowest first."""
        return _met_by_level(self.controls)

    @property
    def check_levels(self) -> Mapping[str, int]:
        """How many checks are met at each level, lowest first."""
        return _met_by_level(check for control in self.controls for check in control.checks)

    @property
    def unassessed(self) -> int:
        """Controls of which nothing is known: *not assessed* or *error*."""
        return self.statuses[Status.NOT_ASSESSED] + self.statuses[Status.ERROR]

    @property
    def unproven(self) -> int:
        """Controls that no injected fault has turned red."""
        return sum(control.proof.status == "unproven" for control in self.controls)


def everything_of(record: Record) -> Group:
    """Return all controls and requirements, in plan order."""
    return Group(anchor="index", task="", title="All", controls=(*record.controls, *record.requirements))


def requirements_of(record: Record) -> Group:
    """Return the requirements of the gate."""
    return Group(anchor="requirements", task="", title="Requirements of the gate", controls=record.requirements)


def criteria_of(record: Record) -> list[Group]:
    """Return the criteria with their controls; controls of no listed criterion come last, so that none is lost."""
    groups = [
        Group(
            anchor=anchor("criterion", criterion.id),
            task=criterion.task,
            title=criterion.title,
            controls=[control for control in record.controls if control.criterion == criterion.id],
        )
        for criterion in record.criteria
    ]
    listed = {criterion.id for criterion in record.criteria}
    stray = [control for control in record.controls if control.criterion not in listed]
    if stray:
        groups.append(Group(anchor="other-controls", task="", title="Controls of no listed criterion", controls=stray))
    return groups


def by_check(checks: Iterable[CheckEntry]) -> list[list[CheckEntry]]:
    """Put the subjects of one check together."""
    grouped: dict[str, list[CheckEntry]] = {}
    for check in checks:
        grouped.setdefault(check.id, []).append(check)
    return list(grouped.values())


def is_below(reached: str | None, needs: str) -> bool:
    """Say whether something was seen, but at a lower level than it needs."""
    return reached in LEVELS and needs in LEVELS and LEVELS.index(reached) < LEVELS.index(needs)


def _met_by_level(entries: Iterable[ControlEntry | CheckEntry]) -> Mapping[str, int]:
    """Count what is met by the level at which it was seen: a failure has no use for a level, a claim stands on one."""
    counts = Counter(entry.assurance for entry in entries if entry.status == Status.MET)
    return {level: counts[level] for level in LEVELS}
