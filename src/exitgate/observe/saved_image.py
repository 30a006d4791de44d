"""An image as its engine saves it, read in one pass over the stream: nothing is unpacked, and no layer is held in memory.

Sources: Docker's image specification 1.2 (``docker save``) and the OCI image layout, which newer engines write.
"""

from __future__ import annotations

import hashlib
import io
import json
import re
import tarfile
import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import IO, Any

from exitgate.observe.file_nature import look_at
from exitgate.observe.layers import Entry, Kind, Layer, Nature, absolute, whiteout_of
from exitgate.observe.tar_stream import TarStream, refuse_a_missing_end

_CAPABILITY_ATTRIBUTE = "SCHILY.xattr.security.capability"
_GZIP, _ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"
_LARGEST_DOCUMENT_BYTES = 16 * 1024 * 1024
_LARGEST_MANIFEST_BYTES = 256 * 1024
_SAMPLED_ABOVE_BYTES = 8 * 1024 * 1024
_SAMPLE_EVERY, _SAMPLE_BYTES = 4, 32 * 1024
_GZIP_LEVEL = 6
_STORED = re.compile(r"/[0-9a-f]{2}/[0-9a-f]{20,}(?:-exec|\.dat)?$")
"""How package managers name files in a store to which node_modules is then linked (pnpm, Yarn): after what they hold."""

KeepFile = Callable[[str], bool]
"""Whether the content of the file at a path is wanted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedImage:
    """What an engine sent."""

    configuration: dict[str, Any]
    """The image's own configuration document; ``config`` in it is what containers get."""
    layers: tuple[Layer, ...]
    """Lowest first; whether one came from the base image is not known here."""
    kept: dict[str, tuple[tuple[str, bytes], ...]]
    """``{layer digest: ((path, content), …)}`` of the files whose content was asked for."""
    imports: frozenset[str]
    """Packages that any script takes in by a literal name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _How:
    keep: KeepFile
    names_alone: bool


@dataclass(slots=True, kw_only=True)
class _Read:
    layer: Layer
    kept: list[tuple[str, bytes]] = field(default_factory=list)
    imports: set[str] = field(default_factory=set)


def read_saved_image(chunks: Iterable[bytes], keep: KeepFile, *, names_alone: bool = False) -> SavedImage:
    """Read an image's archive.

    Args:
        keep: Whose content is kept.
        names_alone: Leave out what files are by their content, and what layers weigh compressed.

    Raises:
        tarfile.TarError: if it, or a layer in it, is no whole archive.
        ValueError: if what it says of itself is no description of an image, or names layers that it does not hold.
    """
    how = _How(keep=keep, names_alone=names_alone)
    stream = TarStream(chunks)
    documents: dict[str, bytes] = {}
    read: dict[str, _Read] = {}
    links: dict[str, str] = {}
    with tarfile.open(fileobj=stream, mode="r|") as archive:  # type: ignore[call-overload]
        for member in archive:
            if member.issym() or member.islnk():
                folder = "" if member.islnk() else absolute(member.name).rpartition("/")[0]
                links[absolute(member.name)] = absolute(f"{folder}/{member.linkname}")
            content = archive.extractfile(member) if member.isreg() else None
            if content is not None:
                _take(absolute(member.name), member.size, content, how, documents, read)
    refuse_a_missing_end(stream, archive.offset)
    return _assemble(documents, read, links)


def _take(
    name: str, size_bytes: int, content: IO[bytes], how: _How, documents: dict[str, bytes], read: dict[str, _Read]
) -> None:
    head = content.read(tarfile.BLOCKSIZE)
    if head[:4] == _ZSTD:
        raise ValueError(f"its layer {name} is compressed with zstd, which can't be read here")
    # A layer without an entry is zeros alone, and no document is.
    if head[:2] == _GZIP or head[257:262] == b"ustar" or (head and not head.strip(b"\0")):
        read[name] = _read_layer(head, size_bytes, content, how)
    elif size_bytes <= _LARGEST_DOCUMENT_BYTES:
        documents[name] = head + content.read()


class _Uncompressed:
    """The bytes of a layer's archive, digested and weighed as they pass."""

    def __init__(self, head: bytes, size_bytes: int, content: IO[bytes], *, weighed: bool) -> None:
        self._head, self._content = head, content
        self._inflate = zlib.decompressobj(wbits=31) if head[:2] == _GZIP else None
        self._digest = hashlib.sha256()
        self._every = 1 if size_bytes <= _SAMPLED_ABOVE_BYTES else _SAMPLE_EVERY
        self._stored_bytes, self._weighed = size_bytes, weighed
        self._chunks = self._sampled = self._deflated = self._whole = 0

    def __iter__(self) -> _Uncompressed:
        return self

    def __next__(self) -> bytes:
        while True:
            chunk = self._head or self._content.read(256 * 1024)
            self._head = b""
            if not chunk:
                raise StopIteration
            if self._inflate is None:
                if self._weighed:
                    self._weigh(chunk)
            else:
                chunk = self._inflate.decompress(chunk)
            self._digest.update(chunk)
            if chunk:
                return chunk

    def _weigh(self, chunk: bytes) -> None:
        self._chunks += 1
        self._whole += len(chunk)
        if self._chunks % self._every == 0:
            sample = chunk if self._every == 1 else chunk[:_SAMPLE_BYTES]
            self._sampled += len(sample)
            self._deflated += len(zlib.compress(sample, _GZIP_LEVEL))

    @property
    def digest(self) -> str:
        return f"sha256:{self._digest.hexdigest()}"

    @property
    def compressed_bytes(self) -> int:
        if self._inflate is not None:
            return self._stored_bytes
        return round(self._deflated * self._whole / self._sampled) if self._sampled else self._whole


