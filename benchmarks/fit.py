"""A plane through points, by least squares: what an entry costs, what a megabyte costs, and how well that tells the whole."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Plane:
    """``constant + first * x + second * y``."""

    constant: float
    first: float
    second: float
    r_squared: float
    """The share of the variance that it explains; 1 is all."""


def plane(points: Sequence[tuple[float, float, float]]) -> Plane:
    """Fit ``z`` over ``x`` and ``y``.

    Args:
        points: ``(x, y, z)``, at least four, and not all on one line.
    """
    rows = [(1.0, x, y) for x, y, _ in points]
    heights = [z for _, _, z in points]
    normal = [
        [sum(row[i] * row[j] for row in rows) for j in range(3)]
        + [sum(row[i] * z for row, z in zip(rows, heights, strict=True))]
        for i in range(3)
    ]
    constant, first, second = _solved(normal)
    mean = sum(heights) / len(heights)
    off = sum((z - constant - first * x - second * y) ** 2 for x, y, z in points)
    return Plane(
        constant=constant, first=first, second=second, r_squared=1 - off / sum((z - mean) ** 2 for z in heights)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """``constant + first * x``."""

    constant: float
    first: float
    r_squared: float


def line(points: Sequence[tuple[float, float]]) -> Line:
    """Fit ``y`` over ``x``.

    Args:
        points: ``(x, y)``, at least three, with different ``x``.
    """
    count = len(points)
    across, up = sum(x for x, _ in points) / count, sum(y for _, y in points) / count
    first = sum((x - across) * (y - up) for x, y in points) / sum((x - across) ** 2 for x, _ in points)
    constant = up - first * across
    off = sum((y - constant - first * x) ** 2 for x, y in points)
    return Line(constant=constant, first=first, r_squared=1 - off / sum((y - up) ** 2 for _, y in points))


def _solved(rows: list[list[float]]) -> list[float]:
    size = len(rows)
    for column in range(size):
        pivot = max(range(column, size), key=lambda each: abs(rows[each][column]))
        rows[column], rows[pivot] = rows[pivot], rows[column]
        for other in range(size):
            if other != column:
                factor = rows[other][column] / rows[column][column]
                rows[other] = [a - factor * b for a, b in zip(rows[other], rows[column], strict=True)]
    return [row[size] / row[index] for index, row in enumerate(rows)]
