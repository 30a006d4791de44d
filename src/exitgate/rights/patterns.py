"""Texts of policies beside texts of requests: wildcards, policy variables, ARNs part by part, and what a plan hides.

Sources: IAM user guide, "IAM JSON policy elements: Resource", "Variables and tags", "Condition operators".
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from exitgate.rights.context import Context, Missing
from exitgate.rights.truth import Truth, all_of

HIDDEN_START, HIDDEN_END = "\ue000", "\ue001"
"""Between them stands the name of a part that is not known before an apply."""
_HIDDEN: Final = re.compile(f"{HIDDEN_START}[^{HIDDEN_END}]*{HIDDEN_END}")
_VARIABLE: Final = re.compile(r"\$\{\s*([^},]+?)\s*(?:,\s*'([^']*)'\s*)?\}")
_ARN_PARTS: Final = 6


def hidden(name: str) -> str:
    """Return what stands for a part that is not known."""
    return f"{HIDDEN_START}{name.replace(':', '/')}{HIDDEN_END}"


def literal(pattern: str, text: str, context: Context | None, *, ignore_case: bool = False) -> Truth:
    """Compare a text in which wildcards are none, and variables are."""
    resolved = _resolve(pattern, context)
    if not isinstance(resolved, str):
        return resolved
    if ignore_case:
        resolved, text = resolved.lower(), text.lower()
    return _compare(_escaped(resolved), text)


def like(pattern: str, text: str, context: Context | None) -> Truth:
    """Compare a pattern with ``*`` and ``?``; variables are resolved where a context is given."""
    resolved = _resolve(pattern, context)
    return resolved if not isinstance(resolved, str) else _compare(resolved, text)


def like_action(pattern: str, action: str) -> Truth:
    """Compare actions, whose case does not count."""
    return _compare(pattern.lower(), action.lower())


def like_arn(pattern: str, arn: str, context: Context | None) -> Truth:
    """Compare two ARNs part by part, as ArnLike does: no wildcard reaches over one of the first five colons."""
    resolved = _resolve(pattern, context)
    if not isinstance(resolved, str):
        return resolved
    if resolved == "*":
        return True
    one, other = resolved.split(":", _ARN_PARTS - 1), arn.split(":", _ARN_PARTS - 1)
    if HIDDEN_START in one[0] or HIDDEN_START in other[0]:
        return True if resolved == arn else None
    if len(one) < _ARN_PARTS or len(other) < _ARN_PARTS:
        return False
    return all_of(_compare(mine, theirs) for mine, theirs in zip(one, other, strict=True))


def like_resource(pattern: str, resource: str, context: Context | None) -> Truth:
    """Compare the resource of a statement: parts that an ARN leaves out are wildcards."""
    parts = pattern.split(":", _ARN_PARTS - 1)
    if pattern == "*":
        return True
    if resource == "*":
        # An action that has no resource: nothing but * is for it.
        return None if HIDDEN_START in pattern else False
    return like_arn(":".join([*parts, *["*"] * (_ARN_PARTS - len(parts))]), resource, context)


def _resolve(pattern: str, context: Context | None) -> str | Truth:
    """Put values in the place of variables: false where one has none, None where that can't be told."""
    if context is None or "${" not in pattern:
        return pattern
    unresolved: list[Truth] = []

    def value(found: re.Match[str]) -> str:
        key, otherwise = found.group(1), found.group(2)
        if key in ("*", "?", "$"):
            return _escaped(key)
        values = context.get(key)
        if isinstance(values, tuple) and len(values) == 1:
            return _escaped(values[0])
        if values is Missing.ABSENT and otherwise is not None:
            return _escaped(otherwise)
        if values is Missing.UNKNOWN:
            return hidden(key)
        # Absent without a default, or of several values, which AWS does not resolve.
        unresolved.append(False)
        return ""

    resolved = _VARIABLE.sub(value, pattern)
    return unresolved[0] if unresolved else resolved


_STAR, _MARK = "\ue002", "\ue003"


def _escaped(text: str) -> str:
    """Return a text whose wildcards are mere characters."""
    return text.replace("*", _STAR).replace("?", _MARK)


@lru_cache(maxsize=8192)
def _expression(pattern: str, *, guess: bool) -> re.Pattern[str]:
    made, position = [], 0
    while position < len(pattern):
        character = pattern[position]
        hides = _HIDDEN.match(pattern, position)
        if hides:
            made.append(".*" if guess else re.escape(hides.group()))
            position = hides.end()
            continue
        made.append({"*": ".*", "?": ".", _STAR: r"\*", _MARK: r"\?"}.get(character) or re.escape(character))
        position += 1
    return re.compile("".join(made), re.DOTALL)


def _compare(pattern: str, text: str) -> Truth:
    if _expression(pattern, guess=False).fullmatch(text):
        return True
    if HIDDEN_START in text:
        return None
    return None if HIDDEN_START in pattern and _expression(pattern, guess=True).fullmatch(text) else False
