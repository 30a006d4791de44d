"""Verifies a bundle, or a statement alone, from a cold start: nothing is believed but the keys that the verifier names."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import ValidationError

from exitgate.attestation.bundle import MANIFEST_FILE, Manifest, history_of, statement_of
from exitgate.attestation.envelope import ENVELOPE_FILE, time_of, unseal
from exitgate.attestation.folder import Held, read_bundle, refused, safe_name
from exitgate.attestation.keys import TrustedKey
from exitgate.attestation.registry import manifests_in
from exitgate.attestation.statement import Statement, canonical, contradictions
from exitgate.errors import EvidenceError, one_line
from exitgate.ledger import LEDGER_FILE, Entry, read_entries, read_ledger
from exitgate.record import RECORD_FILE, Record


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Of what the verdict has to be; what is empty is not asked."""

    gate: str = ""
    target: str = ""
    commit: str = ""
    images: Mapping[str, str] = field(default_factory=dict)
    """Workload to digest, ``sha256:…``."""
    policy_digest: str = ""
    plan_digest: str = ""
    ledger: Path | None = None
    """The ledger that the verifier keeps: shows whether later runs came to another verdict."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """What was verified."""

    statement: Statement
    key: TrustedKey
    files: int
    size_bytes: int


def verify_bundle(path: Path, keys: Sequence[TrustedKey], asked: Asked, now: datetime.datetime) -> Verified:
    """Verify a whole bundle.

    1. It is read, with its guards; nothing is unpacked.
    2. The envelope's signature, key and time hold.
    3. The manifest is the one that was signed, and every file is as it says; none is missing, none is added.
    4. The record says what the statement says, holds together, and its evidence is there.
    5. The ledger's chain holds and tells of this run.
    6. The verdict is of what was asked for, is not outdated, and no later run stands against it.

    Raises:
        EvidenceError: at the first of these that does not hold.
    """
    where = str(path)
    held = read_bundle(path)
    envelope = _content(held, ENVELOPE_FILE, where)
    statement, key = unseal(envelope, keys, now, f"{where}: {ENVELOPE_FILE}")
    _files_hold(held, statement, where)
    record = _record(held, where)
    ledger = (
        read_entries(_content(held, LEDGER_FILE, where), f"{where}: {LEDGER_FILE}") if LEDGER_FILE in held else None
    )
    history = history_of(record, held[RECORD_FILE].sha256, ledger, f"{where}: {LEDGER_FILE}")
    expected = statement_of(
        record,
        manifest_sha256=held[MANIFEST_FILE].sha256,
        expires=statement.facts.expires,
        history=history,
        registry=manifests_in({name: each.content for name, each in held.items() if each.content is not None}),
    )
    if found := contradictions(statement, record, expected):
        raise refused(f"{where}: {RECORD_FILE}", found[0], "a record and a statement that say the same")
    _evidence_is_there(held, record, where)
    answers(statement, asked, now, where)
    if asked.ledger is not None:
        _no_later_run(record, held[RECORD_FILE].sha256, asked.ledger, ledger)
    total = sum(each.size_bytes for each in held.values())
    return Verified(statement=statement, key=key, files=len(held), size_bytes=total)


def answers(statement: Statement, asked: Asked, now: datetime.datetime, where: str) -> None:
    """Hold a statement, whose signature is verified, against what is asked.

    Raises:
        EvidenceError: if it is of something else, or outdated.
    """
    facts, digest = statement.facts, statement.predicate.policy.digest.get("sha256", "")
    for name, got, wanted in (
        ("gate", facts.gate, asked.gate),
        ("target", statement.predicate.resource_uri, asked.target),
        ("commit", statement.commit, asked.commit),
        ("policy", digest, asked.policy_digest.removeprefix("sha256:")),
        ("plan", facts.plan_digest, asked.plan_digest.removeprefix("sha256:")),
    ):
        if wanted and got != wanted:
            raise _other(where, f"a verdict on another {name}: {got}", wanted)
    for name, wanted in asked.images.items():
        image = statement.images.get(name)
        if image is None:
            raise _other(where, f"a verdict that names no image of {name}", wanted)
        if image != wanted:
            raise _other(where, f"a verdict on another image of {name}: {image}", wanted)
    if now > time_of(facts.expires, where):
        raise EvidenceError(
            where,
            got=f"a verdict that held until {facts.expires}",
            expected="one that holds",
            action="Run the gate again.",
        )


def _files_hold(held: Mapping[str, Held], statement: Statement, where: str) -> None:
    data = _content(held, MANIFEST_FILE, where)
    if held[MANIFEST_FILE].sha256 != statement.predicate.input_attestations[0].digest.get("sha256"):
        raise refused(f"{where}: {MANIFEST_FILE}", "another manifest than the one that was signed", "its own digest")
    try:
        manifest = Manifest.model_validate_json(data)
    except ValidationError as error:
        raise refused(f"{where}: {MANIFEST_FILE}", "no manifest", "the files by name and digest") from error
    names = [each.name for each in manifest.files]
    if (
        names != sorted(set(names))
        or canonical(manifest.model_dump()) + b"\n" != data
        or not all(map(safe_name, names))
    ):
        raise refused(f"{where}: {MANIFEST_FILE}", "files out of order, twice or oddly named", "each once, by name")
    if missing := sorted(set(names) - set(held)):
        raise refused(f"{where}: {missing[0]}", "a file that is missing", "every file of the manifest")
    if added := sorted(set(held) - set(names) - {MANIFEST_FILE, ENVELOPE_FILE}):
        raise refused(f"{where}: {added[0]}", "a file that was added", "the files of the manifest alone")
    by_digest = {each.sha256: each.name for each in manifest.files}
    for each in manifest.files:
        found = held[each.name]
        if found.size_bytes != each.size_bytes:
            raise refused(f"{where}: {each.name}", f"{found.size_bytes:,} bytes", f"{each.size_bytes:,} bytes")
        if found.sha256 != each.sha256:
            swapped = f" ({by_digest[found.sha256]}'s)" if found.sha256 in by_digest else ""
            raise refused(f"{where}: {each.name}", f"another content{swapped}", f"{each.sha256[:12]}…")


def _record(held: Mapping[str, Held], where: str) -> Record:
    try:
        return Record.model_validate_json(_content(held, RECORD_FILE, where))
    except ValidationError as error:
        first = one_line(str(error.errors(include_url=False)[0]["msg"]), 120)
        raise refused(f"{where}: {RECORD_FILE}", f"no record of schema 1 ({first})", "the record of a run") from error


def _evidence_is_there(held: Mapping[str, Held], record: Record, where: str) -> None:
    for control in (*record.controls, *record.requirements):
        for each in (evidence for check in control.checks for evidence in check.evidence):
            found = held.get(each.path)
            if found is None or found.sha256 != each.sha256:
                got = f"{control.id} without its evidence {each.name}"
                raise refused(f"{where}: {RECORD_FILE}", got, "the evidence that the record names")


def _no_later_run(record: Record, sha256: str, path: Path, own: tuple[tuple[Entry, ...], str] | None) -> None:
    entries, head = read_ledger(path)
    history_of(record, sha256, (entries, head), str(path))
    if own is not None and entries[: len(own[0])] != own[0]:
        raise refused(str(path), "another history than the bundle's ledger", "a ledger that goes on from it")
    same = [each for each in entries if (each.gate, each.commit) == (record.gate, record.target.commit)]
    end = next(index for index, each in enumerate(same) if (each.run_id, each.event) == (record.run_id, "ended"))
    if later := same[end + 1 :]:
        last = later[-1]
        came_to = f"ended {last.verdict.replace('_', ' ')}" if last.event == "ended" else "has not come to an end"
        got = f"a verdict that is replayed: run {last.run_id} came later and {came_to}"
        raise EvidenceError(
            str(path), got=got, expected="the verdict of the last run", action="Ask for the last run's bundle."
        )


def _content(held: Mapping[str, Held], name: str, where: str) -> bytes:
    found = held.get(name)
    if found is None or found.content is None:
        raise refused(f"{where}: {name}", "a file that is missing", "a bundle as `exitgate bundle` writes it")
    return found.content


def _other(where: str, got: str, expected: str) -> EvidenceError:
    return EvidenceError(
        where, got=got, expected=expected, action="Use the verdict of what you have, or run the gate on it."
    )
