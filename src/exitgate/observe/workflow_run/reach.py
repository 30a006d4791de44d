"""A change in a library, and whose tasks CI ran for it: told by Nx in the steps, expected by the projects' own package.json."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from exitgate.errors import PrerequisiteMissing
from exitgate.observation import Observation
from exitgate.observe.verification import step_commands
from exitgate.observe.verification.purpose import purpose_of
from exitgate.observe.workflow import Workflows
from exitgate.observe.workflow_run.projects import Workspace
from exitgate.observe.workflow_run.tasks import TaskRun, tasks_of
from exitgate.observe.workflow_run.trials import ChangeTrials

_LOADS = (
    r"""^\s*(?:import|export)\s+(?!type\b)[^;'"]*?from\s*["']{name}["']"""
    r"""|^\s*import\s+["']{name}["']|require\(["']{name}["']\)"""
)
_SEVERAL = 3
_CODE = re.compile(r"\.[cm]?[jt]sx?$")
_NO_UNIT = re.compile(r"(?:^|/)(?:e2e|integration|support|scripts|node_modules)(?:/|$)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach(Observation):
    """How far a change that breaks nothing reached."""

    trials: ChangeTrials
    """Whose control is that change."""
    library: str
    """Name of the project that it touches."""
    dependents: tuple[str, ...]
    """Names of the projects that depend on it, directly or not."""
    asked: tuple[str, ...]
    """Targets that the workflows ask of Nx."""
    targets: tuple[tuple[str, str], ...]
    """Every project's name with each of those targets that it has."""
    tasks: tuple[TaskRun, ...]


def library_in(workspace: Workspace) -> str:
    """Return the folder of the project whose change costs least among those that several depend on, some of them indirectly.

    One that fewer depend on, or only directly, does where there is none; strangers to it there have to be.

    Raises:
        PrerequisiteMissing: if there is none.
    """
    every = set(workspace.projects)
    libraries = [each for each in workspace.by_reach if workspace.dependents(each)]
    apart = [each for each in libraries if every - {each} - workspace.dependents(each)]
    deep = [each for each in apart if any(workspace.dependents(one) for one in workspace.dependents(each))]
    wide = [each for each in deep if len(workspace.dependents(each)) >= _SEVERAL]
    for found in (*wide, *deep, *apart):
        return found
    raise PrerequisiteMissing(
        "package.json",
        got=f"{len(every)} projects, none of which some depend on and others do not",
        expected="a library, projects that depend on it, and such that do not",
        action="Name what a project needs in its package.json, or in implicitDependencies.",
    )


def loaded_library_in(root: Path, workspace: Workspace) -> tuple[str, tuple[str, ...]]:
    """Return the folder of a library that code of other projects loads, and the names of those that do.

    Raises:
        PrerequisiteMissing: if there is none with code of its own in src.
    """
    for folder in workspace.by_reach:
        if not (root / folder / "src").is_dir():
            continue
        loads = re.compile(_LOADS.format(name=re.escape(workspace.projects[folder].name)), re.MULTILINE)
        users = frozenset(
            each
            for each in workspace.dependents(folder)
            if {"test", "unit"} & workspace.projects[each].targets and _loads(root / each, loads)
        )
        if users:
            return folder, workspace.names(users)
    raise PrerequisiteMissing(
        "package.json",
        got="no library that code of another project with unit tests imports by its name",
        expected="one, to see that a change in it is tried on what depends on it",
        action="Import libraries of the repository by the names of their packages.",
    )


def _loads(project: Path, loads: re.Pattern[str]) -> bool:
    for file in sorted(project.rglob("*")):
        inside = file.relative_to(project).as_posix()
        code = _CODE.search(inside) and not _NO_UNIT.search(inside) and file.is_file()
        if code and loads.search(file.read_text(encoding="utf-8", errors="replace")):
            return True
    return False


def asked_targets(workflows: Workflows) -> tuple[str, ...]:
    """Return the targets that steps ask of Nx, each once.

    Raises:
        PrerequisiteMissing: if no step asks Nx for one, or a script can't be parsed.
    """
    found: dict[str, None] = {}
    for workflow in workflows.ci:
        for job in workflow.jobs.values():
            for step in job.steps:
                for command in step_commands(job, step):
                    invocation = purpose_of(command.words)
                    if invocation.kind == "tasks" and "nx" in command.words:
                        found |= dict.fromkeys(invocation.scripts)
    if not found:
        raise PrerequisiteMissing(
            workflows.ci[0].path if workflows.ci else ".github/workflows",
            got="no step that runs targets by nx itself",
            expected="`nx affected -t TARGET` in a step",
            action="Run tasks by nx affected in steps of the workflow.",
        )
    return tuple(found)


def reach_of(trials: ChangeTrials, workspace: Workspace, folder: str, asked: tuple[str, ...]) -> Reach:
    """Return whose tasks were run for a change in a library.

    Args:
        trials: Whose control is that change.
        folder: Of the library.
    """
    return Reach(
        substrate=trials.substrate,
        evidence=trials.evidence,
        trials=trials,
        library=workspace.projects[folder].name,
        dependents=workspace.names(workspace.dependents(folder)),
        asked=asked,
        targets=tuple(
            sorted(
                (each.name, target)
                for each in workspace.projects.values()
                for target in asked
                if target in each.targets
            )
        ),
        tasks=tasks_of(trials.control),
    )
