"""What all rules have in common: strict models whose docstrings are their documentation, and how contradictions are said."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StrictBool, StringConstraints
from pydantic_core import PydanticCustomError

# Strict: TOML has types of its own, and a "30" or a true where a number is meant is a mistake, not a spelling.
Flag = StrictBool
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
Seconds = Annotated[int, Field(strict=True, ge=1, le=86_400)]
Milliseconds = Annotated[int, Field(strict=True, ge=1, le=86_400_000)]
Count = Annotated[int, Field(strict=True, ge=1)]
Percent = Annotated[float, Field(strict=True, ge=0, le=100)]
Port = Annotated[int, Field(strict=True, ge=1, le=65535)]

SubjectWord = Literal["service", "workload"]


class Rule(BaseModel):
    """A table of ``[policy]``: unknown keys are refused, and what was read is never changed."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedSubject:
    """A service or workload that a rule speaks of, so that one that is not there can be refused."""

    kind: SubjectWord
    name: str
    location: tuple[str | int, ...]
    """Keys and indexes that lead to it, from the top of the file."""


def contradiction(got: str, expected: str, *within: str | int) -> PydanticCustomError:
    """Return the error of a model whose own values don't go together; `within` leads from the model to the wrong one."""
    return PydanticCustomError("contradiction", "{got}", {"got": got, "expected": expected, "within": within})


def refuse_doubles(values: Iterable[Hashable], *within: str) -> None:
    """Refuse a list that holds something twice.

    Raises:
        PydanticCustomError: naming the first that does.
    """
    seen: set[Hashable] = set()
    for index, value in enumerate(values):
        if value in seen:
            raise contradiction(f"{value!r} twice", "each once", *within, index)
        seen.add(value)
