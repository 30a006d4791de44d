"""Where a run keeps the files that show what it saw."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from exitgate.errors import EvidenceError
from exitgate.evidence_folder import EvidenceFolder

LIMIT = 4 * 1024 * 1024


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.parametrize("content", ["größe\n", b"\xff\x00", "", b""])
def test_what_is_kept_is_found_by_its_path_and_digest(tmp_path: Path, content: str | bytes) -> None:
    kept = EvidenceFolder(tmp_path).keep("build.log", content)
    path = tmp_path / kept.path
    assert path.read_bytes() == (content.encode() if isinstance(content, str) else content)
    assert kept.sha256 == sha256(path)
    assert kept.name == "build.log"


def test_a_file_lies_below_the_evidence_folder_and_is_named_by_digest_and_name(tmp_path: Path) -> None:
    kept = EvidenceFolder(tmp_path).keep("build.log", "x")
    assert kept.path == f"evidence/{kept.sha256[:12]}-build.log"


def test_the_same_content_is_kept_once_and_another_beside_it(tmp_path: Path) -> None:
    folder = EvidenceFolder(tmp_path)
    assert folder.keep("a", "x") == folder.keep("a", "x")
    assert folder.keep("a", "y").path != folder.keep("a", "x").path
    assert len(list((tmp_path / "evidence").iterdir())) == 2


def test_the_same_content_under_another_name_is_another_file(tmp_path: Path) -> None:
    folder = EvidenceFolder(tmp_path)
    assert folder.keep("a", "x").path != folder.keep("b", "x").path
    assert len(list((tmp_path / "evidence").iterdir())) == 2


def test_text_that_is_no_unicode_is_kept_readable(tmp_path: Path) -> None:
    kept = EvidenceFolder(tmp_path).keep("a", "file \udcff")
    assert (tmp_path / kept.path).read_text(encoding="utf-8") == "file ?"


def test_a_file_of_just_the_limit_is_kept_whole(tmp_path: Path) -> None:
    kept = EvidenceFolder(tmp_path).keep("a", b"x" * LIMIT)
    assert (tmp_path / kept.path).read_bytes() == b"x" * LIMIT


def test_of_a_longer_file_the_first_part_is_kept_and_says_so(tmp_path: Path) -> None:
    kept = EvidenceFolder(tmp_path).keep("a", b"x" * LIMIT + b"y")
    data = (tmp_path / kept.path).read_bytes()
    assert data[:LIMIT] == b"x" * LIMIT
    assert b"cut here" in data[LIMIT:]
    assert b"y" not in data[LIMIT : LIMIT + 1]
    assert kept.sha256 == sha256(tmp_path / kept.path)


def test_a_folder_that_can_not_be_written_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "evidence").write_text("", encoding="utf-8")
    with pytest.raises(EvidenceError, match="can't be written"):
        EvidenceFolder(tmp_path).keep("a", "x")
