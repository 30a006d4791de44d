"""Ranges of versions as npm reads them, as far as ``engines`` use them.

Source: https://github.com/npm/node-semver#ranges
"""

from __future__ import annotations

import re

Version = tuple[int, int, int]
_NEWEST = 10**6
_PART = re.compile(
    r"(?P<operator>\^|~>?|>=|<=|>|<|=)?\s*v?(?P<version>(?:\d+|[xX*])(?:\.(?:\d+|[xX*])){0,2})(?:-[\w.]+)?"
)


def newest(version: str) -> Version:
    """Return the newest version that a short one stands for, e.g. ``20`` for the last of 20."""
    parts = [int(part) for part in version.split(".")]
    return (*parts, *[_NEWEST] * (3 - len(parts)))[:3]  # type: ignore[return-value]


def allows(wanted: str, version: Version) -> bool | None:
    """Whether a range allows a version; nothing where the range can't be read."""
    results = [_all_of(part.strip(), version) for part in wanted.split("||")]
    return None if None in results else any(results)


def _all_of(text: str, version: Version) -> bool | None:
    if hyphen := re.fullmatch(r"(\S+)\s+-\s+(\S+)", text):
        text = f">={hyphen.group(1)} <={hyphen.group(2)}"
    position, holds = 0, True
    while position < len(text):
        found = _PART.match(text, position)
        if found is None:
            return None
        low, high = _bounds(found.group("operator") or "=", found.group("version"))
        holds = holds and low <= version < high
        position = found.end()
        position += len(text[position:]) - len(text[position:].lstrip())
    return holds


def _bounds(operator: str, text: str) -> tuple[Version, Version]:
    """Return the first version that is allowed, and the first after it that is not."""
    given = [int(part) for part in text.split(".") if part.isdigit()]
    endless: Version = (_NEWEST * 10, 0, 0)
    if not given:
        return (0, 0, 0), endless
    low: Version = (*given, 0, 0)[:3]  # type: ignore[assignment]
    after = _next(low, len(given) - 1)
    match operator:
        case ">=":
            return low, endless
        case ">":
            return after, endless
        case "<":
            return (0, 0, 0), low
        case "<=":
            return (0, 0, 0), after
        case "^":
            first = next((index for index, part in enumerate(given) if part), len(given) - 1)
            return low, _next(low, first)
        case "~" | "~>":
            return low, _next(low, min(1, len(given) - 1))
        case _:
            return low, after


def _next(version: Version, index: int) -> Version:
    parts = [*version[:index], version[index] + 1, 0, 0]
    return (parts[0], parts[1], parts[2])
