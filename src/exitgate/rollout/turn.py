"""One step of the state machine while it is taken: the tasks as they change, and the actions as they add up."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from exitgate.rollout.actions import Action, DeregisterTarget, KillTask, RollBack, Stall, StartTask, StopTask
from exitgate.rollout.events import TaskName
from exitgate.rollout.health import Opinion, opinion
from exitgate.rollout.state import Deployment, RolloutState, Task


class Turn:
    """A state that may still change. Nobody outside of a step ever sees one."""

    def __init__(self, state: RolloutState, now_s: float) -> None:
        self.settings = state.settings
        self.now_s = now_s
        self.tasks: dict[TaskName, Task] = {task.name: task for task in state.tasks}
        self.deployment = state.deployment
        self.completed = state.completed
        self.alarms = state.alarms
        self.tasks_made = state.tasks_made
        self.deployments_made = state.deployments_made
        self.actions: list[Action] = []

    def state(self) -> RolloutState:
        """Return the state that the step leads to."""
        return RolloutState(
            settings=self.settings,
            now_s=self.now_s,
            tasks=tuple(self.tasks.values()),
            deployment=self.deployment,
            completed=self.completed,
            alarms=self.alarms,
            tasks_made=self.tasks_made,
            deployments_made=self.deployments_made,
        )

    def opinion(self, task: Task) -> Opinion:
        """Return what ECS makes of a task now."""
        return opinion(task, self.settings, self.now_s)

    def active(self, keep: Callable[[Task], bool] = lambda _: True) -> list[Task]:
        """Return the pending and running tasks, in the order of their start."""
        return [task for task in self.tasks.values() if task.phase in ("pending", "running") and keep(task)]

    @property
    def healthy_count(self) -> int:
        """Healthy tasks, of whichever version."""
        return sum(self.opinion(task) == "healthy" for task in self.tasks.values())

    def change(self, task: Task, **values: object) -> None:
        """Take a task's new values."""
        self.tasks[task.name] = replace(task, **values)  # type: ignore[arg-type]

    def start(self, deployment: Deployment) -> None:
        """Ask for one more task of a deployment."""
        self.tasks_made += 1
        name = TaskName(f"task-{self.tasks_made}")
        self.tasks[name] = Task(name=name, version=deployment.version, deployment=deployment.number)
        self.actions.append(StartTask(task=name, version=deployment.version))

    def leave(self, task: Task, reason: str) -> None:
        """Take a task out: no new requests, the delay, the stop signal. One that is no target yet is signalled at once."""
        if task.phase == "running" and self.settings.has_balancer:
            self.actions.append(DeregisterTarget(task=task.name, reason=reason))
            self.change(task, phase="draining", deadline_s=self.now_s + self.settings.deregistration_delay_s)
            if self.settings.deregistration_delay_s <= 0:
                self.stop(self.tasks[task.name], reason)
        else:
            self.stop(task, reason)

    def stop(self, task: Task, reason: str) -> None:
        """Send a task its stop signal, from which on it has its stop timeout."""
        self.actions.append(StopTask(task=task.name, reason=reason))
        self.change(task, phase="stopping", deadline_s=self.now_s + self.settings.stop_timeout_s)

    def kill(self, task: Task) -> None:
        """End a task that did not stop in time."""
        self.actions.append(KillTask(task=task.name))
        self.change(task, killed=True, deadline_s=None)

    def fail(self, reason: str, *, rollback: bool) -> None:
        """End the deployment: the last completed one comes back, or everything stays as it is and nothing is started any more."""
        failed = self.deployment
        assert failed is not None  # noqa: S101 (only called with one)
        back = self.completed
        if rollback and back and back.number != failed.number:
            self.actions.append(RollBack(version=failed.version, to=back.version, reason=reason))
            self.deployment = replace(
                back,
                status="in_progress",
                is_rollback=True,
                failures=0,
                baked_s=None,
                watches_alarms=self.alarms_are_quiet,
            )
            # It is under way again: while it is, there is nothing that a further deployment could go back to.
            self.completed = None
        else:
            self.actions.append(Stall(version=failed.version, reason=reason))
            self.deployment = replace(failed, status="failed")

    @property
    def alarms_are_quiet(self) -> bool:
        """Whether no alarm of the deployment stands in ALARM."""
        return not self.alarms.intersection(self.settings.alarms.names)
