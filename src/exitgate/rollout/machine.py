"""ECS's rolling update: a state and an event in, a state and actions out. Pure and deterministic; its clock is that of the events.

Sources: Amazon ECS developer guide, "Deploy Amazon ECS services by replacing tasks", "How the Amazon ECS deployment circuit
breaker detects failures", "How CloudWatch alarms detect Amazon ECS deployment failures"; API reference, Deployment.

What it leaves out: placement, scaling during a deployment, and that ECS waits longer each time before it starts a task again that
never ran. A task that stops after it was healthy is no failure to the circuit breaker. That is ECS's rule; alarms are there for it.
"""

from __future__ import annotations

from dataclasses import replace

from exitgate.rollout.actions import Action, Complete, DeregisterTarget, RegisterTarget, Supersede
from exitgate.rollout.events import (
    AlarmCleared,
    AlarmFired,
    ContainerHealth,
    Deploy,
    Event,
    StopRequested,
    TargetHealth,
    TargetIdle,
    TaskExited,
    TaskStarted,
    Tick,
)
from exitgate.rollout.health import next_change_s
from exitgate.rollout.scheduler import is_steady, schedule
from exitgate.rollout.settings import RolloutSettings
from exitgate.rollout.state import Deployment, RolloutState, Task
from exitgate.rollout.turn import Turn


def initial_state(settings: RolloutSettings) -> RolloutState:
    """Return a service to which nothing was ever deployed."""
    return RolloutState(settings=settings)


def step(state: RolloutState, event: Event) -> tuple[RolloutState, tuple[Action, ...]]:
    """Take one event, and everything that the time since the last one brought.

    Args:
        state: Where the service stands.
        event: What happened. One of a task that is gone changes nothing, nor does one that is late change the clock.

    Returns:
        The new state, and what is to be done, in this order.
    """
    turn = Turn(state, max(state.now_s, event.now_s))
    _take_due(turn)
    _take(turn, event)
    _judge(turn)
    done = -1
    # What stops makes room, and what goes makes the rest steady.
    while turn.deployment and turn.deployment.status != "failed" and done != len(turn.actions):
        done = len(turn.actions)
        schedule(turn, turn.deployment)
        _conclude(turn)
    return turn.state(), tuple(turn.actions)


def next_deadline_s(state: RolloutState) -> float | None:
    """Return when the machine wants a `Tick`, of the events' clock in seconds; nothing where time alone changes nothing."""
    due = [task.deadline_s for task in state.tasks if task.deadline_s is not None]
    due += [change for task in state.tasks if (change := next_change_s(task, state.settings, state.now_s)) is not None]
    deployment = state.deployment
    if deployment and deployment.status == "in_progress" and (deployment.baked_s or 0.0) > state.now_s:
        due.append(deployment.baked_s or 0.0)
    return min(due, default=None)


def _take_due(turn: Turn) -> None:
    """Signal what has drained, and kill what did not stop in time."""
    for task in list(turn.tasks.values()):
        if task.deadline_s is None or task.deadline_s > turn.now_s:
            continue
        if task.phase == "draining":
            turn.stop(task, "drained")
        else:
            turn.kill(task)


def _take(turn: Turn, event: Event) -> None:
    match event:
        case Tick():
            pass
        case Deploy(version=version):
            _deploy(turn, version)
        case AlarmFired(name=name):
            turn.alarms |= {name}
        case AlarmCleared(name=name):
            turn.alarms -= {name}
        case _ if event.task in turn.tasks:
            _take_of_task(turn, turn.tasks[event.task], event)


def _take_of_task(turn: Turn, task: Task, event: Event) -> None:
    match event:
        case TaskStarted() if task.phase == "pending":
            turn.change(task, phase="running", started_s=turn.now_s)
            if turn.settings.has_balancer:
                turn.actions.append(RegisterTarget(task=task.name))
        case TaskExited():
            _lose(turn, task)
        case TargetHealth(state=state) if task.phase == "running":
            turn.change(task, target_state=state)
        case ContainerHealth(healthy=healthy) if task.phase == "running":
            turn.change(task, container_healthy=healthy)
        case TargetIdle() if task.phase == "draining":
            turn.stop(task, "drained early")
        case StopRequested() if task.phase in ("pending", "running"):
            turn.leave(task, "somebody stopped it")


def _deploy(turn: Turn, version: str) -> None:
    current = turn.deployment
    if current and current.status == "in_progress":
        turn.actions.append(Supersede(version=current.version, by=version))
    turn.deployments_made += 1
    turn.deployment = Deployment(number=turn.deployments_made, version=version, watches_alarms=turn.alarms_are_quiet)


def _lose(turn: Turn, task: Task) -> None:
    """Forget a task that is gone. One that went by itself before it was ever healthy has failed."""
    del turn.tasks[task.name]
    if task.phase == "running" and turn.settings.has_balancer:
        turn.actions.append(DeregisterTarget(task=task.name, reason="exited"))
    if task.phase in ("pending", "running") and not task.was_healthy and not task.failed:
        _count(turn, task)


def _judge(turn: Turn) -> None:
    """Note who has become healthy and who has failed, and fail the deployment where that or an alarm says so."""
    for task in list(turn.tasks.values()):
        opinion = turn.opinion(task)
        if opinion == "healthy" and not task.was_healthy:
            turn.change(task, was_healthy=True)
            _relieve(turn, task)
        elif opinion == "unhealthy" and not task.failed:
            turn.change(task, failed=True)
            _count(turn, task)
    deployment, settings = turn.deployment, turn.settings
    if deployment is None or deployment.status != "in_progress":
        return
    threshold = settings.breaker.threshold(settings.desired_count)
    ringing = sorted(turn.alarms.intersection(settings.alarms.names))
    if settings.breaker.enable and deployment.failures >= threshold:
        turn.fail(f"circuit breaker: {deployment.failures} tasks failed", rollback=settings.breaker.rollback)
    elif settings.alarms.enable and deployment.watches_alarms and ringing:
        turn.fail(f"alarm: {', '.join(ringing)}", rollback=settings.alarms.rollback)


def _count(turn: Turn, task: Task) -> None:
    deployment = turn.deployment
    if deployment and deployment.status == "in_progress" and task.deployment == deployment.number:
        turn.deployment = replace(deployment, failures=deployment.failures + 1)


def _relieve(turn: Turn, task: Task) -> None:
    deployment = turn.deployment
    if deployment and task.deployment == deployment.number and turn.settings.breaker.reset_on_healthy_task:
        turn.deployment = replace(deployment, failures=0)


def _conclude(turn: Turn) -> None:
    """Complete the deployment when it is steady, and its alarms were watched for long enough."""
    deployment, alarms = turn.deployment, turn.settings.alarms
    if deployment is None or deployment.status != "in_progress" or not is_steady(turn, deployment):
        return
    if deployment.baked_s is None:
        watched = alarms.enable and deployment.watches_alarms
        deployment = replace(deployment, baked_s=turn.now_s + (alarms.bake_time_s if watched else 0.0))
    if turn.now_s >= (deployment.baked_s or 0.0):
        deployment = replace(deployment, status="completed", is_rollback=False, baked_s=None)
        turn.completed = deployment
        turn.actions.append(Complete(version=deployment.version))
    turn.deployment = deployment
