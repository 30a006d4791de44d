"""A rollout over time, in bins: what the report draws."""

from __future__ import annotations

import math
from collections.abc import Iterator

from exitgate.load.results import percentile
from exitgate.observe.rollout.facts import Rollout, TaskFacts
from exitgate.pictures import Mark, RolloutPicture, VersionSeries

_BINS_S = (1.0, 2.0, 5.0, 10.0, 30.0, 60.0)
_MOST_BINS = 240
"""A picture is a few KB of the record, however long a rollout took."""
_MILLISECONDS = 1000


def picture_of(rollout: Rollout) -> RolloutPicture:
    """Return requests, failures, latency and tasks in bins of a second, or of more where there would be too many."""
    load = rollout.load
    begun = load.begun_s
    ends = [request.ended_s for request in load.requests]
    length = max([(load.ended_s or begun) - begun, *(end - begun for end in ends)], default=0.0)
    bin_s = next((size for size in _BINS_S if length / size <= _MOST_BINS), length / _MOST_BINS)
    count = max(1, math.ceil(length / bin_s))
    latencies: list[list[float]] = [[] for _ in range(count)]
    failed = [0] * count
    for request in load.requests:
        at = min(max(0, int((request.ended_s - begun) / bin_s)), count - 1)
        if request.failure:
            failed[at] += 1
        else:
            latencies[at].append(request.latency_s)
    moments = [begun + (number + 1) * bin_s for number in range(count)]
    return RolloutPicture(
        scenario=rollout.scenario,
        workload=rollout.workload,
        bin_s=bin_s,
        answered=tuple(map(len, latencies)),
        failed=tuple(failed),
        latency_p99_ms=tuple(round(percentile(each, 99) * _MILLISECONDS) if each else None for each in latencies),
        tasks=tuple(
            VersionSeries(version=name, running=tuple(_running(rollout.tasks, name, at) for at in moments))
            for name in dict.fromkeys(version.name for version in rollout.versions)
        ),
        marks=tuple(sorted(_marks(rollout), key=lambda mark: mark.at_s)),
    )


def _running(tasks: tuple[TaskFacts, ...], version: str, at_s: float) -> int:
    """Count the tasks of a version that had started and not ended; one that never ran has no start."""
    return sum(
        task.version == version and 0 < task.started_s <= at_s and (task.ended_s is None or task.ended_s > at_s)
        for task in tasks
    )


def _marks(rollout: Rollout) -> Iterator[Mark]:
    for step in rollout.steps:
        yield Mark(at_s=round(step.asked_s - rollout.load.begun_s, 1), words=f"{step.version} asked for")
        word = step.result or "not over in time"
        why = f": {step.reason}" if step.reason else ""
        yield Mark(at_s=round(step.ended_s - rollout.load.begun_s, 1), words=f"{step.version} {word}{why}")
