"""A world of made-up tasks for the state machine: versions that get healthy after a while, never, crash, freeze or err.

The load balancer and ECS's agent check as late as they may: the first time one interval after a task came, an answer that does not
come waited for. So a simulated rollout takes as long as one of real tasks with these times takes at the most.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from exitgate.rollout.actions import (
    Action,
    Complete,
    DeregisterTarget,
    KillTask,
    RegisterTarget,
    RollBack,
    Stall,
    StartTask,
    StopTask,
)
from exitgate.rollout.events import (
    AlarmCleared,
    AlarmFired,
    ContainerHealth,
    Deploy,
    Event,
    TargetHealth,
    TaskExited,
    TaskName,
    TaskStarted,
    Tick,
)
from exitgate.rollout.health import opinion
from exitgate.rollout.machine import initial_state, next_deadline_s, step
from exitgate.rollout.settings import RolloutSettings
from exitgate.rollout.state import RolloutState

Outcome = Literal["completed", "rolled back", "stalled", "unfinished"]

_MOST_EVENTS = 200_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Behaviour:
    """How the tasks of a version behave. Times are in seconds after the task runs, unless they say otherwise."""

    launch_s: float = 0.0
    """From the order to start until the task runs: a place, the image, the network."""
    ready_s: float | None = 1.0
    """When it answers its health checks; nothing for never."""
    exits_s: float | None = None
    """When it exits by itself."""
    freezes_s: float | None = None
    """When it stops answering."""
    stop_s: float | None = 1.0
    """From the stop signal until it has exited; nothing for a task that ignores the signal."""
    alarm_s: float | None = None
    """From its first healthy task until an alarm notices that it errs; nothing for a version that does not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """How a simulated rollout went."""

    outcome: Outcome
    took_s: float
    """From the order to deploy until it ended; the limit, where it did not."""
    fewest_healthy: int
    most_active: int
    """Pending and running tasks."""
    started: int
    """Tasks of the new version that were started."""
    reason: str = ""
    """Why it failed."""
    failed_s: float | None = None
    """When it was given up, where it was."""
    timeline: tuple[tuple[float, Event | Action], ...] = ()
    """Each event followed by the actions that it led to, in seconds from the order to deploy."""


@dataclass(slots=True)
class _Body:
    """A made-up task: what it does, and since when."""

    version: str
    behaviour: Behaviour
    runs_s: float | None = None
    registered_s: float | None = None
    failures: int = 0
    """Of the load balancer's checks, in a row."""
    passes: int = 0
    container_failures: int = 0
    seen: str = "initial"
    container_seen: bool | None = None
    signalled: bool = False

    def answers(self, now_s: float) -> bool:
        """Say whether it answers a health check now."""
        own = self.behaviour
        if self.runs_s is None or own.ready_s is None:
            return False
        age = now_s - self.runs_s
        return age >= own.ready_s and (own.freezes_s is None or age < own.freezes_s)


