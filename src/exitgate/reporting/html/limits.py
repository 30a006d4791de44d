"""What the report does not show: limits that checks name, and reasons why something was not assessed, each said once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from exitgate.outcome import Status
from exitgate.record import ControlEntry

Places = list[tuple[str, Mapping[str, int]]]
"""Texts, each with ``{control id: how often it said so}``, the most frequent first."""


def limits_of(controls: Sequence[ControlEntry]) -> Places:
    """Return what the checks say that they can't see."""
    return _places((limit, control.id) for control in controls for check in control.checks for limit in check.limits)


def absences_of(controls: Sequence[ControlEntry]) -> Places:
    """Return why checks were not assessed."""
    return _places(
        (check.message or "no reason was recorded", control.id)
        for control in controls
        for check in control.checks
        if check.status == Status.NOT_ASSESSED
    )


def _places(said: Iterable[tuple[str, str]]) -> Places:
    places: dict[str, Counter[str]] = {}
    for text, control in said:
        places.setdefault(text, Counter())[control] += 1
    return sorted(places.items(), key=lambda item: -sum(item[1].values()))
