"""What was expected of a gate on a target, control by control, against what a record says."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from exitgate.errors import EvidenceError, one_line
from exitgate.record import Record


class ExpectedControl(BaseModel):
    """What is expected of one control or requirement."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    status: str
    assurance: str | None


class Expectation(BaseModel):
    """What is expected of a whole record; every difference counts, also one for the better."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    schema_version: Literal[1] = 1
    gate: str
    verdict: str
    rehearsal: bool
    controls: dict[str, ExpectedControl]


def expectation_of(record: Record) -> Expectation:
    """Return what a record shows, as an expectation of later ones."""
    return Expectation(
        gate=record.gate,
        verdict=record.verdict,
        rehearsal=record.rehearsal,
        controls={
            control.id: ExpectedControl(status=control.status, assurance=control.assurance)
            for control in (*record.controls, *record.requirements)
        },
    )


def read_expectation(path: Path) -> Expectation:
    """Read a committed expectation.

    Raises:
        EvidenceError: if there is none, or it is not of schema 1.
    """
    try:
        return Expectation.model_validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        raise EvidenceError(
            str(path),
            got=one_line(str(error), 160),
            expected="an expectation of schema 1",
            action="Write it: `exitgate compare --update`.",
        ) from error


def differences(expected: Expectation, record: Record) -> list[str]:
    """Return every difference in one line each, in the record's order."""
    seen = expectation_of(record)
    found = [
        f"{name}: expected {getattr(expected, name)}, got {getattr(seen, name)}"
        for name in ("gate", "verdict", "rehearsal")
        if getattr(expected, name) != getattr(seen, name)
    ]
    for control in dict.fromkeys((*seen.controls, *expected.controls)):
        want, got = expected.controls.get(control), seen.controls.get(control)
        if want != got:
            found.append(f"{control}: expected {_words(want)}, got {_words(got)}")
    return found


def _words(control: ExpectedControl | None) -> str:
    return f"{control.status} at {control.assurance or 'no level'}" if control else "nothing"
