"""Under which Node.js each leg's tests ran, by the word of the test process itself: a test that fails says its version."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from exitgate.errors import PrerequisiteMissing
from exitgate.github.evaluation import Unknown
from exitgate.github.events import Event
from exitgate.github.workflow import Job, Workflow
from exitgate.observation import Observation
from exitgate.observe.workflow import Workflows, node_versions
from exitgate.observe.workflow_run.aims import steps_noticing
from exitgate.observe.workflow_run.trials import ChangeTrial, ChangeTrials

_TESTS = ("test", "unit")


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeLeg:
    """A leg that was to run a failing test."""

    name: str
    """Of its check, e.g. ``verify on Node 22``."""
    place: str
    """Of the step with the unit tests."""
    wanted: str
    """The version that the leg sets up, e.g. ``22``."""
    seen: tuple[str, ...]
    """Versions that the test process told of, e.g. ``22.20.0``, each once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeTrials(Observation):
    """A test that fails in every leg, and what each told of its Node.js."""

    everywhere: ChangeTrials
    legs: tuple[NodeLeg, ...]
    """Of the job with the matrix, in that trial."""


def matrix_versions(workflows: Workflows, event: Event) -> tuple[str, ...]:
    """Return the versions of the legs that run unit tests, each once.

    Raises:
        PrerequisiteMissing: if fewer than two are told by the files, or no step runs unit tests.
    """
    found = dict.fromkeys(
        version for workflow, job, _ in _testing(workflows) for version in _versions(workflows, workflow, job, event)
    )
    if len(found) < 2:  # noqa: PLR2004 - of one version none is left out
        raise PrerequisiteMissing(
            workflows.place_of_on(event.name),
            got=f"unit tests on {', '.join(found) or 'no version of Node.js that the files tell'}",
            expected="a matrix of versions",
            action="Give the job with the unit tests a matrix of the supported versions.",
            blocked_by="3.1.B.1.2",
        )
    return tuple(found)


def node_trials(everywhere: ChangeTrials, workflows: Workflows, event: Event, says: str) -> NodeTrials:
    """Return what each leg told of its Node.js.

    Args:
        everywhere: With one broken change, whose test fails and says its version.
        says: The words before the version.
    """
    return NodeTrials(
        substrate=everywhere.substrate,
        evidence=everywhere.evidence,
        everywhere=everywhere,
        legs=tuple(
            leg
            for workflow, job, place in _testing(workflows)
            if job.matrix is not None
            for leg in _legs(
                everywhere.broken[0], workflow, job, place, (_versions(workflows, workflow, job, event), says)
            )
        ),
    )


def _legs(
    trial: ChangeTrial, workflow: Workflow, job: Job, place: str, asked: tuple[Sequence[str], str]
) -> list[NodeLeg]:
    versions, says = asked
    said = re.compile(re.escape(says) + r"v?(\d+\.\d+\.\d+)")
    found = []
    for run in trial.runs:
        report = run.jobs.get(job.id)
        if run.workflow != workflow.path or report is None or len(report.legs) != len(versions):
            continue
        heard = {value: leg for leg in report.legs for value in leg.matrix.values() if value in versions}
        for check, version in zip(report.checks, versions, strict=True):
            leg = heard.get(version)
            words = "".join(step.output for step in leg.steps) if leg else ""
            seen = tuple(dict.fromkeys(said.findall(words)))
            found.append(NodeLeg(name=check.name, place=place, wanted=version, seen=seen))
    return found


def _testing(workflows: Workflows) -> list[tuple[Workflow, Job, str]]:
    found = []
    for workflow in workflows.ci:
        places = steps_noticing(workflow, _TESTS)
        for job in workflow.jobs.values():
            found += [(workflow, job, step.place) for step in job.steps if step.place in places][:1]
    return found


def _versions(workflows: Workflows, workflow: Workflow, job: Job, event: Event) -> list[str]:
    every = node_versions(workflows, workflow, job, event)
    return [version.removeprefix("v").removesuffix(".x") for version in every if not isinstance(version, Unknown)]
