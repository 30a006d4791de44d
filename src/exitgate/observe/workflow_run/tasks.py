"""Which tasks of Nx a run of the workflows ran, by Nx's own words: ``✔  nx run shop:test  [local cache]``.

Source: https://github.com/nrwl/nx/tree/23.2.1/packages/nx/src/tasks-runner/life-cycles
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from exitgate.observe.workflow_run.trials import ChangeTrial

_TASK = re.compile(r"^\s*[✔✓✖>-]\s+nx run (?P<project>[^\s:]+):(?P<target>[^\s:]+)", re.MULTILINE)
_FAILED = re.compile(r"^Failed tasks:\n\n?((?:- \S+\n?)+)", re.MULTILINE)
_NAME = re.compile(r"^- (?P<project>[^\s:]+):(?P<target>[^\s:]+)", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskRun:
    """A task that a step ran, or took from Nx's cache."""

    project: str
    """Its name."""
    target: str
    job: str
    step: str
    """Name of the step."""
    matrix: Mapping[str, str]
    """Values of the leg."""
    failed: bool


def tasks_of(trial: ChangeTrial) -> tuple[TaskRun, ...]:
    """Return what the steps of a trial told of tasks, in their order."""
    return tuple(
        TaskRun(project=project, target=target, job=report.job, step=step.name, matrix=leg.matrix, failed=failed)
        for run in trial.runs
        for report in run.jobs.values()
        for leg in report.legs
        for step in leg.steps
        for project, target, failed in _told(step.plain)
    )


def _told(output: str) -> list[tuple[str, str, bool]]:
    """Return project, target and whether it failed; of tasks that fail, Nx may say no more than their list at the end."""
    bad = [(match["project"], match["target"]) for each in _FAILED.findall(output) for match in _NAME.finditer(each)]
    all_named = dict.fromkeys([(match["project"], match["target"]) for match in _TASK.finditer(output)] + bad)
    return [(*named, named in bad) for named in all_named]


def ran(tasks: Iterable[TaskRun]) -> frozenset[tuple[str, str]]:
    """Return the projects and targets of tasks."""
    return frozenset((each.project, each.target) for each in tasks)