@dataclass(slots=True)
class World:
    """Tasks, a load balancer and a clock around the state machine."""

    settings: RolloutSettings
    behaviours: Mapping[str, Behaviour]
    """By version."""
    now_s: float = 0.0
    state: RolloutState = field(init=False)
    bodies: dict[TaskName, _Body] = field(init=False, default_factory=dict)
    timeline: list[tuple[float, Event | Action]] = field(init=False, default_factory=list)
    _queue: list[tuple[float, int, Event | tuple[str, TaskName]]] = field(init=False, default_factory=list)
    _numbers: Iterator[int] = field(init=False, default_factory=itertools.count)
    _errs: dict[str, bool] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        self.state = initial_state(self.settings)

    def tell(self, event: Event) -> tuple[Action, ...]:
        """Tell the machine of an event, and do what it asks for."""
        self.now_s = max(self.now_s, event.now_s)
        self.state, actions = step(self.state, event)
        self.timeline.append((self.now_s, event))
        for action in actions:
            self.timeline.append((self.now_s, action))
            self._do(action)
        return actions

    def next_step(self, limit_s: float) -> tuple[Action, ...] | None:
        """Let time go on until the next thing happens; nothing where that is not before the limit, or where nothing will."""
        deadline = next_deadline_s(self.state)
        at = self._queue[0][0] if self._queue else None
        if deadline is not None and (at is None or deadline <= at):
            return self.tell(Tick(now_s=deadline)) if deadline <= limit_s else None
        if at is None or at > limit_s:
            return None
        at, _, what = heapq.heappop(self._queue)
        self.now_s = max(self.now_s, at)
        if isinstance(what, tuple):
            return self._check(*what)
        if isinstance(what, TaskExited) and self.bodies.pop(what.task, None) is None:
            return ()
        if isinstance(what, TaskStarted) and what.task not in self.bodies:
            return ()
        return self._run(what.task) if isinstance(what, TaskStarted) else self.tell(what)

    def _at(self, at_s: float, what: Event | tuple[str, TaskName]) -> None:
        heapq.heappush(self._queue, (at_s, next(self._numbers), what))

    def _do(self, action: Action) -> None:
        match action:
            case StartTask(task=task, version=version):
                body = self.bodies[task] = _Body(version, self.behaviours[version])
                at = self.now_s + body.behaviour.launch_s
                self._at(at, TaskStarted(now_s=at, task=task))
            case RegisterTarget(task=task) if task in self.bodies:
                self.bodies[task].registered_s = self.now_s
                self._next_check("target", task)
            case DeregisterTarget(task=task) if task in self.bodies:
                self.bodies[task].registered_s = None
            case StopTask(task=task) if task in self.bodies:
                self._stop(task, self.bodies[task])
            case KillTask(task=task):
                self._at(self.now_s, TaskExited(now_s=self.now_s, task=task, exit_code=137))

    def _run(self, task: TaskName) -> tuple[Action, ...]:
        body = self.bodies[task]
        body.runs_s = self.now_s
        if body.behaviour.exits_s is not None:
            at = self.now_s + body.behaviour.exits_s
            self._at(at, TaskExited(now_s=at, task=task, exit_code=1))
        if self.settings.container_check:
            self._next_check("container", task)
        return self.tell(TaskStarted(now_s=self.now_s, task=task))

    def _stop(self, task: TaskName, body: _Body) -> None:
        if body.runs_s is None:
            self._at(self.now_s, TaskExited(now_s=self.now_s, task=task))
        elif body.behaviour.stop_s is not None:
            at = self.now_s + body.behaviour.stop_s
            self._at(at, TaskExited(now_s=at, task=task, exit_code=0))

    def _next_check(self, kind: str, task: TaskName) -> None:
        check = self.settings.target_check if kind == "target" else self.settings.container_check
        assert check is not None  # noqa: S101 (only called with one)
        # What it will see then, it says when an answer would have been too late.
        self._at(self.now_s + check.interval_s, (kind, task))

    def _check(self, kind: str, task: TaskName) -> tuple[Action, ...]:
        body = self.bodies.get(task)
        if body is None or (kind == "target" and body.registered_s is None):
            return ()
        self._next_check(kind, task)
        return self._check_target(task, body) if kind == "target" else self._check_container(task, body)

    def _check_target(self, task: TaskName, body: _Body) -> tuple[Action, ...]:
        check = self.settings.target_check
        assert check is not None  # noqa: S101 (only called with one)
        passed = body.answers(self.now_s)
        body.passes, body.failures = (body.passes + 1, 0) if passed else (0, body.failures + 1)
        if passed and body.seen != "healthy" and (body.seen == "initial" or body.passes >= check.healthy_count):
            body.seen = "healthy"
            done = self.tell(TargetHealth(now_s=self.now_s, task=task, state="healthy"))
            self._notice_errors(body)
            return done
        if not passed and body.seen != "unhealthy" and body.failures >= check.unhealthy_count:
            body.seen = "unhealthy"
            at = self.now_s + check.timeout_s
            self._at(at, TargetHealth(now_s=at, task=task, state="unhealthy"))
        return ()

    def _check_container(self, task: TaskName, body: _Body) -> tuple[Action, ...]:
        check = self.settings.container_check
        assert check is not None  # noqa: S101 (only called with one)
        if body.answers(self.now_s):
            body.container_failures = 0
            if body.container_seen is not True:
                body.container_seen = True
                return self.tell(ContainerHealth(now_s=self.now_s, task=task, healthy=True))
        elif self.now_s - (body.runs_s or 0.0) >= check.start_period_s:
            body.container_failures += 1
            if body.container_seen is not False and body.container_failures >= check.retries:
                body.container_seen = False
                at = self.now_s + check.timeout_s
                self._at(at, ContainerHealth(now_s=at, task=task, healthy=False))
        return ()

    def _notice_errors(self, body: _Body) -> None:
        names, after_s = self.settings.alarms.names, body.behaviour.alarm_s
        if names and after_s is not None and not self._errs.get(body.version):
            self._errs[body.version] = True
            at = self.now_s + after_s
            self._at(at, AlarmFired(now_s=at, name=names[0]))

    def healthy_count(self) -> int:
        """Return how many tasks ECS counts as healthy now."""
        return sum(opinion(task, self.settings, self.state.now_s) == "healthy" for task in self.state.tasks)

    def active_count(self) -> int:
        """Return how many tasks are pending or running now."""
        return sum(task.phase in ("pending", "running") for task in self.state.tasks)


