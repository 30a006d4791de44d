"""Whatever is done to a bundle is found, each kind with a message of its own."""

from __future__ import annotations

import base64
import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exitgate.attestation.bundle import manifest_of
from exitgate.attestation.envelope import ENVELOPE_FILE, seal
from exitgate.attestation.statement import Statement, canonical
from exitgate.attestation.verify import Asked, verify_bundle
from exitgate.errors import EvidenceError, ExitgateError
from exitgate.ledger import LEDGER_FILE
from tests.attestation.bundles import COMMIT, FOREIGN, IMAGES, KEY, NOW, TRUSTED, bundle, leave, note


def evidence(folder: Path) -> list[Path]:
    return sorted((folder / "evidence").iterdir())


def put(path: Path, change: Callable[[bytes], bytes]) -> None:
    path.write_bytes(change(path.read_bytes()))


def swap(one: Path, two: Path) -> None:
    first, second = one.read_bytes(), two.read_bytes()
    one.write_bytes(second)
    two.write_bytes(first)


def envelope(folder: Path, change: Callable[[dict[str, Any]], object]) -> None:
    data = json.loads((folder / ENVELOPE_FILE).read_bytes())
    change(data)
    (folder / ENVELOPE_FILE).write_bytes(canonical(data) + b"\n")


def payload(folder: Path, change: Callable[[dict[str, Any]], object]) -> None:
    """Change the statement without the key."""

    def inside(data: dict[str, Any]) -> None:
        said = json.loads(base64.b64decode(data["payload"]))
        change(said)
        data["payload"] = base64.b64encode(canonical(said)).decode()

    envelope(folder, inside)


def signed_anew(folder: Path, change: Callable[[dict[str, Any]], object]) -> None:
    """Change the statement with the key: a signer who lies, or was made to."""
    said = json.loads(base64.b64decode(json.loads((folder / ENVELOPE_FILE).read_bytes())["payload"]))
    change(said)
    (folder / ENVELOPE_FILE).write_bytes(seal(Statement.model_validate(said), KEY))


def manifest_anew(folder: Path) -> None:
    """Make manifest and statement fit what lies there: only the record can tell then."""
    kept = ("manifest.json", ENVELOPE_FILE)
    files = {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.name not in kept
    }
    data = manifest_of(files)
    (folder / "manifest.json").write_bytes(data)
    import hashlib

    digest = hashlib.sha256(data).hexdigest()
    signed_anew(folder, lambda said: said["predicate"]["inputAttestations"][0]["digest"].update(sha256=digest))


def lying_record(folder: Path) -> None:
    """Claim a pass over a control that is not met, with everything signed and the ledger agreeing."""
    import hashlib

    path = folder / "record.json"
    put(path, lambda data: data.replace(b'"status": "met"', b'"status": "not_met"', 1))
    run_digest = hashlib.sha256(path.read_bytes()).hexdigest()
    lines = (folder / LEDGER_FILE).read_bytes().splitlines()
    last = json.loads(lines[-1])
    last["record_sha256"] = run_digest
    lines[-1] = json.dumps(last, separators=(",", ":")).encode()
    (folder / LEDGER_FILE).write_bytes(b"\n".join(lines) + b"\n")
    manifest_anew(folder)


def without_evidence(folder: Path) -> None:
    evidence(folder)[0].unlink()
    manifest_anew(folder)


def other_record(folder: Path) -> None:
    put(folder / "record.json", lambda data: data.replace(b'"user": "u"', b'"user": "v"'))
    manifest_anew(folder)


def ledger_cut(folder: Path) -> None:
    put(folder / LEDGER_FILE, lambda data: data.splitlines(keepends=True)[0])
    manifest_anew(folder)


def ledger_changed(folder: Path) -> None:
    put(folder / LEDGER_FILE, lambda data: data.replace(b"00:10", b"00:11", 1))
    manifest_anew(folder)


