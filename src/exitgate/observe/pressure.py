"""How much a machine's processes had to wait for a processor, by the kernel's own count.

Source: the kernel's documentation of pressure stall information, ``/proc/pressure/cpu``.
"""

from __future__ import annotations

import time
from pathlib import Path

MOST_STARVED_PERCENT = 90.0
"""The share of the time above which what is slow says more of the machine than of the target."""
_FILE = Path("/proc/pressure/cpu")


class Pressure:
    """Counts from the moment that it is made."""

    def __init__(self) -> None:
        """Begin to count."""
        self._waited_s, self._began = _waited_s(), time.monotonic()

    @property
    def starved_percent(self) -> float:
        """The share of the time since in which some process waited for a processor; 0 where the kernel does not say."""
        took_s = time.monotonic() - self._began
        return (_waited_s() - self._waited_s) / took_s * 100 if took_s > 0 else 0.0


def _waited_s() -> float:
    try:
        first = _FILE.read_text(encoding="ascii").splitlines()[0]
        return int(first.rpartition("=")[2]) / 1_000_000
    except (OSError, ValueError, IndexError):
        return 0.0
