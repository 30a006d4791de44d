"""Whether CI runs the tasks of whatever a change reaches, and of nothing that it does not."""

from __future__ import annotations

from exitgate.checks.pipeline.blocking import red_controls
from exitgate.errors import ObservationError, PrerequisiteMissing
from exitgate.finding import Finding
from exitgate.observe.workflow_run.reach import Reach
from exitgate.observe.workflow_run.tasks import ran

_PREPARING = frozenset({"build", "generate", "codegen", "compile", "prepare", "bundle"})
"""Targets that the tasks of dependents need of what they depend on, and of which a workflow may keep the whole in order."""


def unreached_dependents(observed: Reach) -> list[Finding]:
    """Name each project that depends on the changed library, and the library itself, of which an asked task was not run.

    Raises:
        ObservationError: if no project depends on the library.
        PrerequisiteMissing: if the change does not pass, or Nx tells of no task.
    """
    reached = {observed.library, *observed.dependents}
    _refuse_silence(observed)
    done = ran(observed.tasks)
    findings = []
    for project in sorted(reached):
        missing = [target for name, target in observed.targets if name == project and (name, target) not in done]
        if missing:
            findings.append(
                Finding(
                    location=project,
                    message=f"a change in {observed.library} does not run {', '.join(missing)} of {project}",
                    expected="the tasks of the library and of every project that depends on it, directly or not",
                    got=f"tasks of {', '.join(sorted({name for name, _ in done}))}",
                    remedy="Run tasks by nx affected with the right base, and declare what depends on what.",
                )
            )
    return findings


def reached_strangers(observed: Reach) -> list[Finding]:
    """Name each project of which tests or the like were run though it does not depend on the changed library.

    Raises:
        ObservationError: if no project depends on the library.
        PrerequisiteMissing: if the change does not pass, Nx tells of no task, or no project could be a stranger.
    """
    reached = {observed.library, *observed.dependents}
    _refuse_silence(observed)
    watched = {(name, target) for name, target in observed.targets if target not in _PREPARING and name not in reached}
    if not watched:
        raise PrerequisiteMissing(
            observed.library,
            got="no project with tests that does not depend on it",
            expected="one, to see that it is left alone",
            action="Try a target with more projects.",
        )
    found: dict[str, list[str]] = {}
    for each in observed.tasks:
        if (each.project, each.target) in watched and each.target not in found.setdefault(each.project, []):
            found[each.project].append(each.target)
    return [
        Finding(
            location=project,
            message=f"a change in {observed.library} runs {', '.join(targets)} of {project}, which does not depend on it",
            expected="no task of a project that the change does not reach",
            got=next(f"{each.step} runs {project}:{each.target}" for each in observed.tasks if each.project == project),
            remedy="Run tasks by nx affected, and give it the commit that the change starts from as its base.",
        )
        for project, targets in sorted(found.items())
    ]


def _refuse_silence(observed: Reach) -> None:
    if not observed.dependents or not observed.targets:
        raise ObservationError(
            observed.library,
            got=f"{len(observed.dependents)} dependents with {len(observed.targets)} tasks",
            expected="some of both",
            action="Report this to exitgate.",
        )
    for finding in red_controls(observed.trials):
        raise PrerequisiteMissing(
            finding.location,
            got=finding.message,
            expected="a change in a library that passes, so that every step is run",
            action=finding.remedy,
            blocked_by="3.1.C.1",
        )
    if not observed.tasks:
        raise PrerequisiteMissing(
            "nx",
            got="no line of the steps tells of a task",
            expected="`nx run PROJECT:TARGET` for each, as Nx writes it",
            action="Let the steps show what Nx writes.",
        )
