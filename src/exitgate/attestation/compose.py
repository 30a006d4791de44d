"""Statements that do not come from a run's record: on a gate that was assessed elsewhere, and those that a lock is tried with."""

from __future__ import annotations

import datetime
import hashlib
from collections.abc import Mapping

from exitgate.attestation.statement import COMMIT, Input, Policy, RunFacts, Statement, Subject, Summary, Verifier
from exitgate.verdict import GateStatus

_NOTHING = hashlib.sha256(b"").hexdigest()
"""The digest of a plan that exitgate does not know."""
_FORM = "%Y-%m-%dT%H:%M:%SZ"


def compose(
    *,
    gate: str,
    target: str,
    commit: str,
    images: Mapping[str, str],
    verdict: GateStatus,
    verifier: Verifier,
    rules: str,
    manifest_sha256: str,
    now: datetime.datetime,
    days: float,
    rehearsal: bool = False,
) -> Statement:
    """Return a statement, not yet signed.

    Args:
        images: Workload to ``sha256:…``.
        rules: In words, by whose rules.
        now: When the verdict was come to.
        days: How long it holds from then.
    """
    passed = verdict is GateStatus.PASSED and not rehearsal
    named = [
        Subject(name=name, digest={"sha256": digest.removeprefix("sha256:")}) for name, digest in sorted(images.items())
    ]
    return Statement(
        subject=(Subject(name=COMMIT, digest={"gitCommit": commit}), *named),
        predicate=Summary(
            verifier=verifier,
            time_verified=now.strftime(_FORM),
            resource_uri=target,
            policy=Policy(uri=rules, digest={}),
            input_attestations=(Input(digest={"sha256": manifest_sha256}),),
            verification_result="PASSED" if passed else "FAILED",
            verified_levels=(),
            exitgate=RunFacts(
                run_id=f"elsewhere-{manifest_sha256[:12]}",
                gate=gate,
                plan_digest=_NOTHING,
                verdict=verdict,
                rehearsal=rehearsal,
                expires=(now + datetime.timedelta(days=days)).strftime(_FORM),
                runs=0,
                ledger_head="",
                tools={},
            ),
        ),
    )
