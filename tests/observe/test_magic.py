"""What a file's first bytes show."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import tarfile
import zipfile

import pytest

from exitgate.observe.layers import Nature
from exitgate.observe.magic import nature_by_magic


def _tar() -> bytes:
    with io.BytesIO() as stream:
        with tarfile.open(fileobj=stream, mode="w") as made:
            made.addfile(tarfile.TarInfo("a"))
        return stream.getvalue()


def _zip() -> bytes:
    with io.BytesIO() as stream:
        with zipfile.ZipFile(stream, "w") as made:
            made.writestr("a", "x")
        return stream.getvalue()


@pytest.mark.parametrize(
    ("path", "content"),
    [
        ("/a", _tar()),
        ("/a", gzip.compress(_tar(), mtime=0)),
        ("/a", bz2.compress(_tar())),
        ("/a", lzma.compress(_tar())),
        ("/a.tar.zst", b"\x28\xb5\x2f\xfd\x00"),
        ("/a", _zip()),
        ("/a", b"7z\xbc\xaf\x27\x1c\x00"),
        ("/a", b"Rar!\x1a\x07\x01\x00"),
        ("/a.deb", b"!<arch>\ndebian-binary"),
        ("/a", b"\xed\xab\xee\xdb\x03"),
    ],
)
def test_an_archive_is_one_by_any_name(path: str, content: bytes) -> None:
    assert nature_by_magic(path, content) is Nature.ARCHIVE


@pytest.mark.parametrize(
    ("path", "content"),
    [
        ("/a.wasm", b"\x00asm\x01\x00\x00\x00"),
        ("/blob", b"\x00asm\x01\x00\x00\x00"),
        ("/a.class", b"\xca\xfe\xba\xbe\x00\x00\x00\x41"),
        ("/a.jar", _zip()),
        ("/a.whl", _zip()),
        ("/a.py", b"pass"),
        ("/a.dll", b"MZ\x90"),
        ("/a", b"\xcf\xfa\xed\xfe"),
    ],
)
def test_code_for_another_runtime_is_known(path: str, content: bytes) -> None:
    assert nature_by_magic(path, content) is Nature.FOREIGN_CODE


@pytest.mark.parametrize(
    ("path", "content"),
    [
        ("/a.js", b"console.log(1)"),
        ("/a.js.gz", gzip.compress(b"console.log(1)", mtime=0)),
        ("/a.gz", b"\x1f\x8bnot gzip at all"),
        ("/a.bz2", b"BZhnot bzip2"),
        ("/a.xz", b"\xfd7zXZnot xz"),
        ("/a.svg.zst", b"\x28\xb5\x2f\xfd\x00"),
        ("/terms.docx", _zip()),
        ("/a.txt", b"MZ is a prefix"),
        ("/empty", b""),
    ],
)
def test_what_is_neither_stays_plain(path: str, content: bytes) -> None:
    assert nature_by_magic(path, content) is Nature.PLAIN
