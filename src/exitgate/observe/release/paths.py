"""By which jobs of its workflows a target brings versions to production, and what stands before each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from exitgate.assurance import Assurance
from exitgate.github.guards import job_runs_without, may_be_skipped, runs_without
from exitgate.github.workflow import Job, Step, Workflow
from exitgate.observation import Observation, Substrate
from exitgate.observe.release.following import Follower, MetCommand, follower_of
from exitgate.observe.release.movers import action_moves_traffic, moves_traffic
from exitgate.observe.shell import Fate, Loss
from exitgate.observe.verification.sources import read_repository
from exitgate.observe.workflow import Workflows

SUBSTRATE = Substrate(
    assurance=Assurance.MODELLED,
    name="the target's workflows and the shell scripts that they run, followed in thought",
    limits=(
        "what people, other repositories and programs that are no shell scripts deploy is not seen",
        "that what is rolled out are the images that the lock was asked about is not followed",
    ),
)
_DEEPEST_CALL = 9


@dataclass(frozen=True, slots=True, kw_only=True)
class Guard:
    """A step that asks the lock."""

    place: str
    """Of the command."""
    step: str
    """The step's title."""
    text: str
    """Of the command."""
    gate: str
    """The gate that the lock is asked about."""
    fate: Fate
    """What becomes of a refusal in the step's script."""
    loss: Loss = Loss.NONE
    tolerated: str = ""
    """Place of the ``continue-on-error`` that makes nothing of a refusal; empty where there is none."""
    condition: str = ""
    """What it, or its job, hangs on, where it may be skipped though nothing failed; empty where it always runs."""
    key: str = ""
    """The key that is trusted, as it is written."""
    commit: str = ""
    """The commit that is asked about, as it is written."""
    ref: str = ""
    """What the job checked out before, where it named something, as it is written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AskingStep:
    """A step that asks the lock, where it stands."""

    workflow: Workflow
    job: Job
    step: Step


@dataclass(frozen=True, slots=True, kw_only=True)
class Mover:
    """A command, an action or a called workflow that moves traffic to another version."""

    place: str
    """Of the workflow's step."""
    at: str
    """Of the command itself: in a script that the step leads to, maybe."""
    text: str
    guard: Guard | None = None
    """The last step before it that asks the lock; nothing where none does."""
    is_stopped: bool = False
    """Whether it can't run where the guard refused, nor where the guard was skipped."""
    by: str = ""
    """The workflow and job that call its own, where the way through these is looked at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseJob:
    """A job that moves traffic."""

    workflow: str
    job: str
    place: str
    movers: tuple[Mover, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleasePaths(Observation):
    """All jobs of a target's workflows that are known, or declared, to move traffic."""

    jobs: tuple[ReleaseJob, ...]
    everything: frozenset[tuple[str, str]]
    """Every job that was looked at: its workflow and its id."""
    asking: tuple[AskingStep, ...] = ()
    """Every step that asks the lock."""


