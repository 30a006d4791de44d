"""What an observation leaves for a report to draw: a few numbers, small enough to stand in the record."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from exitgate.finding import storable

_Text = Annotated[str, BeforeValidator(storable)]


class _Frozen(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class VersionSeries(_Frozen):
    """How many tasks of a version ran."""

    version: _Text
    running: tuple[int, ...]
    """At the end of each bin."""


class Mark(_Frozen):
    """Something that happened during a rollout."""

    at_s: Annotated[float, Field(allow_inf_nan=False)]
    """Seconds from the first bin's begin; may lie after the last bin."""
    words: _Text


class RolloutPicture(_Frozen):
    """A rollout under load, over time. All series have one number a bin, and bins follow each other without a gap."""

    kind: Literal["rollout"] = "rollout"
    scenario: _Text
    workload: _Text
    bin_s: Annotated[float, Field(gt=0, allow_inf_nan=False)]
    answered: tuple[int, ...]
    """Requests that succeeded in a bin, by the time of their end."""
    failed: tuple[int, ...]
    """Requests that failed in it."""
    latency_p99_ms: tuple[int | None, ...]
    """Of those that succeeded in it; nothing where none did."""
    tasks: tuple[VersionSeries, ...]
    """By version, in the order in which they were deployed."""
    marks: tuple[Mark, ...]
    """By time."""
