"""Ids of elements, and links that lead nowhere but within the page and to evidence beside it."""

from __future__ import annotations

import hashlib
import re
from pathlib import PurePosixPath
from urllib.parse import quote

_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_RUNS_SCRIPTS = frozenset(
    {".htm", ".html", ".mht", ".mhtml", ".shtml", ".svg", ".svgz", ".xht", ".xhtml", ".xml", ".xsl", ".xslt"}
)
"""Kinds of file that a browser runs as pages of their own; evidence may be made by the target."""


def anchor(kind: str, *parts: str) -> str:
    """Return an id for an element: readable where the parts are plain, a digest of them where they are not."""
    if all(_PLAIN.fullmatch(part) for part in parts):
        return ":".join((kind, *parts))
    return f"{kind}:{hashlib.sha256(repr(parts).encode()).hexdigest()[:16]}"


def evidence_link(path: str) -> str | None:
    """Return a link to a file of evidence beside the page; nothing where the path leaves its folder or its kind is unsafe."""
    steps = path.split("/")
    plain = path.isprintable() and not set(path) & set('\\:"<>')
    if not plain or any(step.strip() in ("", ".", "..") for step in steps):
        return None
    if any(suffix.lower() in _RUNS_SCRIPTS for suffix in PurePosixPath(path).suffixes):
        return None
    return quote(path, safe="/")
