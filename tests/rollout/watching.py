"""What holds of every step of the state machine, checked on each one that it takes."""

from __future__ import annotations

from dataclasses import replace

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
from exitgate.rollout.events import Deploy, Event, StopRequested, TaskExited, TaskName, Tick
from exitgate.rollout.health import opinion
from exitgate.rollout.machine import initial_state, next_deadline_s, step
from exitgate.rollout.settings import RolloutSettings
from exitgate.rollout.state import RolloutState, Task


class Watched:
    """A state machine that is not let out of sight."""

    def __init__(self, settings: RolloutSettings) -> None:
        self.settings = settings
        self.state = initial_state(settings)
        self.given_up: set[str] = set()
        self.registered: set[TaskName] = set()
        self.deregistered: set[TaskName] = set()
        self.stopped: set[TaskName] = set()
        self.killed: set[TaskName] = set()
        self.started: set[TaskName] = set()
        self.ended: set[TaskName] = set()
        self.deployments = 0

    @property
    def now_s(self) -> float:
        return self.state.now_s

    def deploy(self, now_s: float | None = None) -> tuple[Action, ...]:
        """Deploy a version with a name that none had before, so that it tells the deployment."""
        self.deployments += 1
        return self.tell(Deploy(now_s=self.now_s if now_s is None else now_s, version=f"v{self.deployments}"))

    def tell(self, event: Event) -> tuple[Action, ...]:
        before = self.state
        self.state, actions = step(before, event)
        if isinstance(event, TaskExited):
            self.ended.add(event.task)
        for action in actions:
            self._follow(action)
        self._bounds(event, before, actions)
        self._endings(actions)
        self._time()
        assert {task.name for task in self.state.tasks} == self.started - self.ended
        return actions

    def healthy(self) -> int:
        return sum(self.is_healthy(task) for task in self.state.tasks)

    def is_healthy(self, task: Task) -> bool:
        return opinion(task, self.settings, self.now_s) == "healthy"

    def _follow(self, action: Action) -> None:
        match action:
            case StartTask(task=task, version=version):
                assert task not in self.started
                assert version not in self.given_up, "a start after the deployment had failed"
                assert self.state.deployment
                assert version == self.state.deployment.version
                self.started.add(task)
            case RegisterTarget(task=task):
                assert self.settings.has_balancer
                assert task in self.started - self.stopped - self.registered
                self.registered.add(task)
            case DeregisterTarget(task=task):
                assert task in self.registered - self.deregistered
                self.deregistered.add(task)
            case StopTask(task=task):
                assert task in self.started - self.stopped
                assert task not in self.registered - self.deregistered, "stopped while it is a target"
                self.stopped.add(task)
            case KillTask(task=task):
                assert task in self.stopped - self.killed - self.ended
                self.killed.add(task)
            case RollBack(version=version) | Stall(version=version):
                self.given_up.add(version)
            case _:
                pass

    def _bounds(self, event: Event, before: RolloutState, actions: tuple[Action, ...]) -> None:
        active = sum(task.phase in ("pending", "running") for task in self.state.tasks)
        if any(isinstance(action, StartTask) for action in actions):
            assert active <= self.settings.upper_bound
        asked = event.task if isinstance(event, StopRequested) else None
        running = {task.name for task in before.tasks if task.phase == "running"}
        left = [
            task
            for task in self.state.tasks
            if task.name in running and task.phase in ("draining", "stopping") and task.name != asked
        ]
        if any(self.is_healthy(replace(task, phase="running")) for task in left):
            assert self.healthy() >= self.settings.lower_bound

    def _endings(self, actions: tuple[Action, ...]) -> None:
        for action in actions:
            if isinstance(action, Complete):
                assert len(self.state.tasks) == self.settings.desired_count
                assert all(task.version == action.version and self.is_healthy(task) for task in self.state.tasks)
                assert self.state.completed == self.state.deployment
        deployment = self.state.deployment
        if deployment and deployment.status == "failed":
            assert deployment.version in self.given_up

    def _time(self) -> None:
        deadline = next_deadline_s(self.state)
        assert deadline is None or deadline > self.now_s
        assert step(self.state, Tick(now_s=self.now_s)) == (self.state, ()), "a step leaves something for the next one"
