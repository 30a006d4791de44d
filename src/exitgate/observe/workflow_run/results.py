"""What GitHub would report of a run: the result of every job that should have run, told by its steps, and its checks.

Every job of the workflow is accounted for: it was heard of, or GitHub's rules skip it. What is neither is no result at all,
and neither is what hangs on something that act does differently from GitHub.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from exitgate.errors import ObservationError, PrerequisiteMissing
from exitgate.github.evaluation import Array, Contexts, Object, Unknown, Value, as_text
from exitgate.github.events import Event, contexts_of
from exitgate.github.expressions import BadExpression
from exitgate.github.matrix import Leg, legs, name_of
from exitgate.github.merging import CheckRun
from exitgate.github.outcomes import Ending, Result, job_contexts, runs_at_all
from exitgate.github.workflow import Job, Step, Workflow
from exitgate.observe.workflow_run.log import SETUP, LegEnding, RunLog, StepEnding


@dataclass(frozen=True, slots=True, kw_only=True)
class JobReport:
    """What GitHub would say of a job."""

    job: str
    ending: Ending
    checks: tuple[CheckRun, ...]
    """One a leg."""
    legs: tuple[LegEnding, ...]
    """None where it was skipped."""
    failing: tuple[str, ...]
    """Places of the steps that it failed at, one a failing leg; of what comes before the first step, the job's place."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportedRun:
    """What GitHub would say of a run of one workflow."""

    workflow: str
    """Its path."""
    jobs: Mapping[str, JobReport]
    """By id; each of the workflow's jobs."""

    @property
    def checks(self) -> tuple[CheckRun, ...]:
        """All checks that are reported."""
        return tuple(check for job in self.jobs.values() for check in job.checks)

    @property
    def failing(self) -> tuple[str, ...]:
        """Places of all steps that failed, in the workflow's order, each once."""
        return tuple(dict.fromkeys(place for job in self.jobs.values() for place in job.failing))


def reported(log: RunLog, workflow: Workflow, event: Event) -> ReportedRun:
    """Return what GitHub would report of a run that an event started.

    Raises:
        ObservationError: if act said nothing, or not enough, of a job or leg that should have run, or ran another one.
        PrerequisiteMissing: if act can't run a job, or GitHub would have it run or skipped by what act does not know.
    """
    strangers = sorted({leg.job for leg in log.legs} - set(workflow.jobs))
    if strangers:
        raise _silent(workflow.path, f"results of {', '.join(strangers)}", "none but of the workflow's own jobs")
    contexts = contexts_of(event, workflow)
    jobs: dict[str, JobReport] = {}
    for job in workflow.in_order():
        endings = {name: report.ending for name, report in jobs.items()}
        jobs[job.id] = _job(log, workflow, job, contexts, endings)
    return ReportedRun(workflow=workflow.path, jobs={name: jobs[name] for name in workflow.jobs})


def _job(log: RunLog, workflow: Workflow, job: Job, contexts: Contexts, endings: Mapping[str, Ending]) -> JobReport:
    heard = log.of(job.id)
    inside = job_contexts(workflow, job, endings, contexts)
    runs = runs_at_all(job.condition, inside)
    if isinstance(runs, Unknown) and not heard:
        raise PrerequisiteMissing(
            job.place,
            got=f"a condition that hangs on {', '.join(sorted(runs.of))}, and no word of the job",
            expected="a job of which it can be told whether GitHub runs it",
            action="Take the condition out, or make it one that the files decide.",
        )
    if runs is False:
        if heard:
            raise _silent(job.place, "a run of it by act", "it skipped, as by GitHub's rules")
        name = name_of(job, Leg(values={}), inside)
        check = CheckRun(name=name if isinstance(name, str) else job.id, conclusion=Result.SKIPPED.value)
        return JobReport(job=job.id, ending=Ending(result=Result.SKIPPED), checks=(check,), legs=(), failing=())
    if any(not leg.runner for leg in heard):
        label = job.runs_on.text if job.runs_on else ""
        raise PrerequisiteMissing(
            job.runs_on.place if job.runs_on else job.place,
            got=f"no runner {label!r}",
            expected="a runner of GitHub's with Linux",
            action="Run it there, or leave the executed checks to a machine that has such a runner.",
        )
    _refuse_tolerant_needs(workflow, job, endings)
    wanted = _legs(job, inside)
    if len(heard) != len(wanted):
        raise _silent(job.place, f"{len(heard)} of {len(wanted)} legs", "a word of every one")
    results: list[tuple[Result, str]] = []
    checks: list[CheckRun] = []
    for leg, ending in zip(wanted, _paired(job, wanted, heard), strict=True):
        result, place = _leg_result(job, ending, alone=len(wanted) == 1)
        name = name_of(job, leg, inside)
        if isinstance(name, Unknown):
            raise _silent(job.place, "a check without a name that can be told", "a name that the files decide")
        checks.append(CheckRun(name=name, conclusion=result.value))
        results.append((result, place))
    bad = next((result for result, _ in results if result is not Result.SUCCESS), Result.SUCCESS)
    return JobReport(
        job=job.id,
        ending=Ending(result=bad, at=next((place for _, place in results if place), "")),
        checks=tuple(checks),
        legs=heard,
        failing=tuple(place for _, place in results if place),
    )


