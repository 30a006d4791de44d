"""The record of a run: the one truth that reports and evidence read. Versioned JSON, documented in docs/record.md."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from exitgate.atomic import write_atomically
from exitgate.errors import EvidenceError, one_line
from exitgate.finding import Finding
from exitgate.pictures import Picture
from exitgate.provenance import Evidence, Tool
from exitgate.verdict import JudgedCheck, JudgedControl, Verdict

SCHEMA_VERSION = 1
RECORD_FILE = "record.json"


class _Frozen(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class TargetEntry(_Frozen):
    """What was judged."""

    name: str
    commit: str
    """The full git commit id of the clone that was judged."""
    dirty: bool
    """True where uncommitted changes were allowed into the clone."""
    materialised: bool = False
    """True where the commit was made for this run from a folder that is no repository of its own."""


class ImageEntry(_Frozen):
    """An image that was built and judged."""

    workload: str
    digest: str
    """The engine's id of it, ``sha256:…``."""


class CheckEntry(_Frozen):
    """One check about one subject."""

    id: str
    subject: str
    says: str
    status: str
    needs: str
    assurance: str | None
    message: str
    findings: tuple[Finding, ...]
    evidence: tuple[Evidence, ...]
    duration_s: float
    substrate: str
    limits: tuple[str, ...]
    substitutes: tuple[str, ...]


class FaultEntry(_Frozen):
    """A fault by which a control was proven able to fail."""

    id: str
    title: str
    killed: bool


class Proof(_Frozen):
    """Whether the control has been seen red, each time for its own reason, by injected faults."""

    status: Literal["proven", "unproven"]
    faults: tuple[FaultEntry, ...]


class StandardEntry(_Frozen):
    """A published standard, and the clauses of it that a control is evidence for once it is met."""

    standard: str
    supports: tuple[str, ...]
    """What the clause asks of technology is shown, for what the gate looks at."""
    partial: tuple[str, ...]
    """A part of that is."""


class ControlEntry(_Frozen):
    """A control, or a requirement of the gate (dimension R)."""

    id: str
    criterion: str
    dimension: str
    title: str
    rationale: str
    remediation: str
    status: str
    assurance: str | None
    needs: str
    proof: Proof
    checks: tuple[CheckEntry, ...]
    standards: tuple[StandardEntry, ...] = ()


class CriterionEntry(_Frozen):
    """An exit criterion, for headings."""

    id: str
    task: str
    title: str


class WaiverEntry(_Frozen):
    """A waiver or exclusion, and what became of it."""

    kind: Literal["waiver", "not_applicable"]
    control: str
    subject: str | None
    finding: str | None = None
    owner: str = ""
    reason: str
    approver: str
    expires: str | None
    state: Literal["used", "unused", "expired"]


class Environment(_Frozen):
    """Who ran it, where, and with what."""

    exitgate: str
    python: str
    platform: str
    user: str
    clock: str
    """Where the times come from."""


class Record(_Frozen):
    """Everything that a run found out."""

    schema_version: Literal[1] = 1
    run_id: str
    gate: str
    gate_title: str
    verdict: str
    rehearsal: bool
    finished_whole: bool
    """False while the run goes on, and for ever after a crash."""
    target: TargetEntry
    policy_digest: str
    started: str
    """UTC, ISO 8601."""
    finished: str | None
    environment: Environment
    substitutes: tuple[str, ...]
    tools: tuple[Tool, ...]
    problems: tuple[str, ...]
    criteria: tuple[CriterionEntry, ...]
    controls: tuple[ControlEntry, ...]
    requirements: tuple[ControlEntry, ...]
    waivers: tuple[WaiverEntry, ...]
    images: tuple[ImageEntry, ...] = ()
    pictures: tuple[Picture, ...] = ()
    """What a report may draw of what checks saw, each once."""
    runs: int = 0
    """How many runs of this gate on this commit led here, by the ledger beside it, this one included; 0 where none is kept."""


