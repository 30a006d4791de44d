"""Polling with a monotonic deadline."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

Seen = TypeVar("Seen")


def wait_for(
    look: Callable[[], Seen], *, until: Callable[[Seen], bool], timeout_s: float, interval_s: float = 0.02
) -> tuple[Seen, bool]:
    """Look again and again until what is seen suffices or the time is over.

    Returns:
        What was seen last, and whether it sufficed. The caller words the error, with what it saw last.
    """
    deadline = time.monotonic() + timeout_s
    while True:
        seen = look()
        if until(seen):
            return seen, True
        if time.monotonic() >= deadline:
            return seen, False
        time.sleep(interval_s)
