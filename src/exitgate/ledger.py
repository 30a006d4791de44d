"""The ledger: an append-only, hash-chained log of every run, so that a run that failed can't be left out unseen.

Each line is a JSON object that holds the digest of the line before it. A chain shows what was changed, removed or moved
inside it; that its *end* was cut off shows only against a head that somebody else kept (a signed bundle names it).
"""

from __future__ import annotations

import fcntl
import hashlib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from exitgate.errors import EvidenceError, one_line

LEDGER_FILE = "ledger.jsonl"
GENESIS = "0" * 64
"""What the first entry names as the digest before it."""
_LARGEST_BYTES = 256 * 1024 * 1024
_ACTION = "Keep the file as it is, find out who changed it, and begin a new ledger elsewhere."


class Entry(BaseModel):
    """One event in the life of a run: it is begun, and later ended; a run that was aborted has no end."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    number: int
    """Position in the chain, from 1."""
    previous: str
    """SHA-256 of the line before, in lower-case hexadecimal, without its line feed."""
    at: str
    """UTC, ISO 8601."""
    event: Literal["began", "ended"]
    run_id: str
    gate: str
    commit: str
    policy_digest: str
    verdict: str
    """The verdict of an ended run; empty where the run has only begun."""
    rehearsal: bool
    record_sha256: str
    """Digest of the record that the run left; empty where the run has only begun."""


def append(path: Path, *, at: str, event: Literal["began", "ended"], run: dict[str, str], rehearsal: bool) -> Entry:
    """Add an entry behind the last, holding a lock, and hand it to the disk. A broken ledger is not written on.

    Args:
        run: ``run_id``, ``gate``, ``commit``, ``policy_digest``, ``verdict`` and ``record_sha256``.

    Raises:
        EvidenceError: if the chain is broken, or the file can't be read or written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a+b") as stream:
            fcntl.flock(stream, fcntl.LOCK_EX)
            entries, head = _read(path)
            entry = Entry(number=len(entries) + 1, previous=head, at=at, event=event, rehearsal=rehearsal, **run)
            _write_whole(stream.fileno(), _line(entry) + b"\n")
    except OSError as error:
        raise EvidenceError(
            str(path),
            got=f"can't be read and written ({error.strerror})",
            expected="a ledger that this user may add to",
            action="Correct its rights, or free some space.",
        ) from error
    return entry


def _write_whole(file: int, line: bytes) -> None:
    """Add a line and hand it to the disk, or leave the file as it was: half a line would break the chain for good."""
    before = os.fstat(file).st_size
    rest = memoryview(line)
    try:
        while rest:
            rest = rest[os.write(file, rest) :]
        os.fsync(file)
    except OSError:
        os.ftruncate(file, before)
        raise


def read_ledger(path: Path) -> tuple[tuple[Entry, ...], str]:
    """Return all entries and the digest of the last line, after checking every link.

    Raises:
        EvidenceError: if there is none, it is too large, or a line is changed, missing, added, moved or cut off.
    """
    try:
        return _read(path)
    except OSError as error:
        raise EvidenceError(
            str(path), got=f"can't be read ({error.strerror})", expected="a ledger", action="Run the gate first."
        ) from error


def runs_of(entries: Sequence[Entry], gate: str, commit: str) -> int:
    """Count the runs of a gate on a commit that were begun, whatever became of them."""
    return sum(each.event == "began" and (each.gate, each.commit) == (gate, commit) for each in entries)


def _read(path: Path) -> tuple[tuple[Entry, ...], str]:
    with path.open("rb") as stream:
        data = stream.read(_LARGEST_BYTES + 1)
    if len(data) > _LARGEST_BYTES:
        raise _broken(str(path), "more than 256 MiB", "a ledger")
    return read_entries(data, str(path))


def read_entries(data: bytes, where: str) -> tuple[tuple[Entry, ...], str]:
    """Return all entries and the digest of the last line, from the bytes of a ledger; see `read_ledger`."""
    if data and not data.endswith(b"\n"):
        raise _broken(where, "a last line that was cut off", "whole lines")
    entries: list[Entry] = []
    head = GENESIS
    for number, line in enumerate(data.split(b"\n")[:-1], start=1):
        entry = _entry(line, f"{where}:{number}")
        if entry.number != number:
            raise _broken(f"{where}:{number}", f"entry {entry.number}", f"entry {number}")
        if entry.previous != head:
            raise _broken(f"{where}:{number}", "a link that does not fit the line before", f"{head[:12]}…")
        entries.append(entry)
        head = hashlib.sha256(line).hexdigest()
    return tuple(entries), head


def _entry(line: bytes, where: str) -> Entry:
    try:
        entry = Entry.model_validate_json(line)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise _broken(where, one_line(str(first["msg"]), 200), "an entry of the ledger") from error
    if _line(entry) != line:
        # The same content in other bytes would have another digest: only one way of writing is an entry.
        raise _broken(where, "an entry written in another way", "the bytes that exitgate writes")
    return entry


def _line(entry: Entry) -> bytes:
    return entry.model_dump_json().encode()


def _broken(where: str, got: str, expected: str) -> EvidenceError:
    return EvidenceError(where, got=got, expected=expected, action=_ACTION)
