"""Whether a library change that breaks what depends on it is kept out by the unit tests of just that."""

from __future__ import annotations

from collections.abc import Collection

from exitgate.checks.pipeline.blocking import refuse_unsound, unblocked_failures
from exitgate.errors import PrerequisiteMissing
from exitgate.finding import Finding
from exitgate.observe.workflow_run.tasks import tasks_of
from exitgate.observe.workflow_run.trials import ChangeTrial, ChangeTrials

_TESTS = frozenset({"test", "unit"})


def unblocked_dependents(observed: ChangeTrials, dependents: Collection[str], says: str) -> list[Finding]:
    """Name the library change where it got in, was refused for another reason, or no dependent's tests noticed it.

    Args:
        dependents: Names of the projects that load the library.
        says: What the library says as it fails.

    Raises:
        ObservationError: if the change was not tried.
        PrerequisiteMissing: if a change that breaks nothing does not get in, or the dependents' tests ran and never met
            the library, so that nothing was broken.
    """
    refuse_unsound(observed)
    (trial,) = observed.broken
    tested = {task.project for task in tasks_of(trial) if task.target in _TESTS}
    if trial.pushed.accepted and tested & set(dependents) and not _says(trial, says):
        raise PrerequisiteMissing(
            ", ".join(sorted(dependents)),
            got=f"unit tests that ran and never met what is broken: {trial.what}",
            expected="unit tests of a dependent that load the library",
            action="Test code that uses the library.",
        )
    findings = unblocked_failures(observed)
    if not findings and not tested & set(dependents):
        findings = [
            Finding(
                location=trial.failing[0],
                message=f"no dependent's unit tests were run: {trial.what}",
                expected=f"the unit tests of {' or '.join(sorted(dependents))}",
                got=f"those of {', '.join(sorted(tested)) or 'no project'}",
                remedy="Run unit tests by nx affected, with the commit that the change starts from as its base.",
            )
        ]
    return findings


def _says(trial: ChangeTrial, says: str) -> bool:
    return any(
        says in step.output
        for run in trial.runs
        for report in run.jobs.values()
        for leg in report.legs
        for step in leg.steps
    )