TAMPERING: dict[str, tuple[Callable[[Path], object], str]] = {
    "evidence-changed": (lambda it: put(evidence(it)[0], lambda data: data[:-1] + b"!"), "another content; expected"),
    "evidence-longer": (lambda it: put(evidence(it)[0], lambda data: data + b"!"), "19 bytes; expected 18 bytes"),
    "evidence-missing": (
        lambda it: evidence(it)[0].unlink(),
        "one.log: a file that is missing|two.log: a file that is",
    ),
    "evidence-added": (lambda it: (it / "evidence/3.log").write_text("x"), "evidence/3.log: a file that was added"),
    "evidence-swapped": (lambda it: swap(*evidence(it)), r"another content \(evidence/.*log's\)"),
    "evidence-renamed": (lambda it: evidence(it)[0].rename(it / "evidence/x.log"), "missing; expected every file"),
    "file-added-beside": (lambda it: (it / "notes.txt").write_text("x"), "notes.txt: a file that was added"),
    "odd-name": (lambda it: (it / "evidence/a b").write_text("x"), "a name that no bundle holds"),
    "hidden-file": (lambda it: (it / ".env").write_text("x"), "'.env': a name that no bundle holds"),
    "link": (lambda it: (it / "evidence/l").symlink_to("/etc/hostname"), "'evidence/l': a folder, link or device"),
    "folder-inside": (lambda it: (it / "more").mkdir(), "'more': a folder, link or device"),
    "record-changed": (
        lambda it: put(it / "record.json", lambda data: data.replace(b"shop", b"shoq")),
        "record.json: another",
    ),
    "record-missing": (lambda it: (it / "record.json").unlink(), "record.json: a file that is missing"),
    "manifest-changed": (
        lambda it: put(it / "manifest.json", lambda data: data.replace(b'"size_bytes":18', b'"size_bytes":19', 1)),
        "another manifest than the one that was signed",
    ),
    "manifest-missing": (lambda it: (it / "manifest.json").unlink(), "manifest.json: a file that is missing"),
    "envelope-missing": (lambda it: (it / ENVELOPE_FILE).unlink(), "statement.dsse.json: a file that is missing"),
    "envelope-no-json": (lambda it: (it / ENVELOPE_FILE).write_text("{"), "no envelope"),
    "envelope-spaced": (
        lambda it: put(it / ENVELOPE_FILE, lambda data: data + b" "),
        "an envelope written in another way",
    ),
    "unsigned": (lambda it: envelope(it, lambda data: data.update(signatures=[])), "0 signatures on"),
    "other-payload-type": (
        lambda it: envelope(it, lambda data: data.update(payloadType="text/plain")),
        "on text/plain",
    ),
    "statement-changed": (
        lambda it: payload(it, lambda said: said["predicate"].update(resourceUri="bank")),
        r"a signature that does not fit \(release manager\)",
    ),
    "statement-of-another-kind": (
        lambda it: (it / ENVELOPE_FILE).write_bytes(_sealed_raw(b'{"_type":"x"}')),
        "a payload that is no such statement",
    ),
    "statement-spaced": (
        lambda it: (it / ENVELOPE_FILE).write_bytes(_sealed_raw(_payload(it) + b" ")),
        "a statement written in another way",
    ),
    "failed-said-passed": (
        lambda it: signed_anew(it, lambda said: said["predicate"].update(verificationResult="FAILED")),
        "predicate of the statement is another than the record's",
    ),
    "other-image-said": (
        lambda it: signed_anew(it, lambda said: said["subject"][1]["digest"].update(sha256="3" * 64)),
        "subject of the statement is another than the record's",
    ),
    "record-exchanged-and-signed": (other_record, "another record of this run"),
    "record-that-contradicts-itself": (lying_record, r"its verdict contradicts its controls \(not_met\)"),
    "evidence-dropped-and-signed": (without_evidence, "a without its evidence"),
    "ledger-cut-and-signed": (ledger_cut, "no end of this run"),
    "ledger-changed-and-signed": (ledger_changed, "a link that does not fit the line before"),
    "ledger-missing": (lambda it: (it / LEDGER_FILE).unlink(), "ledger.jsonl: a file that is missing"),
    "of-the-future": (
        lambda it: signed_anew(it, lambda said: said["predicate"].update(timeVerified="2026-07-01T00:00:00Z")),
        "which is yet to come",
    ),
    "time-in-words": (
        lambda it: signed_anew(it, lambda said: said["predicate"].update(timeVerified="yesterday")),
        "the time 'yesterday'",
    ),
}


