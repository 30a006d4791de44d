"""``events.jsonl``: what happened in a run, one line an event, flushed as it happens, so that a crash of ours loses nothing."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from exitgate.errors import EvidenceError
from exitgate.redaction import redact_tree

EVENTS_FILE = "events.jsonl"
_ON_DISK_EVERY_S = 0.5
"""A crash of the machine may lose what was written since; to wait for the disk at each event costs more than all the rest."""


class EventLog:
    """Appends events to a fresh file."""

    def __init__(self, directory: Path) -> None:
        """Begin the log of a run.

        Raises:
            EvidenceError: if the file can't be written.
        """
        self._path = directory / EVENTS_FILE
        self._last_on_disk = 0.0
        try:
            self._stream = self._path.open("w", encoding="utf-8")
        except OSError as error:
            raise self._unwritable(error) from error

    def append(self, event: str, at: str, **facts: Any) -> None:
        """Write one event, so that it stays whatever becomes of this process; wait for the disk now and then.

        Raises:
            EvidenceError: if it can't be written.
        """
        line = json.dumps(redact_tree({"event": event, "at": at, **facts}), ensure_ascii=True, sort_keys=True)
        try:
            self._stream.write(line + "\n")
            self._stream.flush()
            if time.monotonic() - self._last_on_disk > _ON_DISK_EVERY_S:
                os.fsync(self._stream.fileno())
                self._last_on_disk = time.monotonic()
        except OSError as error:
            raise self._unwritable(error) from error

    def close(self) -> None:
        """Close the file; what could not be written was told when it was appended."""
        with suppress(OSError):
            os.fsync(self._stream.fileno())
        with suppress(OSError):
            self._stream.close()

    def _unwritable(self, error: OSError) -> EvidenceError:
        return EvidenceError(
            str(self._path),
            got=f"can't be written ({error.strerror})",
            expected="a folder with room that this user may write",
            action="Free some space, or name another folder with --gate-report.",
        )


def read_events(directory: Path) -> Iterator[dict[str, Any]]:
    """Yield the events of a run; a last line that a crash cut off is left out.

    Raises:
        EvidenceError: if there is no log, or a line before the last is not JSON.
    """
    path = directory / EVENTS_FILE
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise EvidenceError(
            str(path), got="no events", expected="the log of a run", action="Run the gate first: `exitgate run`."
        ) from error
    for number, line in enumerate(lines, start=1):
        try:
            yield json.loads(line)
        except json.JSONDecodeError as error:
            if number == len(lines):
                return
            raise EvidenceError(
                f"{path}:{number}", got="no JSON", expected="one event a line", action="Run the gate again."
            ) from error
