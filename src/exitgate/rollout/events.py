"""What the state machine is told: facts about tasks, targets and alarms, and the time. Each carries when it was seen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NewType

TaskName = NewType("TaskName", str)
"""Given by the machine, e.g. ``task-7``; never used twice."""

TargetState = Literal["initial", "healthy", "unhealthy"]
"""As DescribeTargetHealth has them; what is being deregistered the machine knows by itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seen:
    now_s: float
    """Seconds, of a clock that never goes back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick(_Seen):
    """Time went by. Due at `machine.next_deadline_s` at the latest; any other event does as well."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deploy(_Seen):
    """Somebody asks for a version, whatever is under way."""

    version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskStarted(_Seen):
    """A task's containers run (PENDING → RUNNING)."""

    task: TaskName


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskExited(_Seen):
    """A task is gone: by itself, by a signal, by our doing, or because it could not be started."""

    task: TaskName
    exit_code: int | None = None
    """Nothing where it never ran."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetHealth(_Seen):
    """The load balancer's opinion of a task changed."""

    task: TaskName
    state: TargetState


@dataclass(frozen=True, slots=True, kw_only=True)
class ContainerHealth(_Seen):
    """The opinion of the task definition's own check changed. Not sent while that is still starting."""

    task: TaskName
    healthy: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetIdle(_Seen):
    """A target that is being deregistered has neither a request nor a connection left: the load balancer ends the delay early."""

    task: TaskName


@dataclass(frozen=True, slots=True, kw_only=True)
class StopRequested(_Seen):
    """Somebody, or Fargate Spot, has a task stopped: it leaves in order, and is replaced."""

    task: TaskName


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmFired(_Seen):
    """An alarm went to ALARM."""

    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmCleared(_Seen):
    """An alarm left ALARM."""

    name: str


Event = (
    Tick
    | Deploy
    | TaskStarted
    | TaskExited
    | TargetHealth
    | ContainerHealth
    | TargetIdle
    | StopRequested
    | AlarmFired
    | AlarmCleared
)
