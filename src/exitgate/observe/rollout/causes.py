"""What the failed requests of a rollout are due to, by its own timeline."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from exitgate.load.results import Request
from exitgate.observe.rollout.facts import Moment, Rollout
from exitgate.rollout.actions import DeregisterTarget, KillTask, StopTask
from exitgate.rollout.attribution import Cause, FailedRequest, attribute, causes
from exitgate.rollout.events import TargetHealth, TaskExited, TaskName, TaskStarted


def causes_of(rollout: Rollout, failed: Iterable[Request]) -> dict[Cause, int]:
    """Return how many of the requests failed of each cause, the most frequent first."""
    requests = [FailedRequest(sent_s=each.sent_s, ended_s=each.ended_s, task=each.task) for each in failed]
    slack_s = max(rollout.settings.propagation_lag_s, 0.25)
    return causes(attribute(requests, tuple(_happened(rollout.timeline)), slack_s=slack_s))


def _happened(timeline: Iterable[Moment]) -> Iterator[tuple[float, object]]:
    """Yield events and actions as they were before they became moments, as far as they cause failures."""
    for moment in timeline:
        at, task = moment.at_s, TaskName(moment.task)
        words = dict(each.partition("=")[::2] for each in moment.words.split(", "))
        match moment.kind:
            case "KillTask":
                yield at, KillTask(task=task)
            case "StopTask":
                yield at, StopTask(task=task, reason=words.get("reason", ""))
            case "DeregisterTarget":
                yield at, DeregisterTarget(task=task, reason=words.get("reason", ""))
            case "TaskExited":
                yield at, TaskExited(now_s=at, task=task)
            case "TargetHealth" if (state := words.get("state")) in ("healthy", "unhealthy"):
                yield at, TargetHealth(now_s=at, task=task, state="healthy" if state == "healthy" else "unhealthy")
            case "TaskStarted":
                yield at, TaskStarted(now_s=at, task=task)
            case _:
                pass
