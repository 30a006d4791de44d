"""The lock: opens for a signed pass of exactly what is released, and for nothing else."""

from __future__ import annotations

import datetime
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from exitgate.attestation.envelope import ENVELOPE_FILE, unseal
from exitgate.attestation.folder import refused
from exitgate.attestation.keys import TrustedKey
from exitgate.attestation.statement import Statement
from exitgate.attestation.verify import Asked, answers, verify_bundle
from exitgate.errors import EvidenceError, UsageError
from exitgate.verdict import GateStatus

_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_LARGEST_BYTES = 4 * 1024 * 1024


def parse_images(texts: Sequence[str]) -> dict[str, str]:
    """Read ``NAME=sha256:…``, each name once.

    Raises:
        UsageError: if none is given, or one is written otherwise.
    """
    images: dict[str, str] = {}
    for text in texts:
        name, _, digest = text.partition("=")
        if not name or name in images or not _DIGEST.fullmatch(digest):
            raise UsageError(
                "--image", got=text, expected="NAME=sha256: and 64 digits, each name once", action="Correct it."
            )
        images[name] = digest
    return images


def parse_commit(text: str) -> str:
    """Read a full commit id.

    Raises:
        UsageError: if it is abbreviated or is none.
    """
    if not _COMMIT.fullmatch(text):
        raise UsageError(
            "--commit", got=text, expected="a full commit id", action="Give what `git rev-parse HEAD` says."
        )
    return text


def parse_digest(option: str, text: str) -> str:
    """Read a SHA-256, with or without ``sha256:`` before it.

    Raises:
        UsageError: if it is none: half of one, or none at all, would ask about nothing.
    """
    digest = text.removeprefix("sha256:")
    if not _DIGEST.fullmatch(f"sha256:{digest}"):
        raise UsageError(
            option, got=text or "nothing", expected="a SHA-256: 64 digits", action="Correct it, or ask less."
        )
    return digest


def parse_name(option: str, text: str) -> str:
    """Read a name that has to be there.

    Raises:
        UsageError: if it is empty, as where a variable of a script was not set.
    """
    if not text.strip():
        raise UsageError(option, got="nothing", expected="a name", action="Give it, or leave the option out.")
    return text


def ask_lock(
    path: Path, keys: Sequence[TrustedKey], *, gate: str, commit: str, images: Mapping[str, str], now: datetime.datetime
) -> Statement:
    """Return the statement that opens the lock.

    Args:
        path: A bundle, or the statement of one alone (``statement.dsse.json``).
        images: All images that are released, workload to digest.

    Raises:
        EvidenceError: if the lock stays closed, with the reason.
        UsageError: if no gate, commit or image is named: a lock that is asked about nothing would say nothing.
    """
    if not images:
        raise UsageError("--image", got="none", expected="the image of every workload", action="Name each NAME=DIGEST.")
    if not gate.strip():
        raise UsageError("GATE", got="nothing", expected="the gate that has to have passed", action="Name it: gate3.")
    parse_commit(commit)
    where = str(path)
    if path.is_dir() or path.suffix == ".tar":
        statement = verify_bundle(path, keys, Asked(gate=gate, commit=commit), now).statement
    else:
        statement, _ = unseal(_read(path), keys, now, where)
        answers(statement, Asked(gate=gate, commit=commit), now, where)
    answers(statement, Asked(images=images), now, where)
    if rest := sorted(set(statement.images) - set(images)):
        raise _closed(
            where, f"a verdict that also names {rest[0]}, which is not released", "the same images, none left out"
        )
    facts = statement.facts
    if facts.rehearsal:
        raise _closed(where, "a rehearsal", "a run on the real thing")
    if facts.verdict is not GateStatus.PASSED or statement.predicate.verification_result != "PASSED":
        raise _closed(where, f"the verdict {facts.verdict.words}", "passed")
    return statement


def _read(path: Path) -> bytes:
    try:
        if path.exists() and not path.is_file():
            raise refused(str(path), "a pipe or device", f"a bundle or its {ENVELOPE_FILE}")
        with path.open("rb") as stream:
            return stream.read(_LARGEST_BYTES + 1)
    except OSError as error:
        raise refused(str(path), f"can't be read ({error.strerror})", f"a bundle or its {ENVELOPE_FILE}") from error


def _closed(where: str, got: str, expected: str) -> EvidenceError:
    return EvidenceError(where, got=got, expected=expected, action="Run the gate until it passes for what is released.")
