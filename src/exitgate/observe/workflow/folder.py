"""All of a target's workflows and composite actions, read from ``.github``, where GitHub looks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from exitgate.assurance import Assurance
from exitgate.errors import ObservationError, PrerequisiteMissing
from exitgate.github.workflow import CompositeAction, Job, Step, Workflow
from exitgate.observation import Observation, Substrate
from exitgate.observe.workflow.reading import parse_action, parse_workflow

FOLDER = ".github/workflows"
_LARGEST_BYTES = 1_000_000
_DECLARED = Substrate(assurance=Assurance.DECLARED, name="the workflow files")


@dataclass(frozen=True, slots=True, kw_only=True)
class Workflows(Observation):
    """Every workflow of a target."""

    all: Mapping[str, Workflow]
    """By path, sorted."""
    named: tuple[str, ...]
    """Paths of those that validate changes, as ``[pipeline]`` names them; one that is not there is in `missing`."""
    missing: tuple[str, ...] = ()
    actions: Mapping[str, CompositeAction] = field(default_factory=dict)
    """Composite actions of the target's own, by their folder as ``uses`` names it, e.g. ``./.github/actions/setup``."""

    @property
    def ci(self) -> tuple[Workflow, ...]:
        """Those that validate changes and are there."""
        return tuple(self.all[path] for path in self.named if path in self.all)

    def place_of_on(self, event: str = "") -> str:
        """Return where an event stands under ``on:``, or else where ``on:`` does, in the first that validates changes."""
        for workflow in self.ci:
            on = workflow.source.mapping.get("on")
            if on is not None:
                return workflow.triggers[event].place if event in workflow.triggers else on.place
        return next(iter(self.named))

    def called(self, job: Job) -> Workflow | None:
        """Return the workflow of the target's own that a job calls; nothing where it calls none, or another's."""
        uses = job.uses.text if job.uses else ""
        return self.all.get(uses.removeprefix("./")) if uses.startswith("./") else None

    def jobs(self, workflow: Workflow, depth: int = 0) -> Iterator[tuple[Workflow, Job]]:
        """Yield the jobs of a workflow, and those of the workflows of the target's own that it calls."""
        for job in workflow.jobs.values():
            yield workflow, job
            called = self.called(job)
            if called is not None and depth < _DEEPEST_CALL:
                yield from self.jobs(called, depth + 1)

    def steps(self, job: Job) -> Iterator[Step]:
        """Yield a job's steps, and those of the composite actions of the target's own that it uses."""
        yield from self._unfolded(job.steps, 0)

    def _unfolded(self, steps: tuple[Step, ...], depth: int) -> Iterator[Step]:
        for step in steps:
            yield step
            action = self.actions.get(step.uses.text.rstrip("/")) if step.uses else None
            if action is not None and depth < _DEEPEST_CALL:
                yield from self._unfolded(action.steps, depth + 1)


_DEEPEST_CALL = 9
"""As deep as GitHub lets workflows call each other, and composite actions."""


def read_workflows(root: Path, named: tuple[str, ...]) -> Workflows:
    """Read every workflow of a clone.

    Args:
        named: Paths of the workflows that validate changes.

    Raises:
        ObservationError: if a file can't be read as text.
    """
    folder = root / FOLDER
    files = sorted(each for each in folder.glob("*") if each.suffix in {".yml", ".yaml"} and each.is_file())
    found = {f"{FOLDER}/{each.name}": parse_workflow(_text(root, each), f"{FOLDER}/{each.name}") for each in files}
    actions: dict[str, CompositeAction] = {}
    for workflow in list(found.values()):
        waiting = [step for job in workflow.jobs.values() for step in job.steps]
        while waiting:
            uses = waiting.pop().uses
            name = uses.text.rstrip("/") if uses else ""
            if name.startswith("./") and name not in actions and (action := _action(root, name)):
                actions[name] = action
                waiting += action.steps
    return Workflows(
        substrate=_DECLARED,
        all=found,
        named=named,
        missing=tuple(path for path in named if path not in found),
        actions=actions,
    )


def _action(root: Path, name: str) -> CompositeAction | None:
    folder = (root / name).resolve()
    if not folder.is_relative_to(root.resolve()):
        return None
    for file in (folder / "action.yml", folder / "action.yaml"):
        if file.is_file():
            return parse_action(_text(root, file), f"{name.removeprefix('./')}/{file.name}")
    return None


def _text(root: Path, file: Path) -> str:
    path = (
        file.resolve().relative_to(root.resolve()).as_posix()
        if file.resolve().is_relative_to(root.resolve())
        else file.name
    )
    try:
        if file.stat().st_size > _LARGEST_BYTES:
            raise ObservationError(path, got="more than a megabyte", expected="a workflow", action="Shorten it.")
        return file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ObservationError(
            path, got=f"can't be read ({error})", expected="a UTF-8 text file", action="Mend the file."
        ) from error


def refuse_unrunnable(workflows: Workflows) -> None:
    """Say that nothing can be said of workflows that GitHub would not run; the control that owns them says what is wrong.

    Raises:
        PrerequisiteMissing: if one that validates changes is missing or not valid.
    """
    for path in workflows.missing:
        raise _missing(path, "not there")
    for workflow in workflows.ci:
        for problem in workflow.problems:
            raise _missing(problem.place, problem.got)


def _missing(place: str, got: str) -> PrerequisiteMissing:
    return PrerequisiteMissing(
        place,
        got=got,
        expected="a workflow that GitHub runs",
        action="Mend the workflow first.",
        blocked_by="3.1.B.1.1",
    )
