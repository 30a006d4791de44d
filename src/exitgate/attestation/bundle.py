"""Makes a bundle of what a run left: record, evidence, ledger, a manifest of them, and the signed statement."""

from __future__ import annotations

import datetime
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from pydantic import BaseModel, ConfigDict

from exitgate.atomic import write_atomically
from exitgate.attestation.envelope import ENVELOPE_FILE, MOST_DAYS, seal, time_of
from exitgate.attestation.folder import header, safe_name
from exitgate.attestation.registry import file_name, released_digest
from exitgate.attestation.statement import (
    COMMIT,
    Input,
    Policy,
    RunFacts,
    Statement,
    Subject,
    Summary,
    Verifier,
    canonical,
    passes,
)
from exitgate.errors import EvidenceError, UsageError
from exitgate.ledger import LEDGER_FILE, Entry, read_ledger, runs_of
from exitgate.record import RECORD_FILE, Record, read_record
from exitgate.verdict import GateStatus

MANIFEST_FILE = "manifest.json"
_TAR_RECORD_BYTES = 10_240


class ManifestEntry(BaseModel):
    """A file of the bundle."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    name: str
    sha256: str
    size_bytes: int


class Manifest(BaseModel):
    """Every file of the bundle but this one and the envelope, in the order of their names."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    schema_version: int
    files: tuple[ManifestEntry, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """What the ledger says of a run."""

    runs: int
    """How many runs of the same gate on the same commit were begun until it ended, itself included."""
    head: str


def history_of(record: Record, record_sha256: str, ledger: tuple[tuple[Entry, ...], str] | None, where: str) -> History:
    """Return what a ledger says of a run; nothing where none was kept.

    Raises:
        EvidenceError: if the run's end does not stand in it, or stands there with another record.
    """
    if ledger is None:
        return History(runs=0, head="")
    entries, head = ledger
    end = next((each for each in entries if each.run_id == record.run_id and each.event == "ended"), None)
    if end is None or end.record_sha256 != record_sha256:
        raise EvidenceError(
            where,
            got="no end of this run" if end is None else "another record of this run",
            expected=f"run {record.run_id} with the record {record_sha256[:12]}…",
            action="Don't use it: record and ledger are of different runs, or one was changed.",
        )
    return History(runs=runs_of(entries[: end.number], record.gate, record.target.commit), head=head)


def statement_of(
    record: Record,
    *,
    manifest_sha256: str,
    expires: str,
    history: History,
    registry: Mapping[str, Sequence[bytes]] | None = None,
) -> Statement:
    """Return what a record leads to. PASSED stands for a pass alone: not for one with exceptions, and never for a rehearsal.

    Args:
        registry: Workload to the manifests of its image in a registry: it is named by the registry's digest then.

    Raises:
        EvidenceError: if the run judged two images of one workload, or manifests don't lead to the one that it judged.
    """
    registry = registry or {}
    if strangers := sorted(set(registry) - {each.workload for each in record.images}):
        raise EvidenceError(
            f"manifests of {strangers[0]}",
            got="no image of it that was judged",
            expected="a workload whose image the run built",
            action="Correct the name.",
        )
    names = [each.workload for each in record.images]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise EvidenceError(
            RECORD_FILE,
            got=f"two images of {twice[0]}",
            expected="one image a workload",
            action="Run the gate again, and report this.",
        )
    images = [
        Subject(
            name=each.workload,
            digest={
                "sha256": released_digest(
                    registry.get(each.workload, ()), each.digest, f"manifests of {each.workload}"
                ).removeprefix("sha256:")
            },
        )
        for each in sorted(record.images, key=lambda image: image.workload)
    ]
    passed = passes(record)
    return Statement(
        subject=(Subject(name=COMMIT, digest={"gitCommit": record.target.commit}), *images),
        predicate=Summary(
            verifier=Verifier(id="exitgate", version={"exitgate": record.environment.exitgate}),
            time_verified=record.finished or record.started,
            resource_uri=record.target.name,
            policy=Policy(uri="exitgate.toml", digest={"sha256": record.policy_digest.removeprefix("sha256:")}),
            input_attestations=(Input(digest={"sha256": manifest_sha256}),),
            verification_result="PASSED" if passed else "FAILED",
            verified_levels=(f"EXITGATE_{record.gate.upper()}",) if passed else (),
            exitgate=RunFacts(
                run_id=record.run_id,
                gate=record.gate,
                plan_digest=plan_digest(record),
                verdict=GateStatus(record.verdict),
                rehearsal=record.rehearsal,
                expires=expires,
                runs=history.runs,
                ledger_head=history.head,
                tools={each.name: each.version for each in record.tools},
            ),
        ),
    )


def plan_digest(record: Record) -> str:
    """Return the SHA-256 over what was asked: criteria, controls and checks, whatever became of them."""
    asked = [
        [
            each.id,
            each.criterion,
            each.dimension,
            each.title,
            each.needs,
            sorted({(c.id, c.says, c.needs) for c in each.checks}),
        ]
        for each in (*record.controls, *record.requirements)
    ]
    return hashlib.sha256(canonical([record.gate, [each.id for each in record.criteria], asked])).hexdigest()


def make_bundle(
    source: Path,
    target: Path,
    key: Ed25519PrivateKey,
    *,
    days: int,
    registry: Mapping[str, Sequence[bytes]] | None = None,
) -> Statement:
    """Write the bundle of a run: a folder, or a tar where the target's name ends so.

    Args:
        source: The folder of the run, with its record.
        days: How long the statement holds, counted from the end of the run.
        registry: Workload to the manifests of its image, as a registry gives them.

    Raises:
        EvidenceError: if the record is unfinished or damaged, a file of it missing or changed, or a manifest of another image.
        UsageError: if the target is there already, or the days are too many.
    """
    if not 1 <= days <= MOST_DAYS:
        raise UsageError("--days", got=str(days), expected=f"1 to {MOST_DAYS}", action="Name a number of days.")
    if target.exists():
        raise UsageError(str(target), got="there already", expected="a new name", action="Name another, or remove it.")
    record = read_record(source / RECORD_FILE)
    if record.finished is None:
        raise _damaged(str(source / RECORD_FILE), "a run that has not come to its end", "a finished one")
    files = _files_of(source, record)
    for workload, manifests in (registry or {}).items():
        files.update({file_name(workload, number): data for number, data in enumerate(manifests)})
    manifest = manifest_of(files)
    files[MANIFEST_FILE] = manifest
    ledger = read_ledger(source / LEDGER_FILE) if LEDGER_FILE in files else None
    digest = hashlib.sha256(files[RECORD_FILE]).hexdigest()
    end = time_of(record.finished, str(source / RECORD_FILE)) + datetime.timedelta(days=days)
    statement = statement_of(
        record,
        manifest_sha256=hashlib.sha256(manifest).hexdigest(),
        expires=end.strftime("%Y-%m-%dT%H:%M:%SZ"),
        history=history_of(record, digest, ledger, str(source / LEDGER_FILE)),
        registry=registry,
    )
    files[ENVELOPE_FILE] = seal(statement, key)
    _write(files, target)
    return statement


def manifest_of(files: Mapping[str, bytes]) -> bytes:
    """Return the manifest of some files, in the one way that it is written."""
    entries = [
        ManifestEntry(name=name, sha256=hashlib.sha256(data).hexdigest(), size_bytes=len(data))
        for name, data in sorted(files.items())
    ]
    return canonical(Manifest(schema_version=1, files=tuple(entries)).model_dump()) + b"\n"


def _files_of(source: Path, record: Record) -> dict[str, bytes]:
    files = {RECORD_FILE: _read(source / RECORD_FILE)}
    if (source / LEDGER_FILE).is_file():
        files[LEDGER_FILE] = _read(source / LEDGER_FILE)
    for control in (*record.controls, *record.requirements):
        for each in (evidence for check in control.checks for evidence in check.evidence):
            if not safe_name(each.path) or not each.path.startswith("evidence/"):
                raise _damaged(str(source / RECORD_FILE), f"evidence at {each.path!r}", "a file in evidence/")
            files[each.path] = _read(source / each.path)
            if hashlib.sha256(files[each.path]).hexdigest() != each.sha256:
                raise _damaged(str(source / each.path), "another content than the run kept", f"{each.sha256[:12]}…")
    return files


def _read(path: Path) -> bytes:
    if path.is_symlink() or path.parent.is_symlink():
        raise _damaged(str(path), "a link", "a file of the run")
    try:
        return path.read_bytes()
    except OSError as error:
        raise _damaged(str(path), f"no file that can be read ({error.strerror})", "a file of the run") from error


def _write(files: Mapping[str, bytes], target: Path) -> None:
    if target.suffix == ".tar":
        pieces = [header(name, len(data)) + data + bytes(-len(data) % 512) for name, data in sorted(files.items())]
        whole = b"".join(pieces) + bytes(1024)
        write_atomically(target, whole + bytes(-len(whole) % _TAR_RECORD_BYTES))
        return
    # The envelope comes last: a bundle that was cut off in the making has none, and verifies as nothing.
    for name in sorted(files, key=lambda each: (each == ENVELOPE_FILE, each)):
        write_atomically(target / name, files[name])


def _damaged(where: str, got: str, expected: str) -> EvidenceError:
    return EvidenceError(where, got=got, expected=expected, action="Run the gate again, and bundle what it leaves.")
