"""What changed from one record to a later one: facts of the run, the status of each check, and findings that came or went."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from exitgate.finding import Finding
from exitgate.record import CheckEntry, Record

_LINE = re.compile(r":\d+$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One check about one subject whose status is another one now."""

    control: str
    check: str
    subject: str
    before: str | None
    """None where the earlier record has no such check."""
    after: str | None
    """None where the later record has no such check any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FactChange:
    """A fact about the run itself that is another one now."""

    name: str
    before: str
    """Empty where there was none."""
    after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingChange:
    """A finding that only one of the records has."""

    control: str
    check: str
    subject: str
    finding: Finding
    came: bool
    """Whether it is the later record's."""


_Key = tuple[str, str, str]


def changes(earlier: Record, later: Record) -> list[Change]:
    """Return what changed, in the later record's order, what is gone last."""
    before, after = _checks(earlier), _checks(later)
    return [
        Change(control=key[0], check=key[1], subject=key[2], before=one, after=other)
        for key in dict.fromkeys((*after, *before))
        if (one := _status(before.get(key))) != (other := _status(after.get(key)))
    ]


def fact_changes(earlier: Record, later: Record) -> list[FactChange]:
    """Return which facts differ: verdict, target, policy, images, and the tools that were used."""
    before, after = dict(_facts(earlier)), dict(_facts(later))
    return [
        FactChange(name=name, before=before.get(name, ""), after=after.get(name, ""))
        for name in dict.fromkeys((*after, *before))
        if before.get(name) != after.get(name)
    ]


def finding_changes(earlier: Record, later: Record) -> list[FindingChange]:
    """Return the findings that came, then those that went. One whose line moved, and nothing else of it, is the same."""
    before, after = _findings(earlier), _findings(later)
    came = [_changed(key, finding, came=True) for key, finding in after.items() if key not in before]
    went = [_changed(key, finding, came=False) for key, finding in before.items() if key not in after]
    return [*came, *went]


def _changed(key: tuple[_Key, str, str], finding: Finding, *, came: bool) -> FindingChange:
    control, check, subject = key[0]
    return FindingChange(control=control, check=check, subject=subject, finding=finding, came=came)


def _checks(record: Record) -> dict[_Key, CheckEntry]:
    return {
        (control.id, check.id, check.subject): check
        for control in (*record.controls, *record.requirements)
        for check in control.checks
    }


def _status(check: CheckEntry | None) -> str | None:
    return check.status if check else None


def _findings(record: Record) -> dict[tuple[_Key, str, str], Finding]:
    return {
        (key, _LINE.sub("", finding.location), finding.message): finding
        for key, check in _checks(record).items()
        for finding in check.findings
    }


def _facts(record: Record) -> Iterator[tuple[str, str]]:
    yield "verdict", record.verdict.replace("_", " ") if record.finished_whole else "none: the run did not finish"
    yield "gate", record.gate
    yield "target", record.target.name
    yield "commit", record.target.commit + (", with uncommitted changes" if record.target.dirty else "")
    yield "policy", record.policy_digest
    yield "kind of run", "rehearsal" if record.rehearsal else "no rehearsal"
    yield "exitgate", record.environment.exitgate
    yield "run by", record.environment.user
    versions: dict[str, list[str]] = {}
    for tool in record.tools:
        versions.setdefault(tool.name, []).append(tool.version)
    for name, several in versions.items():
        yield f"tool {name}", ", ".join(several)
    for waiver in record.waivers:
        what = f"{waiver.kind.replace('_', ' ')} of {waiver.control} for {waiver.subject or 'every subject'}"
        yield (
            what + (f", {waiver.finding}" if waiver.finding else ""),
            f"{waiver.state}, until {waiver.expires or 'no date'}",
        )
