"""Which clauses of published standards a gate's controls are evidence for: a file a standard in the gate's folder ``mappings/``."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from exitgate.catalogue import Gate
from exitgate.errors import CatalogueError, one_line
from exitgate.record import StandardEntry

MAPPINGS_FOLDER: Final = "mappings"


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Clauses(_Strict):
    supports: tuple[str, ...] = ()
    partial: tuple[str, ...] = ()


class _MappingFile(_Strict):
    standard: str = Field(min_length=1)
    source: str = Field(pattern="^https://")
    controls: dict[str, _Clauses] = Field(min_length=1)


def shipped_mappings(gate: Gate) -> dict[str, tuple[StandardEntry, ...]]:
    """Return ``{control or requirement: standards}``, in the order of the files' names; nothing for a gate without them.

    Raises:
        CatalogueError: if a file can't be read, names a control that the gate does not have, or a clause twice for one control.
    """
    known = {str(control.id) for control in gate.everything}
    found: dict[str, list[StandardEntry]] = {}
    for path in sorted((gate.directory / MAPPINGS_FOLDER).glob("*.toml")):
        read = _read(path)
        for control, clauses in read.controls.items():
            _refuse(path, control, clauses, known)
            entry = StandardEntry(standard=read.standard, supports=clauses.supports, partial=clauses.partial)
            found.setdefault(control, []).append(entry)
    return {control: tuple(entries) for control, entries in found.items()}


def _read(path: Path) -> _MappingFile:
    try:
        return _MappingFile.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise CatalogueError(
            str(path), got=one_line(str(error), 160), expected="a mapping in TOML", action="Mend it."
        ) from error
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise CatalogueError(
            str(path),
            got=one_line(f"{where}: {first['msg']}", 160),
            expected="standard, source, and controls with the clauses that they support or support in part",
            action="Mend it.",
        ) from error


def _refuse(path: Path, control: str, clauses: _Clauses, known: set[str]) -> None:
    named = [*clauses.supports, *clauses.partial]
    if control not in known:
        got, expected = f"control {control!r}", "a control or a requirement of the gate"
    elif not named or len(set(named)) < len(named) or not all(each.strip() for each in named):
        got, expected = f"{control}: {', '.join(named) or 'no clause'}", "each clause once, and at least one"
    else:
        return
    raise CatalogueError(str(path), got=got, expected=expected, action="Mend it.")
