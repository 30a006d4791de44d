"""What a file is by its content, seen while it streams by: its digest, its nature, and the little of it that is kept."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from dataclasses import dataclass
from typing import IO

from exitgate.observe.layers import Nature

_CHUNK_BYTES = 1024 * 1024
_LARGEST_TEXT_BYTES = 8 * 1024 * 1024
_SCRIPTS = (".js", ".mjs", ".cjs")
_PRIVATE_KEY = re.compile(
    rb"-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----\s+(?:[A-Za-z-]+: [^\n]*\n)*\s*[A-Za-z0-9+/=]{32,}"
)
_SOURCES = re.compile(rb'"sourcesContent"\s*:\s*\[(?:\s*null\s*,)*\s*"')
_MAP_INSIDE = re.compile(rb"sourceMappingURL=data:application/json[^,\s]{0,80};base64,([A-Za-z0-9+/=]+)")
_NAME = rb"""\s*["']((?:@[\w.-]+/)?\w[\w.-]*)(?:/[^"']*)?["']"""
# One expression a word, each with that word in front: re looks for a literal several times faster than for one of three. What
# follows is looked at and not taken, so that no match hides another.
_IMPORTS = tuple(re.compile(word % _NAME) for word in (rb"require\((?=%s)", rb"from(?=%s)", rb"import(?=\(?%s)"))
_WORD = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_")


@dataclass(frozen=True, slots=True)
class Look:
    """What one look at a file showed."""

    sha256: str
    nature: Nature
    kept: bytes | None
    """Its content, where that was asked for and it is not above 8 MiB."""
    imports: frozenset[str]
    """Packages that a script takes in by a literal name."""


def look_at(path: str, size_bytes: int, stream: IO[bytes], *, keep: bool, digest_alone: bool = False) -> Look:
    """Read a file to its end, once.

    Args:
        keep: Whether its content is wanted.
        digest_alone: Leave out what it is by its content.
    """
    digest = hashlib.sha256()
    first = stream.read(min(size_bytes, _CHUNK_BYTES))
    digest.update(first)
    if first[:4] == b"\x7fELF" or (digest_alone and not keep):
        while chunk := stream.read(_CHUNK_BYTES):
            digest.update(chunk)
        return Look(digest.hexdigest(), Nature.ELF if first[:4] == b"\x7fELF" else Nature.PLAIN, None, frozenset())
    is_script, is_map = path.endswith(_SCRIPTS), path.endswith(".map")
    whole = keep or is_script or is_map
    parts = [first]
    while chunk := stream.read(_CHUNK_BYTES):
        digest.update(chunk)
        if whole and size_bytes <= _LARGEST_TEXT_BYTES:
            parts.append(chunk)
    content = b"".join(parts)
    nature = Nature.PLAIN
    if b" KEY" in content and _PRIVATE_KEY.search(content):
        nature |= Nature.PRIVATE_KEY
    if (is_map and _SOURCES.search(content)) or (is_script and _carries_its_sources(content)):
        nature |= Nature.SOURCES_INSIDE
    kept = content if keep and size_bytes <= _LARGEST_TEXT_BYTES else None
    return Look(digest.hexdigest(), nature, kept, _imports(content) if is_script else frozenset())


def _imports(content: bytes) -> frozenset[str]:
    names = {
        match[1]
        for expression in _IMPORTS
        for match in expression.finditer(content)
        if match.start() == 0 or content[match.start() - 1] not in _WORD
    }
    return frozenset(name.decode("ascii") for name in names)


def _carries_its_sources(content: bytes) -> bool:
    found = _MAP_INSIDE.search(content) if b"sourceMappingURL=data:" in content else None
    if found is None:
        return False
    try:
        return bool(_SOURCES.search(base64.b64decode(found[1] + b"=" * (-len(found[1]) % 4))))
    except binascii.Error:
        return False
