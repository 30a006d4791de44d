"""What a failed request is due to: what happened to its task, or to all of them, at about the time at which it was sent."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from exitgate.rollout.actions import DeregisterTarget, KillTask, StopTask
from exitgate.rollout.events import TargetHealth, TaskExited, TaskStarted


class Cause(StrEnum):
    """Why a request failed, the most certain first."""

    KILLED = "its task was killed: it did not stop within its stop timeout"
    DIED = "its task exited by itself"
    STOPPED = "its task got the stop signal, and did not finish what it had"
    DEREGISTERED = "its task was being deregistered, and requests were still sent to it"
    NO_TASK = "no task was healthy"
    UNHEALTHY = "its task was unhealthy"
    STARTING = "its task had just started"
    UNKNOWN = "nothing happened at that time"


@dataclass(frozen=True, slots=True, kw_only=True)
class FailedRequest:
    """A request that failed. Times are in seconds, of the timeline's clock."""

    sent_s: float
    ended_s: float
    task: str = ""
    """Which task it was sent to; empty where nobody knows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attribution:
    """A failed request with what it is due to."""

    request: FailedRequest
    cause: Cause
    task: str
    at_s: float | None
    """When that happened."""


Timeline = Sequence[tuple[float, object]]
"""Events and actions with their times, in order."""

_RANKED = (Cause.KILLED, Cause.DIED, Cause.STOPPED, Cause.DEREGISTERED, Cause.UNHEALTHY, Cause.STARTING)


def attribute(failed: Iterable[FailedRequest], timeline: Timeline, *, slack_s: float = 0.25) -> tuple[Attribution, ...]:
    """Tie each failed request to what caused it.

    Of what happened to its task (to any, where that is not known) from `slack_s` before it was sent until it ended, the most
    certain cause counts; of several of one kind the latest. Deterministic, and independent of the order of the requests.

    Args:
        failed: The requests.
        timeline: What the state machine was told, and asked for.
        slack_s: Seconds for which a change takes effect before it is seen here, such as the load balancer's propagation lag.
    """
    happened = tuple(_happened(timeline))
    healthy = tuple(_healthy_counts(timeline))
    return tuple(_attribute(request, happened, healthy, slack_s) for request in failed)


def causes(attributions: Iterable[Attribution]) -> dict[Cause, int]:
    """Return how many requests failed of each cause, the most frequent first."""
    return dict(Counter(each.cause for each in attributions).most_common())


def _attribute(
    request: FailedRequest,
    happened: Sequence[tuple[float, str, Cause]],
    healthy: Sequence[tuple[float, int]],
    slack_s: float,
) -> Attribution:
    from_s, until_s = request.sent_s - slack_s, request.ended_s
    for cause in _RANKED:
        if cause is Cause.UNHEALTHY and (at := _none_healthy(healthy, request.sent_s, until_s)) is not None:
            return Attribution(request=request, cause=Cause.NO_TASK, task=request.task, at_s=at)
        hits = [
            (at, task)
            for at, task, kind in happened
            if kind is cause and from_s <= at <= until_s and request.task in ("", task)
        ]
        if hits:
            at, task = hits[-1]
            return Attribution(request=request, cause=cause, task=task, at_s=at)
    return Attribution(request=request, cause=Cause.UNKNOWN, task=request.task, at_s=None)


def _happened(timeline: Timeline) -> Iterable[tuple[float, str, Cause]]:
    leaving: set[str] = set()
    for at, what in timeline:
        match what:
            case KillTask(task=task):
                yield at, task, Cause.KILLED
            case StopTask(task=task):
                leaving.add(task)
                yield at, task, Cause.STOPPED
            case DeregisterTarget(task=task, reason=reason) if reason != "exited":
                yield at, task, Cause.DEREGISTERED
            case TaskExited(task=task):
                yield at, task, Cause.STOPPED if task in leaving else Cause.DIED
            case TargetHealth(task=task, state="unhealthy"):
                yield at, task, Cause.UNHEALTHY
            case TaskStarted(task=task):
                yield at, task, Cause.STARTING
            case _:
                pass


def _healthy_counts(timeline: Timeline) -> Iterable[tuple[float, int]]:
    """Yield how many targets are healthy from each moment on at which that changes."""
    healthy: set[str] = set()
    for at, what in timeline:
        before = len(healthy)
        match what:
            case TargetHealth(task=task, state=state):
                (healthy.add if state == "healthy" else healthy.discard)(task)
            case DeregisterTarget(task=task) | TaskExited(task=task):
                healthy.discard(task)
            case _:
                continue
        if len(healthy) != before:
            yield at, len(healthy)


def _none_healthy(healthy: Sequence[tuple[float, int]], from_s: float, until_s: float) -> float | None:
    """Return since when no target was healthy, where that was so at any time between the two; nothing before the first was."""
    for index, (at, count) in enumerate(healthy):
        ends_s = healthy[index + 1][0] if index + 1 < len(healthy) else float("inf")
        if count == 0 and at <= until_s and ends_s >= from_s:
            return at
    return None
