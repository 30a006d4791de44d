"""A planned network as a picture: a column for what lies outside and one for each tier, boxes in them, and flows between boxes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from exitgate.pictures import NetworkFlow, NetworkPicture, Picture
from exitgate.reporting.html.links import anchor

OUTSIDE = "outside"
WIDTH, BOX_HEIGHT = 760.0, 38.0
_HEAD, _GAP, _MOST_BOX, _EDGE = 44.0, 14.0, 150.0, 1.0
_BULGE = 34.0
"""How far a flow between two boxes of one column swings out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """An end of flows."""

    name: str
    takes: str
    """The traffic that reaches it; empty where none does."""
    x: float
    y: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """Boxes of one tier, or what lies outside."""

    name: str
    public: bool | None
    """None where it is no tier of the policy."""
    x: float
    boxes: Sequence[Box]


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """A network, ready to be drawn: that of all the stacks that are alike."""

    stacks: Sequence[str]
    picture: NetworkPicture
    anchor: str
    columns: Sequence[Column]
    box_width: float
    arrows: Sequence[tuple[str, str]]
    """Path of each flow's line, and of its head."""

    @property
    def height(self) -> float:
        """Of the drawing."""
        return max((box.y + BOX_HEIGHT for column in self.columns for box in column.boxes), default=_HEAD) + _EDGE


def drawings_of(pictures: Sequence[Picture]) -> list[Drawing]:
    """Return the drawings of all networks; stacks with the same network share one."""
    alike: dict[NetworkPicture, list[str]] = defaultdict(list)
    for each in pictures:
        if isinstance(each, NetworkPicture):
            alike[each.model_copy(update={"stack": ""})].append(each.stack)
    return [_drawing(picture, stacks) for picture, stacks in alike.items()]


def _drawing(picture: NetworkPicture, stacks: Sequence[str]) -> Drawing:
    members = _members(picture)
    spacing = WIDTH / max(1, len(members))
    box_width = round(min(_MOST_BOX, spacing * 0.68), 1)
    # The first column begins at the left edge, the last one ends at the right, with room for flows within a column.
    step = (WIDTH - box_width - _BULGE - 2 * _EDGE) / max(1, len(members) - 1)
    public = {tier.name: tier.public for tier in picture.tiers}
    takes = _takes(picture.flows)
    columns = [
        Column(
            name=name,
            public=public.get(name),
            x=round(_EDGE + place * step, 1),
            boxes=[
                Box(
                    name=end,
                    takes=takes.get(end, ""),
                    x=round(_EDGE + place * step, 1),
                    y=_HEAD + number * (BOX_HEIGHT + _GAP),
                )
                for number, end in enumerate(ends)
            ],
        )
        for place, (name, ends) in enumerate(members.items())
    ]
    boxes = {box.name: box for column in columns for box in column.boxes}
    return Drawing(
        stacks=stacks,
        picture=picture,
        anchor=anchor("network", *stacks),
        columns=columns,
        box_width=box_width,
        arrows=[_arrow(boxes[flow.source], boxes[flow.destination], box_width) for flow in picture.flows],
    )


def _members(picture: NetworkPicture) -> Mapping[str, Sequence[str]]:
    """Return column to its ends: first what only flows name, then the tiers in the policy's order, then what is in none."""
    known = {end.name for end in picture.ends}
    members: dict[str, list[str]] = {OUTSIDE: [], **{tier.name: [] for tier in picture.tiers}}
    for flow in picture.flows:
        members[OUTSIDE] += [name for name in (flow.source, flow.destination) if name not in known]
    members[OUTSIDE] = list(dict.fromkeys(members[OUTSIDE]))
    for end in picture.ends:
        members.setdefault(end.tier, []).append(end.name)
    return {name: ends for name, ends in members.items() if ends}


def _takes(flows: Sequence[NetworkFlow]) -> Mapping[str, str]:
    into: dict[str, dict[str, None]] = defaultdict(dict)
    for flow in flows:
        into[flow.destination].update(dict.fromkeys(flow.traffic.split(", ")))
    return {name: ", ".join(traffic) for name, traffic in into.items()}


def _arrow(source: Box, end: Box, width: float) -> tuple[str, str]:
    """Return a curve from box to box, and the head at its end; forward, backward, or round the right side of one column."""
    start_y, end_y = source.y + BOX_HEIGHT / 2, end.y + BOX_HEIGHT / 2
    if source.x == end.x:
        start_x = end_x = source.x + width
        bend = start_x + _BULGE
        return f"M{start_x:g} {start_y:g}C{bend:g} {start_y:g} {bend:g} {end_y:g} {end_x + 5:g} {end_y:g}", _head(
            end_x, end_y, 1
        )
    forward = source.x < end.x
    start_x, end_x = (source.x + width, end.x) if forward else (source.x, end.x + width)
    middle = (start_x + end_x) / 2
    towards = -1 if forward else 1
    line = f"M{start_x:g} {start_y:g}C{middle:g} {start_y:g} {middle:g} {end_y:g} {end_x + 5 * towards:g} {end_y:g}"
    return line, _head(end_x, end_y, towards)


def _head(x: float, y: float, towards: int) -> str:
    return f"M{x:g} {y:g}l{7 * towards:g} -3.5v7z"
