"""What the layers of an image hold: entries as they were written, and what of them is visible once all are laid over another.

Source: the image layer file system changeset of the OCI image specification (whiteouts, opaque directories).
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum, Flag, auto

_WHITEOUT = ".wh."
_OPAQUE = ".wh..wh..opq"


class Kind(Enum):
    """What an entry is."""

    FILE = "file"
    DIRECTORY = "directory"
    SYMLINK = "symbolic link"
    HARD_LINK = "hard link"
    SPECIAL = "device, pipe or socket"


class Nature(Flag):
    """What a file is by its content."""

    PLAIN = 0
    ELF = auto()
    PRIVATE_KEY = auto()
    """Holds a private key in PEM, not just its first line."""
    SOURCES_INSIDE = auto()
    """A source map, or a script with one inside, that carries the sources themselves."""
    CREDENTIALS = auto()
    """Settings of npm or Yarn with what signs in to a registry."""
    ARCHIVE = auto()
    """Holds files of its own: zip, tar (compressed or not), 7z, rar, or a package of Debian or rpm."""
    FOREIGN_CODE = auto()
    """Code that is neither a script of Node.js nor an ELF file: WebAssembly, a class or archive of Java, Python, Windows, macOS."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One file, directory or link of a layer."""

    path: str
    """Absolute in the image, without ``.`` and ``..``; what would lead outside stays inside, as engines have it."""
    kind: Kind
    mode: int
    """Permission bits, with setuid, setgid and sticky."""
    uid: int = 0
    gid: int = 0
    size_bytes: int = 0
    modified: int = 0
    """Seconds since 1970."""
    sha256: str = ""
    """Of a file's content, in lower-case hexadecimal, also by a hard link; empty for everything else."""
    target: str = ""
    """Where a link leads: of a hard link an absolute path, of a symbolic link the text as it stands."""
    capabilities: bytes = b""
    """The raw ``security.capability`` attribute."""
    nature: Nature = Nature.PLAIN

    @property
    def name(self) -> str:
        """The last part of the path."""
        return self.path.rpartition("/")[2]


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """One layer, as it was written."""

    digest: str
    """``sha256:…`` of its uncompressed archive (its diff id)."""
    entries: tuple[Entry, ...]
    """In the order of the archive."""
    removed: tuple[str, ...] = ()
    """Paths of lower layers that it hides."""
    emptied: tuple[str, ...] = ()
    """Directories of which it hides all that lower layers put there (opaque)."""
    made_by: str = ""
    """The builder's word for what made it, from the image's history; empty where it did not say."""
    from_base: bool = False
    """Whether it came with the base image."""
    compressed_bytes: int = 0
    """About what a registry transfers for it: gzip at its usual level, measured on samples of a layer above 8 MiB."""

    @property
    def size_bytes(self) -> int:
        """The bytes of its files' contents, as engines count an image's size."""
        return sum(entry.size_bytes for entry in self.entries)


def absolute(name: str) -> str:
    """Return an archive's name as an absolute path; ``..`` never leads out of the image."""
    return posixpath.normpath("/" + name.lstrip("/"))


def whiteout_of(path: str) -> tuple[str, bool] | None:
    """Return the path that a whiteout hides and whether it is a whole directory's content; nothing for another entry."""
    folder, _, name = path.rpartition("/")
    if name == _OPAQUE:
        return folder or "/", True
    if name.startswith(_WHITEOUT):
        # .wh..wh.* is an older union file system's own bookkeeping.
        return (
            (f"{folder}/{name.removeprefix(_WHITEOUT)}", False) if not name.startswith(_WHITEOUT * 2) else ("", False)
        )
    return None


def visible(layers: Iterable[Layer]) -> dict[str, tuple[Entry, Layer]]:
    """Return ``{path: (entry, its layer)}`` of what a container sees."""
    seen: dict[str, tuple[Entry, Layer]] = {}
    for layer in layers:
        for path in layer.removed:
            _take_out(seen, path, itself=True)
        for path in layer.emptied:
            _take_out(seen, path, itself=False)
        for entry in layer.entries:
            if entry.kind is not Kind.DIRECTORY and entry.path in seen:
                _take_out(seen, entry.path, itself=True)
            seen[entry.path] = (entry, layer)
    return seen


def _take_out(seen: dict[str, tuple[Entry, Layer]], path: str, *, itself: bool) -> None:
    there = seen.get(path)
    if there is not None and there[0].kind is not Kind.DIRECTORY:
        if itself:
            del seen[path]
        return
    # A directory may have no entry of its own: archives need not list parents.
    inside = path.rstrip("/") + "/"
    for each in [each for each in seen if each.startswith(inside)]:
        del seen[each]
    if itself:
        seen.pop(path, None)


def followed(path: str, seen: dict[str, tuple[Entry, Layer]], *, hops: int = 40) -> Entry | None:
    """Return the entry that a path leads to through the image's links, as its kernel would; nothing where it leads nowhere.

    Args:
        hops: How many links are followed; Linux gives up after 40 (path_resolution(7)).
    """
    parts = [part for part in absolute(path).split("/") if part]
    at = "/"
    while parts:
        at = posixpath.join(at, parts.pop(0))
        found = seen.get(at)
        if found is None:
            if not parts:
                return None
            continue
        entry = found[0]
        if entry.kind is Kind.SYMLINK:
            hops -= 1
            if hops < 0:
                return None
            leads = posixpath.normpath(posixpath.join(posixpath.dirname(at), entry.target))
            parts = [part for part in leads.split("/") if part] + parts
            at = "/"
        elif not parts:
            return entry
    return None


def hidden(layers: Iterable[Layer], seen: dict[str, tuple[Entry, Layer]]) -> Iterator[tuple[Entry, Layer]]:
    """Yield what a layer holds and a later one hides: whoever pulls the image has it all the same."""
    for layer in layers:
        for entry in layer.entries:
            there = seen.get(entry.path)
            if there is None or there[1] is not layer:
                yield entry, layer