def control_entries(
    judged: Sequence[JudgedControl],
    proofs: Mapping[str, Proof],
    standards: Mapping[str, tuple[StandardEntry, ...]] = MappingProxyType({}),
) -> tuple[ControlEntry, ...]:
    """Turn judged controls into entries of the record.

    Args:
        proofs: Control id to its proof; a control that is not in it is unproven.
        standards: Control id to what it is evidence for.
    """
    return tuple(
        ControlEntry(
            id=each.control.id,
            criterion=each.control.criterion,
            dimension=each.control.dimension,
            title=each.control.title,
            rationale=each.control.rationale,
            remediation=each.control.remediation,
            status=each.status.value,
            assurance=each.assurance.label if each.assurance else None,
            needs=each.needs.label,
            proof=proofs.get(each.control.id, Proof(status="unproven", faults=())),
            checks=tuple(_check_entry(check) for check in each.checks),
            standards=standards.get(each.control.id, ()),
        )
        for each in judged
    )


def _check_entry(judged: JudgedCheck) -> CheckEntry:
    expected, outcome = judged.expected, judged.outcome
    return CheckEntry(
        id=expected.check.id,
        subject=expected.subject,
        says=expected.check.says,
        status=outcome.status.value,
        needs=expected.needs.label,
        assurance=outcome.assurance.label if outcome.assurance else None,
        message=outcome.message,
        findings=outcome.findings,
        evidence=outcome.evidence,
        duration_s=round(outcome.duration_s, 3),
        substrate=outcome.substrate,
        limits=outcome.limits,
        substitutes=outcome.substitutes,
    )


def substitutes_of(verdict: Verdict) -> tuple[str, ...]:
    """Return everything that stood in for the real thing in any check, sorted."""
    entries = (check.outcome for control in (*verdict.controls, *verdict.requirements) for check in control.checks)
    return tuple(sorted({name for outcome in entries for name in outcome.substitutes}))


def images_of(verdict: Verdict) -> tuple[ImageEntry, ...]:
    """Return every image that was judged, sorted by workload."""
    entries = (check.outcome for control in (*verdict.controls, *verdict.requirements) for check in control.checks)
    found = {(outcome.key.subject, digest) for outcome in entries for digest in outcome.images}
    return tuple(ImageEntry(workload=workload, digest=digest) for workload, digest in sorted(found))


def pictures_of(verdict: Verdict) -> tuple[Picture, ...]:
    """Return every picture that a check saw, each once, in plan order."""
    entries = (check.outcome for control in (*verdict.controls, *verdict.requirements) for check in control.checks)
    return tuple(dict.fromkeys(picture for outcome in entries for picture in outcome.pictures))


def tools_of(verdict: Verdict) -> tuple[Tool, ...]:
    """Return every tool that took part, sorted by name."""
    entries = (check.outcome for control in (*verdict.controls, *verdict.requirements) for check in control.checks)
    return tuple(
        sorted({tool for outcome in entries for tool in outcome.tools}, key=lambda tool: (tool.name, tool.version))
    )


def write_record(record: Record, directory: Path) -> Path:
    """Write ``record.json`` by atomic rename, so that a reader never sees half of one.

    Raises:
        EvidenceError: if the disk is full or the folder can't be written.
    """
    return write_atomically(directory / RECORD_FILE, record.model_dump_json(indent=2) + "\n")


def read_record(path: Path) -> Record:
    """Read a record.

    Raises:
        EvidenceError: if it is not there, is not JSON, or is not of schema 1.
    """
    try:
        return Record.model_validate_json(path.read_bytes())
    except OSError as error:
        raise EvidenceError(
            str(path), got="no record", expected=f"a {RECORD_FILE}", action="Run the gate first: `exitgate run`."
        ) from error
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise EvidenceError(
            str(path),
            got=one_line(f"{where}: {first['msg']}", 200),
            expected=f"a record of schema {SCHEMA_VERSION}",
            action="Run the gate again with this version of exitgate.",
        ) from error
