"""The envelope (DSSE) around a statement: signed, and verified before anything in it is read.

https://github.com/secure-systems-lab/dsse/blob/master/envelope.md
"""

from __future__ import annotations

import datetime
import json
from collections.abc import Sequence

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from securesystemslib.dsse import Envelope
from securesystemslib.exceptions import FormatError, VerificationError
from securesystemslib.signer import CryptoSigner

from exitgate.attestation.keys import TrustedKey, public_half
from exitgate.attestation.statement import PAYLOAD_TYPE, Statement, canonical, parse, to_bytes
from exitgate.errors import EvidenceError

ENVELOPE_FILE = "statement.dsse.json"
_LARGEST_BYTES = 4 * 1024 * 1024
MOST_DAYS = 90
"""For how long a statement may hold; one that somebody signed for longer opens nothing."""
_SKEW = datetime.timedelta(minutes=5)
"""By how much clocks may differ."""


def seal(statement: Statement, key: Ed25519PrivateKey) -> bytes:
    """Return the envelope's bytes."""
    envelope = Envelope(to_bytes(statement), PAYLOAD_TYPE, {})
    envelope.sign(CryptoSigner(key, public_half(key)))
    return canonical(envelope.to_dict()) + b"\n"


def unseal(data: bytes, keys: Sequence[TrustedKey], now: datetime.datetime, where: str) -> tuple[Statement, TrustedKey]:
    """Return the statement and the key that signed it.

    1. The envelope is read, and has to be written in the one way that exitgate writes.
    2. One trusted key has signed it.
    3. The statement is parsed from the bytes that were signed.
    4. The key may sign for that gate, and is not expired.
    5. The statement is not of the future, and does not hold for longer than any may.

    Raises:
        EvidenceError: if one of these does not hold.
    """
    envelope = _read(data, where)
    by_id = {each.key.keyid: each for each in keys}
    try:
        accepted = envelope.verify([each.key for each in keys], 1)
    except VerificationError as error:
        known = [name for name in envelope.signatures if name in by_id]
        got = f"a signature that does not fit ({by_id[known[0]].name})" if known else "a signature by a foreign key"
        raise _refused(where, got, "the signature of a trusted key", "Don't use it; ask the signer.") from error
    trusted = by_id[next(iter(accepted))]
    statement = parse(envelope.payload, where)
    gate = statement.facts.gate
    if trusted.gates and gate not in trusted.gates:
        got = f"a statement on {gate} by {trusted.name}"
        raise _refused(
            where, got, f"one on {', '.join(trusted.gates)}, for which that key is trusted", "Ask the right signer."
        )
    if trusted.expires and now.date() > trusted.expires:
        got = f"a signature by {trusted.name}, trusted until {trusted.expires}"
        raise _refused(where, got, f"a key that is trusted on {now.date()}", "Renew the key, and sign again.")
    made = time_of(statement.predicate.time_verified, where)
    if made > now + _SKEW:
        got = f"a statement made at {made.isoformat()}, which is yet to come"
        raise _refused(where, got, f"a time before {now.isoformat()}", "Set the clocks of both machines right.")
    length = time_of(statement.facts.expires, where) - made
    if length > datetime.timedelta(days=MOST_DAYS):
        got = f"a statement that holds for {length.days} days"
        raise _refused(where, got, f"{MOST_DAYS} at most", "Have it signed again, for fewer days.")
    return statement, trusted


def time_of(text: str, where: str) -> datetime.datetime:
    """Read a time of a statement.

    Raises:
        EvidenceError: if it is not ISO 8601 in UTC.
    """
    try:
        return datetime.datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=datetime.UTC)
    except ValueError as error:
        raise _refused(where, f"the time {text!r}", "UTC like 2026-06-15T12:00:00Z", "Ask the signer.") from error


def _read(data: bytes, where: str) -> Envelope:
    if len(data) > _LARGEST_BYTES:
        raise _refused(where, "more than 4 MiB", "an envelope", "Don't use it; ask the signer.")
    try:
        envelope = Envelope.from_dict(json.loads(data))
        same = canonical(envelope.to_dict()) + b"\n" == data
    except (ValueError, KeyError, TypeError, AttributeError, FormatError, RecursionError) as error:
        raise _refused(where, "no envelope", "DSSE's JSON", "Don't use it; ask the signer.") from error
    if not same:
        raise _refused(where, "an envelope written in another way", "the bytes that exitgate writes", "Ask the signer.")
    if len(envelope.signatures) != 1 or envelope.payload_type != PAYLOAD_TYPE:
        got = f"{len(envelope.signatures)} signatures on {envelope.payload_type}"
        raise _refused(where, got, f"one signature on {PAYLOAD_TYPE}", "Ask the signer.")
    return envelope


def _refused(where: str, got: str, expected: str, action: str) -> EvidenceError:
    return EvidenceError(where, got=got, expected=expected, action=action)
