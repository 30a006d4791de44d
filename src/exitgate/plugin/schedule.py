"""Which worker checks what: all about one subject goes to the same one, so that it is built and run once; so do all runs of CI."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import pytest

from exitgate.plugin.collection import read_scopes
from exitgate.plugin.session import GateSession

if TYPE_CHECKING:
    from xdist.remote import Producer
    from xdist.scheduler import LoadScopeScheduling


class Schedule:
    """Makes the scheduler of pytest-xdist, whatever ``--dist`` says; registered only on its controller."""

    def __init__(self, session: GateSession) -> None:
        """Keep the run, whose workers write down what they collected."""
        self._session = session

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_make_scheduler(self, config: pytest.Config, log: Producer) -> LoadScopeScheduling:
        """Return a scheduler whose scopes are subjects, and the runs of CI.

        Not ``--dist=loadgroup``, which hands the group on in the node id: pytest 9.2 and xdist 3.8 lose it without a word
        (pytest-xdist issue 1386).
        """
        from xdist.scheduler import LoadScopeScheduling

        @cache
        def scopes() -> dict[str, str]:
            # Asked for first when the workers have collected, and so have written.
            return read_scopes(self._session)

        class BySubject(LoadScopeScheduling):  # type: ignore[misc]
            """Load scheduling in which a subject's checks stay together."""

            def _split_scope(self, nodeid: str) -> str:
                return scopes().get(nodeid, nodeid)

        return BySubject(config, log)
