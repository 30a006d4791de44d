"""By how much a rollout's times may be divided without another outcome: the inequalities that have to hold, with their values."""

from __future__ import annotations

from dataclasses import dataclass

from exitgate.rollout.settings import RolloutSettings

_JITTERS = 10
_FAILURES = 3
LEAST_TIMER_S = 0.1
"""Seconds below which a machine's own hiccups decide about a timer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What the workload and the machine take, which nobody divides. In seconds, but for the rate."""

    start_s: float
    """From a task's start until it answers its health check."""
    longest_request_s: float
    jitter_s: float = 0.01
    """By how much this machine is late."""
    rate_per_s: float = 100.0
    """Requests under way to it."""
    shortest_outage_s: float = 1.0
    """In real time, that has to be noticed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Inequality:
    """Something that has to hold: `less` is less than `more`, or as much."""

    name: str
    less: float
    more: float

    @property
    def holds(self) -> bool:
        """Whether it does."""
        return self.less <= self.more

    def __str__(self) -> str:
        return f"{self.name}: {self.less:.3g} {'≤' if self.holds else '>'} {self.more:.3g}"


def inequalities(settings: RolloutSettings, measured: Measured) -> tuple[Inequality, ...]:
    """Return all that has to hold of times that were divided.

    Args:
        settings: As they are used; they know what was divided by.
        measured: Of the workload and the machine.
    """
    least_s = max(LEAST_TIMER_S, _JITTERS * measured.jitter_s)
    timers = [("deregistration delay", settings.deregistration_delay_s), ("stop timeout", settings.stop_timeout_s)]
    if settings.target_check:
        timers += [
            ("check interval", settings.target_check.interval_s),
            ("check timeout", settings.target_check.timeout_s),
        ]
    if settings.container_check:
        timers.append(("container check's interval", settings.container_check.interval_s))
    found = [Inequality(name=f"least timer against {name}, s", less=least_s, more=value) for name, value in timers]
    if settings.has_balancer or settings.container_check:
        found.append(
            Inequality(name="start against grace period, s", less=measured.start_s, more=settings.grace_period_s)
        )
    found.append(
        Inequality(
            name="longest request against the time to leave, s", less=measured.longest_request_s, more=settings.drain_s
        )
    )
    found.append(
        Inequality(
            name=f"failures that show an outage of {measured.shortest_outage_s:g} s",
            less=float(_FAILURES),
            more=measured.rate_per_s * measured.shortest_outage_s / settings.compression,
        )
    )
    return tuple(found)


def violated(settings: RolloutSettings, measured: Measured) -> tuple[Inequality, ...]:
    """Return what does not hold; nothing where no time was divided: what is wrong then is the settings' own."""
    if settings.compression <= 1:
        return ()
    return tuple(each for each in inequalities(settings, measured) if not each.holds)