def read_release_paths(
    root: Path, workflows: Workflows, named_steps: dict[tuple[str, str], tuple[str, ...]]
) -> ReleasePaths:
    """Look through every job of every workflow.

    Args:
        root: A clean clone of the target.
        named_steps: Workflow and id of each declared job to the names of its steps that move traffic besides those known.

    Raises:
        PrerequisiteMissing: if a script can't be parsed.
    """
    reader = _Reader(workflows=workflows, follower=follower_of(read_repository(root)), named_steps=named_steps)
    found = [
        (workflow, job) for workflow in workflows.all.values() if workflow.is_valid for job in workflow.jobs.values()
    ]
    jobs = [reader.job(workflow, job) for workflow, job in found]
    return ReleasePaths(
        substrate=SUBSTRATE,
        jobs=tuple(each for each in jobs if each.movers),
        everything=frozenset((workflow.path, job.id) for workflow, job in found),
        asking=tuple(each for workflow, job in found for each in reader.asking(workflow, job)),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reader:
    workflows: Workflows
    follower: Follower
    named_steps: dict[tuple[str, str], tuple[str, ...]]

    def job(self, workflow: Workflow, job: Job) -> ReleaseJob:
        movers = [
            self._guarded(workflow, job, index, mover)
            for index, step in enumerate(job.steps)
            for mover in self._movers(workflow, job, step)
        ]
        if job.uses is not None and (workflow.path, job.id) in self.named_steps and not self.workflows.called(job):
            # A called workflow of another repository: the declaration says that it moves traffic.
            movers.append(
                self._by_jobs(workflow, job, Mover(place=job.place, at=job.place, text=f"uses: {job.uses.text}"))
            )
        ways = [way for mover in movers for way in self._ways(workflow, mover, 0)]
        return ReleaseJob(workflow=workflow.path, job=job.id, place=job.place, movers=tuple(ways))

    def asking(self, workflow: Workflow, job: Job) -> Iterator[AskingStep]:
        """Yield the steps of a job, or of actions of the target's own that it uses, that ask the lock."""
        for step in self.workflows.steps(job):
            if any(_guard_of(met) for met in self.follower.commands(job, step)):
                yield AskingStep(workflow=workflow, job=job, step=step)

    def _unfolded(self, step: Step) -> list[Step]:
        return list(self.workflows.steps(Job(id="", place="", steps=(step,))))

    def _movers(self, workflow: Workflow, job: Job, step: Step) -> Iterator[Mover]:
        if step.title in self.named_steps.get((workflow.path, job.id), ()):
            yield Mover(place=step.place, at=step.place, text=step.title)
            return
        for each in self._unfolded(step):
            if each.uses is not None and action_moves_traffic(each.uses.text):
                yield Mover(place=step.place, at=each.place, text=f"uses: {each.uses.text}")
            for met in self.follower.commands(job, each):
                if moves_traffic(met.command.words):
                    yield Mover(place=step.place, at=met.place, text=met.command.text)

    def _guarded(self, workflow: Workflow, job: Job, index: int, mover: Mover) -> Mover:
        for before in reversed(range(index)):
            guard = self._guard_of_step(job, job.steps[before])
            if guard is not None:
                guard = replace(guard, ref=_checked_out(job.steps[:before]))
                return replace(mover, guard=guard, is_stopped=not runs_without(job, before, index))
        return self._by_jobs(workflow, job, mover)

    def _by_jobs(self, workflow: Workflow, job: Job, mover: Mover) -> Mover:
        """Look for the guard in the jobs that this one waits for, nearest first."""
        for name in workflow.ancestors(job):
            other = workflow.jobs[name]
            for position, step in enumerate(other.steps):
                guard = self._guard_of_step(other, step)
                if guard is None:
                    continue
                own = other.continue_on_error
                tolerated = own.place if own is not None and own.text != "false" else ""
                skipped = other.condition.text if other.condition and may_be_skipped(other.condition) else ""
                guard = replace(
                    guard,
                    tolerated=guard.tolerated or tolerated,
                    condition=guard.condition or skipped,
                    ref=_checked_out(other.steps[:position]),
                )
                return replace(mover, guard=guard, is_stopped=not job_runs_without(workflow, other, job))
        return mover

    def _guard_of_step(self, job: Job, step: Step) -> Guard | None:
        for each in self._unfolded(step):
            for met in self.follower.commands(job, each):
                guard = _guard_of(met)
                if guard is None:
                    continue
                tolerant = [one.continue_on_error for one in {step.place: step, each.place: each}.values()]
                places = [one.place for one in tolerant if one is not None and one.text != "false"]
                hanging = [one.condition for one in (step, each) if may_be_skipped(one.condition)]
                return replace(
                    guard,
                    step=step.title,
                    tolerated=places[0] if places else "",
                    condition=hanging[0].text if hanging and hanging[0] else "",
                )
        return None

    def _ways(self, workflow: Workflow, mover: Mover, depth: int) -> Iterator[Mover]:
        """Yield a mover once for each way to it: where no job of its workflow guards it, one that calls the workflow may."""
        callers = [
            (outer, job)
            for outer in self.workflows.all.values()
            for job in outer.jobs.values()
            if self.workflows.called(job) is workflow
        ]
        if mover.guard is not None or set(workflow.triggers) != {"workflow_call"} or not callers:
            yield mover
            return
        for outer, job in callers if depth < _DEEPEST_CALL else ():
            called = self._by_jobs(outer, job, replace(mover, by=f"{job.id} of {outer.path}"))
            yield from self._ways(outer, called, depth + 1)


def _guard_of(met: MetCommand) -> Guard | None:
    """Return what a command that asks the lock is asked about; nothing of any other command."""
    words = met.command.words
    for index, word in enumerate(words):
        if words[index + 1 : index + 3] != ("lock", "check") or "--help" in words:
            continue
        if word.rpartition("/")[2] == "exitgate":
            arguments = words[index + 3 :]
            gate = arguments[0] if arguments and not arguments[0].startswith("-") else ""
            return Guard(
                place=met.place,
                step="",
                text=met.command.text,
                gate=gate,
                fate=met.fate,
                loss=met.loss,
                key=_option(arguments, "--key"),
                commit=_option(arguments, "--commit"),
            )
    return None


def _option(arguments: tuple[str, ...], name: str) -> str:
    for index, word in enumerate(arguments):
        if word == name and index + 1 < len(arguments):
            return arguments[index + 1].strip("\"'")
        if word.startswith(f"{name}="):
            return word.partition("=")[2].strip("\"'")
    return ""


def _checked_out(steps: tuple[Step, ...]) -> str:
    """Return what the last checkout before names as its ref; empty where it takes what started the workflow."""
    for step in reversed(steps):
        if step.uses is not None and step.uses.text.split("@")[0].lower() == "actions/checkout":
            ref = step.with_.get("ref")
            return ref.text if ref is not None else ""
    return ""
