"""The record as Markdown, short enough for a comment and for GitHub's step summary."""

from __future__ import annotations

from collections import Counter

from exitgate.outcome import Status
from exitgate.record import ControlEntry, Record
from exitgate.reporting.text import status_of, visible

MAX_BYTES = 60_000
"""GitHub takes comments of 65,536 characters; what doesn't fit is counted, never dropped without a word."""
_LAST_LINE_BYTES = 100
"""Room for the line that counts what was left out."""


def render_markdown(record: Record) -> str:
    """Return the text. All of the record's words stand in ``<code>``, where no markup, mention or link comes to life."""
    everything = (*record.controls, *record.requirements)
    counts = Counter(status_of(control.status) for control in everything)
    head = [f"## {_code(record.gate_title)}: {_code(record.verdict.replace('_', ' '))}", ""]
    if record.rehearsal:
        head += ["**A rehearsal**: it tests the tool and is no evidence about anyone's system.", ""]
    if not record.finished_whole:
        head += ["**The run did not finish.** Nothing here is a verdict.", ""]
    head += [f"{_code(record.target.name)} at {_code(record.target.commit)}{', dirty' if record.target.dirty else ''}"]
    head += ["", "| status | controls |", "|---|---:|"]
    head += [f"| {status.words} | {counts[status]} |" for status in Status]
    items = [f"- problem of the run: {_code(problem)}" for problem in record.problems]
    for wanted in (Status.NOT_MET, Status.ERROR, Status.NOT_ASSESSED, Status.WAIVED, Status.NOT_APPLICABLE):
        items += [_item(control, wanted) for control in everything if status_of(control.status) == wanted]
    return "\n".join([*head, "", *_that_fit(items, MAX_BYTES - len("\n".join(head).encode()))]) + "\n"


def _item(control: ControlEntry, status: Status) -> str:
    said = next((check.message for check in control.checks if status_of(check.status) == status), "")
    return f"- {status.words}: {_code(control.id)} {_code(control.title)}{': ' + _code(said) if said else ''}"


def _that_fit(items: list[str], room: int) -> list[str]:
    kept: list[str] = []
    for number, item in enumerate(items):
        room -= len(item.encode()) + 1
        if room < _LAST_LINE_BYTES:
            return [*kept, f"- and {len(items) - number} more: see the gate report"]
        kept.append(item)
    return kept


def _code(text: str) -> str:
    shown = visible(text).replace("\n", " ").replace("\t", " ")[:500]
    safe = "".join(c if c.isalnum() or c in " .-" or not c.isascii() else f"&#{ord(c)};" for c in shown)
    return f"<code>{safe}</code>"
