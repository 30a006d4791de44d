"""Whether a step or job that was to stop others stops them: what still runs where it failed, and where it was skipped."""

from __future__ import annotations

from dataclasses import replace

from exitgate.github.evaluation import Contexts, Object, Unknown, Value
from exitgate.github.expressions import BadExpression, functions, parse_condition
from exitgate.github.node import Node
from exitgate.github.outcomes import Result, endings_of, runs_at_all
from exitgate.github.workflow import Condition, Job, Step, Workflow

_NOTHING_KNOWN = Contexts(values={})
_ENDINGS = (Result.FAILURE, Result.SKIPPED)


def may_be_skipped(condition: Condition | None) -> bool:
    """Say whether a step or job might not run though nothing before it failed."""
    if condition is None:
        return False
    status: dict[str, bool | Unknown] = {"success": True, "failure": False, "cancelled": False}
    return runs_at_all(condition, Contexts(values={}, status=status)) is not True


def runs_without(job: Job, guard: int, step: int) -> bool:
    """Say whether a later step of a job may run though the guarding step failed, or was skipped as one before it had failed.

    Args:
        guard: The guarding step's index.
        step: That of the other one.
    """
    return any(_may_run(job, guard, step, ended) for ended in _ENDINGS)


def _may_run(job: Job, guard: int, step: int, ended: Result) -> bool:
    """Walk from the guard to the step: what fails makes the job fail, and what was skipped leaves a failure before it."""
    outcomes: dict[str, Value] = {}
    for index in range(guard, step + 1):
        each = job.steps[index]
        # Cancelled halfway, too: a lock that was being asked has not opened.
        runs = [_runs(each, outcomes, cancelled=cancelled) for cancelled in (False, True)]
        if index == step:
            return any(value is not False for value in runs)
        result = ended if index == guard else Result.SUCCESS if runs[0] is True else Result.SKIPPED
        if each.id:
            outcomes[each.id.lower()] = result.value
    return True


def _runs(step: Step, outcomes: dict[str, Value], *, cancelled: bool) -> bool | Unknown:
    known: dict[str, Value] = {
        name: Object({"outcome": result, "conclusion": result}, path=f"steps.{name}")
        for name, result in outcomes.items()
    }
    status: dict[str, bool | Unknown] = {"success": False, "failure": not cancelled, "cancelled": cancelled}
    return runs_at_all(step.condition, Contexts(values={"steps": Object(known, path="steps")}, status=status))


def job_runs_without(workflow: Workflow, guard: Job, job: Job) -> bool:
    """Say whether a job may run though the guarding job failed, or was skipped."""
    if guard.id not in workflow.ancestors(job):
        return True
    failed = endings_of(workflow, _NOTHING_KNOWN, {guard.id: Result.FAILURE})
    never = Node(value=False, path=workflow.path, line=0, first_line=0)
    skipping = {**workflow.jobs, guard.id: replace(guard, condition=Condition(source=never))}
    skipped = endings_of(replace(workflow, jobs=skipping), _NOTHING_KNOWN)
    if any(endings[job.id].result is not Result.SKIPPED for endings in (failed, skipped)):
        return True
    return _asks_for_cancelled(job.condition)


def _asks_for_cancelled(condition: Condition | None) -> bool:
    """Whether a job's condition may hold in a run that was cancelled: the model's runs never are."""
    if condition is None:
        return False
    try:
        return "cancelled" in functions(parse_condition(condition.text))
    except BadExpression:
        return True
