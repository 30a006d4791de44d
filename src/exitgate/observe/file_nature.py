"""What a file is by its content, seen while it streams by: its digest, its nature, and the little of it that is kept."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from dataclasses import dataclass
from typing import IO

from exitgate.observe.layers import Nature
from exitgate.observe.magic import nature_by_magic

_CHUNK_BYTES = 1024 * 1024
_LARGEST_TEXT_BYTES = 8 * 1024 * 1024
_SMALLEST_MAP_BYTES = 256
_OVERLAP_BYTES = 4096
"""By which two looks at a file above that overlap, so that nothing stands on the seam."""
_SCRIPTS = (".js", ".mjs", ".cjs")
_PRIVATE_KEY = re.compile(
    rb"-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----\s+(?:[A-Za-z-]+: [^\n]*\n)*\s*[A-Za-z0-9+/=]{32,}"
)
_KEY_IN_A_STRING = re.compile(rb"-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY-----(?:\\+[nr])+[A-Za-z0-9+/=]{32,}")
"""As JSON has it, e.g. in the key files of cloud accounts."""
_REGISTRY_SETTINGS = ("/.npmrc", "/.yarnrc.yml")
_LOGIN = re.compile(
    rb"""^(?!\s*[#;])[^\n=]*?(?:_auth|_authToken|_password|npmAuthToken|npmAuthIdent)["']?\s*[=:]\s*["']?(?![$"'\s])\S""",
    re.MULTILINE,
)
"""How npm and Yarn sign in to a registry; a variable in the place of the value is no secret."""
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
    whole = (keep or is_script or is_map) and size_bytes <= _LARGEST_TEXT_BYTES
    parts, tail, nature = [first], first[-_OVERLAP_BYTES:], nature_by_magic(path, first)
    while chunk := stream.read(_CHUNK_BYTES):
        digest.update(chunk)
        if whole:
            parts.append(chunk)
        else:
            part = tail + chunk
            nature |= _nature_of_part(path, part)
            if is_script and _has_a_map_inside(part):
                nature |= Nature.SOURCES_INSIDE
            tail = chunk[-_OVERLAP_BYTES:]
    content = b"".join(parts)
    nature |= _nature_of_part(path, content)
    if is_script and whole and _carries_its_sources(content):
        nature |= Nature.SOURCES_INSIDE
    kept = content if keep and size_bytes <= _LARGEST_TEXT_BYTES else None
    return Look(digest.hexdigest(), nature, kept, _imports(content) if is_script else frozenset())


def _nature_of_part(path: str, content: bytes) -> Nature:
    """Return what a part of a file shows of it, the maps inside of scripts left out."""
    nature = Nature.PLAIN
    # Documentation of packages shows keys in strings, made up.
    in_a_string = "/node_modules/" not in path and _KEY_IN_A_STRING.search(content)
    if b" KEY" in content and (_PRIVATE_KEY.search(content) or in_a_string):
        nature |= Nature.PRIVATE_KEY
    if path.endswith(_REGISTRY_SETTINGS) and _LOGIN.search(content):
        nature |= Nature.CREDENTIALS
    if path.endswith(".map") and _SOURCES.search(content):
        nature |= Nature.SOURCES_INSIDE
    return nature


def _has_a_map_inside(part: bytes) -> bool:
    """Say whether a part of a script begins a map; in one too large to be taken whole, what it carries is taken for sources."""
    found = _MAP_INSIDE.search(part) if b"sourceMappingURL=data:" in part else None
    return found is not None and len(found[1]) >= _SMALLEST_MAP_BYTES


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
