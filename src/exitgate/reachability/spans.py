"""Sets of whole numbers as sorted, disjoint spans with both ends included: what addresses and ports are reckoned with."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable

Spans = tuple[tuple[int, int], ...]
NOTHING: Spans = ()


def spans(parts: Iterable[tuple[int, int]]) -> Spans:
    """Return the union of any spans; those that touch become one."""
    found: list[tuple[int, int]] = []
    for low, high in sorted(parts):
        if found and low <= found[-1][1] + 1:
            if high > found[-1][1]:
                found[-1] = (found[-1][0], high)
        else:
            found.append((low, high))
    return tuple(found)


def union(*several: Spans) -> Spans:
    """Return what is in any of them."""
    filled = [each for each in several if each]
    return filled[0] if len(filled) == 1 else spans(part for each in filled for part in each)


def intersection(one: Spans, other: Spans) -> Spans:
    """Return what is in both."""
    if one == other:
        return one
    found: list[tuple[int, int]] = []
    first = second = 0
    while first < len(one) and second < len(other):
        low, high = max(one[first][0], other[second][0]), min(one[first][1], other[second][1])
        if low <= high:
            found.append((low, high))
        if one[first][1] < other[second][1]:
            first += 1
        else:
            second += 1
    return tuple(found)


def difference(one: Spans, other: Spans) -> Spans:
    """Return what is in the first and not in the second."""
    if not one or not other:
        return one
    found: list[tuple[int, int]] = []
    for low, high in one:
        start = low
        for taken_low, taken_high in other:
            if taken_high < start or taken_low > high:
                continue
            if taken_low > start:
                found.append((start, taken_low - 1))
            start = taken_high + 1
        if start <= high:
            found.append((start, high))
    return tuple(found)


def holds(whole: Spans, number: int) -> bool:
    """Say whether a number is in it."""
    place = bisect_right(whole, (number, 1 << 200)) - 1
    return place >= 0 and whole[place][0] <= number <= whole[place][1]


def covers(whole: Spans, part: Spans) -> bool:
    """Say whether all of a part is in it."""
    return not difference(part, whole)


def cut(whole: Spans, points: list[int]) -> Spans:
    """Cut spans ahead of each of the sorted points, so that no span has a point inside of it."""
    found: list[tuple[int, int]] = []
    for low, high in whole:
        start = low
        for point in points[bisect_right(points, low) : bisect_right(points, high)]:
            found.append((start, point - 1))
            start = point
        found.append((start, high))
    return tuple(found)