def simulate(
    settings: RolloutSettings, new: Behaviour, *, old: Behaviour | None = None, limit_s: float = 3600.0
) -> Course:
    """Roll a version out over a completed one, in no time.

    Args:
        settings: Of the service.
        new: How the new version's tasks behave.
        old: How the old version's do; healthy after a second where it is not said.
        limit_s: Seconds after which it is called unfinished.

    Returns:
        How it went.
    """
    world = World(settings, {"old": old or Behaviour(), "new": new})
    ended = _until(world, world.tell(Deploy(now_s=0.0, version="old")), limit_s)
    if not isinstance(ended, Complete):
        return Course(outcome="unfinished", took_s=limit_s, fewest_healthy=0, most_active=0, started=0)
    world.tell(AlarmCleared(now_s=world.now_s, name=""))
    begun_s, before = world.now_s, len(world.timeline)
    seen = _Extremes(fewest=world.healthy_count(), most=world.active_count())
    ended = _until(world, world.tell(Deploy(now_s=begun_s, version="new")), begun_s + limit_s, seen)
    timeline = tuple((at - begun_s, what) for at, what in world.timeline[before:])
    failed = [what for _, what in timeline if isinstance(what, RollBack | Stall)]
    outcome: Outcome = "unfinished"
    if isinstance(ended, Complete):
        outcome = "rolled back" if failed else "completed"
    elif isinstance(ended, Stall):
        outcome = "stalled"
    return Course(
        outcome=outcome,
        took_s=world.now_s - begun_s if ended else limit_s,
        fewest_healthy=seen.fewest,
        most_active=seen.most,
        started=sum(isinstance(what, StartTask) and what.version == "new" for _, what in timeline),
        reason=failed[0].reason if failed else "",
        failed_s=next((at for at, what in timeline if isinstance(what, RollBack | Stall)), None),
        timeline=timeline,
    )


@dataclass(slots=True)
class _Extremes:
    fewest: int
    most: int


def _until(
    world: World, actions: tuple[Action, ...], limit_s: float, seen: _Extremes | None = None
) -> Complete | Stall | None:
    """Let the world go on until the deployment ends, or the limit."""
    for _ in range(_MOST_EVENTS):
        if seen:
            seen.fewest = min(seen.fewest, world.healthy_count())
            seen.most = max(seen.most, world.active_count())
        for action in actions:
            if isinstance(action, Complete | Stall):
                return action
        following = world.next_step(limit_s)
        if following is None:
            return None
        actions = following
    return None
