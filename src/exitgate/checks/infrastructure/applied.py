"""What a stack that was applied has to show: it comes out the same twice, is at rest, gives every change by hand away, and goes."""

from __future__ import annotations

from exitgate.errors import ObservationError, PrerequisiteMissing, one_line
from exitgate.finding import Finding
from exitgate.observe.applied import Applied, AttributeChange

_LONGEST = 160


def unequal_applies(applied: Applied) -> list[Finding]:
    """Name each attribute that is not the same in the two accounts.

    Raises:
        PrerequisiteMissing: if nothing was applied, or to one account alone, so that there is nothing to compare.
    """
    if not any(applied.counts):
        raise _nothing(applied)
    if applied.is_alone:
        raise PrerequisiteMissing(
            f"stack {applied.stack}",
            got="one account, applied to once",
            expected="two that are empty, to see the same code make the same twice",
            action="Run 3.3.reproducible without --aws-account as well.",
        )
    return [
        Finding(
            location=applied.place(each.address),
            message=f"two applies of the same code differ: {each.address}{'.' if each.attribute else ''}{each.attribute}",
            expected=one_line(each.first, _LONGEST),
            got=one_line(each.second, _LONGEST),
            remedy="Take out what hangs on time, chance or order, or let AWS make it up under an attribute of its own.",
        )
        for each in applied.differences
    ]


def unsettled_plan(applied: Applied) -> list[Finding]:
    """Name each attribute that a plan straight after the apply would change.

    Raises:
        PrerequisiteMissing: if nothing was applied.
    """
    if not applied.counts[0]:
        raise _nothing(applied)
    return [
        Finding(
            location=applied.place(each.address),
            message=f"a plan straight after the apply would change {_named(each)}",
            expected=f"what stands there: {one_line(each.before, _LONGEST)}",
            got=one_line(each.after, _LONGEST),
            remedy="Write the value as AWS gives it back, or take out what is new at every plan.",
        )
        for each in applied.again
    ]


def missed_drift(applied: Applied) -> list[Finding]:
    """Name each change by hand that landed and is not among the drift by resource and attribute, or that no plan would take back.

    Raises:
        PrerequisiteMissing: if a kind of change that is required could not be tried: nothing of it is made, or it did not land.
    """
    missing = [each for each in applied.changes if each.kind in applied.required and not (each.address and each.landed)]
    absent = sorted(set(applied.required) - {each.kind for each in applied.changes})
    if missing or absent:
        why = [
            f"{each.kind}: {each.refusal or ('it did not land' if each.address else 'nothing to change')}"
            for each in missing
        ]
        raise PrerequisiteMissing(
            f"changes by hand of stack {applied.stack}",
            got=one_line("; ".join([*why, *absent]), 300),
            expected="each of them seen to land",
            action="Where the code makes nothing of a kind, nothing is said of its drift.",
        )
    found = {(each.address, each.attribute) for each in applied.drift}
    return [
        Finding(
            location=applied.place(each.address),
            message=f"{each.kind} by hand, and no plan tells: {each.address}.{each.attribute}",
            expected="drift of that attribute",
            got="no drift of it",
            remedy="Take what hides it out of the code: a resource that is not in the state, or an attribute that is not read.",
        )
        for each in applied.changes
        if each.landed and (each.address, each.attribute) not in found
    ] + [
        Finding(
            location=applied.place(each.address),
            message=f"{each.kind} by hand stays: the code ignores changes of {each.address}.{each.attribute}",
            expected="a plan that takes it back",
            got="ignore_changes",
            remedy="Take it off ignore_changes, or declare the system that owns it in [[infrastructure.elsewhere]].",
        )
        for each in applied.changes
        if each.landed and {(each.address, each.attribute), (each.address, "all")} & applied.ignored
    ]


def unexplained_drift(applied: Applied) -> list[Finding]:
    """Name each attribute that drifts although nobody changed it.

    Raises:
        PrerequisiteMissing: if nothing was applied.
    """
    if not applied.counts[0]:
        raise _nothing(applied)
    return [
        Finding(
            location=applied.place(each.address),
            message=f"drift that nobody made: {_named(each)}",
            expected=one_line(each.before, _LONGEST),
            got=one_line(each.after, _LONGEST),
            remedy="Let one place decide the attribute: two resources of the code may set it in turn.",
        )
        for each in applied.quiet
    ]


def failed_destroy(applied: Applied) -> list[Finding]:
    """Say where protection could not be lifted by the documented step, or the destroy failed.

    Raises:
        ObservationError: if it did not end in its time: whether the code or the emulator is why, nobody knows; or if the emulator
            has made something twice, so that nothing was destroyed.
    """
    _refuse_unended(applied)
    told = applied.destroyed
    if not told.error:
        return []
    return [
        Finding(
            location=applied.root,
            message="the destroy fails" if told.step == "destroy" else "protection from deletion can't be lifted",
            expected="it to end without an error",
            got=one_line(told.error, 300),
            remedy="Let the documented step lift all that refuses to be deleted.",
        )
    ]


def left_after_destroy(applied: Applied) -> list[Finding]:
    """Name what the account has after the destroy that it did not have before the apply, and what the state still has.

    Raises:
        PrerequisiteMissing: if nothing was applied, or the destroy failed: what is left then is its doing.
        ObservationError: if it did not end in its time, or the emulator has made something twice.
    """
    if not applied.counts[1]:
        raise _nothing(applied)
    _refuse_unended(applied)
    if applied.destroyed.error:
        raise PrerequisiteMissing(
            f"destroy of stack {applied.stack}",
            got="it failed",
            expected="one that ended, to see what it leaves",
            action="Mend what completes names.",
        )
    left = [*((each, "the state still has it") for each in applied.destroyed.in_state)]
    left += [(each, "the account still has it") for each in applied.destroyed.in_account]
    return [
        Finding(
            location=applied.place(name),
            message=f"the destroy leaves {name}",
            expected="nothing that the apply made",
            got=where,
            remedy="Declare what makes it, or have the documented step tell it not to stay.",
        )
        for name, where in left
    ]


def _refuse_unended(applied: Applied) -> None:
    if applied.destroyed.twins:
        raise ObservationError(
            f"destroy of stack {applied.stack}",
            got=f"the emulator has made {len(applied.destroyed.twins)} twice: {', '.join(applied.destroyed.twins[:3])}",
            expected="one of each that the state names: AWS would have refused the second, so it says nothing about the code",
            action="Run again with less beside it: a request that is answered late is made once more.",
        )
    if applied.destroyed.unended:
        raise ObservationError(
            f"destroy of stack {applied.stack}",
            got=applied.destroyed.unended,
            expected="an end in that time",
            action="Look what it waits for; [infrastructure.emulated] apply_timeout_s sets the time.",
        )


def _named(change: AttributeChange) -> str:
    return f"{change.address}.{change.attribute}" if change.attribute else change.address


def _nothing(applied: Applied) -> PrerequisiteMissing:
    return PrerequisiteMissing(
        f"stack {applied.stack}",
        got="no resource after the apply",
        expected="something to look at",
        action="See what [infrastructure.emulated] variables leave out.",
    )
