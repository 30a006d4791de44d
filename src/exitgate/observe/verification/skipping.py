"""Conditions under which a change is not verified: false for every event that leads to a merge, or left to the change's author."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from exitgate.github.authored import chosen_by_the_author
from exitgate.github.evaluation import Contexts, Unknown
from exitgate.github.events import NEW_COMMITS, Event, contexts_of
from exitgate.github.outcomes import runs_at_all
from exitgate.github.workflow import Condition, Job, Step, Workflow
from exitgate.observe.verification.commands import step_commands
from exitgate.observe.verification.purpose import purpose_of

_STATUS: dict[str, bool | Unknown] = {
    "success": True,
    "failure": Unknown(frozenset({"failure()"})),
    "cancelled": Unknown(frozenset({"cancelled()"})),
}
"""What the status functions say: a step that only runs where something failed is none that verifies."""
_SAMPLE_BRANCH = "main"
_ASKS = frozenset({"tests", "lint", "types"})
_ASKING_NAME = re.compile(r"(?:^|[^a-z])(?:tests?|unit|lint|types?|typecheck|checks?|integration)(?:[^a-z]|$)")

Words = tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class IdleStep:
    """A step or job that verifies and that no change makes run."""

    place: str
    """Of its condition."""
    what: str
    text: str
    """Of the condition."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OptionalStep:
    """A step that verifies, and of which the author of a change decides whether it runs."""

    place: str
    """Of its condition."""
    what: str
    text: str
    """Of the condition."""
    by: tuple[str, ...]
    """What it hangs on that the author decides."""


def optional_steps(workflow: Workflow, verifying: Iterable[tuple[Job, list[Step]]]) -> Iterator[OptionalStep]:
    """Yield what of a workflow's steps the author of a change may have left out.

    Args:
        verifying: Its jobs, each with those of its steps that verify something.
    """
    for job, steps in verifying:
        for step in steps:
            if step.condition is None or step not in job.steps:
                continue
            held = [_holds(workflow, step.condition, event) for event in _changes(workflow)]
            hangs = frozenset().union(*(each.of for each in held if isinstance(each, Unknown)))
            if by := chosen_by_the_author(hangs, workflow):
                yield OptionalStep(place=step.condition.place, what=step.title, text=step.condition.text, by=by)


def idle_steps(workflow: Workflow, verifying: Iterable[tuple[Job, list[Step]]]) -> Iterator[IdleStep]:
    """Yield what of a workflow never runs for a change.

    What runs for pushes alone is idle where it asks something (tests, lint, types) that no change is asked: a build for a
    release, or tests that are run once more before it, are not.

    Args:
        verifying: Its jobs, each with those of its steps that verify something.
    """
    jobs = list(verifying)
    asked = {
        words
        for job, steps in jobs
        for step in steps
        if not (_never(workflow, job.condition) or _never(workflow, step.condition))
        for words in _questions(job, step)
    }
    for job, steps in jobs:
        if steps and job.condition is not None and _never(workflow, job.condition):
            if _at_no_time(workflow, job.condition) or any(_questions(job, step) - asked for step in steps):
                yield IdleStep(place=job.condition.place, what=f"the job {job.id}", text=job.condition.text)
            continue
        for step in steps:
            # What stands in a composite action is called with inputs that its own file does not tell.
            condition = step.condition if step in job.steps else None
            if condition is None or not _never(workflow, condition):
                continue
            if _at_no_time(workflow, condition) or _questions(job, step) - asked:
                yield IdleStep(place=condition.place, what=step.title, text=condition.text)


def _questions(job: Job, step: Step) -> frozenset[Words]:
    found = []
    for command in step_commands(job, step):
        invocation = purpose_of(command.words)
        if invocation.kind in _ASKS or any(_ASKING_NAME.search(name) for name in invocation.scripts):
            found.append(command.words)
    return frozenset(found)


def _never(workflow: Workflow, condition: Condition | None) -> bool:
    return condition is not None and all(_holds(workflow, condition, event) is False for event in _changes(workflow))


def _at_no_time(workflow: Workflow, condition: Condition) -> bool:
    others = (Event(name=name, branch=_SAMPLE_BRANCH) for name in workflow.triggers)
    return all(_holds(workflow, condition, event) is False for event in others)


def _holds(workflow: Workflow, condition: Condition, event: Event) -> bool | Unknown:
    return runs_at_all(condition, Contexts(values=contexts_of(event, workflow).values, status=_STATUS))


def _changes(workflow: Workflow) -> Iterator[Event]:
    """Yield the events of a change on its way in."""
    for action in NEW_COMMITS:
        yield Event(name="pull_request", branch=_SAMPLE_BRANCH, action=action)
    if "merge_group" in workflow.triggers:
        yield Event(name="merge_group", branch=_SAMPLE_BRANCH, action="checks_requested")
