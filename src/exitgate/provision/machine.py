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

    A file for each room and a turnstile, all locked by the kernel, so that a worker that is killed holds nothing. Whoever comes
    passes the turnstile, waits there until nobody is in another room, and enters its own: so no newcomer gets ahead of who waits.
    Those who work share a room; those who roll share one with others of their run, and to another run's they are strangers.
    """

    def __init__(self, folder: Path, run: str = "") -> None:
        """Open the lock's files in a folder that all who take turns name alike.

        Args:
            folder: Where they lie.
            run: The id of the run of which this is a worker.

        Raises:
            OSError: if they can't be made.
        """
        self._turnstile = _opened(_file(folder, "turnstile"))
        self._names = {Kind.WORK: _file(folder, Kind.WORK), Kind.ROLL: _file(folder, f"{Kind.ROLL}-{run}")}
        self._rooms = {kind: _opened(path) for kind, path in self._names.items()}
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
            own = self._names[kind]
            for other in sorted(own.parent.glob(_file(own.parent, "*").name)):
                if other not in (own, _file(own.parent, "turnstile")):
                    _await_empty(other)
            fcntl.flock(self._rooms[kind], fcntl.LOCK_SH)
        finally:
            fcntl.flock(self._turnstile, fcntl.LOCK_UN)
        self._inside = kind

    def _leave(self, kind: Kind) -> None:
        fcntl.flock(self._rooms[kind], fcntl.LOCK_UN)
        self._inside = None


def _file(folder: Path, room: str) -> Path:
    return folder / f"machine-{room}.lock"


def _opened(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)


def _await_empty(room: Path) -> None:
    """Wait until nobody is in a room. It stays so for as long as one stands at the turnstile: its newcomers are behind."""
    file = _opened(room)
    try:
        fcntl.flock(file, fcntl.LOCK_EX)
    finally:
        os.close(file)


def lock_folder(scratch: Path) -> Path:
    """Return where a run's locks lie: where the environment says, else in its scratch folder."""
    named = os.environ.get(FOLDER_VARIABLE)
    return Path(named) if named and Path(named).is_dir() else scratch
