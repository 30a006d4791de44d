"""What changed from one record to a later one, check by check."""

from __future__ import annotations

from dataclasses import dataclass

from exitgate.record import Record


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One check about one subject whose status is another one now."""

    control: str
    check: str
    subject: str
    before: str | None
    """None where the earlier record has no such check."""
    after: str | None
    """None where the later record has no such check any more."""


def changes(earlier: Record, later: Record) -> list[Change]:
    """Return what changed, in the later record's order, what is gone last."""
    before, after = _statuses(earlier), _statuses(later)
    return [
        Change(control=key[0], check=key[1], subject=key[2], before=before.get(key), after=after.get(key))
        for key in dict.fromkeys((*after, *before))
        if before.get(key) != after.get(key)
    ]


def _statuses(record: Record) -> dict[tuple[str, str, str], str]:
    return {
        (control.id, check.id, check.subject): check.status
        for control in (*record.controls, *record.requirements)
        for check in control.checks
    }
