"""Random and cooperative courses of events for the state machine."""

from __future__ import annotations

import random
from collections.abc import Iterator

from exitgate.rollout.events import (
    AlarmCleared,
    AlarmFired,
    ContainerHealth,
    Event,
    StopRequested,
    TargetHealth,
    TargetIdle,
    TaskExited,
    TaskStarted,
    Tick,
)
from exitgate.rollout.machine import next_deadline_s
from exitgate.rollout.settings import Breaker, DeploymentAlarms, RolloutSettings, TargetCheck
from exitgate.rollout.state import Task
from exitgate.settings import HealthCheck
from tests.rollout.watching import Watched

CONTAINER_CHECK = HealthCheck(command=("CMD", "check"), interval_s=10, timeout_s=3, retries=3, start_period_s=0)


def any_settings(draw: random.Random) -> RolloutSettings:
    """Return settings of any kind that ECS takes."""
    return RolloutSettings(
        workload="orders",
        desired_count=draw.choice((0, 1, 1, 2, 2, 3, 4, 7)),
        minimum_healthy_percent=draw.choice((0, 25, 50, 75, 100, 100)),
        maximum_percent=draw.choice((100, 125, 150, 200, 200, 400)),
        grace_period_s=draw.choice((0, 5, 60)),
        target_check=draw.choice((None, TargetCheck(path="/"), TargetCheck(path="/"))),
        container_check=draw.choice((None, CONTAINER_CHECK)),
        deregistration_delay_s=draw.choice((0, 3, 30)),
        stop_timeout_s=draw.choice((2, 30)),
        breaker=Breaker(
            enable=draw.random() < 0.7,
            rollback=draw.random() < 0.7,
            threshold_type=draw.choice(("BOUNDED_PERCENT", "UNBOUNDED_PERCENT", "COUNT")),
            threshold_value=draw.choice((1, 5, 50)),
            reset_on_healthy_task=draw.random() < 0.5,
        ),
        alarms=DeploymentAlarms(enable=draw.random() < 0.5, rollback=True, names=("errors",), bake_time_s=20),
    )


def any_event(draw: random.Random, watched: Watched) -> Event | None:
    """Return something that can happen next; nothing for a deployment, which the caller orders."""
    now_s, tasks = watched.now_s, watched.state.tasks
    if tasks and draw.random() < 0.75:
        return _of_task(draw, draw.choice(tasks), now_s)
    chance = draw.random()
    if chance < 0.3:
        return None
    if chance < 0.4:
        return AlarmFired(now_s=now_s, name=draw.choice(("errors", "another")))
    if chance < 0.5:
        return AlarmCleared(now_s=now_s, name="errors")
    deadline = next_deadline_s(watched.state)
    return Tick(
        now_s=deadline if deadline is not None and draw.random() < 0.7 else now_s + draw.choice((0, 1, 10, 100))
    )


def _of_task(draw: random.Random, task: Task, now_s: float) -> Event:
    name = task.name
    if task.phase == "pending":
        return TaskExited(now_s=now_s, task=name) if draw.random() < 0.2 else TaskStarted(now_s=now_s, task=name)
    if task.phase in ("draining", "stopping"):
        return draw.choice((TargetIdle, TaskExited))(now_s=now_s, task=name)
    chance = draw.random()
    if chance < 0.45:
        return TargetHealth(now_s=now_s, task=name, state="healthy" if draw.random() < 0.7 else "unhealthy")
    if chance < 0.9:
        return ContainerHealth(now_s=now_s, task=name, healthy=draw.random() < 0.7)
    return draw.choice((StopRequested, TaskExited))(now_s=now_s, task=name)


def well_behaved(watched: Watched) -> Iterator[Event]:
    """Yield what happens where every task starts, is healthy and stops when it is told to, until nothing is left to happen."""
    while True:
        now_s = watched.now_s
        steps = (_next_of(watched, task, now_s) for task in watched.state.tasks)
        expected: Event | None = next((each for each in steps if each is not None), None)
        deadline = next_deadline_s(watched.state)
        if expected is None and deadline is None:
            return
        yield expected or Tick(now_s=deadline or now_s)


def _next_of(watched: Watched, task: Task, now_s: float) -> Event | None:
    if task.phase == "pending":
        return TaskStarted(now_s=now_s, task=task.name)
    if task.phase == "stopping":
        return TaskExited(now_s=now_s, task=task.name, exit_code=0)
    if task.phase == "draining":
        return None
    if watched.settings.has_balancer and task.target_state != "healthy":
        return TargetHealth(now_s=now_s, task=task.name, state="healthy")
    if watched.settings.container_check and task.container_healthy is not True:
        return ContainerHealth(now_s=now_s, task=task.name, healthy=True)
    return None
