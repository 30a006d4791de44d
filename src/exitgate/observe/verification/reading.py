"""Follows a workflow's commands to all that they run in the repository, and tells of each what becomes of its failure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from exitgate.assurance import Assurance
from exitgate.errors import ObservationError, PrerequisiteMissing
from exitgate.github.workflow import Job, Step, Workflow
from exitgate.observation import Observation, Substrate
from exitgate.observe.shell import CommandFate, ScriptFates, ShellOptions, read_script
from exitgate.observe.verification.focused import SwitchedTest, is_test_file, switched_tests
from exitgate.observe.verification.graph import CutDependency, DroppedTarget, cut_dependencies, dropped_targets
from exitgate.observe.verification.purpose import Invocation, names_verification, purpose_of
from exitgate.observe.verification.retries import retried_script
from exitgate.observe.verification.shells import ShellKind, foreign_fates, shell_of, shell_of_file
from exitgate.observe.verification.skipping import IdleStep, OptionalStep, idle_steps, optional_steps
from exitgate.observe.verification.sources import NamedScript, Repository, TaskSetting, read_repository
from exitgate.observe.workflow import Workflows

_NPM = ShellOptions(errexit=False, pipefail=False, posix=True)
"""How npm, Nx and make start a script: ``sh -c``."""
_RUNNER_CONFIGURATIONS = re.compile(
    r"(?:^|/)(?:jest|vitest|vite|playwright)\.(?:[\w.]+\.)?config\.[cm]?[jt]s$|(?:^|/)jest\.config\.json$"
)
_PASSES_EMPTY = re.compile(
    r"^[^/*#'\"]*[\"']?\b(passWithNoTests|allowOnly|dangerouslyIgnoreUnhandledErrors)\b[\"']?\s*:\s*true", re.MULTILINE
)
_SUBSTRATE = Substrate(
    assurance=Assurance.MODELLED,
    name="the workflow's scripts, followed in thought",
    limits=("what programs that are no shell scripts do with a failure is not seen",),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifyingCommand:
    """A command that verifies something, where it stands, and what becomes of its failure."""

    place: str
    kind: str
    command: CommandFate
    run_by: str
    """In words: what runs the script that it stands in."""
    ignored: bool = False
    """Whether what runs it ignores its status."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TolerantStep:
    """A step or job that verifies and whose failure is not to count."""

    place: str
    what: str
    text: str
    """Of its ``continue-on-error``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LonelyJob:
    """A job that verifies and that no required check waits for."""

    place: str
    job: str
    required: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification(Observation):
    """All that a target's workflows verify, and what hides a failure of it."""

    commands: tuple[VerifyingCommand, ...]
    tolerant: tuple[TolerantStep, ...] = ()
    lonely: tuple[LonelyJob, ...] = ()
    settings: tuple[TaskSetting, ...] = ()
    switched: tuple[SwitchedTest, ...] = ()
    idle: tuple[IdleStep, ...] = ()
    optional: tuple[OptionalStep, ...] = ()
    dropped: tuple[DroppedTarget, ...] = ()
    cut: tuple[CutDependency, ...] = ()


