"""By what something was seen: the tools that took part, and the files that show it."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class _Frozen(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Evidence(_Frozen):
    """A file that shows what was seen."""

    name: str
    sha256: str
    """Lower-case hexadecimal digest of the file's bytes."""
    path: str
    """Where it lies, relative to the record."""


class Tool(_Frozen):
    """A tool that took part, by name and version."""

    name: str
    version: str
