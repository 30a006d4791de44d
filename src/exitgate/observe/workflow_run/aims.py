"""Which steps of a workflow have to notice what a change breaks: those that run a task of that name, or a command of that kind."""

from __future__ import annotations

import re
from collections.abc import Collection

from exitgate.errors import PrerequisiteMissing
from exitgate.github.workflow import Workflow
from exitgate.observe.verification import step_commands
from exitgate.observe.verification.purpose import purpose_of


def steps_noticing(workflow: Workflow, names: Collection[str]) -> tuple[str, ...]:
    """Return the places of the steps, in the file's order; of every step that runs something where no name is given.

    Args:
        names: Of tasks and scripts, e.g. ``typecheck``, and kinds of commands, e.g. ``install``.

    Raises:
        PrerequisiteMissing: if no step does, or a script can't be parsed.
    """
    found = [
        step.place
        for job in workflow.jobs.values()
        for step in job.steps
        if any(not names or _about(command.words) & set(names) for command in step_commands(job, step))
    ]
    if not found:
        raise PrerequisiteMissing(
            workflow.path,
            got=f"no step that runs {' or '.join(sorted(names)) or 'anything'}",
            expected="steps of its own that do, so that it can be told which one fails",
            action="Run it in a step of the workflow, by its usual name.",
        )
    return tuple(found)


def _about(words: tuple[str, ...]) -> set[str]:
    invocation = purpose_of(words)
    singular = {"tests": "test"}.get(invocation.kind, invocation.kind)
    # A script of several parts, as in test:unit, is about each of them; and so is a file, as in scripts/deploy-migrations.mjs.
    parts = {part for name in invocation.scripts for part in (name, *name.split(":"))}
    folder, _, file = words[0].rpartition("/") if words else ("", "", "")
    return {invocation.kind, singular, *parts, *(re.split(r"[-_.]", file) if folder else ())}
