"""CloudWatch's alarms on error rate and latency, computed from what the prober sees: periods that follow each other."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from exitgate.load.results import Request, percentile
from exitgate.rollout.events import AlarmCleared, AlarmFired

ERROR_RATE, LATENCY = "error-rate", "latency"
_SERVER_ERROR = 500
_WHOLE = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmLimits:
    """When alarms fire. Times are seconds, already compressed where they are."""

    error_rate_percent: float
    latency_p99_s: float
    period_s: float
    periods: int

    @property
    def clears_within_s(self) -> float:
        """Seconds after the last bad request by which an alarm has to be silent: the period under way, and one that is good."""
        return 2 * self.period_s


class Alarms:
    """Both alarms of one service. A period without a request says nothing, as CloudWatch's missing data."""

    def __init__(self, limits: AlarmLimits | None, names: Sequence[str], more: Callable[[], Iterable[Request]]) -> None:
        self._limits = limits
        self._names = dict(zip((ERROR_RATE, LATENCY), names, strict=False))
        self._more = more
        self._armed = False
        self._begun: float | None = None
        self._current: list[Request] = []
        self._above: dict[str, list[bool]] = {ERROR_RATE: [], LATENCY: []}
        self._fired: set[str] = set()

    def arm(self) -> None:
        """Begin to look; until then nothing is measured."""
        self._armed = True

    @property
    def ringing(self) -> frozenset[str]:
        """Which alarms ring now; a deployment that begins meanwhile ignores those (ECS's deployment alarms)."""
        return frozenset(self._names[name] for name in self._fired)

    def look(self, now_s: float) -> list[AlarmFired | AlarmCleared]:
        """Return what has changed, by the requests that have ended since the last look."""
        if not self._armed or self._limits is None:
            return []
        self._current += self._more()
        if self._begun is None:
            self._begun = now_s
        if now_s - self._begun < self._limits.period_s:
            return []
        ended, self._current, self._begun = self._current, [], now_s
        return self._close_period(self._limits, ended, now_s) if ended else []

    def _close_period(
        self, limits: AlarmLimits, ended: Sequence[Request], now_s: float
    ) -> list[AlarmFired | AlarmCleared]:
        errors = sum(request.status >= _SERVER_ERROR for request in ended) * _WHOLE / len(ended)
        latency = percentile([request.latency_s for request in ended], 99)
        changes: list[AlarmFired | AlarmCleared] = []
        for name, above in (
            (ERROR_RATE, errors > limits.error_rate_percent),
            (LATENCY, latency > limits.latency_p99_s),
        ):
            if name not in self._names:
                continue
            self._above[name] = [*self._above[name], above][-limits.periods :]
            rings = len(self._above[name]) == limits.periods and all(self._above[name])
            if rings and name not in self._fired:
                self._fired.add(name)
                changes.append(AlarmFired(now_s=now_s, name=self._names[name]))
            elif not rings and name in self._fired:
                self._fired.discard(name)
                changes.append(AlarmCleared(now_s=now_s, name=self._names[name]))
        return changes