def _payload(folder: Path) -> bytes:
    return base64.b64decode(json.loads((folder / ENVELOPE_FILE).read_bytes())["payload"])


def _sealed_raw(data: bytes) -> bytes:
    from securesystemslib.dsse import Envelope
    from securesystemslib.signer import CryptoSigner

    from exitgate.attestation.keys import public_half

    made = Envelope(data, "application/vnd.in-toto+json", {})
    made.sign(CryptoSigner(KEY, public_half(KEY)))
    return canonical(made.to_dict()) + b"\n"


@pytest.fixture(scope="module")
def pristine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return bundle(tmp_path_factory.mktemp("pristine"))


def test_what_nobody_touched_verifies(pristine: Path) -> None:
    found = verify_bundle(pristine, [TRUSTED], Asked(gate="gate3", target="shop", commit=COMMIT, images=IMAGES), NOW)
    assert found.statement.predicate.verification_result == "PASSED"
    assert found.statement.facts.runs == 1
    assert found.files == 6


@pytest.mark.parametrize(("tamper", "message"), TAMPERING.values(), ids=TAMPERING)
def test_tampering_is_found(pristine: Path, tmp_path: Path, tamper: Callable[[Path], object], message: str) -> None:
    folder = tmp_path / "b"
    shutil.copytree(pristine, folder)
    tamper(folder)
    with pytest.raises(EvidenceError, match=message) as raised:
        verify_bundle(folder, [TRUSTED], Asked(), NOW)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("keys", "asked", "now", "message"),
    [
        ([replace(TRUSTED, expires=date(2026, 6, 15))], Asked(), NOW, "trusted until 2026-06-15"),
        ([replace(TRUSTED, gates=("gate1",))], Asked(), NOW, "a statement on gate3 by release manager"),
        ([TRUSTED], Asked(gate="gate2"), NOW, "a verdict on another gate: gate3"),
        ([TRUSTED], Asked(target="bank"), NOW, "a verdict on another target: shop"),
        ([TRUSTED], Asked(commit="d" * 40), NOW, "a verdict on another commit"),
        ([TRUSTED], Asked(policy_digest="sha256:" + "8" * 64), NOW, "a verdict on another policy"),
        ([TRUSTED], Asked(plan_digest="8" * 64), NOW, "a verdict on another plan"),
        ([TRUSTED], Asked(images={"web": "sha256:" + "3" * 64}), NOW, "another image of web"),
        ([TRUSTED], Asked(images={"cart": "sha256:" + "3" * 64}), NOW, "names no image of cart"),
        ([TRUSTED], Asked(), datetime(2026, 7, 15, 0, 10, 1, tzinfo=UTC), "a verdict that held until 2026-07-15"),
        ([TRUSTED], Asked(), datetime(2026, 6, 1, tzinfo=UTC), "which is yet to come"),
    ],
    ids=[
        "expired-key",
        "wrong-gate-key",
        "gate",
        "target",
        "commit",
        "policy",
        "plan",
        "image",
        "no-image",
        "old",
        "skew",
    ],
)
def test_a_verdict_of_something_else_is_found(pristine: Path, keys: Any, asked: Any, now: Any, message: str) -> None:
    with pytest.raises(EvidenceError, match=message):
        verify_bundle(pristine, keys, asked, now)


def test_a_foreign_key_is_found(tmp_path: Path) -> None:
    with pytest.raises(EvidenceError, match="a signature by a foreign key"):
        verify_bundle(bundle(tmp_path, key=FOREIGN), [TRUSTED], Asked(), NOW)


