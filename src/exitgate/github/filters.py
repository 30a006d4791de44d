"""Filter patterns of branches, tags and paths under ``on:``.

Source: https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-syntax#filter-pattern-cheat-sheet
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Sequence

_SET = re.compile(r"\[(?:[A-Za-z0-9]|[A-Za-z0-9]-[A-Za-z0-9])+\]")

_FOLDERS, _ANYTHING, _WITHIN = r"(?:.*/)?", ".*", "[^/]*"
_WILD = frozenset({_FOLDERS, _ANYTHING, _WITHIN})


class BadPattern(ValueError):
    """A pattern that GitHub does not read."""


def matches(pattern: str, text: str) -> bool:
    """Whether the whole of a name or path matches one pattern, a ``!`` at its start left aside.

    Raises:
        BadPattern: if GitHub does not read it.
    """
    return _compiled(pattern.removeprefix("!")).fullmatch(text) is not None


def passes(patterns: Sequence[str], text: str) -> bool:
    """Whether a name or path passes a filter: of the patterns that match it, the last one decides.

    Raises:
        BadPattern: if GitHub does not read one.
    """
    passed = False
    for pattern in patterns:
        if passed == pattern.startswith("!") and matches(pattern, text):
            passed = not passed
    return passed


def any_path_passes(patterns: Sequence[str], paths: Iterable[str]) -> bool:
    """Whether a change passes ``paths``: one file is enough."""
    return any(passes(patterns, path) for path in paths)


def every_path_is_ignored(patterns: Sequence[str], paths: Iterable[str]) -> bool:
    """Whether ``paths-ignore`` keeps a change out: no file is left."""
    return all(passes(patterns, path) for path in paths)


@functools.lru_cache(maxsize=4096)
def _compiled(pattern: str) -> re.Pattern[str]:
    if not pattern:
        raise BadPattern("an empty pattern")
    position, parts = 0, list[str]()
    while position < len(pattern):
        if pattern[position] in "?+":
            if not parts or parts[-1] in _WILD or parts[-1].endswith(("?", "+")):
                raise BadPattern(f"{pattern[position]!r} after nothing that it could repeat")
            parts[-1] += pattern[position]
            position += 1
        else:
            part, length = _part(pattern, position)
            parts.append(part)
            position += length
    return re.compile("".join(parts), re.DOTALL)


def _part(pattern: str, position: int) -> tuple[str, int]:
    """Return the regular expression of what stands at a position, and how long it is there."""
    # Folders, or none: `**/README.md` is the one at the root as well.
    if pattern.startswith("**/", position) and (position == 0 or pattern[position - 1] == "/"):
        return _FOLDERS, 3
    if pattern.startswith("**", position):
        return _ANYTHING, 2
    match pattern[position]:
        case "*":
            return _WITHIN, 1
        case "[":
            found = _SET.match(pattern, position)
            if found is None:
                raise BadPattern("[ without a set of letters and digits, and ]")
            if any(first > last for first, last in re.findall(r"(\w)-(\w)", found.group())):
                raise BadPattern(f"{found.group()}, a range that ends before it begins")
            return found.group(), len(found.group())
        case "\\" if position + 1 < len(pattern):
            return f"(?:{re.escape(pattern[position + 1])})", 2
        case character:
            return re.escape(character), 1


def samples(pattern: str) -> tuple[str, ...]:
    """Return names that a pattern matches, the plainest ones, so that others' filters can be tried on them."""
    plain = re.sub(r"\[(.)[^\]]*\]", r"\1", pattern.removeprefix("!"))
    plain = re.sub(r"\\(.)", r"\1", plain)
    made = (
        re.sub(r"(?<!\*)\*(?!\*)", "x", plain.replace("**/", deep).replace("**", "x")) for deep in ("", "x/", "x/y/")
    )
    plainest = (re.sub(r"[?+]", "", each) for each in made)
    return tuple(dict.fromkeys(each for each in plainest if each and matches(pattern, each)))
