"""Logic of three values, after Kleene: true, false, and None for what can't be told."""

from __future__ import annotations

from collections.abc import Iterable

Truth = bool | None


def any_of(several: Iterable[Truth]) -> Truth:
    """Return true if one is, false if all are."""
    unknown = False
    for each in several:
        if each:
            return True
        unknown = unknown or each is None
    return None if unknown else False


def all_of(several: Iterable[Truth]) -> Truth:
    """Return false if one is, true if all are."""
    unknown = False
    for each in several:
        if each is False:
            return False
        unknown = unknown or each is None
    return None if unknown else True


def opposite(one: Truth) -> Truth:
    """Return the opposite."""
    return None if one is None else not one