def test_a_replayed_verdict_is_found(tmp_path: Path) -> None:
    folder = bundle(tmp_path)
    leave(tmp_path / "bundle-run", "r2", verdict="failed")
    with pytest.raises(EvidenceError, match="a verdict that is replayed: run r2 came later and ended failed"):
        verify_bundle(folder, [TRUSTED], Asked(ledger=tmp_path / "bundle-run" / LEDGER_FILE), NOW)


def test_a_later_run_that_was_cut_short_is_found(tmp_path: Path) -> None:
    folder = bundle(tmp_path)
    cut_short = leave(tmp_path / "elsewhere", "r2")
    note(tmp_path / "bundle-run" / LEDGER_FILE, cut_short, "began", "")
    with pytest.raises(EvidenceError, match="run r2 came later and has not come to an end"):
        verify_bundle(folder, [TRUSTED], Asked(ledger=tmp_path / "bundle-run" / LEDGER_FILE), NOW)


def test_the_ledger_of_somebody_else_is_found(tmp_path: Path) -> None:
    folder = bundle(tmp_path)
    shutil.copytree(tmp_path / "bundle-run", tmp_path / "other")
    (tmp_path / "other" / LEDGER_FILE).unlink()
    leave(tmp_path / "other", "r0", verdict="failed")
    leave(tmp_path / "other", "r1")
    with pytest.raises(EvidenceError, match="another history than the bundle's ledger"):
        verify_bundle(folder, [TRUSTED], Asked(ledger=tmp_path / "other" / LEDGER_FILE), NOW)


# ---- Any byte -----------------------------------------------------------------------------------------------------


@settings(max_examples=120, deadline=None)
@given(data=st.data())
def test_any_byte_of_a_tar_that_is_flipped_is_found(data: st.DataObject, tar: tuple[Path, bytes]) -> None:
    path, whole = tar
    index = data.draw(st.integers(0, len(whole) - 1))
    flipped = bytes([whole[index] ^ data.draw(st.integers(1, 255))])
    path.write_bytes(whole[:index] + flipped + whole[index + 1 :])
    with pytest.raises(ExitgateError) as raised:
        verify_bundle(path, [TRUSTED], Asked(), NOW)
    assert "\n" not in str(raised.value)


@settings(max_examples=120, deadline=None)
@given(data=st.data())
def test_any_byte_of_a_folder_that_is_flipped_is_found(data: st.DataObject, folder: dict[Path, bytes]) -> None:
    path = data.draw(st.sampled_from(sorted(folder)))
    index = data.draw(st.integers(0, len(folder[path]) - 1))
    flipped = bytes([folder[path][index] ^ data.draw(st.integers(1, 255))])
    path.write_bytes(folder[path][:index] + flipped + folder[path][index + 1 :])
    try:
        with pytest.raises(ExitgateError) as raised:
            verify_bundle(next(iter(folder)).parents[0], [TRUSTED], Asked(), NOW)
    finally:
        path.write_bytes(folder[path])
    assert "\n" not in str(raised.value)


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_a_tar_that_is_cut_or_longer_is_found(data: st.DataObject, tar: tuple[Path, bytes]) -> None:
    path, whole = tar
    cut = data.draw(st.integers(0, len(whole) - 1))
    path.write_bytes(data.draw(st.sampled_from([whole[:cut], whole + whole[cut:], whole + bytes(10240)])))
    with pytest.raises(EvidenceError):
        verify_bundle(path, [TRUSTED], Asked(), NOW)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> dict[Path, bytes]:
    """Every file of a bundle, those beside the record first."""
    path = bundle(tmp_path_factory.mktemp("folder"))
    verify_bundle(path, [TRUSTED], Asked(), NOW)
    files = sorted((each for each in path.rglob("*") if each.is_file()), key=lambda each: len(each.parts))
    return {each: each.read_bytes() for each in files}


@pytest.fixture(scope="module")
def tar(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, bytes]:
    path = bundle(tmp_path_factory.mktemp("tar"), "b.tar")
    verify_bundle(path, [TRUSTED], Asked(), NOW)
    return path, path.read_bytes()
