"""A rollout as a timeline: shapes of an inline SVG, and the same in numbers from one mark to the next."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from exitgate.pictures import Mark, Picture, RolloutPicture
from exitgate.reporting.html.links import anchor

WIDTH, LEFT, RIGHT = 760, 112, 8
"""Of the drawing, of the room for labels at its left, and of that at its right, in units of its own."""
_TOP, _REQUESTS, _LATENCY, _LANE, _SPACE, _AXIS = 34, 64, 44, 18, 14, 18
_LEAST = 2.0
"""Height of the smallest failure: one among thousands is to be seen."""
_STEPS_S = (1, 2, 5, 10, 20, 30, 60, 120, 300)
_MOST_TICKS = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """A part of the drawing with a scale of its own."""

    label: str
    path: str
    """Of an SVG path."""
    top: float
    bottom: float
    most: int
    """What its top stands for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Phase:
    """What happened from one mark to the next."""

    since_s: float
    until_s: float
    begins: str
    answered: int
    failed: int
    latency_p99_ms: int | None
    """The worst of its bins; nothing where no request succeeded."""
    tasks: Sequence[tuple[int, int]]
    """By version, the fewest and the most that ran."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """A rollout, ready to be drawn."""

    picture: RolloutPicture
    anchor: str
    requests: Band
    failures: str
    """Path of the failures, on top of the requests."""
    latency: Band
    lanes: Sequence[Band]
    marks: Sequence[tuple[float, Mark]]
    """Each with its place from the left."""
    ticks: Sequence[tuple[float, int]]
    """Seconds along the axis, each with its place from the left."""
    phases: Sequence[Phase]

    @property
    def bottom(self) -> float:
        """Where the axis is."""
        return self.lanes[-1].bottom if self.lanes else self.latency.bottom

    @property
    def height(self) -> float:
        """Of the drawing."""
        return self.bottom + _AXIS

    @property
    def length_s(self) -> float:
        """Seconds from its begin to its end."""
        return len(self.picture.answered) * self.picture.bin_s

    @property
    def answered(self) -> int:
        """Requests that succeeded."""
        return sum(self.picture.answered)

    @property
    def failed(self) -> int:
        """Requests that failed."""
        return sum(self.picture.failed)

    @property
    def worst_ms(self) -> int | None:
        """The highest latency of a bin; nothing where no request succeeded."""
        return max((each for each in self.picture.latency_p99_ms if each is not None), default=None)


def timelines_of(pictures: Sequence[Picture]) -> list[Timeline]:
    """Return the timelines of all rollouts that have bins."""
    return [_timeline(each) for each in pictures if isinstance(each, RolloutPicture) and _is_whole(each)]


def _is_whole(picture: RolloutPicture) -> bool:
    """Say whether there is something to draw, and each series has as many bins as the others."""
    series = (picture.failed, picture.latency_p99_ms, *(each.running for each in picture.tasks))
    return len(picture.answered) > 0 and all(len(each) == len(picture.answered) for each in series)


def _timeline(picture: RolloutPicture) -> Timeline:
    all_sent = [good + bad for good, bad in zip(picture.answered, picture.failed, strict=True)]
    top, bottom = float(_TOP), float(_TOP + _REQUESTS)
    requests = Band(
        label="requests",
        path=_filled(picture.answered, max(all_sent), top, bottom),
        top=top,
        bottom=bottom,
        most=max(all_sent),
    )
    worst = max((each for each in picture.latency_p99_ms if each is not None), default=0)
    latency = Band(
        label="latency",
        path=_line(picture.latency_p99_ms, worst, bottom + _SPACE, bottom + _SPACE + _LATENCY),
        top=bottom + _SPACE,
        bottom=bottom + _SPACE + _LATENCY,
        most=worst,
    )
    lanes = []
    begin, most = latency.bottom + _SPACE, max((n for each in picture.tasks for n in each.running), default=0)
    for each in picture.tasks:
        path = _filled(each.running, most, begin + 2, begin + _LANE)
        lanes.append(Band(label=each.version, path=path, top=begin, bottom=begin + _LANE, most=max(each.running)))
        begin += _LANE
    length = len(picture.answered) * picture.bin_s
    return Timeline(
        picture=picture,
        anchor=anchor("rollout", picture.workload, picture.scenario),
        requests=requests,
        failures="".join(_failures(picture, max(all_sent), top, bottom)),
        latency=latency,
        lanes=lanes,
        marks=[(_place(min(mark.at_s, length), length), mark) for mark in picture.marks],
        ticks=[(_place(float(at), length), at) for at in _ticks(length)],
        phases=list(_phases(picture)),
    )


def _place(at_s: float, length_s: float) -> float:
    return round(LEFT + max(0.0, at_s) / length_s * (WIDTH - LEFT - RIGHT), 1)


def _edges(count: int) -> list[float]:
    return [_place(float(number), float(count)) for number in range(count + 1)]


def _height(value: int, most: int, top: float, bottom: float) -> float:
    return round(bottom - (bottom - top) * value / most, 1) if most else bottom


def _filled(values: Sequence[int], most: int, top: float, bottom: float) -> str:
    """Return a shape of one step a bin, standing on `bottom`."""
    if not any(values):
        return ""
    edges, parts, last = _edges(len(values)), [f"M{LEFT} {bottom:g}"], bottom
    for number, value in enumerate(values):
        height = _height(value, most, top, bottom)
        if height != last:
            parts.append(f"H{edges[number]:g}V{height:g}")
            last = height
    return f"{''.join(parts)}H{edges[-1]:g}V{bottom:g}Z"


def _line(values: Sequence[int | None], most: int, top: float, bottom: float) -> str:
    """Return a line of one step a bin, broken where there is no value."""
    edges, parts, drawing = _edges(len(values)), [], False
    for number, value in enumerate(values):
        if value is not None:
            height = _height(value, most, top, bottom)
            start = f"V{height:g}" if drawing else f"M{edges[number]:g} {height:g}"
            parts.append(f"{start}H{edges[number + 1]:g}")
        drawing = value is not None
    return "".join(parts)


def _failures(picture: RolloutPicture, most: int, top: float, bottom: float) -> Iterator[str]:
    edges = _edges(len(picture.failed))
    for number, failed in enumerate(picture.failed):
        if failed:
            begin = _height(picture.answered[number], most, top, bottom)
            end = min(_height(picture.answered[number] + failed, most, top, bottom), begin - _LEAST)
            yield f"M{edges[number]:g} {begin:g}V{end:g}H{edges[number + 1]:g}V{begin:g}Z"


def _ticks(length_s: float) -> range:
    step = next((each for each in _STEPS_S if length_s / each <= _MOST_TICKS), max(1, int(length_s / _MOST_TICKS)))
    return range(0, int(length_s) + 1, step)


def _phases(picture: RolloutPicture) -> Iterator[Phase]:
    """Divide the bins at the marks, each of which belongs to the bin in which it lies."""
    count = len(picture.answered)
    begins: dict[int, list[str]] = {0: []}
    for mark in picture.marks:
        begins.setdefault(min(max(0, int(mark.at_s / picture.bin_s)), count - 1), []).append(mark.words)
    for first, last in pairwise([*sorted(begins), count]):
        span = slice(first, last)
        yield Phase(
            since_s=first * picture.bin_s,
            until_s=last * picture.bin_s,
            begins="; ".join(begins[first]) or "the load begins",
            answered=sum(picture.answered[span]),
            failed=sum(picture.failed[span]),
            latency_p99_ms=max((each for each in picture.latency_p99_ms[span] if each is not None), default=None),
            tasks=[(min(each.running[span]), max(each.running[span])) for each in picture.tasks],
        )
