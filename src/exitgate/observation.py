"""What every observation carries: on what it was made, what it can't show, and the files that show it."""

from __future__ import annotations

from dataclasses import dataclass

from exitgate.assurance import Assurance
from exitgate.pictures import Picture
from exitgate.provenance import Evidence, Tool


@dataclass(frozen=True, slots=True, kw_only=True)
class Substrate:
    """On what an observation was made."""

    assurance: Assurance
    name: str
    """In words, e.g. ``container on Docker engine 28.2``."""
    limits: tuple[str, ...] = ()
    """What this way of seeing can't show."""
    substitutes: tuple[str, ...] = ()
    """What stood in for the real thing."""
    tools: tuple[Tool, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """Base of all observations: a check's level is the lowest among the observations that it took."""

    substrate: Substrate
    evidence: tuple[Evidence, ...] = ()
    pictures: tuple[Picture, ...] = ()
    """What a report may draw of it."""
