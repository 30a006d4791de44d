"""Text of a record made safe to be shown: what a target wrote into it is hostile until it is visible."""

from __future__ import annotations

import unicodedata

from exitgate.outcome import Status

_SHIFTY = frozenset({"Cc", "Cf", "Cn", "Cs", "Zl", "Zp"})
"""Unicode categories that hide or reorder what stands around them, or that XML 1.0 has no place for."""


def visible(text: str) -> str:
    """Write characters that hide or reorder text by their code points; line ends and tabs stay."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        character
        if character in "\n\t" or unicodedata.category(character) not in _SHIFTY
        else character.encode("unicode_escape").decode()
        for character in text.replace("\r\n", "\n")
    )


def status_of(word: str) -> Status:
    """Return the status; a word that is none counts as an error, never as anything better."""
    try:
        return Status(word)
    except ValueError:
        return Status.ERROR
