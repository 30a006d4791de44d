"""What became of every request: the prober's file, read as frozen facts, and what follows from them by counting alone."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from exitgate.errors import ObservationError
from exitgate.load.plan import LoadPlan


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request that was sent. Times are seconds of this machine's monotonic clock."""

    stream: str
    number: int
    intended_s: float
    """When it was to be sent."""
    sent_s: float
    """When sending, or connecting, began."""
    ended_s: float
    """When its answer was whole, or it failed."""
    status: int
    """0 where there was no answer."""
    failure: str
    """``status``, ``timeout``, ``reset``, ``closed``, ``cut off``, ``connect: …``, ``malformed: …``; empty where it succeeded."""
    version: str
    """As the answer's header says; empty where it says nothing."""
    task: str
    """Where the balancer sent it; empty where it sent it nowhere."""
    slow_s: float = 0.0
    """Seconds over which its body was sent on purpose."""

    @property
    def latency_s(self) -> float:
        """Seconds from when it was to be sent to its end: a stall of the prober or of the target counts, a slow body does not."""
        return self.ended_s - self.intended_s - self.slow_s

    @property
    def late_s(self) -> float:
        """Seconds by which it was sent later than planned: the prober's own error."""
        return self.sent_s - self.intended_s


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """The time between two successful answers that follow each other."""

    begun_s: float
    length_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadResults:
    """Everything that a prober did."""

    begun_s: float
    ended_s: float | None
    """When it stopped sending; nothing where its file has no end: it was read on its way, or it crashed."""
    requests: tuple[Request, ...]
    """By the time of their end."""
    planned: int
    unsent: int

    @property
    def failed(self) -> tuple[Request, ...]:
        """The requests that failed."""
        return tuple(request for request in self.requests if request.failure)

    @property
    def unaccounted(self) -> int:
        """Requests that were planned and of which nothing is known; 0 where the books balance."""
        return self.planned - self.unsent - len(self.requests)

    def longest_gap(self, since_s: float = -math.inf, until_s: float = math.inf) -> Gap:
        """Return the longest time without a successful answer within a span; both its ends count as answers."""
        ends = [r.ended_s for r in self.requests if not r.failure and since_s <= r.ended_s <= until_s]
        first, last = max(self.begun_s, since_s), min(self.ended_s or math.inf, until_s)
        moments = sorted([first, *ends, *([last] if math.isfinite(last) else [])])
        spans = ((a, b - a) for a, b in pairwise(moments))
        begun, length = max(spans, key=lambda each: each[1], default=(first, 0.0))
        return Gap(begun_s=begun, length_s=length)

    def between(self, since_s: float, until_s: float) -> tuple[Request, ...]:
        """Return the requests that were to be sent within a span."""
        return tuple(request for request in self.requests if since_s <= request.intended_s <= until_s)


def percentile(values: Sequence[float], percent: float) -> float:
    """Return the smallest of the values that at least so many percent of them don't exceed; 0 of none."""
    if not values:
        return 0.0
    return sorted(values)[max(0, math.ceil(len(values) * percent / 100) - 1)]


def read_results(path: Path, plan: LoadPlan) -> LoadResults:
    """Read a prober's file, whole or as far as it is written.

    Raises:
        ObservationError: if it is not understood.
    """
    tail = ResultsTail(path, plan)
    requests = tail.more()
    return LoadResults(
        begun_s=tail.begun_s,
        ended_s=tail.ended_s,
        requests=requests,
        planned=tail.planned if tail.ended_s is not None else len(requests) + tail.unsent,
        unsent=tail.unsent,
    )


class ResultsTail:
    """A prober's file, read as it grows."""

    def __init__(self, path: Path, plan: LoadPlan) -> None:
        self._path = path
        self._streams = plan.streams
        self._offset = 0
        self.begun_s = 0.0
        self.ended_s: float | None = None
        self.planned = 0
        self.unsent = 0

    def more(self) -> tuple[Request, ...]:
        """Return the requests that have ended since the last call.

        Raises:
            ObservationError: if a line is not understood.
        """
        with self._path.open("rb") as stream:
            stream.seek(self._offset)
            data = stream.read()
        # The last line may be under way.
        data = data[: data.rfind(b"\n") + 1]
        self._offset += len(data)
        found = []
        for line in data.splitlines():
            try:
                request = self._take(json.loads(line))
            except (ValueError, IndexError, TypeError) as error:
                raise self._unreadable(line) from error
            if request is not None:
                found.append(request)
        return tuple(found)

    def _take(self, values: object) -> Request | None:
        match values:
            case [
                "request",
                int(place),
                int(number),
                float(intended),
                float(sent),
                float(ended),
                int(status),
                str(failure),
                str(version),
                str(task),
            ]:
                return Request(
                    stream=self._streams[place].name,
                    slow_s=self._streams[place].slow_s,
                    number=number,
                    intended_s=intended,
                    sent_s=sent,
                    ended_s=ended,
                    status=status,
                    failure=failure,
                    version=version,
                    task=task,
                )
            case ["unsent", *_]:
                self.unsent += 1
            case ["begun", float(moment)]:
                self.begun_s = moment
            case ["ended", float(moment), int(planned)]:
                self.ended_s, self.planned = moment, planned
            case _:
                raise ValueError
        return None

    def _unreadable(self, line: bytes) -> ObservationError:
        return ObservationError(
            self._path.name,
            got=f"a line that can't be read: {line[:80].decode('utf-8', 'replace')}",
            expected="the prober's own lines",
            action="Report it, with the file.",
        )