def _refuse_tolerant_needs(workflow: Workflow, job: Job, endings: Mapping[str, Ending]) -> None:
    """Say that a result means nothing where a needed job failed whose ``continue-on-error`` act does not know."""
    for name in workflow.ancestors(job):
        need = workflow.jobs[name]
        if need.continue_on_error is not None and endings[name].result is Result.FAILURE:
            raise PrerequisiteMissing(
                need.continue_on_error.place,
                got=f"the job {name} failed, and GitHub makes nothing of it where act does",
                expected="no continue-on-error at a job that a required check waits for",
                action="Take continue-on-error away.",
                blocked_by="3.1.C.2",
            )


def _legs(job: Job, contexts: Contexts) -> tuple[Leg, ...]:
    try:
        found = legs(job, contexts)
    except BadExpression as error:
        raise _silent(job.place, f"a matrix that can't be evaluated ({error})", "one that the files decide") from error
    if isinstance(found, Unknown):
        raise PrerequisiteMissing(
            job.matrix.place if job.matrix else job.place,
            got=f"a matrix that hangs on {', '.join(sorted(found.of))}",
            expected="legs that the files tell, to compare with those that ran",
            action="Write the matrix out.",
        )
    return found


def _paired(job: Job, wanted: tuple[Leg, ...], heard: tuple[LegEnding, ...]) -> tuple[LegEnding, ...]:
    by_values = {tuple(sorted(leg.matrix.items())): leg for leg in heard}
    found = [by_values.get(tuple(sorted(_flat(leg)))) for leg in wanted]
    if None in found or len(set(map(id, found))) != len(wanted):
        shown = "; ".join(", ".join(f"{name}={value}" for name, value in leg.matrix.items()) for leg in heard)
        words = "; ".join(leg.words for leg in wanted)
        raise _silent(job.place, f"legs of {shown or 'no matrix'}", f"legs of {words or 'no matrix'}")
    return tuple(each for each in found if each is not None)


def _flat(leg: Leg) -> list[tuple[str, str]]:
    """Return a leg's values as act's log has them: as text, those inside of others by both names."""

    def inside(values: Mapping[str, Value], above: str) -> Iterator[tuple[str, str]]:
        for name, value in values.items():
            whole = f"{above}{name}"
            match value:
                case Object(properties=properties):
                    yield from inside(properties, f"{whole}.")
                case Array(items=items):
                    yield from inside({str(number): each for number, each in enumerate(items)}, f"{whole}.")
                case _:
                    text = as_text(value)
                    yield whole, text if isinstance(text, str) else "?"

    return list(inside(leg.values, ""))


def _leg_result(job: Job, leg: LegEnding, *, alone: bool) -> tuple[Result, str]:
    """Return how a leg ended, and where it failed: by its own steps, since act marks a leg with another one's failure."""
    if leg.failing is not None:
        return Result.FAILURE, _place(job, leg.failing)
    if leg.said == "success":
        # A step that was heard of twice or not at all is no matter where act saw the whole leg succeed.
        return Result.SUCCESS, ""
    if leg.said == "cancelled":
        return Result.CANCELLED, ""
    if leg.said and alone:
        return Result.FAILURE, job.place
    done = {step.key for step in leg.steps if step.stage == "Main"}
    keys = [step.id or str(number) for number, step in enumerate(job.steps)]
    if leg.said and (all(key in done for key in keys) or (keys and keys[-1] in done)):
        return Result.SUCCESS, ""
    raise _silent(job.place, "a leg of which no end was heard", "a word of its end")


def _place(job: Job, failing: StepEnding) -> str:
    step = step_of(job, failing.key)
    return step.place if step else job.place


def step_of(job: Job, key: str) -> Step | None:
    """Return the step that act names so; nothing for what is no step, e.g. what comes before the first."""
    if key == SETUP:
        return None
    for number, step in enumerate(job.steps):
        if (step.id or str(number)) == key:
            return step
    return None


def _silent(place: str, got: str, expected: str) -> ObservationError:
    return ObservationError(place, got=f"act tells of {got}", expected=expected, action="Run act by hand to see more.")
