"""What a prober is to send: several kinds of requests, each at its own constant rate, whatever becomes of them."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from enum import StrEnum
from ipaddress import ip_address

from exitgate.errors import UsageError

LOWEST_BOUND_RPS = 5_000.0
"""Requests a second that no plan may ask for more than: what one core sends on time (benchmarks/rolls.py)."""
MOST_S = 4 * 3600.0
"""Seconds that no plan may last longer than."""


class Connections(StrEnum):
    """How a stream uses connections."""

    KEPT = "kept"
    """A connection serves one request after another, as a browser's or a pool's does."""
    FRESH = "fresh"
    """Each request opens one of its own, and asks for it to be closed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """One kind of requests."""

    name: str
    rate_rps: float
    """Requests a second, at equal distances."""
    path: str
    method: str = "GET"
    headers: tuple[tuple[str, str], ...] = ()
    body: str = ""
    connections: Connections = Connections.KEPT
    key_header: str = ""
    """Header that gets a value of its own for each request, e.g. ``idempotency-key``; empty where there is none."""
    key_prefix: str = ""
    """With what these values begin, so that no two runs share one; the request's number follows."""
    slow_s: float = 0.0
    """Seconds over which the body, or where there is none the end of the head, is sent: the request is in flight for that long."""
    accepts: tuple[int, ...] = ()
    """Status codes that are a success; empty means every 2xx."""
    after: str = ""
    """The stream each of whose successes is followed by one of these, at once; then none is sent by itself."""
    saves: tuple[tuple[str, str], ...] = ()
    """Name in `path`, as ``$name``, and the key of the JSON object of the answer before that tells it."""

    def is_success(self, status: int) -> bool:
        """Say whether an answer with this code is one."""
        return status in self.accepts if self.accepts else 200 <= status < 300  # noqa: PLR2004


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadPlan:
    """Everything that a prober sends, from its start until it is told to stop."""

    address: str
    """Of loopback, or of a network that the run made."""
    port: int
    streams: tuple[Stream, ...]
    longest_s: float
    """Seconds after which it stops by itself."""
    timeout_s: float = 10.0
    """Seconds after which a request without a whole answer has failed."""
    idle_s: float = 30.0
    """Seconds after which a kept connection is used no more: less than the balancer waits, or the two would cross."""
    version_header: str = "x-app-version"
    task_header: str = "x-exitgate-task"
    connection_limit: int = 2_000
    """Open connections beyond which requests are not sent, and counted as such."""

    def __post_init__(self) -> None:
        """Refuse what would leave this machine, or has no bound.

        Raises:
            UsageError: if it would.
        """
        address = ip_address(self.address)
        names = {stream.name for stream in self.streams if not stream.after}
        strays = [stream.after for stream in self.streams if stream.after and stream.after not in names]
        total = sum(stream.rate_rps for stream in self.streams)
        for is_wrong, got, expected in (
            (
                not (address.is_loopback or address.is_private),
                self.address,
                "an address of this machine's own networks",
            ),
            (not self.streams or min(s.rate_rps for s in self.streams) <= 0, "no load", "at least one stream"),
            (not names, "no load by itself", "a stream that follows none"),
            (bool(strays), f"a stream after {strays[0] if strays else ''}", "a stream of that name that follows none"),
            (total > LOWEST_BOUND_RPS, f"{total:g} requests a second", f"at most {LOWEST_BOUND_RPS:g}"),
            (not 0 < self.longest_s <= MOST_S, f"{self.longest_s:g} s", f"more than 0 and at most {MOST_S:g}"),
        ):
            if is_wrong:
                raise UsageError("load", got=got, expected=expected, action="Correct the plan of the load.")

    def to_json(self) -> str:
        """Return what the prober's process reads."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> LoadPlan:
        """Read it again."""
        data = json.loads(text)
        streams = tuple(
            Stream(
                **{
                    **each,
                    "headers": tuple((name, value) for name, value in each["headers"]),
                    "saves": tuple((name, key) for name, key in each["saves"]),
                    "accepts": tuple(each["accepts"]),
                    "connections": Connections(each["connections"]),
                }
            )
            for each in data.pop("streams")
        )
        return cls(streams=streams, **data)
