"""What the target's own step that asks the lock answered, statement by statement."""

from __future__ import annotations

from dataclasses import dataclass

from exitgate.observation import Observation


@dataclass(frozen=True, slots=True, kw_only=True)
class LockAnswer:
    """What one statement led to."""

    case: str
    """In words what the lock was tried with, e.g. ``a statement on another commit``."""
    must_open: bool
    reason: str
    """Words that a refusal for the right reason has; empty where it must open."""
    exit_code: int
    """Of the step's script."""
    asked: int
    """How often the script asked the lock."""
    said: str
    """The lock's own last words; the script's where it did not ask."""

    @property
    def opened(self) -> bool:
        """Whether what follows the step would have run."""
        return self.exit_code == 0


@dataclass(frozen=True, slots=True, kw_only=True)
class LockTrial:
    """All answers of one step."""

    place: str
    step: str
    answers: tuple[LockAnswer, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LockTrials(Observation):
    """All steps of a target that ask the lock, each tried with every statement."""

    trials: tuple[LockTrial, ...]
