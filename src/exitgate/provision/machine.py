"""The machine's time, shared by the workers of a run: most tests work side by side, and one that measures has it to itself."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

FOLDER_VARIABLE = "EXITGATE_MACHINE"
"""Names the folder of the locks, where several runs are one's own and are to take turns; a run's own scratch folder otherwise."""


class Machine:
    """A lock for readers and writers across processes: those who work are its readers, who measures is its writer.

    Two files, locked by the kernel, so that a worker that is killed holds nothing: the turnstile, which everybody passes and a
    writer keeps, so that no new reader gets ahead of it; and the room.
    """

    def __init__(self, folder: Path) -> None:
        """Open the lock's files in a folder that all who take turns name alike.

        Raises:
            OSError: if they can't be made.
        """
        self._turnstile = os.open(folder / "machine-turnstile.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self._room = os.open(folder / "machine-room.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self._is_inside = False

    def close(self) -> None:
        """Close the files, which gives back whatever is held."""
        os.close(self._turnstile)
        os.close(self._room)

    @contextmanager
    def shared(self) -> Iterator[None]:
        """Work beside others; waits for as long as somebody measures."""
        self._enter()
        try:
            yield
        finally:
            self._leave()

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Measure while nobody works: waits until all others are between two pieces of work, and holds them there.

        Whoever works and begins to measure stops working first, or two of them would wait for each other.
        """
        was_inside = self._is_inside
        if was_inside:
            self._leave()
        try:
            fcntl.flock(self._turnstile, fcntl.LOCK_EX)
            try:
                fcntl.flock(self._room, fcntl.LOCK_EX)
                yield
            finally:
                fcntl.flock(self._room, fcntl.LOCK_UN)
                fcntl.flock(self._turnstile, fcntl.LOCK_UN)
        finally:
            if was_inside:
                self._enter()

    def _enter(self) -> None:
        fcntl.flock(self._turnstile, fcntl.LOCK_EX)
        try:
            fcntl.flock(self._room, fcntl.LOCK_SH)
        finally:
            fcntl.flock(self._turnstile, fcntl.LOCK_UN)
        self._is_inside = True

    def _leave(self) -> None:
        fcntl.flock(self._room, fcntl.LOCK_UN)
        self._is_inside = False


def lock_folder(scratch: Path) -> Path:
    """Return where a run's locks lie: where the environment says, else in its scratch folder."""
    named = os.environ.get(FOLDER_VARIABLE)
    return Path(named) if named and Path(named).is_dir() else scratch
