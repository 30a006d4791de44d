"""The ledger: what is appended is read again, and whatever is done to it is seen."""

from __future__ import annotations

import errno
import hashlib
import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exitgate.errors import EvidenceError
from exitgate.ledger import GENESIS, append, read_ledger

RUN = {
    "run_id": "r1",
    "gate": "gate3",
    "commit": "a" * 40,
    "policy_digest": "sha256:" + "b" * 64,
    "verdict": "",
    "record_sha256": "",
}


def _ledger(path: Path, runs: int = 3) -> Path:
    for number in range(runs):
        append(path, at="2026-11-25T00:00:00Z", event="began", run={**RUN, "run_id": f"r{number}"}, rehearsal=False)
    return path


def test_entries_are_chained_from_the_genesis(tmp_path: Path) -> None:
    path = _ledger(tmp_path / "deep" / "ledger.jsonl")
    entries, head = read_ledger(path)
    lines = path.read_bytes().splitlines()
    assert [entry.run_id for entry in entries] == ["r0", "r1", "r2"]
    assert entries[0].previous == GENESIS
    assert entries[2].previous == hashlib.sha256(lines[1]).hexdigest()
    assert head == hashlib.sha256(lines[2]).hexdigest()


def test_no_ledger_is_an_error_of_one_line(tmp_path: Path) -> None:
    with pytest.raises(EvidenceError, match="Run the gate first") as raised:
        read_ledger(tmp_path / "ledger.jsonl")
    assert "\n" not in str(raised.value)


def test_a_full_disk_leaves_the_ledger_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = _ledger(tmp_path / "ledger.jsonl")
    before, real = path.read_bytes(), os.write
    left = iter([20])

    def into_a_full_disk(file: int, data: bytes) -> int:
        room = next(left, None)
        if room is None:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return real(file, bytes(data)[:room])

    monkeypatch.setattr(os, "write", into_a_full_disk)
    with pytest.raises(EvidenceError, match="No space left on device"):
        _ledger(path, runs=1)
    monkeypatch.undo()
    assert path.read_bytes() == before
    assert len(read_ledger(_ledger(path, runs=1))[0]) == 4


@pytest.mark.parametrize(
    ("order", "message"),
    [
        ([1, 2], "entry 2"),
        ([0, 2], "entry 3"),
        ([0, 2, 1], "entry 3"),
        ([0, 0, 1, 2], "entry 1; expected entry 2"),
    ],
    ids=["first-removed", "middle-removed", "re-ordered", "replayed"],
)
def test_lines_removed_moved_or_repeated_are_found(tmp_path: Path, order: list[int], message: str) -> None:
    path = _ledger(tmp_path / "ledger.jsonl")
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[index] for index in order))
    with pytest.raises(EvidenceError, match=message):
        read_ledger(path)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (b'"run_id":"r0"', b'"run_id":"rX"', "link that does not fit"),
        (b'"rehearsal":false', b'"rehearsal": false', "written in another way"),
        (b'"gate"', b'"gait"', "Field required"),
        (b'"rehearsal":false', b'"rehearsal":0', "boolean"),
    ],
)
def test_changed_content_is_found(tmp_path: Path, old: bytes, new: bytes, message: str) -> None:
    path = _ledger(tmp_path / "ledger.jsonl")
    path.write_bytes(path.read_bytes().replace(old, new, 1))
    with pytest.raises(EvidenceError, match=message):
        read_ledger(path)


def test_a_broken_ledger_is_not_written_on(tmp_path: Path) -> None:
    path = _ledger(tmp_path / "ledger.jsonl")
    path.write_bytes(path.read_bytes()[:-1])
    before = path.read_bytes()
    with pytest.raises(EvidenceError, match="cut off"):
        _ledger(path, runs=1)
    assert path.read_bytes() == before


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_no_flipped_byte_escapes_the_chain_or_its_head(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    path = _ledger(tmp_path_factory.mktemp("ledger") / "ledger.jsonl")
    _, head = read_ledger(path)
    content = bytearray(path.read_bytes())
    content[data.draw(st.integers(0, len(content) - 1))] ^= data.draw(st.integers(1, 255))
    path.write_bytes(bytes(content))
    try:
        _, seen = read_ledger(path)
    except EvidenceError:
        return
    # A change in the last line has no link behind it: it is seen by the head, which a signed bundle keeps.
    assert seen != head
