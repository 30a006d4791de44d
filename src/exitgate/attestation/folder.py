"""A bundle as it lies on disk: a folder, or a tar of one. It is read without ever being unpacked, so nothing is written.

Links, devices, names that lead out of it, more files or bytes than any run leaves, and compressed archives are refused.
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from exitgate.errors import EvidenceError

KEPT_NAMES = ("manifest.json", "record.json", "statement.dsse.json", "ledger.jsonl")
"""Files whose content is read, beside being digested."""
KEPT_PREFIX = "registry-"
"""The same of manifests of images: files that begin so, each of a few megabytes at most."""
_LARGEST_MANIFEST = 4 * 1024**2
_MOST_FILES = 20_000
_MOST_BYTES = 4 * 1024**3
_LARGEST_KEPT = 256 * 1024**2
_NAME = re.compile(r"(evidence/)?[A-Za-z0-9_][A-Za-z0-9_.+@=,-]{0,180}")
_BLOCK = 512
_PIECE = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A file that a bundle holds."""

    name: str
    size_bytes: int
    sha256: str
    content: bytes | None
    """Of the few files that are read."""


def read_bundle(path: Path) -> dict[str, Held]:
    """Return every file of a bundle by its name.

    Raises:
        EvidenceError: if it is not there, is neither a folder nor a tar as exitgate writes it, or holds what no bundle holds.
    """
    try:
        if path.is_dir():
            return _collect(_of_folder(path), str(path))
        if path.exists() and not path.is_file():
            raise refused(str(path), "a pipe or device", "a folder or a tar")
        with path.open("rb") as stream:
            return _collect(_of_tar(stream, path.stat().st_size, str(path)), str(path))
    except OSError as error:
        raise refused(str(path), f"can't be read ({error.strerror or error})", "a folder or a tar") from error


def safe_name(name: str) -> bool:
    """Say whether a file may have that name: in the bundle's folder or in ``evidence/``, without any way out."""
    return _NAME.fullmatch(name) is not None


def refused(where: str, got: str, expected: str) -> EvidenceError:
    """Return the error on a bundle that is not read any further."""
    return EvidenceError(where, got=got, expected=expected, action="Don't use it; ask the signer for the bundle again.")


def _collect(files: Iterator[Held], where: str) -> dict[str, Held]:
    held: dict[str, Held] = {}
    total = 0
    for each in files:
        total += each.size_bytes
        if each.name in held:
            raise refused(where, f"{each.name} twice", "each file once")
        if len(held) >= _MOST_FILES or total > _MOST_BYTES:
            raise refused(where, "more than 20,000 files or 4 GiB", "the files of one run")
        held[each.name] = each
    return held


def _of_folder(path: Path) -> Iterator[Held]:
    for entry in sorted(os.scandir(path), key=lambda each: each.name):
        if entry.name == "evidence" and entry.is_dir(follow_symlinks=False):
            yield from (_of_entry(each, f"evidence/{each.name}", path) for each in _sorted(path / "evidence"))
        else:
            yield _of_entry(entry, entry.name, path)


def _sorted(path: Path) -> list[os.DirEntry[str]]:
    return sorted(os.scandir(path), key=lambda each: each.name)


def _of_entry(entry: os.DirEntry[str], name: str, path: Path) -> Held:
    facts = entry.stat(follow_symlinks=False)
    if not stat.S_ISREG(facts.st_mode):
        raise refused(f"{path}: {name!r}", "a folder, link or device", "files and the folder evidence alone")
    _bound(name, facts.st_size, str(path))
    with Path(entry.path).open("rb") as stream:
        return _digest(stream, name, facts.st_size, str(path))


def _of_tar(stream: BinaryIO, size: int, where: str) -> Iterator[Held]:
    """Yield the members of a tar; its headers and padding have to be those that exitgate writes, byte by byte."""
    while (block := stream.read(_BLOCK)) != bytes(_BLOCK):
        try:
            member = tarfile.TarInfo.frombuf(block, "utf-8", "strict")
            expected = header(member.name, member.size)
        except (tarfile.TarError, ValueError) as error:
            raise refused(where, "no tar, or a compressed or damaged one", "a folder or a plain tar") from error
        if block != expected:
            raise refused(f"{where}: {member.name!r}", "a header that exitgate does not write", "a plain file's header")
        _bound(member.name, member.size, where)
        if stream.tell() + member.size > size:
            raise refused(f"{where}: {member.name!r}", "a file that is cut off", f"{member.size} bytes")
        yield _digest(stream, member.name, member.size, where)
        if any(stream.read(-member.size % _BLOCK)):
            raise refused(f"{where}: {member.name!r}", "bytes behind its end", "padding of zeros")
    rest = stream.read(tarfile.RECORDSIZE + 1)
    if any(rest) or size % tarfile.RECORDSIZE or len(rest) < _BLOCK or len(rest) > tarfile.RECORDSIZE:
        raise refused(where, "bytes behind the end of the tar", "zeros up to a full record")


def header(name: str, size_bytes: int) -> bytes:
    """Return the one header that a file has in a tar of exitgate's.

    Raises:
        ValueError: if the name does not fit.
    """
    member = tarfile.TarInfo(name)
    member.size = size_bytes
    return member.tobuf(tarfile.USTAR_FORMAT, "utf-8", "strict")


def _bound(name: str, size_bytes: int, where: str) -> None:
    if not safe_name(name):
        raise refused(f"{where}: {name!r}", "a name that no bundle holds", "files beside the record and in evidence/")
    largest = _LARGEST_KEPT if name in KEPT_NAMES else _LARGEST_MANIFEST if _is_kept(name) else _MOST_BYTES
    if size_bytes > largest:
        raise refused(f"{where}: {name}", f"{size_bytes:,} bytes", "no more than a run leaves")


def _is_kept(name: str) -> bool:
    return name in KEPT_NAMES or name.startswith(KEPT_PREFIX)


def _digest(stream: BinaryIO, name: str, size_bytes: int, where: str) -> Held:
    digest, kept, left = hashlib.sha256(), bytearray(), size_bytes
    while left:
        piece = stream.read(min(left, _PIECE))
        if not piece:
            raise refused(f"{where}: {name}", "a file that ends early", f"{size_bytes} bytes")
        digest.update(piece)
        left -= len(piece)
        if _is_kept(name):
            kept += piece
    content = bytes(kept) if _is_kept(name) else None
    return Held(name=name, size_bytes=size_bytes, sha256=digest.hexdigest(), content=content)
