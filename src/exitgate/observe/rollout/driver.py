"""ECS's state machine, performed: one loop that tells it what containers and balancer do, and does what it asks for."""

from __future__ import annotations

import queue
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

from exitgate.observe.rollout.alarms import Alarms
from exitgate.observe.rollout.facts import Disturbance, Moment, Sight, Step, TaskFacts, TaskSight, Version
from exitgate.observe.rollout.tasks import RunningTask, TaskRecipe, Tasks
from exitgate.provision.balancer import Balancer, TargetHealth
from exitgate.provision.engine import Engine
from exitgate.rollout import actions, events
from exitgate.rollout.machine import initial_state, next_deadline_s, step
from exitgate.rollout.settings import RolloutSettings
from exitgate.rollout.state import RolloutState
from exitgate.run import Run

_LOOK_EVERY_S = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Disturbed:
    """A moment of the timeline that is neither the machine's event nor its action."""

    task: str
    state: str


class Driver:
    """One service, driven."""

    def __init__(
        self,
        engine: Engine,
        run: Run,
        recipe: TaskRecipe,
        settings: RolloutSettings,
        versions: Sequence[Version],
        balancer: Balancer,
        alarms: Alarms,
    ) -> None:
        self.state: RolloutState = initial_state(settings)
        self.timeline: list[Moment] = []
        self._versions = {version.name: version for version in versions}
        self._balancer, self._alarms = balancer, alarms
        self._arrived: queue.SimpleQueue[events.Event | BaseException] = queue.SimpleQueue()
        self._health: dict[str, str] = {}
        self._outcomes: list[actions.Complete | actions.RollBack | actions.Stall] = []
        self.disturbance: Disturbance | None = None
        """What happens next to a healthy task of a version that is being deployed."""
        self.bakes_rollbacks = True
        """Whether a rollback's alarms are watched for the bake time, as ECS does, before it counts as completed."""
        self.on_look: Callable[[], None] = lambda: None
        """Called each time that the balancer was asked."""
        self.tasks = Tasks(
            engine,
            run,
            recipe,
            on_started=self._task_started,
            on_ended=self._task_ended,
            on_failure=self._arrived.put,
        )

    @contextmanager
    def driving(self) -> Iterator[None]:
        """Remove all tasks at the end of the block."""
        with self.tasks.working():
            yield

    def deploy(self, version: str, *, limit_s: float, settle_s: float, overtaken: bool = False) -> Step:
        """Ask for a version, and go on until it has ended one way or the other, or the time is over.

        Args:
            limit_s: Seconds for it, a rollback included.
            settle_s: Seconds for which everything goes on after that.
            overtaken: Whether to go on only until its first task is healthy: the next deployment comes in between.
        """
        asked = time.monotonic()
        self._outcomes.clear()
        self._take(events.Deploy(now_s=asked, version=version))
        self._go_on(lambda: self._is_over or (overtaken and self._serves_already), limit_s)
        ended = time.monotonic()
        over = self._is_over
        bad = next((each for each in self._outcomes if not isinstance(each, actions.Complete)), None)
        facts = tuple(self.facts(task) for task in self.tasks.all.values() if task.started_s and task.ended_s is None)
        self._go_on(lambda: False, settle_s)
        word = "rolled back" if isinstance(bad, actions.RollBack) else "stalled" if bad else "completed"
        if not over:
            word = "overtaken" if overtaken and self._serves_already else ""
        return Step(
            version=version,
            asked_s=asked,
            result=word,
            reason=bad.reason if bad else "",
            ended_s=ended,
            tasks=facts,
            settled_s=time.monotonic(),
        )

    def go_on(self, seconds: float, until: Callable[[], bool] = lambda: False) -> None:
        """Let everything go on for a while, or until something holds."""
        self._go_on(until, seconds)

    def change_settings(self, settings: RolloutSettings) -> None:
        """Go on by other settings."""
        self.state = replace(self.state, settings=settings)

    @property
    def slowest_start_s(self) -> float:
        """Seconds from a task's start to its first passed check, at the most so far."""
        began = {moment.task: moment.at_s for moment in self.timeline if moment.kind == "TaskStarted"}
        passed: dict[str, float] = {}
        for moment in self.timeline:
            if moment.kind == "TargetHealth" and moment.words == "state=healthy":
                passed.setdefault(moment.task, moment.at_s)
        return max((passed[task] - began[task] for task in passed if task in began), default=0.0)

    def sight(self, ended: int, failed: int) -> Sight:
        """Return how everything stands now, with what the caller knows of the requests."""
        deployment = self.state.deployment
        return Sight(
            at_s=time.monotonic(),
            version=deployment.version if deployment else "",
            tasks=tuple(
                TaskSight(
                    name=task.name,
                    version=self.tasks.all[task.name].version.name,
                    phase=task.phase,
                    health=self._health.get(task.name, ""),
                )
                for task in self.state.tasks
            ),
            ended=ended,
            failed=failed,
        )

    def facts(self, task: RunningTask) -> TaskFacts:
        """Return what is known of a task."""
        return TaskFacts(
            name=task.name,
            version=task.version.name,
            image_id=task.image_id,
            started_s=task.started_s,
            stopped_s=task.stopped_s,
            ended_s=task.ended_s,
            exit_code=task.exit_code,
            killed=task.killed,
            health=self._health.get(task.name, ""),
            last_words=task.last_words,
            floods=task.floods,
        )

    @property
    def _is_over(self) -> bool:
        """Whether the deployment, or the rollback that followed it, has ended, and every task that leaves has left."""
        if not any(isinstance(each, actions.Complete | actions.Stall) for each in self._outcomes):
            return False
        return all(task.phase in ("pending", "running") for task in self.state.tasks)

    @property
    def _serves_already(self) -> bool:
        """Whether a task of the version that was asked for is healthy."""
        deployment = self.state.deployment
        if deployment is None or deployment.is_rollback:
            return False
        return any(task.deployment == deployment.number and task.target_state == "healthy" for task in self.state.tasks)

    def _go_on(self, until: Callable[[], bool], limit_s: float) -> None:
        deadline = time.monotonic() + limit_s
        while not until() and (now := time.monotonic()) < deadline:
            due = next_deadline_s(self.state)
            wait = min(_LOOK_EVERY_S, deadline - now, *([max(0.0, due - now)] if due is not None else []))
            try:
                arrived = self._arrived.get(timeout=max(0.001, wait))
            except queue.Empty:
                self._look()
                if due is not None and time.monotonic() >= due:
                    self._take(events.Tick(now_s=time.monotonic()))
                continue
            if isinstance(arrived, BaseException):
                raise arrived
            self._take(arrived)

    def _look(self) -> None:
        """Tell what the balancer and the alarms say."""
        seen = self._balancer.health()
        for name, health in seen.items():
            if self._health.get(name) != health:
                self._health[name] = str(health)
                if health is TargetHealth.HEALTHY:
                    self.tasks.serves(name)
                self._take(events.TargetHealth(now_s=time.monotonic(), task=events.TaskName(name), state=health.value))
        for event in self._alarms.look(time.monotonic()):
            self._take(event)
        self._disturb()
        self.on_look()

    def _disturb(self) -> None:
        """Disturb the first task of a deployment that is healthy, once."""
        deployment = self.state.deployment
        if self.disturbance is None or deployment is None or deployment.status != "in_progress":
            return
        for task in self.state.tasks:
            if task.deployment == deployment.number and task.phase == "running" and task.target_state == "healthy":
                disturbance, self.disturbance = self.disturbance, None
                self.tasks.disturb(task.name, disturbance)
                self._note(Disturbed(task=task.name, state=disturbance.value))
                return

    def _take(self, event: events.Event) -> None:
        self.state, asked = step(self.state, event)
        if not isinstance(event, events.Tick):
            self._note(event)
        for action in asked:
            self._note(action)
            self._perform(action)

    def _perform(self, action: actions.Action) -> None:
        match action:
            case actions.StartTask(task=task, version=version):
                self.tasks.start(task, self._versions[version])
            case actions.RegisterTarget(task=task):
                self._balancer.register(self.tasks.target(task))
            case actions.DeregisterTarget(task=task):
                self._balancer.deregister(task)
                self._health.pop(task, None)
            case actions.StopTask(task=task):
                self.tasks.stop(task)
            case actions.KillTask(task=task):
                self.tasks.kill(task)
            case actions.Complete() | actions.RollBack() | actions.Stall():
                self._outcomes.append(action)
                if isinstance(action, actions.RollBack) and not self.bakes_rollbacks:
                    settings = self.state.settings
                    self.change_settings(replace(settings, alarms=replace(settings.alarms, bake_time_s=0.0)))
            case actions.Supersede():
                pass

    def _note(self, what: events.Event | actions.Action | Disturbed) -> None:
        active = [task for task in self.state.tasks if task.phase in ("pending", "running")]
        words = ", ".join(
            f"{name}={value}"
            for name in ("version", "state", "reason", "exit_code", "name", "to", "by")
            if (value := getattr(what, name, None)) is not None
        )
        self.timeline.append(
            Moment(
                at_s=time.monotonic(),
                kind=type(what).__name__,
                task=str(getattr(what, "task", "")),
                words=words,
                healthy=sum(task.phase == "running" and task.target_state == "healthy" for task in active),
                running=len(active),
            )
        )

    def _task_started(self, task: RunningTask) -> None:
        self._arrived.put(events.TaskStarted(now_s=time.monotonic(), task=events.TaskName(task.name)))

    def _task_ended(self, task: RunningTask) -> None:
        self._arrived.put(
            events.TaskExited(now_s=time.monotonic(), task=events.TaskName(task.name), exit_code=task.exit_code)
        )