@dataclass
class _Reader:
    """Follows scripts, each of them once."""

    repository: Repository
    named: dict[str, list[NamedScript]] = field(default_factory=dict)
    recipes: dict[str, list[NamedScript]] = field(default_factory=dict)
    seen: set[tuple[str, str]] = field(default_factory=set)
    commands: list[VerifyingCommand] = field(default_factory=list)
    followed: set[str] = field(default_factory=set)
    """Names of scripts and targets that the workflows run."""
    by_runner: set[str] = field(default_factory=set)
    """Names of targets that the workflows run by a task runner, for all projects or those that are affected."""

    def kind_of(self, invocation: Invocation, depth: int = 0) -> str:
        """Return what an invocation verifies, by name, or by what stands behind it."""
        if invocation.kind != "script" or depth > 5:  # noqa: PLR2004 - deeper than anybody nests
            return invocation.kind if invocation.kind != "script" else ""
        if invocation.make_targets is not None:
            return "script" if self.recipes else ""
        if invocation.scripts:
            return "script" if any(self._verifies(name, depth) for name in invocation.scripts) else ""
        path = self._path_of(invocation.file)
        if not path:
            return ""
        if names_verification(path.rpartition("/")[2]):
            return "script"
        shell = shell_of_file(self.repository.text(path) or "", path)
        if shell is None:
            return ""
        fates = read_script(self.repository.text(path) or "", 1, shell)
        return "script" if any(self.kind_of(purpose_of(each.words), depth + 1) for each in fates.commands) else ""

    def _verifies(self, name: str, depth: int) -> bool:
        if names_verification(name):
            return True
        fates = [read_script(each.text, each.line, _NPM) for each in self.named.get(name, [])]
        return any(self.kind_of(purpose_of(one.words), depth + 1) for each in fates for one in each.commands)

    def _path_of(self, file: str) -> str:
        path = file.removeprefix("./").removeprefix("$GITHUB_WORKSPACE/")
        if path in self.repository.files:
            return path
        found = [each for each in self.repository.files if each.endswith(f"/{path}")] if path else []
        return found[0] if len(found) == 1 else ""

    def script(
        self, text: str, path: str, line: int, options: ShellOptions, *, run_by: str, ignored: bool = False
    ) -> bool:
        """Follow a script; say whether it verifies anything.

        Raises:
            ObservationError: if it can't be read.
        """
        if (path, text) in self.seen:
            return True
        self.seen.add((path, text))
        fates = read_script(text, line, options)
        if fates.unreadable_line:
            return self._unreadable(path, fates)
        verifies = False
        for command in fates.commands:
            invocation = purpose_of(command.words)
            kind = self.kind_of(invocation)
            if kind:
                verifies = True
                place = f"{path}:{command.line}"
                self.commands.append(
                    VerifyingCommand(place=place, kind=kind, command=command, run_by=run_by, ignored=ignored)
                )
                self.follow(invocation)
        return verifies

    @staticmethod
    def _unreadable(path: str, fates: ScriptFates) -> bool:
        raise PrerequisiteMissing(
            f"{path}:{fates.unreadable_line}",
            got="a shell script that can't be parsed",
            expected="one of which it can be told what becomes of a failure",
            action="Write that line in a plainer way, or report it to exitgate.",
        )

    def follow(self, invocation: Invocation) -> None:
        """Follow what an invocation runs: scripts and targets of that name everywhere, their hooks, recipes, a script's file."""
        if invocation.kind == "tasks":
            self.by_runner.update(invocation.scripts)
        for name in invocation.scripts:
            self.followed.add(name)
            for each in (f"pre{name}", name, f"post{name}"):
                for script in self.named.get(each, []):
                    self.script(script.text, script.path, script.line, _NPM, run_by="sh -c, as npm and Nx run scripts")
        for target in invocation.make_targets if invocation.make_targets is not None else ():
            self._make(target)
        if invocation.make_targets == () and self.recipes:
            self._make(next(iter(self.recipes)))
        path = self._path_of(invocation.file) if invocation.file else ""
        text = self.repository.text(path) if path else None
        options = shell_of_file(text or "", path)
        if text is not None and options is not None:
            self.script(text, path, 1, options, run_by="the shell that its first line names")

    def _make(self, target: str) -> None:
        for recipe in self.recipes.get(target, []):
            self.script(recipe.text, recipe.path, recipe.line, _NPM, run_by="make", ignored=recipe.ignored)


