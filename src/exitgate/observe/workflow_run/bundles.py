"""What CI's jobs leave where a front end's build puts its bundle, on a change that touches every project.

Source: https://nx.dev/docs/reference/project-configuration#outputs, and the folders that Nx takes where none is named.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from exitgate.errors import PrerequisiteMissing
from exitgate.github.workflow import Workflow
from exitgate.observation import Observation
from exitgate.observe.workflow import Workflows
from exitgate.observe.workflow_run.changes import ChangeLab
from exitgate.observe.workflow_run.projects import part_of, said_by
from exitgate.observe.workflow_run.tasks import tasks_of
from exitgate.observe.workflow_run.trials import ChangeTrials
from exitgate.provision.git import git, succeeded
from exitgate.provision.workflow_run import JobEnding, LeftFile
from exitgate.target import Frontend

_BUILD = "build"
_USUAL = ("dist/{projectRoot}", "{projectRoot}/dist", "{projectRoot}/build", "{projectRoot}/public")
_OPTION = re.compile(r"\{options\.(\w+)\}")
_SETS_UP_NODE = "actions/setup-node"


@dataclass(frozen=True, slots=True, kw_only=True)
class FrontendBuild(Observation):
    """What CI made of one front end."""

    frontend: str
    folder: str
    outputs: tuple[str, ...]
    """Folders in which its bundle may be, from the root."""
    trials: ChangeTrials
    """Whose control touches every project."""
    told: tuple[str, ...]
    """Steps in which Nx tells of its build, and that it did not fail."""
    endings: tuple[JobEnding, ...]
    """Of each end that was noted, the files in those folders that are not committed."""
    legs: int
    """How many ends were to be noted: one for each time that a leg sets up Node.js."""


def output_folders(root: Path, folder: str) -> tuple[str, ...]:
    """Return the folders in which a project's build leaves what it makes: those that Nx is told of, or the usual ones."""
    manifest, project = said_by(root / folder / "package.json"), said_by(root / folder / "project.json")
    inside = part_of(manifest, "nx")
    own = [part_of(part_of(each, "targets"), _BUILD) for each in (project, inside)]
    default = part_of(part_of(said_by(root / "nx.json"), "targetDefaults"), _BUILD)
    options = {name: value for each in (default, *reversed(own)) for name, value in part_of(each, "options").items()}
    told = next((each["outputs"] for each in (*own, default) if isinstance(each.get("outputs"), list)), None)
    named = [str(each) for each in told] if isinstance(told, list) else list(_USUAL)
    found = dict.fromkeys(
        PurePosixPath(
            _OPTION.sub(lambda match: str(options.get(match[1], "")), each)
            .replace("{projectRoot}", folder)
            .replace("{workspaceRoot}/", "")
            .replace("{projectName}", str(manifest.get("name", folder)))
        ).as_posix()
        for each in named
    )
    # A pattern names files: what holds them is looked at.
    return tuple(_above_patterns(each) for each in found if each not in {".", ""} and ".." not in each.split("/"))


def folders_of(root: Path, frontends: Sequence[Frontend]) -> tuple[str, ...]:
    """Return the same of several front ends, each folder once."""
    return tuple(dict.fromkeys(each for frontend in frontends for each in output_folders(root, frontend.path)))


def frontend_build(lab: ChangeLab, baseline: ChangeTrials, frontend: Frontend, project: str) -> FrontendBuild:
    """Return what CI made of a front end on a change that touches every project.

    Args:
        baseline: Whose control had the ends of its jobs noted.
        project: The front end's name in Nx.

    Raises:
        PrerequisiteMissing: if no job sets up Node.js by the usual action, so that nothing of its end is known.
    """
    legs = sum(
        len(run.jobs[job].legs)
        for run in baseline.control.runs
        for workflow in lab.workflows.ci
        if workflow.path == run.workflow
        for job in _noted_jobs(workflow, lab.workflows)
    )
    if not legs:
        raise PrerequisiteMissing(
            lab.workflows.place_of_on(),
            got=f"no job that sets up Node.js by {_SETS_UP_NODE}",
            expected="one, at whose end the files that it made are listed",
            action=f"Set Node.js up by {_SETS_UP_NODE} in the jobs that build front ends.",
        )
    committed = frozenset(succeeded(git(lab.source, "ls-files", "-z"), lab.source).stdout.split("\0"))
    outputs = output_folders(lab.source, frontend.path)
    return FrontendBuild(
        substrate=baseline.substrate,
        evidence=baseline.evidence,
        frontend=frontend.name,
        folder=frontend.path,
        outputs=outputs,
        trials=baseline,
        told=tuple(
            dict.fromkeys(
                each.step
                for each in tasks_of(baseline.control)
                if each.project == project and each.target == _BUILD and not each.failed
            )
        ),
        endings=tuple(
            JobEnding(job=each.job, files=tuple(_made(each.files, outputs, committed)))
            for each in lab.endings.get(baseline.control.aim, ())
        ),
        legs=legs,
    )


def _noted_jobs(workflow: Workflow, workflows: Workflows) -> Iterator[str]:
    """Yield the jobs at whose end is noted what they left, one once for each of its steps that note it."""
    for job in workflow.jobs.values():
        for step in workflows.steps(job):
            if step.uses and step.uses.text.partition("@")[0].lower() == _SETS_UP_NODE:
                yield job.id


def _made(files: Sequence[LeftFile], outputs: Sequence[str], committed: frozenset[str]) -> Iterator[LeftFile]:
    for each in files:
        if each.path not in committed and any(each.path.startswith(f"{folder}/") for folder in outputs):
            yield each


def _above_patterns(path: str) -> str:
    parts = path.split("/")
    plain = next((number for number, part in enumerate(parts) if re.search(r"[*?\[{]", part)), len(parts))
    return "/".join(parts[:plain]) or "."
