"""Where in a TOML file a value stands, and what is wrong with it in words: tomllib and pydantic keep no positions."""

from __future__ import annotations

import difflib
import re
import typing
from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import BaseModel, ValidationError

_HEADER = re.compile(r"^\s*(\[\[?)\s*([^\]]+?)\s*\]\]?\s*(#.*)?$")
_KEY = re.compile(r"""^\s*(?:"([^"]+)"|'([^']+)'|([A-Za-z0-9_-]+))\s*[=.]""")

Location = Sequence[str | int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """The first thing that is wrong with a configuration file."""

    line: int
    got: str
    expected: str
    more: int
    """How many further problems the file has."""


def _split_header(name: str) -> tuple[str, ...]:
    parts = re.findall(r'"([^"]+)"|\'([^\']+)\'|([^.\s]+)', name)
    return tuple(next(filter(None, part)) for part in parts)


def line_of(text: str, location: Location) -> int:
    """Return the 1-based line of the value at `location` (keys, and indexes of arrays of tables), or of what encloses it."""
    wanted = list(location)
    counts: dict[tuple[str | int, ...], int] = {}
    current: list[str | int] = []
    best, best_depth = 1, -1
    inside = ""
    for number, raw in enumerate(text.split("\n"), start=1):
        if inside:
            inside = "" if inside in raw else inside
            continue
        inside = next((quotes for quotes in ('"""', "'''") if raw.count(quotes) == 1), "")
        if header := _HEADER.match(raw):
            current = _resolve(_split_header(header.group(2)), array=header.group(1) == "[[", counts=counts)
            reached = current
        elif key := _KEY.match(raw):
            reached = [*current, next(filter(None, key.groups()))]
        else:
            continue
        depth = len(reached)
        if depth > best_depth and reached == wanted[:depth]:
            best, best_depth = number, depth
    return best


def _resolve(parts: tuple[str, ...], *, array: bool, counts: dict[tuple[str | int, ...], int]) -> list[str | int]:
    path: list[str | int] = []
    for position, part in enumerate(parts):
        path.append(part)
        key = tuple(path)
        last = position == len(parts) - 1
        if last and array:
            counts[key] = counts.get(key, -1) + 1
        if key in counts:
            path.append(counts[key])
    return path


def first_problem(error: ValidationError, text: str, model: type[BaseModel]) -> Problem:
    """Turn pydantic's errors into one problem with a line, the nearest known key, and a count of the others."""
    # A misspelt key is both unknown and missing; where it stands says more than where it does not.
    details = sorted(error.errors(include_url=False), key=lambda detail: detail["type"] != "extra_forbidden")
    first = details[0]
    location = [part for part in first["loc"] if not str(part).startswith("function-")]
    context = first.get("ctx", {})
    if "location" in context or "within" in context:
        line = line_of(text, context.get("location") or [*location, *context["within"]])
        return Problem(line=line, got=first["msg"], expected=context["expected"], more=len(details) - 1)
    dotted = ".".join(str(part) for part in location) or "the file"
    if first["type"] == "extra_forbidden":
        known = _known_keys(model, location[:-1])
        near = difflib.get_close_matches(str(location[-1]), known, n=1, cutoff=0.5)
        expected = f"the key {near[0]!r}" if near else f"one of {', '.join(known)}"
        got = f"unknown key {dotted!r}"
    elif first["type"] == "missing":
        got, expected = f"{dotted!r} is missing", "it to be given"
    else:
        got, expected = f"{dotted} = {first['input']!r}", _plain(first["msg"])
    return Problem(line=line_of(text, location), got=got, expected=expected, more=len(details) - 1)


def _plain(message: str) -> str:
    """Return a validator's message without its own manner of speaking."""
    ours = message.removeprefix("Value error, ")
    return ours if ours != message else message[:1].lower() + message[1:]


def _known_keys(model: type[BaseModel], location: Location) -> list[str]:
    current: object = model
    for part in location:
        if isinstance(part, int):
            continue
        model_class = _model_in(current)
        if model_class is None or part not in model_class.model_fields:
            break
        current = model_class.model_fields[part].annotation
    found = _model_in(current)
    return sorted(found.model_fields) if found else []


def _model_in(annotation: object) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for argument in typing.get_args(annotation):
        if found := _model_in(argument):
            return found
    return None
