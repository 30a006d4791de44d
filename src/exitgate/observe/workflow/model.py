"""What GitHub would make of the target's workflows and rulesets: the model, run on the events of the policy's samples."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from exitgate.assurance import Assurance
from exitgate.github.authored import chosen_by_the_author
from exitgate.github.evaluation import Contexts, Unknown
from exitgate.github.events import NEW_COMMITS, Event, contexts_of, filters_paths, starts
from exitgate.github.filters import samples
from exitgate.github.node import Node
from exitgate.github.outcomes import Ending, Oracle, Result, endings_of, runs_at_all
from exitgate.github.producers import Nameless, Producer, producers
from exitgate.github.workflow import Condition, Job, Trigger, Workflow
from exitgate.observation import Observation, Substrate
from exitgate.observe.workflow.folder import Workflows
from exitgate.observe.workflow.rulesets import Rulesets

_UNFILTERED = "exitgate/sample.bin"
"""A file that no filter names; as good as any that people will add."""
_SUBSTRATE = Substrate(
    assurance=Assurance.MODELLED,
    name="a model of GitHub's rules",
    limits=("workflows and rulesets of the organisation, and GitHub's settings, are not seen",),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """What a required check says when one job ends badly."""

    event: Event
    workflow: Workflow
    job: Job
    """That ends badly."""
    result: Result
    endings: dict[str, Ending]
    """Of all jobs of the workflow, by id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PipelineModel(Observation):
    """The target's workflows and rulesets, and what GitHub makes of them."""

    workflows: Workflows
    rulesets: Rulesets
    default_branch: str
    oracle: Oracle
    """Says what a script of a job that looks at others' results exits with."""

    def changes(self, branch: str, *, queue: bool) -> Iterator[Event]:
        """Yield what happens to a change on its way into a branch: each event that needs its checks."""
        for action in NEW_COMMITS:
            yield Event(name="pull_request", branch=branch, action=action, repository=self.rulesets.repository)
        if queue:
            yield Event(
                name="merge_group", branch=branch, action="checks_requested", repository=self.rulesets.repository
            )

    def touched(self, event: Event) -> Iterator[Event]:
        """Yield the same event for changes that touch this and that: what path filters speak of, and what none does."""
        found: dict[str, None] = {_UNFILTERED: None}
        for workflow in self.workflows.all.values():
            trigger = workflow.triggers.get(event.name)
            if trigger is not None and filters_paths(trigger):
                for pattern in (*(trigger.paths or ()), *(trigger.paths_ignore or ())):
                    found |= dict.fromkeys(samples(pattern.text))
        for path in found:
            yield Event(
                name=event.name,
                branch=event.branch,
                action=event.action,
                paths=(path,),
                fork=event.fork,
                repository=event.repository,
            )

    def reported(self, event: Event) -> tuple[tuple[Producer, ...], tuple[Nameless, ...]]:
        """Return the checks that an event has reported."""
        return producers(self.workflows.all.values(), event, self.workflows.all)

    def names_without_filters(self, workflow: Workflow, event: Event) -> frozenset[str]:
        """Return the names of the checks that a workflow would report for an event if its filters let it start."""
        trigger = workflow.triggers.get(event.name)
        if trigger is None:
            return frozenset()
        open_to_all = Trigger(event=event.name, place=trigger.place, types=(event.action,) if event.action else None)
        opened = replace(workflow, triggers={event.name: open_to_all})
        return frozenset(each.name for each in producers((opened,), event, self.workflows.all)[0])

    def endings(
        self,
        workflow: Workflow,
        event: Event,
        forced: dict[str, Result],
        watched: frozenset[str],
        calm: dict[str, Ending] | None = None,
    ) -> dict[str, Ending]:
        """Return what becomes of a workflow's jobs if some end so.

        Args:
            watched: Ids of jobs whose own steps decide.
            calm: The same where none is made to, which saves telling anew what is the same.
        """
        contexts = contexts_of(event, workflow)
        return endings_of(workflow, contexts, forced, watched=watched, oracle=self.oracle, calm=calm)

    def failures(self, event: Event, watched: Callable[[Workflow], frozenset[str]]) -> Iterator[Scenario]:
        """Yield what becomes of each workflow that validates changes when one of its jobs fails, or is cancelled.

        A job whose condition the author of a change decides may be skipped, too.

        Args:
            watched: The jobs of a workflow that report required checks.
        """
        for workflow in self.workflows.ci:
            if not starts(workflow, event):
                continue
            reporting = watched(workflow)
            calm, watching = (self.endings(workflow, event, {}, each) for each in (frozenset(), reporting))
            for job in workflow.jobs.values():
                if calm[job.id].result is Result.SKIPPED:
                    continue
                for result, shaped in _ways(workflow, job, event, reported=job.id in reporting):
                    yield Scenario(
                        event=event,
                        workflow=workflow,
                        job=job,
                        result=result,
                        endings=self.endings(
                            shaped,
                            event,
                            {job.id: result},
                            reporting - {job.id},
                            watching if shaped is workflow else None,
                        ),
                    )


def _ways(workflow: Workflow, job: Job, event: Event, *, reported: bool) -> Iterator[tuple[Result, Workflow]]:
    """Yield how a job may end badly, each with the workflow in which it does."""
    ways = (Result.FAILURE, Result.CANCELLED)
    contexts = Contexts(values=contexts_of(event, workflow).values, status={"success": True, "failure": False})
    runs = runs_at_all(job.condition, contexts)
    if reported or not isinstance(runs, Unknown) or not chosen_by_the_author(runs.of, workflow):
        yield from ((each, workflow) for each in ways)
        return
    never = Condition(source=Node(value=False, path=workflow.path, line=0, first_line=0))
    for condition, results in ((None, ways), (never, (Result.SKIPPED,))):
        shaped = replace(workflow, jobs={**workflow.jobs, job.id: replace(job, condition=condition)})
        yield from ((each, shaped) for each in results)


def model_of(workflows: Workflows, rulesets: Rulesets, default_branch: str, oracle: Oracle) -> PipelineModel:
    """Return the model of a target whose workflows are valid."""
    return PipelineModel(
        substrate=_SUBSTRATE, workflows=workflows, rulesets=rulesets, default_branch=default_branch, oracle=oracle
    )
