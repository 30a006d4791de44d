"""What a bundle may not be: its guards against links, ways out, devices, bombs; and what can't be bundled."""

from __future__ import annotations

import gzip
import io
import os
import tarfile
from pathlib import Path

import pytest

from exitgate.attestation.bundle import make_bundle
from exitgate.attestation.folder import header, read_bundle
from exitgate.errors import EvidenceError, UsageError
from exitgate.record import ImageEntry
from tests.attestation.bundles import KEY, bundle, leave


def tar_of(path: Path, name: str, data: bytes = b"x") -> Path:
    whole = header(name, len(data)) + data + bytes(-len(data) % 512) + bytes(1024)
    path.write_bytes(whole + bytes(-len(whole) % 10240))
    return path


@pytest.mark.parametrize(
    "name", ["../out", "/etc/passwd", "evidence/../../out", "evidence/a/b", "a/b", "a\\b", "..", "x" * 99]
)
def test_names_that_lead_out_are_refused_and_nothing_is_written(tmp_path: Path, name: str) -> None:
    inner = tmp_path / "inner"
    inner.mkdir()
    tar = tar_of(inner / "b.tar", name)
    if name == "x" * 99:
        assert list(read_bundle(tar)) == [name]
    else:
        with pytest.raises(EvidenceError, match="a name that no bundle holds"):
            read_bundle(tar)
    assert [each.name for each in tmp_path.rglob("*")] == ["inner", "b.tar"]


def test_a_tar_of_other_tools_or_with_links_is_refused(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "b.tar", "w") as tar:
        link = tarfile.TarInfo("record.json")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        tar.addfile(link)
    with pytest.raises(EvidenceError, match="a header that exitgate does not write"):
        read_bundle(tmp_path / "b.tar")


def test_a_bomb_is_refused_before_it_goes_off(tmp_path: Path) -> None:
    (tmp_path / "b.tar").write_bytes(gzip.compress(bytes(50_000_000)))
    with pytest.raises(EvidenceError, match="no tar, or a compressed or damaged one"):
        read_bundle(tmp_path / "b.tar")


def test_a_size_that_lies_is_refused(tmp_path: Path) -> None:
    (tmp_path / "b.tar").write_bytes(header("record.json", 10_000) + bytes(512))
    with pytest.raises(EvidenceError, match="a file that is cut off; expected 10000 bytes"):
        read_bundle(tmp_path / "b.tar")


@pytest.mark.parametrize(("name", "size"), [("record.json", 300 * 1024**2), ("evidence/hole", 5 * 1024**3)])
def test_a_huge_file_is_refused_unread(tmp_path: Path, name: str, size: int) -> None:
    (tmp_path / "evidence").mkdir()
    with (tmp_path / name).open("wb") as stream:
        stream.truncate(size)
    with pytest.raises(EvidenceError, match="no more than a run leaves"):
        read_bundle(tmp_path)


def test_a_pipe_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "record.json")
    with pytest.raises(EvidenceError, match="a folder, link or device"):
        read_bundle(tmp_path)


def test_one_file_twice_is_refused(tmp_path: Path) -> None:
    one = header("a", 1) + b"x" + bytes(511)
    tar = one + one + bytes(1024)
    (tmp_path / "b.tar").write_bytes(tar + bytes(-len(tar) % 10240))
    with pytest.raises(EvidenceError, match="a twice; expected each file once"):
        read_bundle(tmp_path / "b.tar")


def test_our_tar_is_read_by_others(tmp_path: Path) -> None:
    with tarfile.open(fileobj=io.BytesIO(bundle(tmp_path, "b.tar").read_bytes())) as tar:
        assert {"record.json", "manifest.json", "statement.dsse.json", "ledger.jsonl"} < set(tar.getnames())


def test_what_the_run_kept_has_to_be_there_unchanged(tmp_path: Path) -> None:
    leave(tmp_path / "run")
    kept = next((tmp_path / "run" / "evidence").iterdir())
    kept.write_text("else")
    with pytest.raises(EvidenceError, match="another content than the run kept"):
        make_bundle(tmp_path / "run", tmp_path / "b", KEY, days=30)
    kept.unlink()
    with pytest.raises(EvidenceError, match="no file that can be read"):
        make_bundle(tmp_path / "run", tmp_path / "b", KEY, days=30)
    kept.symlink_to("/etc/hostname")
    with pytest.raises(EvidenceError, match="a link; expected a file of the run"):
        make_bundle(tmp_path / "run", tmp_path / "b", KEY, days=30)
    assert not (tmp_path / "b").exists()


def test_a_run_that_goes_on_two_images_of_one_workload_and_wrong_days_are_refused(tmp_path: Path) -> None:
    leave(tmp_path / "on", finished=None)
    with pytest.raises(EvidenceError, match="a run that has not come to its end"):
        make_bundle(tmp_path / "on", tmp_path / "b", KEY, days=30)
    twice = tuple(ImageEntry(workload="web", digest="sha256:" + digit * 64) for digit in "12")
    leave(tmp_path / "twice", images=twice)
    with pytest.raises(EvidenceError, match="two images of web"):
        make_bundle(tmp_path / "twice", tmp_path / "b", KEY, days=30)
    with pytest.raises(UsageError, match="expected 1 to 90"):
        make_bundle(tmp_path / "twice", tmp_path / "b", KEY, days=91)
    with pytest.raises(UsageError, match="there already"):
        make_bundle(tmp_path / "twice", tmp_path, KEY, days=30)
