"""Allure's results made true to the record: statuses rewritten, and what no test reported filled in.

allure-pytest judges by exceptions and loses crashed tests; the record does neither. Format: Allure 2 results.
"""

from __future__ import annotations

import json
import uuid
from pathlib import Path
from typing import Any

from exitgate.atomic import write_atomically
from exitgate.errors import EvidenceError
from exitgate.outcome import Key, Status
from exitgate.record import CheckEntry, ControlEntry, Record
from exitgate.reporting.text import status_of

KEY_LABEL = "exitgate"
_STATUSES = {
    Status.MET: "passed",
    Status.NOT_MET: "failed",
    Status.ERROR: "broken",
    # A word of its own: what nobody looked at is neither passed nor put aside.
    Status.NOT_ASSESSED: "unknown",
    Status.WAIVED: "skipped",
    Status.NOT_APPLICABLE: "skipped",
}
_CATEGORIES = [
    {"name": "not met", "matchedStatuses": ["failed"]},
    {"name": "error", "matchedStatuses": ["broken"]},
    {"name": "not assessed", "matchedStatuses": ["unknown"]},
    {"name": "waived or not applicable", "matchedStatuses": ["skipped"]},
]


def complete_allure_results(record: Record, directory: Path) -> None:
    """Make the results in `directory` say what the record says, one for each check about each subject.

    Raises:
        EvidenceError: if a result can't be read or written.
    """
    by_key: dict[str, list[Path]] = {}
    for path in sorted(directory.glob("*-result.json")):
        key = _key_of(_read(path))
        if key:
            by_key.setdefault(key, []).append(path)
    for control in (*record.controls, *record.requirements):
        for check in control.checks:
            key = str(Key(control=control.id, check=check.id, subject=check.subject))
            paths = by_key.get(key) or [
                directory / f"{uuid.uuid5(uuid.NAMESPACE_OID, f'{record.run_id} {key}')}-result.json"
            ]
            for path in paths:
                result = _read(path) if path.exists() else _blank(record, control, check, path)
                write_atomically(path, json.dumps(_told_by_the_record(result, control, check, key)), durable=False)
    write_atomically(directory / "categories.json", json.dumps(_CATEGORIES, indent=1), durable=False)
    write_atomically(directory / "environment.properties", _environment(record), durable=False)


def allure_title(control: ControlEntry, check: CheckEntry) -> str:
    """Return the name of a result; no two of a record have the same."""
    return f"{control.id} {check.id} [{check.subject}]"


def allure_status(check: CheckEntry) -> str:
    """Return Allure's word for a check's status: nothing but what is met has passed."""
    return _STATUSES[status_of(check.status)]


def _told_by_the_record(result: dict[str, Any], control: ControlEntry, check: CheckEntry, key: str) -> dict[str, Any]:
    message = check.message or check.says
    trace = "\n".join(f"{finding}" for finding in check.findings)
    seen = check.assurance or "not at all"
    return {
        **result,
        "name": allure_title(control, check),
        "historyId": uuid.uuid5(uuid.NAMESPACE_OID, key).hex,
        "status": allure_status(check),
        "statusDetails": {"message": f"{status_of(check.status).words}: {message}", "trace": trace},
        "description": f"{check.says}\n\nNeeds {check.needs}, seen {seen}. {control.rationale}",
    }


def _blank(record: Record, control: ControlEntry, check: CheckEntry, path: Path) -> dict[str, Any]:
    criteria = {each.id: f"{each.task} {each.title}" for each in record.criteria}
    key = str(Key(control=control.id, check=check.id, subject=check.subject))
    labels = (
        ("epic", record.gate_title),
        ("feature", criteria.get(control.criterion, control.criterion)),
        ("story", f"{control.id} {control.title}"),
        ("tag", f"dimension {control.dimension}"),
        (KEY_LABEL, key),
    )
    return {
        "uuid": path.name.removesuffix("-result.json"),
        "fullName": key,
        "labels": [{"name": name, "value": value} for name, value in labels],
        "stage": "finished",
    }


def _key_of(result: dict[str, Any]) -> str:
    return next((str(label["value"]) for label in result.get("labels", []) if label.get("name") == KEY_LABEL), "")


def _read(path: Path) -> dict[str, Any]:
    try:
        result: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise EvidenceError(
            str(path), got=f"can't be read ({error})", expected="a result of Allure's", action="Run the gate again."
        ) from error
    return result


def _environment(record: Record) -> str:
    facts = {
        "verdict": record.verdict,
        "rehearsal": str(record.rehearsal).lower(),
        "target": record.target.name,
        "commit": record.target.commit,
        "policy": record.policy_digest,
        **{tool.name.replace(" ", "."): tool.version for tool in record.tools},
    }
    return "".join(f"{name}={value}\n" for name, value in facts.items())
