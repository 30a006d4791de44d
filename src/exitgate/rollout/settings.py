"""What decides how a version replaces another one: ECS's and the load balancer's settings, and the bounds that follow.

Sources: Amazon ECS API reference, DeploymentConfiguration, DeploymentCircuitBreaker, ThresholdConfiguration; developer guide,
"Deploy Amazon ECS services by replacing tasks"; Application Load Balancers user guide, "Health checks for target groups".
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Literal

from exitgate.settings import HealthCheck

ThresholdType = Literal["BOUNDED_PERCENT", "UNBOUNDED_PERCENT", "COUNT"]
_LEAST_FAILURES, _MOST_FAILURES = 3, 200
_WHOLE = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetCheck:
    """How the load balancer asks a task whether it is healthy. A new target is healthy after a single pass."""

    path: str
    matcher: str = "200"
    """The status codes that mean healthy, as a target group has them: ``200``, ``200,202`` or ``200-299``."""
    interval_s: float = 30.0
    """Seconds from one check to the next."""
    timeout_s: float = 5.0
    """Seconds after which an answer is too late."""
    healthy_count: int = 5
    """Passes in a row that make an unhealthy target healthy again."""
    unhealthy_count: int = 2
    """Failures in a row that make a target unhealthy."""

    def accepts(self, status: int) -> bool:
        """Say whether a status code means healthy."""
        for part in self.matcher.split(","):
            first, _, last = part.strip().partition("-")
            if int(first) <= status <= int(last or first):
                return True
        return False

    @property
    def detection_s(self) -> float:
        """Seconds until a task that stops answering right after a check is unhealthy."""
        return self.interval_s * self.unhealthy_count + self.timeout_s


@dataclass(frozen=True, slots=True, kw_only=True)
class Breaker:
    """ECS's deployment circuit breaker."""

    enable: bool = False
    rollback: bool = False
    """Whether the last completed deployment comes back. Without it the deployment stalls."""
    threshold_type: ThresholdType = "BOUNDED_PERCENT"
    threshold_value: int = 50
    reset_on_healthy_task: bool = True
    """Whether a task that becomes healthy sets the count of failures to 0."""

    def threshold(self, desired_count: int) -> int:
        """Return the number of failed tasks that fails a deployment, rounded up: 50 % of 25 tasks are 13."""
        if self.threshold_type == "COUNT":
            return self.threshold_value
        share = math.ceil(desired_count * self.threshold_value / _WHOLE)
        if self.threshold_type == "UNBOUNDED_PERCENT":
            return share
        return min(max(share, _LEAST_FAILURES), _MOST_FAILURES)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeploymentAlarms:
    """The CloudWatch alarms that fail a deployment."""

    enable: bool = False
    rollback: bool = False
    names: tuple[str, ...] = ()
    bake_time_s: float = 0.0
    """Seconds for which ECS watches the alarms after the last old task is gone. It computes them of the alarms' own times."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RolloutSettings:
    """The settings of one service, of its target group and of its task definition. All times are in seconds."""

    workload: str
    desired_count: int
    minimum_healthy_percent: int = 100
    maximum_percent: int = 200
    grace_period_s: float = 0.0
    """Seconds after its start for which failing checks of a task, the balancer's and the container's, are ignored."""
    target_check: TargetCheck | None = None
    """Nothing for a service without a load balancer."""
    container_check: HealthCheck | None = None
    """The task definition's own. ECS ignores the image's."""
    deregistration_delay_s: float = 300.0
    """Seconds from "no new requests" to the stop signal."""
    stop_timeout_s: float = 30.0
    """Seconds from the stop signal to SIGKILL."""
    idle_timeout_s: float = 60.0
    """Seconds for which the load balancer keeps an idle connection."""
    breaker: Breaker = Breaker()
    alarms: DeploymentAlarms = DeploymentAlarms()
    propagation_lag_s: float = 5.0
    """Seconds until all nodes of a load balancer know of a change to its targets. Amazon names no figure; this one is ours."""
    settling_s: float = 40.0
    """Seconds after its start from which a task with neither check counts as healthy (API reference, minimumHealthyPercent)."""
    compression: float = 1.0
    """By how much the times above are smaller than the real ones."""

    @property
    def lower_bound(self) -> int:
        """Healthy tasks that ECS does not go below by its own doing; rounded up."""
        return math.ceil(self.desired_count * self.minimum_healthy_percent / _WHOLE)

    @property
    def upper_bound(self) -> int:
        """Pending and running tasks that ECS does not go above; rounded down."""
        return math.floor(self.desired_count * self.maximum_percent / _WHOLE)

    @property
    def has_balancer(self) -> bool:
        """Whether tasks are targets of a load balancer."""
        return self.target_check is not None

    @property
    def drain_s(self) -> float:
        """Seconds that a task takes to leave, at the most."""
        return (self.deregistration_delay_s if self.has_balancer else 0.0) + self.stop_timeout_s

    def compressed(self, k: float) -> RolloutSettings:
        """Return the same settings with every timer of ECS and the balancer divided by `k`; `compression.py` says which k may be.

        The idle timeout stays: it is measured against the workload's own keep-alive timeout, which nobody divides.
        """
        if k <= 0:
            raise ValueError(f"{k} is no factor to divide times by")
        target, container = self.target_check, self.container_check
        return replace(
            self,
            grace_period_s=self.grace_period_s / k,
            target_check=target and replace(target, interval_s=target.interval_s / k, timeout_s=target.timeout_s / k),
            container_check=container
            and replace(
                container,
                interval_s=container.interval_s / k,
                timeout_s=container.timeout_s / k,
                start_period_s=container.start_period_s / k,
            ),
            deregistration_delay_s=self.deregistration_delay_s / k,
            stop_timeout_s=self.stop_timeout_s / k,
            alarms=replace(self.alarms, bake_time_s=self.alarms.bake_time_s / k),
            propagation_lag_s=self.propagation_lag_s / k,
            settling_s=self.settling_s / k,
            compression=self.compression * k,
        )
