"""``[policy.deployments]``: how a release replaces another one without anybody noticing (task 3.5)."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from exitgate.policy.rule import Count, Milliseconds, Percent, Rule, Seconds, Text, contradiction, refuse_doubles

_WHOLE = 100


class BalancerHealthPolicy(Rule):
    """``[policy.deployments.health]``: the load balancer's health checks, and the limits that they have to keep (3.5.A.2, 3.5.B.2).

    Bounds: Application Load Balancers user guide, "Health checks for target groups".
    """

    success_codes: Annotated[tuple[Annotated[int, Field(strict=True, ge=200, le=299)], ...], Field(min_length=1)]
    """The status codes that mean healthy. A redirect or a client error is an answer of something else."""
    interval_s: Annotated[int, Field(strict=True, ge=5, le=300)]
    """Seconds from one check to the next."""
    timeout_s: Annotated[int, Field(strict=True, ge=2, le=120)]
    """Seconds after which an answer is too late."""
    healthy_count: Annotated[int, Field(strict=True, ge=2, le=10)]
    """Checks in a row that make an unhealthy target healthy; a new one needs a single one."""
    unhealthy_count: Annotated[int, Field(strict=True, ge=2, le=10)]
    """Checks in a row that make a target unhealthy."""
    grace_period_s: Annotated[int, Field(strict=True, ge=0)]
    """Seconds for which ECS ignores failing checks of a new task (ECS healthCheckGracePeriodSeconds)."""
    detection_limit_s: Seconds
    """Seconds within which a task that stopped answering has to be out of traffic."""
    start_limit_s: Seconds
    """Seconds that a workload may take from start to its first healthy answer."""
    answer_limit_ms: Milliseconds
    """Milliseconds within which the health path answers."""
    independent_of: tuple[Text, ...] = ()
    """Dependencies whose absence must not make a target unhealthy: all tasks share them, and would all be taken out at once."""

    @property
    def detection_s(self) -> int:
        """Seconds until a task that stops answering right after a check is unhealthy."""
        return self.interval_s * self.unhealthy_count + self.timeout_s

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        refuse_doubles(self.success_codes, "success_codes")
        if self.timeout_s >= self.interval_s:
            raise contradiction(
                f"timeout_s = {self.timeout_s} with interval_s = {self.interval_s}",
                "less: a check has to end before the next one",
                "timeout_s",
            )
        if self.detection_s > self.detection_limit_s:
            raise contradiction(
                f"detection_limit_s = {self.detection_limit_s}, where {self.unhealthy_count} checks every "
                f"{self.interval_s} s and a timeout of {self.timeout_s} s take {self.detection_s} s",
                f"at least {self.detection_s}, or quicker checks",
                "detection_limit_s",
            )
        if self.grace_period_s < self.start_limit_s:
            raise contradiction(
                f"grace_period_s = {self.grace_period_s} with start_limit_s = {self.start_limit_s}",
                "at least as much: a task that takes as long as it may is killed else",
                "grace_period_s",
            )
        if self.answer_limit_ms > self.timeout_s * 1000:
            raise contradiction(
                f"answer_limit_ms = {self.answer_limit_ms} with timeout_s = {self.timeout_s}",
                "less: the check gives up before",
                "answer_limit_ms",
            )
        return self


class ContainerHealthPolicy(Rule):
    """``[policy.deployments.container_health]``: the task definition's own health check, which ECS runs (3.5.A.2).

    Bounds: Amazon ECS API reference, HealthCheck. The image's HEALTHCHECK is ignored there.
    """

    interval_s: Annotated[int, Field(strict=True, ge=5, le=300)]
    timeout_s: Annotated[int, Field(strict=True, ge=2, le=120)]
    retries: Annotated[int, Field(strict=True, ge=1, le=10)]
    start_period_s: Annotated[int, Field(strict=True, ge=0, le=300)]
    """Seconds in which failures don't count."""

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.interval_s * self.retries < self.timeout_s:
            raise contradiction(
                f"timeout_s = {self.timeout_s}, where {self.retries} checks every {self.interval_s} s are over sooner",
                "less than the time in which the container becomes unhealthy",
                "timeout_s",
            )
        return self


class ShutdownPolicy(Rule):
    """``[policy.deployments.shutdown]``: how a task leaves without dropping a request (3.5.B.3)."""

    deregistration_delay_s: Annotated[int, Field(strict=True, ge=0, le=3600)]
    """Seconds for which the load balancer lets a leaving target finish what it has; the default is 300."""
    stop_timeout_s: Annotated[int, Field(strict=True, ge=2, le=120)]
    """Seconds from the stop signal to SIGKILL (ECS stopTimeout; Fargate takes up to 120)."""
    longest_request_s: Seconds
    """Seconds that the slowest legitimate request takes."""
    balancer_idle_timeout_s: Annotated[int, Field(strict=True, ge=1, le=4000)]
    """Seconds for which the load balancer keeps an idle connection to a target; the default is 60."""
    keep_alive_timeout_s: Seconds
    """Seconds for which a workload keeps an idle connection."""
    drain_limit_s: Seconds
    """Seconds that a task may take to leave, from deregistration to its end."""

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.keep_alive_timeout_s <= self.balancer_idle_timeout_s:
            raise contradiction(
                f"keep_alive_timeout_s = {self.keep_alive_timeout_s} with balancer_idle_timeout_s = "
                f"{self.balancer_idle_timeout_s}",
                "more: else the workload closes a connection that the balancer is about to use, and users see 502",
                "keep_alive_timeout_s",
            )
        for key in ("deregistration_delay_s", "stop_timeout_s"):
            if getattr(self, key) < self.longest_request_s:
                raise contradiction(
                    f"{key} = {getattr(self, key)} with longest_request_s = {self.longest_request_s}",
                    "at least as much, so that the slowest request still ends",
                    key,
                )
        if self.drain_limit_s < self.deregistration_delay_s + self.stop_timeout_s:
            raise contradiction(
                f"drain_limit_s = {self.drain_limit_s}, where deregistration and stop may take "
                f"{self.deregistration_delay_s + self.stop_timeout_s} s",
                "at least that",
                "drain_limit_s",
            )
        return self


