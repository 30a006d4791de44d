"""Which commits Nx is given to compare, on a push, on a pull request and in the merge queue; no task is run for it.

Each scene is one in which a wrong base shows: a push of two commits, a pull request that is behind its branch, and an entry
of the queue behind another one.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from exitgate.assurance import Assurance
from exitgate.errors import ObservationError, PrerequisiteMissing
from exitgate.github.workflow import Workflow
from exitgate.observation import Observation, Substrate
from exitgate.observe.verification import VerifyingCommand
from exitgate.observe.workflow import parse_workflow
from exitgate.observe.workflow_run.changes import ChangeLab
from exitgate.observe.workflow_run.log import LegEnding, RunLog, parse_log
from exitgate.observe.workflow_run.replacing import in_every_step, only, step_at
from exitgate.observe.workflow_run.results import step_of
from exitgate.provenance import Evidence
from exitgate.provision.clone import commit_everything
from exitgate.provision.git import git, succeeded
from exitgate.provision.workflow_run import Started
from exitgate.provision.workflow_run.recorders import SAYS_RANGE

EVENTS = ("push", "pull_request", "merge_group")
_ABSENT = "-"
_WORDS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparedRange:
    """What one command of a leg would have compared."""

    event: str
    place: str
    """Of the step."""
    base: str
    """A commit; empty where it is not in the checkout."""
    head: str
    changed: tuple[str, ...]
    """Files by which the two differ, told from where they part."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EventRanges:
    """What was compared on an event."""

    event: str
    ranges: tuple[ComparedRange, ...]
    asked: int
    """How many commands of the legs that ran were to tell of a range."""
    failing: tuple[str, ...]
    """Places of the steps that failed."""
    changed: tuple[str, ...]
    """Files that the change changes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparedRanges(Observation):
    """The same of each event that the workflows know."""

    events: tuple[EventRanges, ...]


def compared_ranges(lab: ChangeLab, commands: Sequence[VerifyingCommand]) -> ComparedRanges:
    """Run the workflows with Nx and every other command that verifies standing still, and read what Nx was given.

    The lab is of use for other trials afterwards.

    Args:
        commands: That verify; those with ``affected`` in them are left, and what finds the range among them.

    Raises:
        PrerequisiteMissing: if no step of a workflow runs `nx affected`, or a command can't be replaced.
        ObservationError: if what came of one can't be told.
    """
    kept: list[Evidence] = []
    found = tuple(
        _read(lab, workflow, own, event, kept)
        for workflow in lab.workflows.ci
        if (own := in_every_step(workflow, commands)) and any(_compares(each) for each in own)
        for event in EVENTS
        if event in workflow.triggers
    )
    if not found:
        raise PrerequisiteMissing(
            lab.workflows.place_of_on(),
            got="no step with `nx affected` of its own on a push, a pull request or a merge queue's entry",
            expected="one, to see what Nx compares",
            action="Run tasks by nx affected in steps of the workflow.",
        )
    return ComparedRanges(
        substrate=Substrate(
            assurance=Assurance.EXECUTED,
            name="the target's workflow, run by act as another user, with nx and npx replaced",
            limits=(
                "the checkout always has the whole history: what fetch-depth leaves out is read from the workflow",
            ),
            tools=lab.runner.tools,
        ),
        evidence=tuple(kept),
        events=found,
    )


def _compares(command: VerifyingCommand) -> bool:
    words = command.command.words
    return any(word == "affected" or word.startswith("affected:") for word in words)


def _read(
    lab: ChangeLab, workflow: Workflow, own: Sequence[VerifyingCommand], event: str, kept: list[Evidence]
) -> EventRanges:
    lab.begin()
    text = (lab.source / workflow.path).read_text(encoding="utf-8")
    # A script that finds the range is called by what it does; one that stood still would tell nothing.
    replaced = [each for each in own if "affected" not in each.command.text]
    varied = only(workflow.path, text, replaced)
    (lab.source / workflow.path).write_text(varied, encoding="utf-8")
    started, tip = _scene(lab, event)
    clone = lab.forge.folder.parent / f"range-{event}"
    succeeded(git(lab.source, "clone", "--quiet", "--no-hardlinks", "--no-checkout", ".", str(clone)), lab.source)
    branch = lab.event.branch
    succeeded(git(clone, "update-ref", f"refs/remotes/origin/{branch}", tip), clone)
    where = ("-B", branch) if event == "push" else ("--detach",)
    succeeded(git(clone, "checkout", "--quiet", *where, started.merge), clone)
    lab.runner.place.hand_over(clone)
    parsed = parse_workflow(varied, workflow.path)
    steps = [step for job in parsed.jobs.values() for step in lab.workflows.steps(job)]
    ended = lab.runner.record(clone, parsed, steps, started)
    kept.append(lab.evidence.keep(f"act-range-{event}.jsonl", ended.output))
    log = parse_log(ended.output)
    ranges = tuple(_ranges(lab.source, log, parsed, event))
    shutil.rmtree(clone)
    places = [step_at(workflow, each.place) for each in own if _compares(each)]
    legs = {job.id: len(log.of(job.id)) for job in parsed.jobs.values()}
    asked = sum(legs[job.id] for job in parsed.jobs.values() for step in job.steps for at in places if at == step.place)
    return EventRanges(
        event=event,
        ranges=ranges,
        asked=asked,
        failing=tuple(dict.fromkeys(_failing(parsed, log.legs))),
        changed=_changed(lab.source, started.base, started.merge),
    )


def _scene(lab: ChangeLab, event: str) -> tuple[Started, str]:
    """Make the commits of an event; return what starts it, and the newest commit of the branch."""
    source = lab.source
    start = _commit(source, "")
    head = [_commit(source, name) for name in ("first", "second")][-1]
    told = replace(
        lab.event, name=event, action={"pull_request": "opened", "merge_group": "checks_requested"}.get(event, "")
    )
    if event == "push":
        return Started(event=told, base=start, head=head, merge=head), head
    succeeded(git(source, "checkout", "--quiet", "--detach", start), source)
    ahead = _commit(source, "of-the-branch")
    base = ahead
    if event == "merge_group":
        base = _commit(source, "ahead-in-the-queue")
    merged = ("merge", "--quiet", "--no-ff", "--no-edit", "-m", "Merge a change", head)
    succeeded(git(source, *merged), source)
    merge = succeeded(git(source, "rev-parse", "HEAD"), source).stdout.strip()
    return Started(event=told, base=base, head=head, merge=merge), ahead


def _commit(source: Path, name: str) -> str:
    if name:
        (source / f"exitgate-range-{name}.md").write_text("# A note\n", encoding="utf-8")
    commit_everything(source, f"A note: {name or 'commands that stand still'}")
    return succeeded(git(source, "rev-parse", "HEAD"), source).stdout.strip()


def _ranges(source: Path, log: RunLog, workflow: Workflow, event: str) -> Iterator[ComparedRange]:
    for leg in log.legs:
        for ended in leg.steps:
            step = step_of(workflow.jobs[leg.job], ended.key) if leg.job in workflow.jobs else None
            for line in ended.output.splitlines():
                words = line.split()
                if step is None or words[:1] != [SAYS_RANGE]:
                    continue
                if len(words) != _WORDS:
                    raise ObservationError(
                        step.place,
                        got=f"the line {line!r}",
                        expected="three commits",
                        action="Report this to exitgate.",
                    )
                base, head, both = ("" if word == _ABSENT else word for word in words[1:])
                changed = _changed(source, both, head) if both and head else ()
                yield ComparedRange(event=event, place=step.place, base=base, head=head, changed=changed)


def _failing(workflow: Workflow, legs: Sequence[LegEnding]) -> Iterator[str]:
    for leg in legs:
        if leg.failing is not None and leg.job in workflow.jobs:
            step = step_of(workflow.jobs[leg.job], leg.failing.key)
            yield step.place if step else workflow.jobs[leg.job].place


def _changed(source: Path, base: str, head: str) -> tuple[str, ...]:
    listed = succeeded(git(source, "diff", "--name-only", "-z", base, head), source).stdout.split("\0")
    return tuple(sorted(filter(None, listed)))
