"""act's log, ``--json``: how each leg of each job ended, and each of its steps.

act's own exit code and its word for a whole job are no results: a failing leg of a matrix marks all those that end after it,
and a job that nothing needs makes act fail while the required check succeeds.
Source: https://github.com/nektos/act/blob/v0.2.89/pkg/runner/logger.go
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from exitgate.errors import ObservationError, one_line
from exitgate.github.node import text_of
from exitgate.github.outcomes import Result

SETUP = "--setup-job"
"""act's id of what comes before the first step: a runner, containers, downloads of actions."""
_NO_RUNNER = "Skipping unsupported platform"
_GOES_ON = "Failed but continue next step"
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_LONGEST_OUTPUT = 200_000
_Scalar = str | int | float | bool | None


class _Line(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)

    job_id: str = Field(default="", alias="jobID")
    matrix: dict[str, object] | None = None
    stage: str = ""
    step: str = ""
    step_id: list[str] = Field(default=[], alias="stepID")
    around_id: list[str] = Field(default=[], alias="stepid")
    """The same of what comes before the first step and after the last one, for which act writes the name so."""
    step_result: str = Field(default="", alias="stepResult")
    job_result: str = Field(default="", alias="jobResult")
    execution_time_ns: int = Field(default=0, alias="executionTime")
    raw_output: bool = False
    time: datetime | None = None
    msg: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StepEnding:
    """How a step ended that ran."""

    key: str
    """Its id, or its number from 0 where it has none."""
    name: str
    stage: str
    """``Pre``, ``Main`` or ``Post``; empty of what is no step of the workflow's."""
    result: Result
    tolerated: bool = False
    """Whether its ``continue-on-error`` made nothing of its failure."""
    seconds: float = 0.0
    ended_at: float = 0.0
    """When, in whole seconds since the epoch, as act writes it; 0 where it does not."""
    output: str = ""
    """What it wrote, of which the last 200 000 characters are kept."""

    @property
    def plain(self) -> str:
        """What it wrote, without colours."""
        return _COLOUR.sub("", self.output)

    @property
    def fails(self) -> bool:
        """Whether its job fails with it."""
        return self.result is Result.FAILURE and not self.tolerated


@dataclass(frozen=True, slots=True, kw_only=True)
class LegEnding:
    """How a leg of a job ended; of a job without a matrix, the job."""

    job: str
    """The job's id."""
    matrix: Mapping[str, str]
    steps: tuple[StepEnding, ...]
    said: str
    """act's word for the job, ``success`` or ``failure``; empty where it said none."""
    runner: bool = True
    """False where act has no runner for it, and let it be."""
    output: str = ""
    """What its steps wrote, of which the last 200 000 characters are kept."""

    @property
    def failing(self) -> StepEnding | None:
        """The step that it failed at."""
        return next((step for step in self.steps if step.fails), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunLog:
    """All that act told of one run."""

    legs: tuple[LegEnding, ...]
    complaints: tuple[str, ...] = ()
    """Lines that are no JSON: act's own, e.g. of a workflow that it can't read."""

    def of(self, job: str) -> tuple[LegEnding, ...]:
        """Return the legs of a job, in the order in which they were first heard of."""
        return tuple(leg for leg in self.legs if leg.job == job)


@dataclass(slots=True)
class _Leg:
    job: str
    matrix: dict[str, str]
    steps: list[StepEnding] = field(default_factory=list)
    output: dict[str, list[str]] = field(default_factory=dict)
    """By the step's id."""
    said: str = ""
    runner: bool = True
    going_on: set[tuple[str, str]] = field(default_factory=set)

    def take(self, line: _Line) -> None:
        """Take a line that is about this leg."""
        identity = line.step_id or line.around_id
        at = (line.stage, "/".join(identity))
        if line.raw_output:
            self.output.setdefault(identity[0] if identity else "", []).append(line.msg)
        if line.msg.startswith(_GOES_ON):
            self.going_on.add(at)
        if _NO_RUNNER in line.msg:
            self.runner = False
        # The steps of an action inside of a step have ids of more than one part: the step's own line sums them up.
        if line.step_result and len(identity) == 1:
            self.steps.append(
                StepEnding(
                    key=identity[0],
                    name=line.step,
                    stage=line.stage,
                    result=_result(line),
                    tolerated=at in self.going_on,
                    seconds=line.execution_time_ns / 1e9,
                    ended_at=line.time.timestamp() if line.time else 0.0,
                    output="".join(self.output.get(identity[0], ()))[-_LONGEST_OUTPUT:],
                )
            )
        self.said = line.job_result or self.said

    def ending(self) -> LegEnding:
        """Return what is known of it now."""
        return LegEnding(
            job=self.job,
            matrix=self.matrix,
            steps=tuple(self.steps),
            said=self.said,
            runner=self.runner,
            output="".join(part for step in self.output.values() for part in step)[-_LONGEST_OUTPUT:],
        )


def parse_log(text: str) -> RunLog:
    """Read a log.

    Raises:
        ObservationError: if not one line of it is act's, or one says what is not understood.
    """
    legs: dict[tuple[str, tuple[tuple[str, str], ...]], _Leg] = {}
    complaints: list[str] = []
    seen = False
    for raw in text.splitlines():
        if not raw.startswith("{"):
            complaints += [one_line(raw)] if raw.strip() else []
            continue
        try:
            line = _Line.model_validate_json(raw)
        except ValidationError as error:
            raise _unreadable(f"the line {one_line(raw, 120)!r}") from error
        seen = True
        if line.job_id:
            matrix = dict(_matrix(line.matrix or {}))
            key = (line.job_id, tuple(sorted(matrix.items())))
            legs.setdefault(key, _Leg(job=line.job_id, matrix=matrix)).take(line)
    if not seen:
        raise _unreadable(complaints[-1] if complaints else "nothing")
    return RunLog(legs=tuple(leg.ending() for leg in legs.values()), complaints=tuple(complaints))


def _matrix(values: Mapping[str, object], above: str = "") -> Iterator[tuple[str, str]]:
    """Yield the values of a matrix as text, by names in lower case, those inside of others by both names."""
    for name, value in values.items():
        whole = f"{above}{name.lower()}"
        if isinstance(value, dict):
            yield from _matrix(value, f"{whole}.")
        elif isinstance(value, list):
            yield from _matrix({str(number): each for number, each in enumerate(value)}, f"{whole}.")
        else:
            yield whole, text_of(value) if isinstance(value, _Scalar) else str(value)


def _result(line: _Line) -> Result:
    try:
        return Result(line.step_result)
    except ValueError as error:
        raise _unreadable(f"a step that ended as {line.step_result!r}") from error


def _unreadable(got: str) -> ObservationError:
    return ObservationError(
        "act", got=got, expected="its log, line by line as JSON", action="Run act by hand with --json to see more."
    )
