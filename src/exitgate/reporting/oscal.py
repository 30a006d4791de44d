"""OSCAL assessment results: for tools of governance that take in what assessors found.

Format: NIST, OSCAL 1.2.1, "Assessment Results Model" (https://pages.nist.gov/OSCAL/resources/concepts/layer/assessment/assessment-results/).
A control's finding is *satisfied* where it is met, and in no other case; why not stands beside it.
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from exitgate.errors import one_line
from exitgate.outcome import Status
from exitgate.record import CheckEntry, ControlEntry, Record
from exitgate.reporting.html.links import evidence_link
from exitgate.reporting.text import status_of, visible

OSCAL_VERSION = "1.2.1"
_NAMESPACE = "urn:exitgate:oscal"
_ROOT = uuid.uuid5(uuid.NAMESPACE_URL, _NAMESPACE)
_LONGEST = 2000
_NO_TIME = "1970-01-01T00:00:00+00:00"
_MARKDOWN = re.compile(r"([\\`*_\[\]<>~^!&|#])")
_NO_TOKEN = re.compile(r"[^A-Za-z0-9._-]")
_METHODS = {"executed": "TEST", "emulated": "TEST", "live": "TEST", "declared": "EXAMINE", "modelled": "EXAMINE"}
_REASONS = {Status.MET: "pass", Status.NOT_MET: "fail"}

Json = dict[str, Any]


def render_oscal(record: Record) -> str:
    """Return the document as JSON. Equal records give equal documents."""
    everything = [
        control
        for control in (*record.controls, *record.requirements)
        if status_of(control.status) is not Status.NOT_APPLICABLE
    ]
    excluded = [
        control
        for control in (*record.controls, *record.requirements)
        if status_of(control.status) is Status.NOT_APPLICABLE
    ]
    plan = _id(record, "gate")
    document = {
        "uuid": _id(record, "document"),
        "metadata": {
            "title": _text(f"{record.gate_title}: {record.target.name}"),
            "last-modified": _time(record.finished or record.started),
            "version": _word(record.run_id),
            "oscal-version": OSCAL_VERSION,
            **_props(exitgate=record.environment.exitgate, python=record.environment.python),
        },
        "import-ap": {
            "href": f"#{plan}",
            "remarks": "There is no assessment plan as a file: the gate's own catalogue says what is assessed and how.",
        },
        "results": [_result(record, everything, excluded)],
        "back-matter": {
            "resources": [
                {
                    "uuid": plan,
                    "title": _text(
                        f"Catalogue of {record.gate}, as it ships with exitgate {record.environment.exitgate}"
                    ),
                },
                {
                    "uuid": _id(record, "record"),
                    "title": "The record of the run, of which all this is made",
                    "rlinks": [{"href": "record.json"}],
                },
            ]
        },
    }
    return json.dumps({"assessment-results": document}, indent=2, ensure_ascii=False) + "\n"


def _result(record: Record, controls: list[ControlEntry], excluded: list[ControlEntry]) -> Json:
    remarks = []
    if record.rehearsal:
        remarks.append("A rehearsal: it tests the tool and is no evidence about anyone's system.")
    if not record.finished_whole:
        remarks.append("The run did not come to its end: nothing here is a verdict.")
    remarks += [f"Problem of the run: {_text(problem)}" for problem in record.problems]
    remarks += [f"Substitute: {_text(name)}" for name in record.substitutes]
    selection: Json = {"include-controls": [{"control-id": _control_id(record, each)} for each in controls]}
    if not controls:
        selection = {"include-all": {}}
    if excluded:
        selection["exclude-controls"] = [{"control-id": _control_id(record, each)} for each in excluded]
        selection["remarks"] = "What is excluded was declared not to apply, by a named person."
    result: Json = {
        "uuid": _id(record, "result"),
        "title": _text(f"{record.gate_title}, {record.verdict.replace('_', ' ')}"),
        "description": _text(f"{record.target.name} at commit {record.target.commit}, judged by {record.gate}."),
        "start": _time(record.started),
        **({"end": _time(record.finished)} if record.finished else {}),
        **_props(
            verdict=record.verdict,
            rehearsal=str(record.rehearsal).lower(),
            commit=record.target.commit,
            policy=record.policy_digest,
            run=record.run_id,
        ),
        "local-definitions": {"components": list(_components(record))},
        "reviewed-controls": {"control-selections": [selection]},
        **({"remarks": "\n\n".join(remarks)} if remarks else {}),
    }
    observations = [_observation(record, control, check) for control in controls for check in control.checks]
    if observations:
        result["observations"] = observations
    if controls:
        result["findings"] = [_finding(record, control) for control in controls]
    return result


def _components(record: Record) -> Iterator[Json]:
    subjects = [check.subject for each in (*record.controls, *record.requirements) for check in each.checks]
    for name in dict.fromkeys(("-", *subjects)):
        yield {
            "uuid": _id(record, "subject", name),
            "type": "this-system" if name == "-" else "service",
            "title": _text(record.target.name if name == "-" else name),
            "description": "The system that was judged."
            if name == "-"
            else "A part of it, by its name in exitgate.toml.",
            "status": {"state": "under-development"},
        }


def _observation(record: Record, control: ControlEntry, check: CheckEntry) -> Json:
    status = status_of(check.status)
    observation: Json = {
        "uuid": _id(record, "check", control.id, check.id, check.subject),
        "title": _text(f"{control.id} {check.id}"),
        "description": _text(f"{check.says} {status.words}{': ' + check.message if check.message else ''}", _LONGEST),
        **_props(status=status.value, assurance=check.assurance or "not seen", needs=check.needs),
        "methods": [_METHODS.get(check.assurance or "", "UNKNOWN")],
        "subjects": [{"subject-uuid": _id(record, "subject", check.subject), "type": "component"}],
        "collected": _time(record.started),
    }
    evidence = [
        {
            **({"href": href} if (href := evidence_link(each.path)) else {}),
            "description": _text(each.name),
            **_props(sha256=each.sha256),
        }
        for each in check.evidence
    ]
    evidence += [
        {
            "description": _text(f"{found.location}: {found.message}", _LONGEST),
            **_props(expected=found.expected, got=found.got, remedy=found.remedy, rule=found.rule),
        }
        for found in check.findings
    ]
    if evidence:
        observation["relevant-evidence"] = evidence
    remarks = [f"Seen on {_text(check.substrate)}."] if check.substrate else []
    remarks += [f"Does not show: {_text(limit)}" for limit in check.limits]
    remarks += [f"Substitute: {_text(name)}" for name in check.substitutes]
    if remarks:
        observation["remarks"] = "\n\n".join(remarks)
    return observation


def _finding(record: Record, control: ControlEntry) -> Json:
    status = status_of(control.status)
    state: Json = {
        "state": "satisfied" if status is Status.MET else "not-satisfied",
        "reason": _REASONS.get(status, "other"),
        "remarks": status.words,
    }
    supports = [
        {"name": kind, "ns": _NAMESPACE, "value": _value(f"{each.standard} {clause}")}
        for each in control.standards
        for kind, clauses in (("supports", each.supports), ("supports-in-part", each.partial))
        for clause in clauses
    ]
    return {
        "uuid": _id(record, "control", control.id),
        "title": _text(f"{control.id} {control.title}"),
        "description": _text(control.rationale or "No reason was recorded.", _LONGEST),
        "props": [
            *_listed(
                dimension=control.dimension, assurance=control.assurance or "not seen", proof=control.proof.status
            ),
            *supports,
        ],
        "target": {"type": "objective-id", "target-id": _control_id(record, control), "status": state},
        **({"related-observations": related} if (related := _related(record, control)) else {}),
        **(
            {"remarks": _text(control.remediation, _LONGEST)}
            if status is not Status.MET and control.remediation
            else {}
        ),
    }


def _related(record: Record, control: ControlEntry) -> list[Json]:
    return [{"observation-uuid": _id(record, "check", control.id, check.id, check.subject)} for check in control.checks]


def _id(record: Record, *parts: str) -> str:
    return str(uuid.uuid5(_ROOT, repr((record.run_id, *parts)).encode("utf-8", "backslashreplace").decode()))


def _control_id(record: Record, control: ControlEntry) -> str:
    """Return a token, which may not begin with a digit as our ids do."""
    return "gate-" + _NO_TOKEN.sub("_", f"{record.gate}-{control.id}")


def _props(**values: str) -> Json:
    """Return the key with its list, or nothing: a list may not be empty, and neither may a value."""
    return {"props": listed} if (listed := _listed(**values)) else {}


def _listed(**values: str) -> list[Json]:
    return [{"name": name, "ns": _NAMESPACE, "value": _value(value)} for name, value in values.items() if _value(value)]


def _value(text: str) -> str:
    return one_line(visible(text), _LONGEST)


def _word(text: str) -> str:
    return _value(text) or "unknown"


def _text(text: str, limit: int = 400) -> str:
    """Return text that stays text where Markdown is read; of nothing, a word for it, since no text may be empty."""
    return _MARKDOWN.sub(r"\\\1", one_line(visible(text), limit)) or "nothing"


def _time(text: str) -> str:
    """Return a time with its zone; of one that can't be read, the beginning of all times, which is taken for none."""
    try:
        parsed = datetime.fromisoformat(text)
    except ValueError:
        return _NO_TIME
    return parsed.astimezone(UTC).isoformat() if parsed.tzinfo else _NO_TIME
