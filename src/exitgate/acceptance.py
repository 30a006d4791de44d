"""Whether what a target accepts for a while may be accepted: told before a run starts, never found out at its end."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping

from exitgate.catalogue import Gate
from exitgate.errors import TargetError
from exitgate.target import Target
from exitgate.waivers import Exclusion, Waiver

Place = tuple[str, int, Waiver | Exclusion]
"""``waiver`` or ``not_applicable``, its place in the file, and what stands there."""


def refuse_improper(target: Target, gate: Gate, today: datetime.date) -> None:
    """Refuse waivers and exclusions that can't be used, or that the target's own rules forbid.

    Raises:
        TargetError: for the first, with its line.
    """
    for kind, index, entry in _entries(target):
        for key, got, expected, action in (*_unusable(entry, target, gate), *_forbidden(entry, target, today)):
            raise TargetError(target.locate_accepted(kind, index, key), got=got, expected=expected, action=action)


def refuse_self_approved(target: Target, authors: Mapping[tuple[str, int], frozenset[str]]) -> None:
    """Refuse what somebody approved who wrote it.

    Args:
        authors: Kind and place of each entry to the names and addresses of those who last changed its lines, as git has them.

    Raises:
        TargetError: for the first, with its line.
    """
    for kind, index, entry in _entries(target):
        wrote = authors.get((kind, index), frozenset())
        if entry.approver.casefold() in {each.casefold() for each in wrote}:
            raise TargetError(
                target.locate_accepted(kind, index, "approver"),
                got=f"{entry.approver}, who wrote this entry",
                expected="an approver who is not its author",
                action="Let somebody else answer for it, and commit that as what they say.",
            )


def notices(target: Target, today: datetime.date) -> list[str]:
    """Return what has to be told before a run starts, and is no mistake: what has run out excuses nothing any more."""
    return [
        f"{target.locate_accepted(kind, index, 'expires')}: the "
        f"{'waiver' if kind == 'waiver' else 'exclusion'} of {entry.control} ended on {entry.expires}; it excuses nothing"
        for kind, index, entry in _entries(target)
        if not entry.holds(today)
    ]


def _entries(target: Target) -> Iterator[Place]:
    yield from (("waiver", index, waiver) for index, waiver in enumerate(target.waivers))
    yield from (("not_applicable", index, exclusion) for index, exclusion in enumerate(target.exclusions))


def _unusable(entry: Waiver | Exclusion, target: Target, gate: Gate) -> Iterator[tuple[str, str, str, str]]:
    """Yield why an entry could never be used: it names a subject that none of its control's checks is made about."""
    subject = entry.subject if isinstance(entry, Waiver) else None
    if subject is None:
        return
    kinds = {check.subject for check in gate.control(entry.control).checks}
    known = sorted({name for kind in kinds for name in target.subjects(kind)})
    if subject not in known:
        yield (
            "subject",
            f"{subject!r}, about which {entry.control} says nothing",
            f"one of {', '.join(known) or 'none: the target has no such subject'}",
            "Correct it: this waiver would never be used.",
        )


def _forbidden(entry: Waiver | Exclusion, target: Target, today: datetime.date) -> Iterator[tuple[str, str, str, str]]:
    policy = target.policy.waivers
    if policy is None:
        return
    if entry.control in policy.never:
        yield (
            "control",
            f"{entry.control}, which [policy.waivers] never lets go",
            "it met",
            "Take the entry out, and get the control met.",
        )
    last = today + datetime.timedelta(days=policy.longest_days)
    if entry.expires > last:
        yield (
            "expires",
            f"{entry.expires}",
            f"{last} at the latest: [policy.waivers] allows {policy.longest_days} days from today",
            "Bring the end nearer; it can be renewed.",
        )
    if policy.approvers is not None and entry.approver not in policy.approvers:
        yield (
            "approver",
            f"{entry.approver}",
            f"one of {', '.join(policy.approvers)}",
            "Ask one of those whom [policy.waivers] names.",
        )
    if isinstance(entry, Waiver) and entry.subject is None and entry.finding is None and not policy.whole_controls:
        yield (
            "control",
            f"a waiver of all that {entry.control} may find, about every subject",
            "the subject, or the finding, that it is for",
            "Name `subject` or `finding`; [policy.waivers] whole_controls = true would allow it as it stands.",
        )
