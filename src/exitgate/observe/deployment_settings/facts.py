"""How one workload's ECS service replaces its tasks, as somebody wrote it down, whoever did: facts without an opinion."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from exitgate.assurance import Assurance
from exitgate.observation import Observation
from exitgate.observe.task_definition import TaskDefinition
from exitgate.observe.terraform import Resource
from exitgate.rollout.settings import RolloutSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class DeployedImage:
    """Which image the tasks of a deployment run, as their task definition names it."""

    reference: str | None
    """Nothing where it is not known before an apply."""
    version_consistency: str
    """As the container has it, ``enabled`` or ``disabled``; empty where it has none."""
    location: str

    @property
    def is_by_digest(self) -> bool:
        """Whether it can't come to be another one."""
        return "@sha256:" in (self.reference or "")


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmFacts:
    """A CloudWatch alarm that a service's deployments listen to."""

    name: str
    resource: Resource
    metrics: tuple[str, ...]
    """Of the load balancer, the target or ECS, e.g. ``HTTPCode_Target_5XX_Count``."""
    threshold: float | None
    period_s: float | None
    periods: int | None
    datapoints: int | None
    comparison: str
    on_missing_data: str
    statistics: tuple[str, ...]
    """Of its metrics in their order, e.g. ``p99``, ``Sum``; empty text where one has none written out, or it is not known."""
    reckons: bool
    """Whether it is made of several metrics, by an expression."""
    measures: tuple[str, ...] | None
    """Addresses of what its dimensions refer to; nothing where that is not known."""

    @property
    def fires_after_s(self) -> float | None:
        """Seconds of trouble that it needs, one period more for the one that was half over; nothing where that is not known."""
        return (self.periods + 1) * self.period_s if self.periods and self.period_s else None


class Topic(StrEnum):
    """What a source of settings may leave out as a whole."""

    PERCENTAGES = "minimum healthy and maximum percent"
    GRACE = "health check grace period"
    BREAKER = "circuit breaker"
    TARGET_CHECK = "load balancer's health check"
    DEREGISTRATION = "deregistration delay"
    IDLE_TIMEOUT = "load balancer's idle timeout"
    ALARMS = "alarms"
    SCALING = "smallest number of tasks"


@dataclass(frozen=True, slots=True, kw_only=True)
class Unanswered:
    """Something that nobody was asked, or that an answer lacks."""

    topic: Topic
    location: str
    """The file that lacks it, or the place where it would be named."""
    action: str
    """What to do so that it is known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeploymentSettings:
    """One workload's service as one stack plans it, or AWS tells of it.

    None stands for what is not written out, or not known before an apply.
    """

    workload: str
    stack: str
    service: Resource
    target_group: Resource | None
    balancer: Resource | None
    """Nothing where the stack has none, or several."""
    task: TaskDefinition
    controller: str | None
    strategy: str | None
    minimum_healthy_percent: float | None
    maximum_percent: float | None
    grace_period_s: float | None
    smallest_count: int
    """Tasks, as scaling may go down to; the declared count where nothing scales."""
    alarms: tuple[AlarmFacts, ...]
    missing_alarms: tuple[str, ...]
    """Names that no alarm of the plan has."""
    idle_timeout_s: float | None
    deregistration_delay_s: float | None
    health_protocol: str
    settings: RolloutSettings
    """With ECS's defaults in the place of what is not written out."""
    image: DeployedImage
    unanswered: tuple[Unanswered, ...] = ()
    """What the source does not tell of at all: no default stands for it, and what hangs on it can't be judged."""
    elsewhere: tuple[tuple[str, str], ...] = ()
    """Arguments of the target group that stand in another file than the group, each with its place."""

    def at_service(self, key: str) -> str:
        """Return where an argument of the ECS service stands, or would."""
        return self.service.locate(key)

    def at_target_group(self, key: str) -> str:
        """Return where an argument of the target group stands, or would; the service's place where it has none."""
        own = self.target_group.locate(key) if self.target_group else self.service.locate("load_balancer")
        return dict(self.elsewhere).get(key, own)

    def at_balancer(self, key: str) -> str:
        """Return where an argument of the load balancer stands, or would; the service's place where it has none."""
        return self.balancer.locate(key) if self.balancer else self.service.locate("load_balancer")


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedDeployments(Observation):
    """One workload's service, in every stack of the target, and in AWS's answers where the target holds some."""

    workload: str
    stacks: tuple[DeploymentSettings, ...]
    left_out: tuple[str, ...] = ()
    """Declared stacks that were not planned: nothing is met without them."""

    def beside(self, other: PlannedDeployments) -> PlannedDeployments:
        """Return these with those of another source: what one of the two lacks, the other does not make up for."""
        mine, theirs = self.substrate, other.substrate
        substrate = replace(
            mine,
            assurance=min(mine.assurance, theirs.assurance),
            name=f"{mine.name}, and {theirs.name}",
            limits=(*mine.limits, *theirs.limits),
            tools=(*mine.tools, *theirs.tools),
        )
        return replace(self, substrate=substrate, stacks=(*self.stacks, *other.stacks))

    @property
    def modelled(self) -> PlannedDeployments:
        """The same, for what is computed from it by our model of ECS."""
        model = "our model of ECS's rolling update and of load balancers' checks"
        substrate = replace(
            self.substrate,
            assurance=Assurance.MODELLED,
            name=f"{model}, on the {self.substrate.name}",
            limits=(*self.substrate.limits, "tasks take 30 s until they run, which is an assumption"),
        )
        return replace(self, substrate=substrate)
