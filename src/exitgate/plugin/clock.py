"""The one place where a run reads the calendar."""

from __future__ import annotations

import datetime

SOURCE = "system clock of the machine that ran the gate, UTC, not compared with another"


def now() -> str:
    """Return the time as ISO 8601 in UTC, to the second."""
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def today() -> datetime.date:
    """Return the day in UTC, by which waivers expire."""
    return datetime.datetime.now(datetime.UTC).date()
