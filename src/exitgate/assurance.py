"""How a statement was seen to be true: the five levels, lowest first."""

from __future__ import annotations

import enum


class Assurance(enum.IntEnum):
    """The level at which something was seen. A report never shows one level as another."""

    DECLARED = 1
    """Read from files or metadata: somebody wrote it down."""
    MODELLED = 2
    """Decided by a model of the real rules, e.g. GitHub's merge rule or network reachability."""
    EMULATED = 3
    """Seen on an emulator of AWS, with that emulator's known gaps."""
    EXECUTED = 4
    """The real thing, run on throwaway resources."""
    LIVE = 5
    """Seen on the real GitHub repository or AWS account."""

    @property
    def label(self) -> str:
        """The lower-case word used in files and reports, e.g. ``executed``."""
        return self.name.lower()

    @classmethod
    def parse(cls, label: str) -> Assurance:
        """Return the level of a label.

        Raises:
            ValueError: if there is no such level.
        """
        for level in cls:
            if level.label == label:
                return level
        raise ValueError(f"{label!r} is no assurance level; expected one of {', '.join(level.label for level in cls)}")