class RollbackPolicy(Rule):
    """``[policy.deployments.rollback]``: what ends a deployment and brings the old version back (3.5.A.3)."""

    triggers: Annotated[tuple[Literal["circuit_breaker", "alarms"], ...], Field(min_length=1)]
    """ECS's circuit breaker sees tasks that don't become healthy; alarms see those that are healthy and err."""
    error_rate_percent: Percent | None = None
    """Percent of requests answered with 5xx above which the alarm fires."""
    latency_p99_ms: Milliseconds | None = None
    """Milliseconds at the 99th percentile above which the alarm fires."""
    period_s: Annotated[int, Field(strict=True, ge=10, le=3600)] | None = None
    """Seconds over which one value of an alarm is measured (CloudWatch: 10, 30, or a multiple of 60)."""
    periods: Annotated[int, Field(strict=True, ge=1, le=10)] | None = None
    """Values in a row above the limit that fire the alarm."""
    breaker_limit_s: Seconds
    """Seconds within which the circuit breaker has to give a version up that never becomes healthy."""

    @model_validator(mode="after")
    def _alarms_have_limits(self) -> Self:
        refuse_doubles(self.triggers, "triggers")
        limits = ("error_rate_percent", "latency_p99_ms", "period_s", "periods")
        for key in limits:
            if ("alarms" in self.triggers) != (getattr(self, key) is not None):
                absent = getattr(self, key) is None
                raise contradiction(
                    f"the trigger 'alarms' without {key}" if absent else f"{key} without the trigger 'alarms'",
                    f"{', '.join(limits)} with that trigger, and none without it",
                    "triggers" if absent else key,
                )
        if self.period_s is not None and self.period_s not in (10, 30) and self.period_s % 60:
            raise contradiction(
                f"period_s = {self.period_s}", "10, 30 or a multiple of 60, which CloudWatch takes", "period_s"
            )
        return self


class RolloutLimits(Rule):
    """``[policy.deployments.limits]``: what users may notice while a version is replaced (3.5.C.2, 3.5.C.3)."""

    latency_p50_ms: Milliseconds
    latency_p99_ms: Milliseconds
    longest_gap_ms: Milliseconds
    """Milliseconds between two successful answers, at most, under steady load: failures aside, users feel a stall."""
    error_budget_percent: Percent
    """Percent of requests that may fail before a bad version is rolled back. A good version has no budget: none may fail."""

    @model_validator(mode="after")
    def _percentiles_rise(self) -> Self:
        if self.latency_p50_ms > self.latency_p99_ms:
            raise contradiction(
                f"latency_p50_ms = {self.latency_p50_ms} with latency_p99_ms = {self.latency_p99_ms}",
                "at most as much: half of the requests can't be slower than nearly all",
                "latency_p50_ms",
            )
        return self


class DeploymentPolicy(Rule):
    """``[policy.deployments]``: how a release replaces another one without anybody noticing."""

    strategy: Literal["rolling"]
    """ECS's own rolling update (3.5.A.1)."""
    minimum_healthy_percent: Annotated[int, Field(strict=True, ge=1, le=100)]
    """Percent of the desired tasks, rounded up, that stay healthy (3.5.A.1). With 0, ECS may stop everything first."""
    maximum_percent: Annotated[int, Field(strict=True, ge=1, le=200)]
    """Percent of the desired tasks, rounded down, that may run at once (3.5.A.1)."""
    minimum_tasks: Count
    """Healthy tasks below which a workload never falls, whatever the percentages come to (3.5.B.1)."""
    completion_limit_s: Seconds
    """Seconds within which a rollout has to be complete (3.5.C.1)."""
    health: BalancerHealthPolicy | None = None
    container_health: ContainerHealthPolicy | None = None
    shutdown: ShutdownPolicy | None = None
    rollback: RollbackPolicy | None = None
    limits: RolloutLimits | None = None

    @model_validator(mode="after")
    def _can_move(self) -> Self:
        if self.maximum_percent < _WHOLE or self.maximum_percent == self.minimum_healthy_percent:
            raise contradiction(
                f"maximum_percent = {self.maximum_percent} with minimum_healthy_percent = {self.minimum_healthy_percent}",
                "at least 100, and more than the minimum: ECS could neither start a task nor stop one",
                "maximum_percent",
            )
        return self

    @model_validator(mode="after")
    def _parts_agree(self) -> Self:
        limit = self.rollback.latency_p99_ms if self.rollback else None
        if limit is not None and self.limits and limit < self.limits.latency_p99_ms:
            raise contradiction(
                f"rollback.latency_p99_ms = {limit} with limits.latency_p99_ms = {self.limits.latency_p99_ms}",
                "at least as much: a rollout within its limits would be rolled back",
                *("rollback", "latency_p99_ms"),
            )
        for part, took in (
            ("rollback", self.rollback.breaker_limit_s if self.rollback else 0),
            ("shutdown", self.shutdown.drain_limit_s if self.shutdown else 0),
        ):
            if took > self.completion_limit_s:
                raise contradiction(
                    f"completion_limit_s = {self.completion_limit_s}, where {part} alone may take {took} s",
                    "at least that",
                    "completion_limit_s",
                )
        return self
