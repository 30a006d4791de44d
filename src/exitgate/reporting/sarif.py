"""The record as SARIF 2.1.0, the OASIS format of code scanning: a rule a check, a result a finding, with file and line.

*Not assessed* is of kind ``open``, which no reader takes for a pass; a waived finding is suppressed, with its reason. An error of
exitgate's or of a tool's is no result: it is a notification, and the execution was not successful.
Source: https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from typing import Any, Final
from urllib.parse import quote

from exitgate.finding import Finding
from exitgate.outcome import Status
from exitgate.record import CheckEntry, ControlEntry, Record
from exitgate.reporting.text import status_of, visible

_SCHEMA: Final = "https://json.schemastore.org/sarif-2.1.0.json"
_ROOT: Final = "TARGET"
"""What stands for the root of the judged commit: every path is relative to it."""
_KINDS: Final = {
    Status.MET: "pass",
    Status.NOT_MET: "fail",
    Status.WAIVED: "fail",
    Status.NOT_ASSESSED: "open",
    Status.NOT_APPLICABLE: "notApplicable",
}
_FILE_LINE: Final = re.compile(r"(?P<path>[^:\s][^:\n]*?)(?::(?P<line>[1-9][0-9]{0,8}))?")
_TIME: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")
_FILE: Final = re.compile(r"[^\s:]*[./][^\s:]*")


def render_sarif(record: Record) -> str:
    """Return the document, JSON in ASCII."""
    controls = (*record.controls, *record.requirements)
    rules = {_rule_id(control, check): _rule(control, check) for control in controls for check in control.checks}
    places = {rule: index for index, rule in enumerate(rules)}
    run = {
        "tool": {
            "driver": {
                "name": "exitgate",
                "version": visible(record.environment.exitgate),
                "rules": list(rules.values()),
            }
        },
        "automationDetails": {"id": f"{visible(record.gate)}/{visible(record.run_id)}"},
        "originalUriBaseIds": {
            _ROOT: {"description": {"text": visible(f"{record.target.name} at {record.target.commit}")}}
        },
        "invocations": [_invocation(record, controls, places)],
        "results": [
            result
            for control in controls
            for check in control.checks
            for result in _results(record, control, check, places[_rule_id(control, check)])
        ],
        "columnKind": "unicodeCodePoints",
        "properties": {
            "verdict": visible(record.verdict),
            "rehearsal": record.rehearsal,
            "finishedWhole": record.finished_whole,
            "commit": visible(record.target.commit),
            "policyDigest": visible(record.policy_digest),
            "substitutes": [visible(each) for each in record.substitutes],
        },
    }
    return json.dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}, indent=1) + "\n"


def _rule_id(control: ControlEntry, check: CheckEntry) -> str:
    return f"{visible(control.id)}/{visible(check.id)}"


def _rule(control: ControlEntry, check: CheckEntry) -> dict[str, Any]:
    return {
        "id": _rule_id(control, check),
        "shortDescription": {"text": _told(control.title)},
        "fullDescription": {"text": _told(check.says)},
        "help": {"text": _told(control.remediation or check.says)},
        "properties": {
            "tags": [visible(control.criterion)],
            "proof": control.proof.status,
            "standards": [each.model_dump(mode="json") for each in control.standards],
        },
    }


def _invocation(record: Record, controls: tuple[ControlEntry, ...], places: dict[str, int]) -> dict[str, Any]:
    problems = [*record.problems, *([] if record.finished_whole else ["the run did not finish"])]
    notes = [{"level": "error", "message": {"text": _told(problem)}} for problem in problems]
    for control in controls:
        for check in control.checks:
            if status_of(check.status) is Status.ERROR:
                rule = _rule_id(control, check)
                text = f"{check.subject}: {check.message or check.says}"
                rule_of = {"id": rule, "index": places[rule]}
                notes.append({"level": "error", "message": {"text": _told(text)}, "associatedRule": rule_of})
    told: dict[str, Any] = {"executionSuccessful": not notes, "toolExecutionNotifications": notes}
    times = {"startTimeUtc": record.started, "endTimeUtc": record.finished}
    return told | {name: at for name, at in times.items() if at and _TIME.fullmatch(at)}


def _results(record: Record, control: ControlEntry, check: CheckEntry, place: int) -> Iterator[dict[str, Any]]:
    status = status_of(check.status)
    kind = _KINDS.get(status)
    if kind is None:
        return
    text = f"{check.subject}: {check.message or check.says}"
    for finding in check.findings or (None,):
        result = {
            "ruleId": _rule_id(control, check),
            "ruleIndex": place,
            "kind": kind,
            "level": "error" if kind == "fail" else "none",
            "message": {"text": _told(f"{check.subject}: {_sentence(finding)}" if finding else text)},
            "locations": [_location(finding.location)] if finding and finding.location.strip() else [],
            "partialFingerprints": {"exitgate/v1": _fingerprint(control, check, finding)},
            "properties": {
                "subject": visible(check.subject),
                "status": status.value,
                "needs": visible(check.needs),
                "seen": visible(check.assurance or ""),
            },
        }
        if status is Status.WAIVED:
            result["suppressions"] = _suppressions(record, control, check)
        yield result


def _sentence(finding: Finding) -> str:
    return f"{finding.message} (expected {finding.expected}, got {finding.got}). {finding.remedy}"


def _suppressions(record: Record, control: ControlEntry, check: CheckEntry) -> list[dict[str, Any]]:
    reasons = [
        f"{each.reason} (approved by {each.approver}, to be ended by {each.owner or 'nobody'}, "
        f"until {each.expires or 'the policy changes'})"
        for each in record.waivers
        if each.state == "used" and each.control == control.id and each.subject in (None, check.subject)
    ]
    return [
        {"kind": "external", "status": "accepted", "justification": _told(reason)} for reason in reasons or ["waived"]
    ]


def _location(place: str) -> dict[str, Any]:
    """Return a file of the target, with its line, where the place is one; else what was observed, by its name."""
    found = _FILE_LINE.fullmatch(place)
    if found and not place.startswith(("/", "..")) and (found["line"] or _FILE.fullmatch(place)):
        path = quote(visible(found["path"]), safe="/!$&'()*+,;=@~-._")
        physical: dict[str, Any] = {"artifactLocation": {"uri": path, "uriBaseId": _ROOT}}
        if found["line"]:
            physical["region"] = {"startLine": int(found["line"])}
        return {"physicalLocation": physical}
    return {"logicalLocations": [{"fullyQualifiedName": visible(place)}]}


def _fingerprint(control: ControlEntry, check: CheckEntry, finding: Finding | None) -> str:
    """Return what stays the same while lines move: by it a reader tells an old result from a new one."""
    where = re.sub(r":\d+$", "", finding.location) if finding else ""
    what = json.dumps([control.id, check.id, check.subject, where, finding.message if finding else ""])
    return hashlib.sha256(what.encode()).hexdigest()


def _told(text: str) -> str:
    """Return text that is inert, and not empty: a SARIF message has to say something."""
    return visible(text).strip() or "no word"
