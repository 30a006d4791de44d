"""The machine's time, shared by the workers of a run: most tests work side by side; those that measure have it to themselves."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path

FOLDER_VARIABLE = "EXITGATE_MACHINE"
"""Names the folder of the locks, where several runs are one's own and are to take turns; a run's own scratch folder otherwise."""


class Kind(StrEnum):
    """Of what is done."""

    WORK = "work"
    ROLL = "roll"


class Machine:
    """A lock across processes for work of several kinds: of one kind as much as there is side by side, of two kinds never.

    A file for each kind and a turnstile, all locked by the kernel, so that a worker that is killed holds nothing. Whoever comes
    passes the turnstile, waits there until nobody works otherwise, and enters its own room: so no newcomer gets ahead of who waits.
    """

    def __init__(self, folder: Path) -> None:
        """Open the lock's files in a folder that all who take turns name alike.

        Raises:
            OSError: if they can't be made.
        """
        self._turnstile = _opened(folder, "turnstile")
        self._rooms = {kind: _opened(folder, kind) for kind in Kind}
        self._inside: Kind | None = None

    def close(self) -> None:
        """Close the files, which gives back whatever is held."""
        for file in (self._turnstile, *self._rooms.values()):
            os.close(file)

    @contextmanager
    def shared(self) -> Iterator[None]:
        """Work beside others who work; waits for as long as somebody measures."""
        with self._within(Kind.WORK):
            yield

    @contextmanager
    def rolling(self) -> Iterator[None]:
        """Roll versions of a workload while nobody works, beside others of the run who roll theirs, as in one cluster."""
        with self._within(Kind.ROLL):
            yield

    @contextmanager
    def _within(self, kind: Kind) -> Iterator[None]:
        """Be one of a kind. Whoever works and begins to measure stops working first, or two of them would wait for each other."""
        before, self._inside = self._inside, None
        if before:
            self._leave(before)
        try:
            self._enter(kind)
            try:
                yield
            finally:
                self._leave(kind)
        finally:
            if before:
                self._enter(before)

    def _enter(self, kind: Kind) -> None:
        fcntl.flock(self._turnstile, fcntl.LOCK_EX)
        try:
            for other, room in self._rooms.items():
                if other is not kind:
                    # Once it is empty it stays so: its newcomers are behind us at the turnstile.
                    fcntl.flock(room, fcntl.LOCK_EX)
                    fcntl.flock(room, fcntl.LOCK_UN)
            fcntl.flock(self._rooms[kind], fcntl.LOCK_SH)
        finally:
            fcntl.flock(self._turnstile, fcntl.LOCK_UN)
        self._inside = kind

    def _leave(self, kind: Kind) -> None:
        fcntl.flock(self._rooms[kind], fcntl.LOCK_UN)
        self._inside = None


def _opened(folder: Path, name: str) -> int:
    return os.open(folder / f"machine-{name}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)


def lock_folder(scratch: Path) -> Path:
    """Return where a run's locks lie: where the environment says, else in its scratch folder."""
    named = os.environ.get(FOLDER_VARIABLE)
    return Path(named) if named and Path(named).is_dir() else scratch
