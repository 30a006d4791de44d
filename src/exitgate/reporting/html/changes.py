"""What changed since an earlier record, for the page."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from exitgate.difference import Change, FactChange, FindingChange, changes, fact_changes, finding_changes
from exitgate.outcome import Status
from exitgate.record import Record
from exitgate.reporting.text import status_of

_NEWS = (
    Status.MET,
    Status.WAIVED,
    Status.NOT_APPLICABLE,
    Status.NOT_ASSESSED,
    Status.ERROR,
    Status.NOT_MET,
)
"""From good news to bad: what is looked at no more is worse than what is met, though a control counts it as better."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """Checks of one control that moved alike."""

    control: str
    before: str | None
    """None where the earlier record has no such checks."""
    after: str | None
    checks: Mapping[str, Sequence[str]]
    """Check to its subjects."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """An earlier record beside the one that the page is about."""

    earlier: Record
    facts: Sequence[FactChange]
    worse: Sequence[Change]
    better: Sequence[Change]
    other: Sequence[Change]
    """Checks that only one of the records has."""
    findings: Sequence[FindingChange]

    @property
    def is_other_system(self) -> bool:
        """Whether gate or target are others, so that little can be told by comparing."""
        return any(fact.name in ("gate", "target") for fact in self.facts)


def compared(earlier: Record, later: Record) -> Comparison:
    """Return what changed."""
    both: list[Change] = []
    other: list[Change] = []
    for change in changes(earlier, later):
        (other if change.before is None or change.after is None else both).append(change)
    return Comparison(
        earlier=earlier,
        facts=fact_changes(earlier, later),
        worse=[change for change in both if _got_worse(change)],
        better=[change for change in both if not _got_worse(change)],
        other=other,
        findings=finding_changes(earlier, later),
    )


def moves(changed: Iterable[Change]) -> list[Move]:
    """Put the checks of a control together that had the same status and have the same one now."""
    found: dict[tuple[str, str | None, str | None], dict[str, list[str]]] = {}
    for each in changed:
        found.setdefault((each.control, each.before, each.after), {}).setdefault(each.check, []).append(each.subject)
    return [Move(control=key[0], before=key[1], after=key[2], checks=checks) for key, checks in found.items()]


def _got_worse(change: Change) -> bool:
    before, after = (_NEWS.index(status_of(word or "")) for word in (change.before, change.after))
    return after > before
