"""Whether Nx is given two commits that enclose the change, whatever started the workflow."""

from __future__ import annotations

from collections.abc import Iterator

from exitgate.errors import ObservationError
from exitgate.finding import Finding
from exitgate.observe.workflow_run.ranges import ComparedRange, ComparedRanges, EventRanges

_SCENES = {
    "push": "a push of two commits",
    "pull_request": "a pull request behind its branch",
    "merge_group": "an entry of the merge queue behind another",
}


def foreign_ranges(observed: ComparedRanges) -> list[Finding]:
    """Name each event and step at which Nx would compare what does not enclose the change, and each that comes to no comparison.

    Raises:
        ObservationError: if there is no event, or fewer commands told of what they compare than were to.
    """
    if not observed.events:
        raise ObservationError("nx affected", got="no event tried", expected="one", action="Report this to exitgate.")
    found: dict[tuple[str, str, str], Finding] = {}
    for event in observed.events:
        for finding in _of_event(event):
            found.setdefault((event.event, finding.location, finding.message), finding)
    return list(found.values())


def _of_event(event: EventRanges) -> Iterator[Finding]:
    scene = _SCENES.get(event.event, event.event)
    for place in event.failing:
        yield Finding(
            location=place,
            message=f"on {scene}, CI fails before Nx compares anything",
            expected="commits that enclose the change",
            got="a step that fails where every command succeeds",
            remedy="Find base and head for each event that starts the workflow.",
        )
    if not event.failing and (not event.ranges or len(event.ranges) != event.asked):
        raise ObservationError(
            "nx affected",
            got=f"{len(event.ranges)} commands told what they compare on {scene}",
            expected=f"{event.asked or 'some'}",
            action="Call nx by its name, or by npx, in steps of the workflow.",
        )
    for each in event.ranges:
        if wrong := _wrong(each, event.changed):
            yield Finding(
                location=each.place,
                message=f"on {scene}, Nx compares {wrong}",
                expected=f"commits that enclose {', '.join(event.changed)}",
                got=f"{each.base[:10] or 'none'}..{each.head[:10] or 'none'}",
                remedy="Take base and head from the event: HEAD^1 of a pull request's merge, before of a push, "
                "base_sha of a merge group.",
            )


def _wrong(each: ComparedRange, changed: tuple[str, ...]) -> str:
    if not each.base or not each.head:
        return f"with a {'base' if not each.base else 'head'} that is not in the checkout"
    if each.base == each.head:
        return "a commit with itself"
    if missing := sorted(set(changed) - set(each.changed)):
        return f"commits that leave out {', '.join(missing)}"
    if more := sorted(set(each.changed) - set(changed)):
        return f"commits that take in {', '.join(more)}, of other changes"
    return ""
