"""How much a machine's processes had to wait for a processor, and how much of it others took, by the kernel's own count.

Sources: the kernel's documentation of pressure stall information (``/proc/pressure/cpu``) and of ``/proc/stat``.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

MOST_STARVED_PERCENT = 90.0
"""The share of the time above which what is slow says more of the machine than of the target."""
MOST_FOREIGN_PERCENT = 20.0
"""The share of all processors above which others had so much that latency says more of them than of the target."""
_FILE = Path("/proc/pressure/cpu")
_STAT = Path("/proc/stat")
_IDLE, _WAITING, _STEAL = 3, 4, 7
"""Places in the line ``cpu``; what comes after the steal is counted twice."""


class Pressure:
    """Counts from the moment that it is made."""

    def __init__(self, own_s: Callable[[], float | None] = lambda: None) -> None:
        """Begin to count.

        Args:
            own_s: Says how many seconds of processor time were used by what is measured; nothing where nobody counts them.
        """
        self._waited_s, self._began = _waited_s(), time.monotonic()
        self._own_s, self._own_before_s, self._before = own_s, own_s(), _ticks()

    @property
    def starved_percent(self) -> float:
        """The share of the time since in which some process waited for a processor; 0 where the kernel does not say."""
        took_s = time.monotonic() - self._began
        return (_waited_s() - self._waited_s) / took_s * 100 if took_s > 0 else 0.0

    @property
    def foreign_percent(self) -> float | None:
        """The share of all processors' time since that went to others, the hypervisor included; nothing where nobody counts."""
        own_s, (busy, whole) = self._own_s(), _ticks()
        if own_s is None or self._own_before_s is None or whole <= self._before[1]:
            return None
        busy_s = (busy - self._before[0]) / os.sysconf("SC_CLK_TCK")
        whole_s = (whole - self._before[1]) / os.sysconf("SC_CLK_TCK")
        return max(0.0, busy_s - (own_s - self._own_before_s)) / whole_s * 100


def _ticks() -> tuple[int, int]:
    """Return how long all processors were busy, and how long there were any, in ticks of the clock."""
    try:
        numbers = [int(word) for word in _STAT.read_text(encoding="ascii").splitlines()[0].split()[1 : _STEAL + 2]]
    except (OSError, ValueError, IndexError):
        return 0, 0
    return sum(numbers) - numbers[_IDLE] - numbers[_WAITING], sum(numbers)


def _waited_s() -> float:
    try:
        first = _FILE.read_text(encoding="ascii").splitlines()[0]
        return int(first.rpartition("=")[2]) / 1_000_000
    except (OSError, ValueError, IndexError):
        return 0.0
