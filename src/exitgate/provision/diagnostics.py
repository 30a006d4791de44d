"""What Terraform says is wrong, on one line, with its places as everybody else names them: from the root of the target.

It names files from the root module, and var files by the copy that it was given.
"""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from exitgate.errors import one_line

_COLOURS: Final = re.compile(r"\x1b\[[0-9;]*m")
_SHOWN_CODE: Final = re.compile(r"^\d+: ")
_PLACE: Final = re.compile(r"^on (.+) line (\d+)")
_OWN_VALUES: Final = "own.tfvars"


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Where a stack's copy has what from."""

    root: str = "."
    """The root module, from the root of the target."""
    tree: Path | None = None
    """The copy of the target."""
    override: str = ""
    """The file that is copied beside the root module, from the root of the target; empty where there is none."""

    def of(self, name: str) -> str:
        """Return what a file is called from the root of the target; its bare name where it is none of the target's."""
        if posixpath.isabs(name):
            inside = self.tree is not None and Path(name).is_relative_to(self.tree)
            if inside and self.tree is not None:
                return Path(name).relative_to(self.tree).as_posix()
            bare = posixpath.basename(name)
            return "variables in exitgate.toml" if bare.endswith(_OWN_VALUES) else bare
        if self.override and posixpath.normpath(name) == posixpath.basename(self.override):
            return self.override
        return posixpath.normpath(posixpath.join(self.root, name))


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnostic:
    """An error that the program tells."""

    summary: str
    detail: str
    where: str
    """``file:line`` from the root of the target, or the resource's address; empty where it says neither."""
    address: str = ""
    """Of the resource or data source that it is about; empty where it says none."""


def diagnostics_in(text: str, places: Places) -> Iterator[Diagnostic]:
    """Yield the errors in what ``-json`` writes, one JSON document a line."""
    for line in text.splitlines():
        try:
            entry = json.loads(line)
            told = entry.get("diagnostic") or {}
        except (ValueError, AttributeError):
            continue
        if told.get("severity") == "error":
            place, address = told.get("range") or {}, str(told.get("address") or "")
            file = str(place.get("filename") or "")
            yield Diagnostic(
                summary=str(told.get("summary", "")),
                detail=str(told.get("detail", "")),
                where=f"{places.of(file)}:{place['start']['line']}" if file else address,
                address=address,
            )


def without_colours(text: str) -> str:
    """Return what the program writes for people without what colours it, of which a part would stay in a line of ours."""
    return _COLOURS.sub("", text)


def error_in(text: str, places: Places) -> str:
    """Return the first error of what the program writes for people, on one line."""
    plain = [re.sub(r"^[│╷╵\s]+", "", line).strip() for line in without_colours(text).splitlines()]
    # The line of code that it shows may hold anything; its number stands above it.
    plain = [line for line in plain if not _SHOWN_CODE.match(line)]
    plain = [_PLACE.sub(lambda told: f"at {places.of(told[1])}:{told[2]}", line) for line in plain]
    starts = [index for index, line in enumerate(plain) if line.startswith("Error: ")]
    # What init says first is only that something follows.
    starts = [each for each in starts if "encountered problems during initiali" not in plain[each]] or starts
    if starts:
        end = min((starts[0] + 9, *starts[1:2]))
        return one_line(" ".join(part for part in plain[starts[0] : end] if part), 300)
    return one_line(" ".join(part for part in plain if part) or "it said nothing", 300)
