"""A finding: one fault of the target, where it is, and what cures it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One way in which the target falls short of a control. Never an exception; an error never becomes one."""

    location: str
    """``file:line`` inside the target where there is one, else ``file`` or the observed thing, e.g. ``image:/bin/su``."""
    message: str
    """One sentence that names the fault."""
    expected: str
    """What the policy or the control wants to see."""
    got: str
    """What was seen."""
    remedy: str
    """What an engineer does about it, an imperative."""

    def __str__(self) -> str:
        return f"{self.location}: {self.message} (expected {self.expected}, got {self.got}). {self.remedy}"
