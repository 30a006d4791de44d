"""Whether a container still runs: by its process, and by its engine once that is gone."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from docker.models.containers import Container

_ASK_EVERY_S = 1.0


@dataclass(slots=True)
class Pulse:
    """Of a container that was started. To ask the engine takes both sides milliseconds, so it is not asked at each look."""

    container: Container
    pid: int = 0
    """Of its first process; 0 as long as the engine was not asked, and where it has ended."""
    _asked_until: float = 0.0

    def beats(self) -> bool:
        """Say whether it runs; where it does not, the container's `attrs` say how it ended.

        A process that is there is taken for the container's own for a second at most: its number may be another's by then.
        """
        if self.pid and time.monotonic() < self._asked_until and Path(f"/proc/{self.pid}").exists():
            return True
        self.container.reload()
        state = self.container.attrs["State"]
        self.pid = int(state["Pid"]) if state["Running"] else 0
        self._asked_until = time.monotonic() + _ASK_EVERY_S
        return bool(state["Running"])
