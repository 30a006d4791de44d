"""A value of a workflow's file, with its place."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

Scalar = str | float | bool | None
"""As GitHub knows them: every number is a double."""

_NOTHING: Mapping[str, Node] = MappingProxyType({})
_LONGEST_WHOLE = 1e15


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """A value, and where it stands."""

    value: Scalar | tuple[Node, ...] | Mapping[str, Node]
    path: str
    """Of the file."""
    line: int
    """Of its key, or of itself where it has none."""
    first_line: int
    """Of its own first line: a block of text begins below its key."""

    @property
    def place(self) -> str:
        """``path:line`` of its key, or of itself."""
        return f"{self.path}:{self.line}"

    @property
    def mapping(self) -> Mapping[str, Node]:
        """What it holds by name; nothing where it is no mapping."""
        return self.value if isinstance(self.value, Mapping) else _NOTHING

    @property
    def items(self) -> tuple[Node, ...]:
        """What it holds in order; itself where it is a scalar."""
        if isinstance(self.value, tuple):
            return self.value
        return () if self.value is None or isinstance(self.value, Mapping) else (self,)

    @property
    def is_scalar(self) -> bool:
        """Whether it holds nothing but itself."""
        return not isinstance(self.value, tuple | Mapping)

    @property
    def text(self) -> str:
        """It as text; empty where it is no scalar."""
        return "" if isinstance(self.value, tuple | Mapping) else text_of(self.value)


def text_of(value: Scalar) -> str:
    """Return a scalar as GitHub writes it where it needs text."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        if math.isfinite(value) and value == int(value) and abs(value) < _LONGEST_WHOLE:
            return str(int(value))
        return {"inf": "Infinity", "-inf": "-Infinity", "nan": "NaN"}.get(repr(value), f"{value:.15G}")
    return value or ""
