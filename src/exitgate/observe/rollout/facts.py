"""What was seen of a rolling update: its timeline, its tasks, and every request that was sent meanwhile."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from exitgate.load.results import LoadResults
from exitgate.observation import Observation
from exitgate.rollout.compression import Inequality
from exitgate.rollout.settings import RolloutSettings


class Defect(StrEnum):
    """What is made wrong with a version from outside, its image being the new one."""

    NONE = ""
    DEAF = "listens on another port, so that no health check passes"
    CRASHES = "is killed as soon as it has started"
    ERRS = "passes its health checks, and answers some requests with 500"
    SLOW = "passes its health checks, and answers every request late"
    UNMIGRATED = "has a migration that fails, so that it ends instead of starting"


class Disturbance(StrEnum):
    """What happens to a healthy task of the new version while it is deployed, by nobody's plan."""

    KILL = "killed"
    FREEZE = "frozen"
    CUT_OFF = "cut off from its network"


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """What a deployment runs."""

    name: str
    image_id: str
    """``sha256:…``, as the engine has it."""
    defect: Defect = Defect.NONE


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """Something that happened. Times are seconds of this machine's monotonic clock."""

    at_s: float
    kind: str
    """Of an event or an action of the state machine, e.g. ``TargetHealth``, ``StopTask``."""
    task: str
    words: str
    healthy: int
    """Tasks that the balancer found healthy, after it."""
    running: int
    """Tasks that are pending or run, after it; those that are leaving are not counted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskFacts:
    """One task, from its start to its end."""

    name: str
    version: str
    image_id: str
    """Of its container, as the engine reports it."""
    started_s: float
    stopped_s: float | None
    """When it got its stop signal; nothing where it got none."""
    ended_s: float | None
    exit_code: int | None
    killed: bool
    """Whether it had to be killed by the rules: its stop timeout was over."""
    health: str
    """As the balancer had it last; empty where it was no target."""
    last_words: str = ""
    floods: bool = False
    """Whether it wrote its log at such a rate that nobody can read it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MessagesSeen:
    """Messages of one kind, published from before the first deployment until after the last."""

    name: str
    published: int
    """That the broker has confirmed."""
    handled: int
    """Effects of these, as the workload's own store counts them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskSight:
    """A task at one moment."""

    name: str
    version: str
    phase: str
    """``pending``, ``running``, ``draining`` or ``stopping``."""
    health: str
    """As the balancer has it; empty where it is no target."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """A rollout on its way, at one moment."""

    at_s: float
    """Of this machine's monotonic clock."""
    version: str
    """The one that was asked for last."""
    tasks: tuple[TaskSight, ...]
    ended: int
    """Requests, so far."""
    failed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One deployment that was asked for, and what became of it."""

    version: str
    asked_s: float
    result: str
    """``completed``, ``rolled back``, ``stalled``, ``overtaken`` by the next one; empty where the time was over."""
    reason: str
    ended_s: float
    """When it was complete: the rollback, where there was one."""
    tasks: tuple[TaskFacts, ...]
    """Those that ran as it ended."""
    settled_s: float
    """Until when requests were looked at as of after it."""

    @property
    def took_s(self) -> float:
        """Seconds from asking to the end."""
        return self.ended_s - self.asked_s


@dataclass(frozen=True, slots=True, kw_only=True)
class Rollout(Observation):
    """A scenario: deployments one after another, under load from before the first until after the last."""

    scenario: str
    workload: str
    location: str
    """``file:line`` of the workload's own description."""
    settings: RolloutSettings
    """As they were used: compressed."""
    versions: tuple[Version, ...]
    steps: tuple[Step, ...]
    timeline: tuple[Moment, ...]
    tasks: tuple[TaskFacts, ...]
    load: LoadResults
    written: int | None
    """Effects of the writes as the workload's own store counts them; nothing where no store is asked."""
    messages: tuple[MessagesSeen, ...] = ()
    """Of each kind that the workload takes."""
    starved_percent: float = 0.0
    """Percent of the time in which some process had to wait for a processor (PSI); 0 where the kernel does not say."""
    foreign_percent: float | None = None
    """Percent of all processors' time that went to what is no part of the rollout; nothing where nobody counts."""
    violated: tuple[Inequality, ...] = ()
    """What does not hold of the divided times: then the order of events may not be that of production."""
    injected: int = 0
    """Requests that a defect has failed or held up."""

    def image_of(self, version: str) -> str:
        """Return the image that a version is to run."""
        return {each.name: each.image_id for each in self.versions}[version]
