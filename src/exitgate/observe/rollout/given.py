"""The settings that somebody gives a rollout by hand: a small TOML file, a plan's JSON, answers of AWS, or several of them."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from exitgate.errors import UsageError
from exitgate.observe.rollout.alarms import ERROR_RATE, LATENCY, AlarmLimits
from exitgate.observe.rollout.given_json import settings_in_json
from exitgate.policy.rule import contradiction
from exitgate.rollout.settings import Breaker, DeploymentAlarms, RolloutSettings, TargetCheck
from exitgate.target import Traffic
from exitgate.toml_source import first_problem

_Positive = Annotated[float, Field(gt=0, le=86_400)]
_Some = Annotated[float, Field(ge=0, le=86_400)]
_WHOLE, _MILLISECONDS = 100, 1000


class GivenAlarms(BaseModel):
    """``[alarms]``: when a version that is healthy and errs is rolled back."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    error_rate_percent: Annotated[float, Field(ge=0, le=100)]
    latency_p99_ms: _Positive | None = None
    """Without it nothing is rolled back for being slow."""
    period_s: _Positive = 60.0
    periods: Annotated[int, Field(ge=1, le=10)] = 2


class GivenSettings(BaseModel):
    """What decides about a rollout. What is left out has the value that ECS and the load balancer would take."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    port: Annotated[int, Field(ge=1, le=65535)]
    """On which the service listens in its container."""
    health_path: Annotated[str, Field(pattern=r"^/[!-~]*$")]
    matcher: Annotated[str, Field(pattern=r"^\d{3}(-\d{3})?(,\d{3}(-\d{3})?)*$")] = "200"
    desired_count: Annotated[int, Field(ge=1, le=20)] = 2
    """Tasks; of more than 20 this machine would say more than the service."""
    minimum_healthy_percent: Annotated[int, Field(ge=0, le=100)] = 100
    maximum_percent: Annotated[int, Field(ge=100, le=200)] = 200
    grace_period_s: _Some = 0.0
    interval_s: _Positive = 30.0
    timeout_s: _Positive = 5.0
    healthy_count: Annotated[int, Field(ge=2, le=10)] = 5
    unhealthy_count: Annotated[int, Field(ge=2, le=10)] = 2
    deregistration_delay_s: _Some = 300.0
    stop_timeout_s: _Positive = 30.0
    idle_timeout_s: _Positive = 60.0
    propagation_lag_s: _Some = 5.0
    circuit_breaker: bool = False
    rollback: bool = False
    alarms: GivenAlarms | None = None
    traffic: tuple[Traffic, ...] = ()
    """What the service is asked for meanwhile; without any, its health path."""

    @model_validator(mode="after")
    def _agrees_with_itself(self) -> Self:
        if self.timeout_s >= self.interval_s:
            raise contradiction(
                f"timeout_s = {self.timeout_s:g} with interval_s = {self.interval_s:g}",
                "less: a check has to end before the next one",
                "timeout_s",
            )
        settings = self.rollout
        if settings.upper_bound <= settings.lower_bound:
            raise contradiction(
                f"minimum_healthy_percent = {self.minimum_healthy_percent} and maximum_percent = {self.maximum_percent} "
                f"at {self.desired_count} tasks: at least {settings.lower_bound} healthy, at most {settings.upper_bound} running",
                "room for one task more: ECS could neither start one nor stop one",
                "maximum_percent",
            )
        if self.rollback and not (self.circuit_breaker or self.alarms):
            raise contradiction(
                "rollback = true with neither circuit_breaker nor [alarms]",
                "one of them: nothing else fails a deployment",
                "rollback",
            )
        return self

    @property
    def rollout(self) -> RolloutSettings:
        """The same for the state machine."""
        names = (ERROR_RATE, *([LATENCY] if self.alarms and self.alarms.latency_p99_ms else [])) if self.alarms else ()
        bake_s = self.alarms.period_s * (self.alarms.periods + 1) if self.alarms else 0.0
        return RolloutSettings(
            workload="service",
            desired_count=self.desired_count,
            minimum_healthy_percent=self.minimum_healthy_percent,
            maximum_percent=self.maximum_percent,
            grace_period_s=self.grace_period_s,
            target_check=TargetCheck(
                path=self.health_path,
                matcher=self.matcher,
                interval_s=self.interval_s,
                timeout_s=self.timeout_s,
                healthy_count=self.healthy_count,
                unhealthy_count=self.unhealthy_count,
            ),
            deregistration_delay_s=self.deregistration_delay_s,
            stop_timeout_s=self.stop_timeout_s,
            idle_timeout_s=self.idle_timeout_s,
            breaker=Breaker(enable=self.circuit_breaker, rollback=self.circuit_breaker and self.rollback),
            alarms=DeploymentAlarms(enable=bool(names), rollback=self.rollback, names=names, bake_time_s=bake_s),
            propagation_lag_s=self.propagation_lag_s,
        )

    def alarm_limits(self, k: float) -> AlarmLimits | None:
        """Return when the alarms fire, in time divided by `k`; nothing where there are none."""
        if self.alarms is None:
            return None
        return AlarmLimits(
            error_rate_percent=self.alarms.error_rate_percent,
            latency_p99_s=(self.alarms.latency_p99_ms or 0) / _MILLISECONDS,
            period_s=self.alarms.period_s / k,
            periods=self.alarms.periods,
        )


def read_given_settings(files: Sequence[Path], service: str = "") -> GivenSettings:
    """Read settings; of what several files tell, the last one counts.

    Args:
        files: TOML, or JSON of a plan or of the AWS CLI.
        service: Which ECS service, where a file holds several.

    Raises:
        UsageError: if a file can't be read or is none of these, something is missing, or the settings contradict each other.
    """
    values: dict[str, Any] = {}
    written, text = "", ""
    for file in files:
        source = _text(file)
        if file.suffix == ".json" or source.lstrip().startswith(("{", "[")):
            values |= settings_in_json(file, source, service)
            continue
        written, text = str(file), source
        try:
            values |= tomllib.loads(source)
        except tomllib.TOMLDecodeError as error:
            raise UsageError(
                str(file), got=str(error), expected="valid TOML, or JSON", action="Mend that line."
            ) from error
    try:
        return GivenSettings.model_validate(values)
    except ValidationError as error:
        problem = first_problem(error, text, GivenSettings)
        told = ", ".join(map(str, files))
        raise UsageError(
            f"{written}:{problem.line}" if written else told,
            got=problem.got,
            expected=problem.expected,
            action="Correct it; what a file lacks, another --settings may tell, e.g. a small TOML file.",
        ) from error


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(
            f"--settings {file}", got=f"can't be read ({error})", expected="a UTF-8 text file", action="Name another."
        ) from error
