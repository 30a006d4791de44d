"""The statement that is signed: in-toto's, with SLSA's verification summary as its predicate.

https://github.com/in-toto/attestation/blob/main/spec/v1/statement.md, https://slsa.dev/spec/v1.1/verification_summary
"""

from __future__ import annotations

import json
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from exitgate.errors import EvidenceError
from exitgate.record import Record
from exitgate.verdict import GateStatus

PAYLOAD_TYPE = "application/vnd.in-toto+json"
COMMIT = "commit"
"""The name of the subject that is the judged commit; every other subject is an image."""
_Sha256 = Field(pattern=r"^[0-9a-f]{64}$")


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, populate_by_name=True)


class Subject(_Strict):
    """What the statement is about, by digest: ``gitCommit`` or ``sha256``."""

    name: str
    digest: dict[Literal["gitCommit", "sha256"], str]


class Verifier(_Strict):
    """Who came to the verdict."""

    id: str
    version: dict[str, str]


class Policy(_Strict):
    """By which rules: the target's own."""

    uri: str
    digest: dict[str, str]


class Input(_Strict):
    """On what it rests: the manifest of all files, by digest."""

    uri: Literal["manifest.json"] = "manifest.json"
    digest: dict[Literal["sha256"], str]


class RunFacts(_Strict):
    """What exitgate adds to SLSA's summary."""

    run_id: str
    gate: str
    plan_digest: str = _Sha256
    """Over the gate's criteria, controls and checks as the record lists them."""
    verdict: GateStatus = Field(strict=False)
    rehearsal: bool
    expires: str
    """UTC, ISO 8601; afterwards the statement opens nothing."""
    runs: int
    """How many runs of this gate on this commit led here, this one included; 0 where no ledger was kept."""
    ledger_head: str
    """Digest of the ledger's last line; empty where no ledger was kept."""
    tools: dict[str, str]


class Summary(_Strict):
    """SLSA's verification summary."""

    verifier: Verifier
    time_verified: str = Field(alias="timeVerified")
    resource_uri: str = Field(alias="resourceUri")
    policy: Policy
    input_attestations: tuple[Input, ...] = Field(alias="inputAttestations", strict=False, min_length=1, max_length=1)
    verification_result: Literal["PASSED", "FAILED"] = Field(alias="verificationResult")
    verified_levels: tuple[str, ...] = Field(alias="verifiedLevels", strict=False)
    slsa_version: Literal["1.1"] = Field("1.1", alias="slsaVersion")
    exitgate: RunFacts


class Statement(_Strict):
    """in-toto's statement, version 1."""

    type: Literal["https://in-toto.io/Statement/v1"] = Field("https://in-toto.io/Statement/v1", alias="_type")
    subject: tuple[Subject, ...] = Field(strict=False)
    predicate_type: Literal["https://slsa.dev/verification_summary/v1"] = Field(
        "https://slsa.dev/verification_summary/v1", alias="predicateType"
    )
    predicate: Summary

    @property
    def commit(self) -> str:
        """The commit that was judged; empty where the statement names none."""
        return next((each.digest.get("gitCommit", "") for each in self.subject if each.name == COMMIT), "")

    @property
    def images(self) -> dict[str, str]:
        """Workload to the digest of the image that was judged, ``sha256:…``."""
        return {each.name: f"sha256:{each.digest['sha256']}" for each in self.subject if "sha256" in each.digest}

    @property
    def facts(self) -> RunFacts:
        """What exitgate adds."""
        return self.predicate.exitgate


def passes(record: Record) -> bool:
    """Say whether a record is of a pass and nothing less: whole, no rehearsal, no exceptions, nothing uncommitted."""
    return (
        record.verdict == GateStatus.PASSED
        and record.finished_whole
        and not record.rehearsal
        and not record.target.dirty
        and not record.problems
    )


def to_bytes(statement: Statement) -> bytes:
    """Return the one way in which a statement is written."""
    return canonical(statement.model_dump(mode="json", by_alias=True))


def canonical(value: object) -> bytes:
    """Return JSON with its keys in order and no white space."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode()


def contradictions(statement: Statement, record: Record, expected: Statement) -> list[str]:
    """Return in what a statement says something else than the record beside it; nothing where they agree.

    Args:
        expected: The statement that the record leads to, with the times, manifest and ledger of the one that was found.
    """
    said, meant = (each.model_dump(mode="json", by_alias=True) for each in (statement, expected))
    found = [f"its verdict contradicts its controls ({worst})" if (worst := _worst(record)) else ""]
    found += [f"{name} of the statement is another than the record's" for name in said if said[name] != meant[name]]
    return [each for each in found if each]


def _worst(record: Record) -> str:
    """Return the status that a pass can't have, where the record claims a pass; nothing where it holds together."""
    if record.verdict not in (GateStatus.PASSED, GateStatus.PASSED_WITH_EXCEPTIONS):
        return ""
    allowed = {"met", "not_applicable"} | ({"waived"} if record.verdict != GateStatus.PASSED else set())
    everything = (*record.controls, *record.requirements)
    statuses = [each.status for each in everything]
    statuses += [check.status for each in everything for check in each.checks]
    return next((status for status in statuses if status not in allowed), "" if statuses else "none at all")


def parse(payload: bytes, where: str) -> Statement:
    """Read a statement whose signature has been verified.

    Raises:
        EvidenceError: if it is of another kind, or written in another way than exitgate writes.
    """
    try:
        statement = Statement.model_validate(json.loads(payload))
        same = to_bytes(statement) == payload
    except (ValueError, RecursionError) as error:
        raise _foreign(where, "a payload that is no such statement") from error
    if not same:
        raise _foreign(where, "a statement written in another way")
    about = [(each.name, kind) for each in statement.subject for kind in each.digest]
    if twice := sorted({name for name, kind in about if about.count((name, kind)) > 1}):
        # Of two images of one workload only one could be compared with what is released.
        raise _foreign(where, f"a statement that names {twice[0]} twice")
    return statement


def _foreign(where: str, got: str) -> EvidenceError:
    return EvidenceError(
        where,
        got=got,
        expected="an in-toto statement with SLSA's verification summary, as exitgate writes it",
        action="Ask the signer for the bundle of the run.",
    )
