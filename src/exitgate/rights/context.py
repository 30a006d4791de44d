"""What IAM knows of a request beside who asks for what: condition keys with their values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum


class Missing(Enum):
    """Why a key has no value."""

    ABSENT = "absent"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """The keys of a request."""

    values: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Key, in lower case, to its values."""
    complete: bool = True
    """Whether a key without a value is absent; otherwise it is unknown, unless it is one of ``absent``."""
    absent: frozenset[str] = frozenset()

    def get(self, key: str) -> tuple[str, ...] | Missing:
        """Return the values of a key, whose case does not count."""
        found = self.values.get(key.lower())
        if found:
            return found
        known = self.complete or key.lower() in self.absent or found is not None
        return Missing.ABSENT if known else Missing.UNKNOWN
