"""Why an expected outcome did not arrive: collected against started against heard. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from exitgate.catalogue import Criterion, Gate
from exitgate.outcome import Key, Outcome, Status
from exitgate.verdict import Expected

_LEFT_TO_THOROUGH = "left to `exitgate run --thorough`, or --every-check: it takes minutes"


@dataclass(frozen=True, slots=True, kw_only=True)
class Collected:
    """What the workers said they collected, before and after deselection, and what they could not import."""

    found: frozenset[Key] = frozenset()
    """Every check that has a test."""
    selected: frozenset[Key] = frozenset()
    """Those that were to be run."""
    unread_modules: frozenset[str] = frozenset()
    """Gate module file names that were not imported, because nothing in them was asked for."""
    left_to_thorough: frozenset[Key] = frozenset()
    """Those that were asked for, and that a run leaves to ``--thorough``."""
    failed_modules: Mapping[str, str] = field(default_factory=dict)
    """Gate module file name to why it could not be imported."""
    lost_workers: Sequence[str] = ()
    """Workers that died, e.g. ``gw1``."""
    interrupted: str = ""
    """What ended the run early, where something did."""


def absences(
    gate: Gate, expected: Sequence[Expected], heard: frozenset[Key], collected: Collected
) -> dict[Key, Outcome]:
    """Return an outcome for each expected check that was not heard of, with the reason."""
    criteria = {criterion.id: criterion for criterion in gate.criteria}
    return {
        item.key: _absence(item.key, criteria.get(item.control.criterion), collected)
        for item in expected
        if item.key not in heard
    }


def _absence(key: Key, criterion: Criterion | None, collected: Collected) -> Outcome:
    module = criterion.module if criterion else ""
    if key in collected.selected:
        if collected.lost_workers:
            lost = ", ".join(collected.lost_workers)
            return Outcome(key=key, status=Status.ERROR, message=f"its result was lost with worker {lost}, which died")
        if collected.interrupted:
            return Outcome(key=key, status=Status.NOT_ASSESSED, message=f"not reached: {collected.interrupted}")
        return Outcome(key=key, status=Status.ERROR, message="it was to be run, and no result arrived")
    if module in collected.failed_modules:
        reason = collected.failed_modules[module]
        return Outcome(key=key, status=Status.ERROR, message=f"{module} could not be imported: {reason}")
    if key in collected.found or module in collected.unread_modules:
        why = _LEFT_TO_THOROUGH if key in collected.left_to_thorough else "deselected on the command line"
        return Outcome(key=key, status=Status.NOT_ASSESSED, message=why)
    if collected.interrupted:
        return Outcome(key=key, status=Status.NOT_ASSESSED, message=f"not reached: {collected.interrupted}")
    if collected.found or collected.failed_modules:
        return Outcome(key=key, status=Status.NOT_ASSESSED, message="no test of this check was collected")
    return Outcome(key=key, status=Status.NOT_ASSESSED, message="nothing was collected")
