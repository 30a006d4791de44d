"""How far a target has come through a gate's plan: derived from the records of runs, never kept by hand."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from exitgate.catalogue import Control, Gate
from exitgate.errors import EvidenceError
from exitgate.outcome import Status
from exitgate.record import RECORD_FILE, Record, read_record

VERIFIED = frozenset({Status.MET, Status.NOT_APPLICABLE, Status.WAIVED})
"""The statuses with which a step is done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One control of the plan, and what is known of it."""

    control: Control
    status: Status
    """Of the last run that assessed it; not assessed where none did."""
    record: Path | None
    """Where that run's record lies."""

    @property
    def is_verified(self) -> bool:
        """Whether the plan may go on past it."""
        return self.status in VERIFIED


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What has to be the same for a record to tell of this target as it stands."""

    gate: str
    target: str
    commit: str
    policy_digest: str
    version: str
    """exitgate's own: another one may check otherwise."""

    def is_of(self, record: Record) -> bool:
        """Say whether a record is of exactly this, was finished, and judged nothing uncommitted."""
        told = Judged(
            gate=record.gate,
            target=record.target.name,
            commit=record.target.commit,
            policy_digest=record.policy_digest,
            version=record.environment.exitgate,
        )
        return told == self and record.finished is not None and not record.target.dirty


def records_below(folder: Path) -> Iterator[tuple[Path, Record]]:
    """Yield each record below a folder with its path; what can't be read as one tells nothing and is passed over."""
    for path in sorted(folder.rglob(RECORD_FILE)):
        try:
            yield path, read_record(path)
        except EvidenceError:
            continue


def progress(gate: Gate, judged: Judged, records: Iterable[tuple[Path, Record]]) -> tuple[Step, ...]:
    """Return every control and requirement of a gate in the order of its plan, with its status.

    Of several runs the last that assessed a control counts, whatever it came to: what was met once and then was not, is not.
    """
    latest: dict[str, tuple[str, Status, Path]] = {}
    for path, record in records:
        if not judged.is_of(record):
            continue
        for entry in (*record.controls, *record.requirements):
            status, ended = Status(entry.status), str(record.finished)
            if status is not Status.NOT_ASSESSED and ended >= latest.get(entry.id, ("", status, path))[0]:
                latest[entry.id] = (ended, status, path)
    nothing = ("", Status.NOT_ASSESSED, None)
    return tuple(
        Step(control=control, status=status, record=path)
        for control in gate.everything
        for _, status, path in (latest.get(control.id, nothing),)
    )


def next_step(steps: Sequence[Step], past: Iterable[str] = ()) -> Step | None:
    """Return the first step that is not verified, those left out that one may go past; nothing where all are verified.

    Args:
        past: Controls that somebody said to go past though they are not verified.
    """
    left = set(past)
    return next((step for step in steps if not step.is_verified and step.control.id not in left), None)
