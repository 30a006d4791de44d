"""Statements on gates that were assessed elsewhere: made here for an assessor, and read by the gate that builds on them."""

from __future__ import annotations

import datetime
import hashlib
import re
from collections.abc import Sequence
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from exitgate.assurance import Assurance
from exitgate.attestation.bundle import manifest_of
from exitgate.attestation.compose import compose
from exitgate.attestation.envelope import MOST_DAYS, seal, unseal
from exitgate.attestation.keys import TrustedKey, public_half, trusted_key
from exitgate.attestation.statement import Verifier
from exitgate.attestation.verify import Asked, answers
from exitgate.errors import EvidenceError, PrerequisiteMissing, UsageError
from exitgate.observation import Substrate
from exitgate.observe.earlier_gate import EarlierGate
from exitgate.provenance import Tool
from exitgate.provision.git import git
from exitgate.target import Target
from exitgate.verdict import GateStatus

_GATE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
_LARGEST_BYTES = 4 * 1024 * 1024


def attest(
    gate: str,
    *,
    target: str,
    commit: str,
    verdict: str,
    assessor: str,
    evidence: dict[str, bytes],
    key: Ed25519PrivateKey,
    now: datetime.datetime,
    days: int,
) -> tuple[bytes, bytes]:
    """Return the signed statement that a gate was assessed elsewhere, and the manifest of what was looked at.

    Args:
        verdict: ``passed`` or ``failed``.
        evidence: Name to content of what the assessor went by; the statement holds the digest of their manifest.
        days: How long the statement holds, from now.

    Raises:
        UsageError: if gate, target or assessor are no names, there is no evidence, or the days are none or too many.
    """
    if not _GATE.fullmatch(gate):
        raise UsageError("GATE", got=gate or "nothing", expected="a gate's name, like gate1", action="Name the gate.")
    for option, text in (("--target", target), ("--assessor", assessor)):
        if not text.strip():
            raise UsageError(option, got="nothing", expected="a name", action="Say whose verdict it is, and on what.")
    if not evidence:
        raise UsageError("--evidence", got="none", expected="what the assessor went by", action="Name the files.")
    if not 1 <= days <= MOST_DAYS:
        raise UsageError("--days", got=str(days), expected=f"1 to {MOST_DAYS}", action="Name a number of days.")
    manifest = manifest_of(evidence)
    statement = compose(
        gate=gate,
        target=target,
        commit=commit,
        images={},
        verdict=GateStatus(verdict),
        verifier=Verifier(id=assessor, version={}),
        rules=f"the assessor's own rules for {gate}",
        manifest_sha256=hashlib.sha256(manifest).hexdigest(),
        now=now,
        days=days,
    )
    return seal(statement, key), manifest


def read_evidence(paths: Sequence[Path]) -> dict[str, bytes]:
    """Read what an assessor went by, each file under its own name.

    Raises:
        UsageError: if one can't be read, or two share a name.
    """
    found: dict[str, bytes] = {}
    for path in paths:
        if path.name in found:
            raise UsageError(
                "--evidence", got=f"two files named {path.name}", expected="each once", action="Rename one."
            )
        try:
            found[path.name] = path.read_bytes()
        except OSError as error:
            raise UsageError(
                "--evidence",
                got=f"{path}, which can't be read ({error.strerror})",
                expected="a file",
                action="Name one that is there.",
            ) from error
    return found


def read_earlier_gate(target: Target, gate: str, this_gate: str, now: datetime.datetime) -> EarlierGate:
    """Read and verify the statement on an earlier gate.

    Args:
        this_gate: The gate that builds on it.

    Raises:
        PrerequisiteMissing: if there is no statement, or no rule says whose counts, and nothing may stand in.
    """
    named = target.configuration.earlier_gates
    path = named.statement.get(gate)
    if path is None:
        if named.substitute:
            return _stand_in(target, gate, this_gate, now)
        raise _missing(gate, "no statement on it")
    data = _read(target.directory / path)
    if data is None:
        raise _missing(gate, f"no file {path}")
    policy = target.policy.prerequisites
    if policy is None:
        raise PrerequisiteMissing(
            "exitgate.toml",
            got="no [policy.prerequisites]",
            expected="the keys of those whose word on an earlier gate counts",
            action="Add [[policy.prerequisites.signer]].",
        )
    keys = [
        trusted_key(each.public, name=each.name, gates=each.gates, expires=each.expires, where="exitgate.toml")
        for each in policy.signer
    ]
    substrate = Substrate(assurance=Assurance.DECLARED, name=f"a signed statement, verified by {len(keys)} pinned keys")
    return _verified(target, gate, this_gate, data, keys, now, path, substrate)


def _stand_in(target: Target, gate: str, this_gate: str, now: datetime.datetime) -> EarlierGate:
    """Make a statement with a key of the moment, and verify it as any other: all of it is exercised, and nothing shown."""
    key = Ed25519PrivateKey.generate()
    commit = git(target.directory, "rev-list", "--max-parents=0", "HEAD").stdout.split()[0]
    data, _ = attest(
        gate, target=target.name, commit=commit, verdict="passed", assessor="this run itself",
        evidence={"none": b""}, key=key, now=now, days=1,
    )  # fmt: skip
    trusted = TrustedKey(name="the run's own key", key=public_half(key), gates=(gate,))
    substrate = Substrate(
        assurance=Assurance.DECLARED,
        name="a statement signed by this run itself",
        limits=(f"nobody assessed {gate}",),
        substitutes=(f"the statement on {gate}, signed by a key of this run",),
    )
    return _verified(target, gate, this_gate, data, [trusted], now, f"the stand-in for {gate}", substrate)


def _verified(
    target: Target,
    gate: str,
    this_gate: str,
    data: bytes,
    keys: Sequence[TrustedKey],
    now: datetime.datetime,
    where: str,
    substrate: Substrate,
) -> EarlierGate:
    substrate = replace(substrate, tools=(Tool(name="securesystemslib", version=version("securesystemslib")),))
    try:
        statement, key = unseal(data, keys, now, where)
        answers(statement, Asked(gate=gate, target=target.name), now, where)
    except EvidenceError as error:
        return EarlierGate(substrate=substrate, gate=gate, location=where, refused=error.got, demanded=error.expected)
    facts = statement.facts
    ancestor = git(target.directory, "merge-base", "--is-ancestor", statement.commit, "HEAD")
    return EarlierGate(
        substrate=substrate,
        gate=gate,
        location=where,
        signer=key.name,
        signs_this_gate=not key.gates or this_gate in key.gates,
        passed=statement.predicate.verification_result == "PASSED"
        and facts.verdict is GateStatus.PASSED
        and not facts.rehearsal,
        verdict=f"{facts.verdict.words}{', a rehearsal' if facts.rehearsal else ''}",
        commit=statement.commit,
        is_in_history=ancestor.exit_code == 0,
    )


def _read(path: Path) -> bytes | None:
    """Return a statement's bytes, more than the largest cut off; nothing where there is no such file."""
    try:
        with path.open("rb") as stream:
            return stream.read(_LARGEST_BYTES + 1)
    except OSError:
        return None


def _missing(gate: str, got: str) -> PrerequisiteMissing:
    return PrerequisiteMissing(
        gate,
        got=got,
        expected="a signed statement that it was passed",
        action="Have it assessed, make the statement (`exitgate attest`), and name it in [earlier_gates.statement].",
    )
