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


class NetworkTier(_Frozen):
    """Subnets of one kind."""

    name: _Text
    public: bool
    """Whether its addresses can be reached from the internet by their route."""
    ranges: tuple[_Text, ...]
    """As CIDR."""


class NetworkEnd(_Frozen):
    """What opens or takes connections."""

    name: _Text
    tier: _Text
    """A name of `tiers`, or another word where it is in none."""
    groups: tuple[_Text, ...]
    """Its security groups."""


class NetworkFlow(_Frozen):
    """What can get from one end to another by groups, routes and network ACLs."""

    source: _Text
    """An end, or what lies outside, such as ``internet``."""
    destination: _Text
    traffic: _Text
    """In words, e.g. ``tcp 443, udp 53``."""


class NetworkPicture(_Frozen):
    """What a planned stack's network lets through."""

    kind: Literal["network"] = "network"
    stack: _Text
    tiers: tuple[NetworkTier, ...]
    ends: tuple[NetworkEnd, ...]
    flows: tuple[NetworkFlow, ...]
    """Sorted by source and destination."""
    left_out: int = 0
    """Flows that are too many to be told."""
    unknown: tuple[_Text, ...] = ()
    """What the picture hangs on and the plan does not tell."""


Picture = Annotated[RolloutPicture | NetworkPicture, Field(discriminator="kind")]