def read_verification(root: Path, workflows: Workflows, required: tuple[str, ...]) -> Verification:
    """Read what the workflows that validate changes verify.

    Args:
        required: Names of the checks that a merge needs.

    Raises:
        ObservationError: if they verify nothing that is known.
        PrerequisiteMissing: if a script can't be parsed.
    """
    repository = read_repository(root)
    reader = _Reader(repository)
    for script in repository.scripts():
        reader.named.setdefault(script.name, []).append(script)
    for recipe in repository.recipes():
        reader.recipes.setdefault(recipe.name, []).append(recipe)
    tolerant: list[TolerantStep] = []
    lonely: list[LonelyJob] = []
    idle: list[IdleStep] = []
    optional: list[OptionalStep] = []
    for workflow in workflows.ci:
        verifying: list[Job] = []
        own_steps: list[tuple[Job, list[Step]]] = []
        for owner, job in workflows.jobs(workflow):
            steps = [step for step in workflows.steps(job) if _step(reader, owner, job, step)]
            tolerant += [
                TolerantStep(place=step.continue_on_error.place, what=step.title, text=step.continue_on_error.text)
                for step in steps
                if step.continue_on_error is not None and step.continue_on_error.text != "false"
            ]
            if (
                (steps or workflows.called(job))
                and job.continue_on_error is not None
                and job.continue_on_error.text != "false"
            ):
                own = job.continue_on_error
                tolerant.append(TolerantStep(place=own.place, what=f"the job {job.id}", text=own.text))
            tolerant += _tolerant_retries(job, steps)
            if steps and owner is workflow:
                verifying.append(job)
                own_steps.append((job, steps))
        idle += idle_steps(workflow, own_steps)
        optional += optional_steps(workflow, own_steps)
        lonely += _lonely(workflow, verifying, required)
    if not reader.commands:
        raise ObservationError(
            ", ".join(workflows.named),
            got="no command that tests, lints, builds or installs",
            expected="a workflow that verifies changes",
            action="Name the workflows that do under [pipeline].",
        )
    return Verification(
        substrate=_SUBSTRATE,
        commands=tuple(reader.commands),
        tolerant=tuple(tolerant),
        lonely=tuple(lonely),
        settings=tuple(_settings(repository, reader.followed)),
        switched=tuple(_switched(repository)),
        idle=tuple(idle),
        optional=tuple(optional),
        dropped=tuple(dropped_targets(repository, reader.named, frozenset(reader.by_runner))),
        cut=tuple(cut_dependencies(repository)),
    )


def _step(reader: _Reader, workflow: Workflow, job: Job, step: Step) -> bool:
    runs_on = job.runs_on.text if job.runs_on else ""
    retried = retried_script(step, runs_on)
    script, kind = (retried.script, retried.kind) if retried else (step.run, shell_of(step.shell, runs_on))
    if script is None:
        return False
    path = script.path or workflow.path
    if kind.options is not None:
        return reader.script(script.text, path, script.first_line, kind.options, run_by=kind.words)
    return _foreign(reader, script.text, path, script.first_line, kind)


def _tolerant_retries(job: Job, steps: Iterable[Step]) -> Iterator[TolerantStep]:
    for step in steps:
        retried = retried_script(step, job.runs_on.text if job.runs_on else "")
        if retried is not None and retried.tolerant is not None:
            yield TolerantStep(place=retried.tolerant.place, what=step.title, text=retried.tolerant.text)


def _foreign(reader: _Reader, text: str, path: str, line: int, kind: ShellKind) -> bool:
    """Read a script of another shell line by line; what such a shell makes of a failure is said by its kind."""
    found = False
    for command in foreign_fates(text, line, kind):
        invocation = purpose_of(command.words)
        what = reader.kind_of(invocation)
        if what:
            found = True
            place = f"{path}:{command.line}"
            reader.commands.append(VerifyingCommand(place=place, kind=what, command=command, run_by=kind.words))
            reader.follow(invocation)
    return found


def _lonely(workflow: Workflow, verifying: Iterable[Job], required: tuple[str, ...]) -> Iterator[LonelyJob]:
    watching = [job for job in workflow.jobs.values() if (job.name.text if job.name else job.id) in required]
    if not watching:
        return
    reached = {name for job in watching for name in (job.id, *workflow.ancestors(job))}
    for job in verifying:
        if job.id not in reached and not _is_matrix_of(job, required):
            yield LonelyJob(place=job.place, job=job.id, required=tuple(each.id for each in watching))


def _is_matrix_of(job: Job, required: tuple[str, ...]) -> bool:
    """Say whether a required name may be one of the job's legs."""
    name = job.name.text if job.name else job.id
    pattern = ".*".join(re.escape(part) for part in re.split(r"\$\{\{.*?\}\}", name))
    return job.matrix is not None and any(re.fullmatch(rf"{pattern}(?: \(.*\))?", each) for each in required)


def _settings(repository: Repository, followed: set[str]) -> Iterator[TaskSetting]:
    yield from (each for each in repository.settings() if each.name in followed or "@" in each.name)
    for path in sorted(repository.files):
        text = repository.text(path) if _RUNNER_CONFIGURATIONS.search(path) else None
        for match in _PASSES_EMPTY.finditer(text or ""):
            line = (text or "").count("\n", 0, match.start(1)) + 1
            yield TaskSetting(name=path, path=path, line=line, text=f"{match[1]}: true")


def _switched(repository: Repository) -> Iterator[SwitchedTest]:
    for path in sorted(filter(is_test_file, repository.files)):
        yield from switched_tests(path, repository.text(path) or "")
