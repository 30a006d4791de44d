"""What a run leaves, made up: records of a pass, ledgers, keys, and bundles of them."""

from __future__ import annotations

import datetime
import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from exitgate.assurance import Assurance
from exitgate.attestation.bundle import make_bundle
from exitgate.attestation.keys import TrustedKey, public_half
from exitgate.evidence_folder import EvidenceFolder
from exitgate.ledger import LEDGER_FILE, append
from exitgate.outcome import Outcome, Status
from exitgate.record import Environment, ImageEntry, Record, TargetEntry, control_entries, write_record
from exitgate.verdict import expectations, judge
from tests.builders import TODAY, check, control, gate, target

KEY = Ed25519PrivateKey.from_private_bytes(b"k" * 32)
FOREIGN = Ed25519PrivateKey.from_private_bytes(b"f" * 32)
TRUSTED = TrustedKey(name="release manager", key=public_half(KEY))
NOW = datetime.datetime(2026, 6, 16, 12, tzinfo=datetime.UTC)
COMMIT = "c" * 40
IMAGES = {"orders": "sha256:" + "1" * 64, "web": "sha256:" + "2" * 64}


def ssh_line(key: Ed25519PrivateKey) -> str:
    return key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()


SHOWN = {name: f"what {name} shows" for name in ("one.log", "two.log")}


def leave(
    folder: Path, run_id: str = "r1", *, ledger: bool = True, shown: Mapping[str, str] = SHOWN, **facts: Any
) -> Record:
    """Leave in a folder what a run that passed leaves; `facts` replace what its record says."""
    first, *rest = (EvidenceFolder(folder).keep(name, content) for name, content in shown.items())
    asked = gate(control("a", check("one"), check("two")))
    outcomes = [
        Outcome(key=each.key, status=Status.MET, assurance=Assurance.EXECUTED, evidence=files)
        for each, files in zip(expectations(asked, target()), ((first,), tuple(rest)), strict=True)
    ]
    judged = judge(asked, expectations(asked, target()), outcomes, today=TODAY)
    whole: dict[str, Any] = {
        "run_id": run_id,
        "gate": "gate3",
        "gate_title": "A gate",
        "verdict": "passed",
        "rehearsal": False,
        "finished_whole": True,
        "target": TargetEntry(name="shop", commit=COMMIT, dirty=False),
        "policy_digest": "sha256:" + "9" * 64,
        "started": "2026-06-15T00:00:00Z",
        "finished": "2026-06-15T00:10:00Z",
        "environment": Environment(exitgate="0.1", python="3", platform="Linux", user="u", clock="system"),
        "substitutes": (),
        "tools": (),
        "problems": (),
        "criteria": (),
        "controls": control_entries(judged.controls, {}),
        "requirements": (),
        "waivers": (),
        "images": tuple(ImageEntry(workload=name, digest=digest) for name, digest in IMAGES.items()),
    }
    record = Record(**{**whole, **facts})
    data = write_record(record, folder).read_bytes()
    if ledger:
        note(folder / LEDGER_FILE, record, "began", "")
        note(folder / LEDGER_FILE, record, "ended", hashlib.sha256(data).hexdigest())
    return record


def note(path: Path, record: Record, event: Any, record_sha256: str) -> None:
    run = {
        "run_id": record.run_id,
        "gate": record.gate,
        "commit": record.target.commit,
        "policy_digest": record.policy_digest,
        "verdict": record.verdict if event == "ended" else "",
        "record_sha256": record_sha256,
    }
    append(path, at="2026-06-15T00:10:00Z", event=event, run=run, rehearsal=record.rehearsal)


def bundle(folder: Path, name: str = "bundle", *, key: Ed25519PrivateKey = KEY, **facts: Any) -> Path:
    leave(folder / f"{name}-run", **facts)
    make_bundle(folder / f"{name}-run", folder / name, key, days=30)
    return folder / name
