"""What the state machine remembers: its tasks, the deployment under way, and the last one that was completed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from exitgate.rollout.events import TargetState, TaskName
from exitgate.rollout.settings import RolloutSettings

Phase = Literal["pending", "running", "draining", "stopping"]
"""`draining` is deregistered and not yet signalled (ECS's DEACTIVATING), `stopping` is signalled. Neither counts as running."""

DeploymentStatus = Literal["in_progress", "completed", "failed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One task, from the order to start it to its end."""

    name: TaskName
    version: str
    deployment: int
    """The number of the deployment that started it."""
    phase: Phase = "pending"
    started_s: float = 0.0
    """When it ran, of the events' clock."""
    target_state: TargetState = "initial"
    container_healthy: bool | None = None
    """What its own check says; nothing while that has not spoken."""
    was_healthy: bool = False
    failed: bool = False
    """Whether the circuit breaker has counted it."""
    deadline_s: float | None = None
    """When the delay, or the stop timeout, is over."""
    killed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployment:
    """One deployment; ECS's PRIMARY."""

    number: int
    version: str
    status: DeploymentStatus = "in_progress"
    is_rollback: bool = False
    failures: int = 0
    """Tasks that failed, in a row unless the breaker counts them all."""
    watches_alarms: bool = True
    """False where an alarm stood in ALARM as it began: ECS leaves alarms alone for that deployment, which may be the cure."""
    baked_s: float | None = None
    """When the bake time is over; nothing before it began."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RolloutState:
    """Everything that the machine knows. Made by `machine.initial_state`."""

    settings: RolloutSettings
    now_s: float = 0.0
    tasks: tuple[Task, ...] = ()
    """In the order of their start; those that are gone are not among them."""
    deployment: Deployment | None = None
    completed: Deployment | None = None
    """The last one that was completed: what a rollback returns to. Nothing while that is being rolled back to."""
    alarms: frozenset[str] = frozenset()
    """Those that stand in ALARM."""
    tasks_made: int = 0
    deployments_made: int = 0

    @property
    def lower_bound(self) -> int:
        """Healthy tasks at least."""
        return self.settings.lower_bound

    @property
    def upper_bound(self) -> int:
        """Pending and running tasks at most."""
        return self.settings.upper_bound
