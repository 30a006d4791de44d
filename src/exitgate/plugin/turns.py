"""Takes turns at the machine: each test of a gate works beside the others, and steps aside for one that measures."""

from __future__ import annotations

from collections.abc import Generator

import pytest

from exitgate.plugin.session import GateSession
from exitgate.provision.machine import Machine, lock_folder

MACHINE = pytest.StashKey[Machine]()


class Turns:
    """Holds the machine's lock, as one of many, for as long as a test is set up, runs and is torn down."""

    def __init__(self, session: GateSession, config: pytest.Config) -> None:
        """Open the lock in this process; what measures finds it in the configuration's stash."""
        self._machine = Machine(lock_folder(session.run.scratch_path), session.run.id)
        config.stash[MACHINE] = self._machine

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self) -> Generator[None, object, object]:
        """Let the test work in its turn."""
        with self._machine.shared():
            return (yield)

    def pytest_unconfigure(self) -> None:
        """Close the lock."""
        self._machine.close()
