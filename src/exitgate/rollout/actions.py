"""What the state machine asks for. Whoever performs them answers with events; nothing is assumed done before its event came."""

from __future__ import annotations

from dataclasses import dataclass

from exitgate.rollout.events import TaskName


@dataclass(frozen=True, slots=True, kw_only=True)
class StartTask:
    """Start a task. Answered by `TaskStarted`, or `TaskExited` where it can't be."""

    task: TaskName
    version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterTarget:
    """Make a task a target of the load balancer. Answered by `TargetHealth` when its state is known, or changes."""

    task: TaskName


@dataclass(frozen=True, slots=True, kw_only=True)
class DeregisterTarget:
    """Send a task no new requests; those that it has go on. The machine sends the stop signal when the delay is over."""

    task: TaskName
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StopTask:
    """Send a task its stop signal. A task that is still being started is not started any more. Answered by `TaskExited`."""

    task: TaskName
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class KillTask:
    """Send SIGKILL to a task that did not stop in its time. Answered by `TaskExited`."""

    task: TaskName


@dataclass(frozen=True, slots=True, kw_only=True)
class Complete:
    """Nothing to do: the deployment is COMPLETED, every desired task is of it and healthy, no other is left."""

    version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Supersede:
    """Nothing to do: a deployment ends because another one was asked for before it was complete."""

    version: str
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RollBack:
    """Nothing to do: the deployment is FAILED, and the last completed one comes back."""

    version: str
    to: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Stall:
    """Nothing to do, and nothing will be: the deployment is FAILED, with nothing to go back to, and no task is started any more."""

    version: str
    reason: str


Action = StartTask | RegisterTarget | DeregisterTarget | StopTask | KillTask | Complete | Supersede | RollBack | Stall
