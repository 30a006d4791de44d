"""A record against what was expected of it, control by control; and two records against each other, fact by fact."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from exitgate.errors import EvidenceError, one_line
from exitgate.record import Record

_OF_ONE_RUN = frozenset({"run_id", "started", "finished", "duration_s", "sha256", "path", "runs"})
"""What no two runs share: their name, their times, and the digests of logs that hold times, by which files are named."""
_NOTHING = object()


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


def contradictions(first: Record, second: Record) -> list[str]:
    """Return every fact in which two records differ but for times, one line each: two runs of one commit have none."""
    return [
        f"{place}: {_shown(one)}, and {_shown(other)}"
        for place, one, other in _differing("", first.model_dump(mode="json"), second.model_dump(mode="json"))
    ]


def _differing(place: str, one: object, other: object) -> Iterator[tuple[str, object, object]]:
    if _is_measured(one) and _is_measured(other):
        return
    if isinstance(one, dict) and isinstance(other, dict):
        for key in dict.fromkeys((*one, *other)):
            # An image's digest holds the labels of its run.
            if key not in _OF_ONE_RUN and not (key == "digest" and place.startswith("images[")):
                yield from _differing(f"{place}.{key}".lstrip("."), one.get(key, _NOTHING), other.get(key, _NOTHING))
    elif isinstance(one, list) and isinstance(other, list):
        for number, (left, right) in enumerate(zip_longest(one, other, fillvalue=_NOTHING)):
            yield from _differing(f"{place}[{_name_of(left, right, number)}]", left, right)
    elif one != other:
        yield place, one, other


def _is_measured(value: object) -> bool:
    """Say whether it is a picture of what was measured over time; that of a network is a fact of the plan."""
    return isinstance(value, dict) and value.get("kind") == "rollout"


def _name_of(one: object, other: object, number: int) -> str:
    for entry in (one, other):
        if isinstance(entry, dict) and "id" in entry:
            return " ".join(str(entry[key]) for key in ("id", "subject") if key in entry)
    return str(number)


def _shown(value: object) -> str:
    return "nothing" if value is _NOTHING else one_line(repr(value), 160)


def _words(control: ExpectedControl | None) -> str:
    return f"{control.status} at {control.assurance or 'no level'}" if control else "nothing"
