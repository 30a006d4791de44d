"""Where in a JSON file a key stands: the json module keeps no positions."""

from __future__ import annotations

import json
from collections.abc import Iterator

_DECODER = json.JSONDecoder()
_BLANK = " \t\r\n"


def line_of_key(text: str, path: tuple[str | int, ...]) -> int:
    """Return the 1-based line of the value's key (or of the array's element); of the closest parent where it is not there."""
    line, position = 1, 0
    for part in path:
        # Of a key that stands twice it is the last that counts.
        found = [(key_at, start) for key, key_at, start in _members(text, position) if key == part]
        if not found:
            break
        key_at, position = found[-1]
        line = text.count("\n", 0, key_at) + 1
    return line


def text_of_key(text: str, key: str) -> str:
    """Return the text of a value of the outermost object, after as many empty lines as stand before it."""
    start = [begin for name, _, begin in _members(text, 0) if name == key][-1]
    _, end = _DECODER.raw_decode(text, start)
    return "\n" * text.count("\n", 0, start) + text[start:end]


def _members(text: str, position: int) -> Iterator[tuple[str | int, int, int]]:
    """Yield key or index, where it stands, and where its value starts, of the object or array at `position`."""
    position = _skip(text, position)
    opener = text[position : position + 1]
    if opener not in "{[" or not opener:
        return
    position, index = _skip(text, position + 1), 0
    while position < len(text) and text[position] not in "}]":
        key: str | int = index
        key_at = position
        if opener == "{":
            key, position = _DECODER.raw_decode(text, position)
            position = _skip(text, _skip(text, position) + 1)
        yield key, key_at, position
        _, position = _DECODER.raw_decode(text, position)
        position = _skip(text, position)
        if text[position : position + 1] == ",":
            position = _skip(text, position + 1)
        index += 1


def _skip(text: str, position: int) -> int:
    while position < len(text) and text[position] in _BLANK:
        position += 1
    return position
