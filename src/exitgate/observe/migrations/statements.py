"""SQL scripts of PostgreSQL: where their statements begin and end, and what of them is neither comment nor string."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_TOKEN = re.compile(
    r"""
    (?P<comment>--[^\n]*|/\*.*?(?:\*/|\Z))
  | (?P<string>[eE]?'(?:[^'\\]|''|\\.)*(?:'|\Z))
  | (?P<dollar>\$(?P<tag>[A-Za-z_\x80-\uffff]*[0-9A-Za-z_\x80-\uffff]*)\$.*?(?:\$(?P=tag)\$|\Z))
  | (?P<identifier>"(?:[^"]|"")*(?:"|\Z))
  | (?P<end>;)
  | (?P<other>(?:[eE](?!')|[^-/'"$;eE])[^-/'"$;eE]*(?:[eE](?!')[^-/'"$;eE]*)*|.)
    """,
    re.VERBOSE | re.DOTALL,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """One statement of a script."""

    text: str
    """As it stands, comments before it left out."""
    bare: str
    """Without comments, strings emptied, white space folded: what rules look at."""
    line: int
    """1-based, of its first word."""
    last_line: int


def statements(script: str) -> tuple[Statement, ...]:
    """Split a script at the semicolons that end statements."""
    return tuple(_split(script))


def _split(script: str) -> Iterator[Statement]:
    start: int | None = None
    end = 0
    bare: list[str] = []
    for token in _TOKEN.finditer(script):
        kind, text = str(token.lastgroup if token.lastgroup != "tag" else "dollar"), token.group()
        if kind == "end":
            if start is not None:
                yield _made(script, start, end, bare)
            start, bare = None, []
            continue
        if kind == "comment":
            bare.append(" ")
            continue
        if start is None and text.strip():
            start = token.start() + len(text) - len(text.lstrip())
        if start is not None and text.strip():
            end = token.end() - (len(text) - len(text.rstrip()))
        bare.append("''" if kind in ("string", "dollar") else text)
    if start is not None:
        yield _made(script, start, end, bare)


def _made(script: str, start: int, end: int, bare: list[str]) -> Statement:
    return Statement(
        text=script[start:end],
        bare=" ".join("".join(bare).split()),
        line=script.count("\n", 0, start) + 1,
        last_line=script.count("\n", 0, end) + 1,
    )
