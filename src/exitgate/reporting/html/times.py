"""Times as people read them."""

from __future__ import annotations

from datetime import UTC, datetime


def moment(time: str) -> str:
    """Write a time for people; one that can't be read stays as it is."""
    parsed = _parsed(time)
    return f"{parsed:%Y-%m-%d %H:%M:%S} UTC" if parsed else time


def lasted(started: str, finished: str | None) -> str:
    """Write how long the run took, or nothing where its times do not say."""
    start, end = _parsed(started), _parsed(finished)
    if start is None or end is None or end < start:
        return ""
    minutes, seconds = divmod(round((end - start).total_seconds()), 60)
    hours, minutes = divmod(minutes, 60)
    return " ".join(f"{n} {unit}" for n, unit in ((hours, "h"), (minutes, "min"), (seconds, "s")) if n) or "under 1 s"


def _parsed(time: str | None) -> datetime | None:
    try:
        parsed = datetime.fromisoformat(time or "")
    except ValueError:
        return None
    return parsed.astimezone(UTC) if parsed.tzinfo else None