def _read_layer(head: bytes, size_bytes: int, content: IO[bytes], how: _How) -> _Read:
    source = _Uncompressed(head, size_bytes, content, weighed=not how.names_alone)
    stream = TarStream(source)
    entries: list[Entry] = []
    removed: list[str] = []
    emptied: list[str] = []
    read = _Read(layer=Layer(digest="", entries=()))
    files: dict[str, _File] = {}
    with tarfile.open(fileobj=stream, mode="r|") as archive:  # type: ignore[call-overload]
        for member in archive:
            path = absolute(member.name)
            whiteout = whiteout_of(path)
            if whiteout is None:
                entries.append(_entry(path, member, archive, how, read, files))
            elif whiteout[0]:
                (emptied if whiteout[1] else removed).append(whiteout[0])
            # tarfile keeps every member that it has seen; a layer may have a million.
            archive.members = []
    refuse_a_missing_end(stream, archive.offset)
    read.layer = Layer(
        digest=source.digest,
        entries=tuple(entry for entry in entries if entry.path != "/"),
        removed=tuple(removed),
        emptied=tuple(emptied),
        compressed_bytes=source.compressed_bytes,
    )
    return read


@dataclass(frozen=True, slots=True)
class _File:
    """A file of a layer, to which its later entries may be hard links."""

    sha256: str
    nature: Nature
    kept: bytes | None
    is_small: bool


def _entry(
    path: str, member: tarfile.TarInfo, archive: tarfile.TarFile, how: _How, read: _Read, files: dict[str, _File]
) -> Entry:
    sha256, nature, wanted = "", Nature.PLAIN, how.keep(path)
    if member.isreg():
        stream = archive.extractfile(member) or io.BytesIO()
        keep = wanted or (member.size <= _LARGEST_MANIFEST_BYTES and bool(_STORED.search(path)))
        look = look_at(path, member.size, stream, keep=keep, digest_alone=how.names_alone)
        sha256, nature = look.sha256, look.nature
        read.imports |= look.imports
        told = look.kept if wanted or (look.kept or b"").startswith(b"{") else None
        files[path] = _File(sha256, nature, told, member.size <= _LARGEST_MANIFEST_BYTES)
        if wanted and look.kept is not None:
            read.kept.append((path, look.kept))
    elif member.islnk() and (file := files.get(absolute(member.linkname))) is not None:
        # A hard link is the file by another name, and all the same where a later layer takes the first name away.
        sha256, nature = file.sha256, file.nature
        files[path] = file
        if wanted and file.kept is not None:
            read.kept.append((path, file.kept))
        elif wanted and file.is_small and path.endswith("/package.json"):
            raise ValueError(f"what {path} holds can't be told: it is a hard link to {absolute(member.linkname)}")
    return entry_of(path, member, sha256=sha256, nature=nature)


def entry_of(path: str, member: tarfile.TarInfo, *, sha256: str = "", nature: Nature = Nature.PLAIN) -> Entry:
    """Return what an archive's header says of a member, and what was seen of its content.

    Args:
        path: Its absolute path in the image.
    """
    return Entry(
        path=path,
        kind=_kind(member),
        mode=member.mode & 0o7777,
        uid=member.uid,
        gid=member.gid,
        size_bytes=member.size if member.isreg() else 0,
        modified=int(member.mtime),
        sha256=sha256,
        target=absolute(member.linkname) if member.islnk() else member.linkname if member.issym() else "",
        capabilities=member.pax_headers.get(_CAPABILITY_ATTRIBUTE, "").encode("utf-8", "surrogateescape"),
        nature=nature,
    )


def _kind(member: tarfile.TarInfo) -> Kind:
    if member.isreg():
        return Kind.FILE
    if member.isdir():
        return Kind.DIRECTORY
    if member.issym():
        return Kind.SYMLINK
    return Kind.HARD_LINK if member.islnk() else Kind.SPECIAL


def _assemble(documents: dict[str, bytes], read: dict[str, _Read], links: dict[str, str]) -> SavedImage:
    try:
        manifest = json.loads(documents["/manifest.json"])[0]
        configuration = json.loads(documents[absolute(manifest["Config"])])
        names = [absolute(name) for name in manifest["Layers"]]
        digests = [str(digest) for digest in configuration["rootfs"]["diff_ids"]]
    except (KeyError, IndexError, TypeError, ValueError) as error:
        raise ValueError(f"it does not say what it is made of ({type(error).__name__}: {error})") from error
    if len(names) != len(digests):
        raise ValueError(f"it lists {len(names)} layers, and its configuration {len(digests)}")
    made_by = [
        str(step.get("created_by") or "") for step in configuration.get("history") or () if not step.get("empty_layer")
    ]
    if len(made_by) != len(digests):
        made_by = [""] * len(digests)
    layers: list[Layer] = []
    kept: dict[str, tuple[tuple[str, bytes], ...]] = {}
    imports: set[str] = set()
    for name, digest, words in zip(names, digests, made_by, strict=True):
        found = read.get(name) or read.get(links.get(name, ""))
        if found is None:
            raise ValueError(f"it lists a layer {name} that it does not hold")
        if found.layer.digest != digest:
            raise ValueError(f"its layer {name} has the digest {found.layer.digest}, and should have {digest}")
        layers.append(replace(found.layer, made_by=words))
        kept[digest] = tuple(found.kept)
        imports |= found.imports
    return SavedImage(configuration=configuration, layers=tuple(layers), kept=kept, imports=frozenset(imports))
