"""What a forge knows beside its commits: rules, pull requests, and what it decided. Files inside its bare repository.

Written by the forge, read by its hook, which is a process of git's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from exitgate.atomic import write_atomically
from exitgate.errors import ObservationError
from exitgate.github.merging import PullRequest
from exitgate.github.rulesets import Ruleset

_STATE, _DECISIONS = "exitgate-forge.json", "exitgate-decisions.jsonl"


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenPull:
    """A pull request that is open."""

    number: int
    base: str
    """The branch that it goes to."""
    head: str
    """Its newest commit."""
    merge: str
    """The commit that merging it into its base would make: what CI tests."""
    pull: PullRequest
    """Its checks and reviews, as they were reported last."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ForgeState:
    """All that a decision hangs on."""

    default_branch: str
    rulesets: tuple[Ruleset, ...]
    pulls: Mapping[int, OpenPull] = field(default_factory=dict)
    """By number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruling:
    """What the hook decided about one reference of a push."""

    reference: str
    before: str
    after: str
    change: str
    reasons: tuple[str, ...]
    """Empty where it was taken."""


_STATES: TypeAdapter[ForgeState] = TypeAdapter(ForgeState)
_RULINGS: TypeAdapter[Ruling] = TypeAdapter(Ruling)


def write_state(bare: Path, state: ForgeState) -> None:
    """Keep what the hook reads.

    Raises:
        EvidenceError: if the disk is full.
    """
    write_atomically(bare / _STATE, _STATES.dump_json(state))


def read_state(bare: Path) -> ForgeState:
    """Return what was kept.

    Raises:
        ObservationError: if it can't be read.
    """
    try:
        return _STATES.validate_json((bare / _STATE).read_bytes())
    except (OSError, ValidationError) as error:
        raise _damaged(_STATE, error) from error


def add_ruling(bare: Path, ruling: Ruling) -> None:
    """Note what was decided."""
    with (bare / _DECISIONS).open("ab") as file:
        file.write(_RULINGS.dump_json(ruling) + b"\n")


def read_rulings(bare: Path) -> tuple[Ruling, ...]:
    """Return all that was decided, oldest first.

    Raises:
        ObservationError: if it can't be read.
    """
    try:
        lines = (bare / _DECISIONS).read_bytes().splitlines() if (bare / _DECISIONS).exists() else []
        return tuple(_RULINGS.validate_json(line) for line in lines)
    except (OSError, ValidationError) as error:
        raise _damaged(_DECISIONS, error) from error


def _damaged(name: str, error: Exception) -> ObservationError:
    return ObservationError(
        name,
        got=f"can't be read ({str(error).splitlines()[0]})",
        expected="what the forge wrote there",
        action="Run the gate again; report this to exitgate if it stays.",
    )
