"""Ids of elements, and links that lead nowhere but within the page and to evidence beside it."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from pathlib import PurePosixPath
from urllib.parse import quote

from exitgate.record import Record

_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_PLACE = re.compile(r"(?P<path>[^:]+):(?P<line>[0-9]{1,9})")
_PART = re.compile(r"\{(commit|path|line)\}")
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
    if not _is_plain(path) or any(suffix.lower() in _RUNS_SCRIPTS for suffix in PurePosixPath(path).suffixes):
        return None
    return quote(path, safe="/")


def _is_plain(path: str) -> bool:
    """Say whether a path stays below the folder that it is relative to, and holds nothing that a link may not."""
    return (
        path.isprintable()
        and not set(path) & set('\\:"<>')
        and all(step.strip() not in ("", ".", "..") for step in path.split("/"))
    )


def source_link(template: str | None, record: Record) -> Callable[[str], str | None]:
    """Return what turns ``path:line`` into a link to the judged commit's source.

    Args:
        template: A web address with ``{commit}``, ``{path}`` and ``{line}``; None for no links.

    A commit that was made for the run alone can't be looked up, so there are no links then.
    """

    def link(location: str) -> str | None:
        found = _PLACE.fullmatch(location)
        if not template or record.target.materialised or not found:
            return None
        if not _is_plain(found["path"]):
            return None
        values = {
            "commit": quote(record.target.commit, safe=""),
            "path": quote(found["path"], safe="/"),
            "line": found["line"],
        }
        return _PART.sub(lambda part: values[part[1]], template)

    return link
