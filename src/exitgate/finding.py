"""A finding: one fault of the target, where it is, and what cures it."""

from __future__ import annotations

from dataclasses import dataclass


def storable(text: object) -> object:
    """Return text that every file can hold: bytes of a name that are no UTF-8 are written out as escapes."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8") if isinstance(text, str) else text


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
    rule: str = ""
    """The name that the world has for it, e.g. ``CVE-2021-23337``, by which a waiver can name it alone; empty where it has none."""

    def __post_init__(self) -> None:
        """Make every part storable: locations and messages may hold names that an image chose."""
        for name in ("location", "message", "expected", "got", "remedy", "rule"):
            object.__setattr__(self, name, storable(getattr(self, name)))

    def __str__(self) -> str:
        return f"{self.location}: {self.message} (expected {self.expected}, got {self.got}). {self.remedy}"
