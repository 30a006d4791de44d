"""Asks a release again and again, beside what else happens to its database."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from exitgate.migration_settings import SmokeRequest
from exitgate.observe.migrations.replica import Replica

_PAUSE_S = 0.1


@dataclass(slots=True)
class Prober:
    """What came of asking so far."""

    count: int = 0
    failures: list[str] = field(default_factory=list)


@contextmanager
def probing(
    replica: Replica, requests: Sequence[SmokeRequest], known: Mapping[str, str] | None = None
) -> Iterator[Prober]:
    """Send requests, all of them in turn, for as long as the block lasts.

    Args:
        known: What earlier requests saved, for those that need it.
    """
    seen, over = Prober(), threading.Event()

    def probe() -> None:
        while not over.wait(_PAUSE_S):
            saved = dict(known or {})
            seen.failures += filter(None, (replica.request(request, saved) for request in requests))
            seen.count += len(requests)

    thread = threading.Thread(target=probe)
    thread.start()
    try:
        yield seen
    finally:
        over.set()
        thread.join()
