"""The record as GitHub's workflow commands, one line each finding. https://docs.github.com/actions: workflow commands."""

from __future__ import annotations

import re

from exitgate.outcome import Status
from exitgate.record import Record
from exitgate.reporting.text import status_of, visible

_PLACE = re.compile(r"(?P<file>[^:\s][^:\n]*):(?P<line>[1-9][0-9]*)")


def render_annotations(record: Record) -> str:
    """Return a line for each finding that is not met, each error and each problem; a value can't start a command."""
    lines = [_command("", "problem of the run", problem) for problem in record.problems]
    if not record.finished_whole:
        lines.append(_command("", "problem of the run", "the run did not finish"))
    for control in (*record.controls, *record.requirements):
        for check in control.checks:
            if status_of(check.status) not in (Status.NOT_MET, Status.ERROR):
                continue
            title = f"{control.id} {check.id} [{check.subject}]"
            told = [(finding.location, str(finding)) for finding in check.findings]
            lines += [_command(place, title, text) for place, text in told or [("", check.message or check.says)]]
    return "".join(f"{line}\n" for line in lines)


def _command(place: str, title: str, text: str) -> str:
    found = _PLACE.fullmatch(place)
    where = f"file={_property(found['file'])},line={found['line']}," if found else ""
    return f"::error {where}title={_property(title)}::{_data(text)}"


def _data(text: str) -> str:
    return visible(text).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
