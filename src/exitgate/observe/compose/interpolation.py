"""Variables in a Compose file: ``$NAME``, ``${NAME}``, and what stands in for one that is not set.

Source: https://docs.docker.com/reference/compose-file/interpolation/
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_OPERATOR = re.compile(r":?[-?+]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Filled:
    """A text with its variables' values in it."""

    text: str
    unset: tuple[str, ...] = ()
    """Variables that nothing gives a value; they are empty in the text."""
    assumed: tuple[str, ...] = ()
    """Variables that are not set here, and for which the text itself says what to take."""


def fill(text: str, variables: Mapping[str, str]) -> Filled:
    """Put values in the place of variables.

    Raises:
        ValueError: if the text is no template, e.g. ``${``.
    """
    filled, end = _fill(text, 0, variables, inside=False)
    if end != len(text):
        raise ValueError(f"{text!r} is no template")
    return filled


def _fill(text: str, at: int, variables: Mapping[str, str], *, inside: bool) -> tuple[Filled, int]:
    """Fill from a position on, up to the end or to the brace that closes what it stands in."""
    words: list[str] = []
    unset: list[str] = []
    assumed: list[str] = []
    while at < len(text) and not (inside and text[at] == "}"):
        if text[at] != "$":
            words.append(text[at])
            at += 1
            continue
        if text.startswith("$$", at):
            words.append("$")
            at += 2
            continue
        part, at = _variable(text, at + 1, variables)
        words.append(part.text)
        unset += part.unset
        assumed += part.assumed
    return Filled(text="".join(words), unset=tuple(unset), assumed=tuple(assumed)), at


def _variable(text: str, at: int, variables: Mapping[str, str]) -> tuple[Filled, int]:
    braced = text.startswith("{", at)
    name = _NAME.match(text, at + braced)
    if name is None:
        raise ValueError(f"{text!r} has a $ without a name; $$ is a plain one")
    value, at = variables.get(name[0]), name.end()
    known = Filled(text=value) if value is not None else Filled(text="", unset=(name[0],))
    if not braced:
        return known, at
    operator = _OPERATOR.match(text, at)
    if operator is None:
        return known, _closed(text, at)
    other, at = _fill(text, operator.end(), variables, inside=True)
    at = _closed(text, at)
    there = bool(value) if operator[0].startswith(":") else value is not None
    assumed = () if value is not None else (name[0],)
    match operator[0][-1]:
        case "-":
            chosen = Filled(text=value or "") if there else other
        case "+":
            chosen = other if there else Filled(text="")
        case _:
            # Compose refuses to go on without it.
            return (known, at) if there else (Filled(text="", unset=(name[0],)), at)
    return Filled(text=chosen.text, unset=chosen.unset, assumed=(*assumed, *chosen.assumed)), at


def _closed(text: str, at: int) -> int:
    if not text.startswith("}", at):
        raise ValueError(f"{text!r} has a brace that nothing closes")
    return at + 1
