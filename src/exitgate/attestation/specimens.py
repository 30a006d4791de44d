"""Statements to try a lock with: the one that has to open it, and all those that must not."""

from __future__ import annotations

import datetime
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from exitgate.attestation.compose import compose
from exitgate.attestation.envelope import seal
from exitgate.attestation.statement import Verifier
from exitgate.verdict import GateStatus

_DAYS_UNTIL_OUTDATED = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Specimen:
    """What a lock is tried with: a statement, or none, and what is released."""

    case: str
    statement: bytes | None
    released: Mapping[str, str]
    """Workload to digest."""
    reason: str = ""
    """Words that the refusal has to hold; empty where the lock has to open."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Said:
    """What a statement says that is not the sound one."""

    gate: str = ""
    commit: str = ""
    images: Mapping[str, str] = field(default_factory=dict)
    verdict: GateStatus = GateStatus.PASSED
    rehearsal: bool = False
    days_ago: int = 0


def specimens(
    gate: str, target: str, commit: str, images: Mapping[str, str], key: Ed25519PrivateKey, now: datetime.datetime
) -> tuple[Specimen, ...]:
    """Return what a lock is tried with, the one that must open it first.

    Args:
        commit: The one that is released.
        images: Workload to ``sha256:…``, all that is released.
        key: The one that the lock trusts.
    """

    def made(said: _Said, signer: Ed25519PrivateKey = key) -> bytes:
        statement = compose(
            gate=said.gate or gate,
            target=target,
            commit=said.commit or commit,
            images=said.images or images,
            verdict=said.verdict,
            verifier=Verifier(id="a trial of the lock", version={}),
            rules="a trial of the lock",
            manifest_sha256=hashlib.sha256(b"").hexdigest(),
            now=now - datetime.timedelta(days=said.days_ago),
            days=_DAYS_UNTIL_OUTDATED,
            rehearsal=said.rehearsal,
        )
        return seal(statement, signer)

    sound = made(_Said())
    first = min(images)
    other = {**images, first: f"sha256:{hashlib.sha256(b'another image').hexdigest()}"}
    more = {**images, "another-workload": f"sha256:{hashlib.sha256(b'one more image').hexdigest()}"}
    another_commit = hashlib.sha1(b"another commit", usedforsecurity=False).hexdigest()
    refused = [
        ("a statement on another commit", made(_Said(commit=another_commit)), images, "a verdict on another commit"),
        (f"another image of {first}", sound, other, "a verdict on another image"),
        ("a workload that was never judged", sound, more, "a verdict that names no image"),
        ("a release that leaves a judged workload out", made(_Said(images=more)), images, "which is not released"),
        ("a release without a statement", None, images, "can't be read"),
        ("a statement that was altered", altered(sound), images, "a signature that does not fit"),
        ("a statement by an untrusted key", made(_Said(), Ed25519PrivateKey.generate()), images, "by a foreign key"),
        ("a statement on an earlier gate", made(_Said(gate="gate2")), images, "a verdict on another gate"),
        ("a rehearsal", made(_Said(rehearsal=True)), images, "a rehearsal"),
        ("a statement that is outdated", made(_Said(days_ago=3)), images, "a verdict that held until"),
    ]
    for verdict in GateStatus:
        if verdict is not GateStatus.PASSED:
            words = f"the verdict {verdict.words}"
            refused.append((words, made(_Said(verdict=verdict)), images, words))
    sound_one = Specimen(case="a pass of exactly what is released", statement=sound, released=images)
    return (
        sound_one,
        *(Specimen(case=case, statement=data, released=what, reason=why) for case, data, what, why in refused),
    )


def altered(envelope: bytes) -> bytes:
    """Return an envelope whose payload says something else than what was signed, and is as well formed."""
    data = json.loads(envelope)
    head = data["payload"]
    # The 12th character lies inside the first key's name: still base64, still JSON's first bytes.
    data["payload"] = head[:12] + ("A" if head[12] != "A" else "B") + head[13:]
    return json.dumps(data, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode() + b"\n"
