"""Which jobs report which checks for an event."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from exitgate.github.evaluation import Contexts, Unknown
from exitgate.github.events import Event, contexts_of, starts
from exitgate.github.expressions import BadExpression
from exitgate.github.matrix import check_names
from exitgate.github.workflow import Job, Workflow

_DEEPEST = 9


@dataclass(frozen=True, slots=True, kw_only=True)
class Producer:
    """A job that reports a check, under one name."""

    name: str
    workflow: Workflow
    """That the event starts."""
    job: Job
    """Of that workflow."""
    inner: Job | None = None
    """The job of a called workflow, where `job` calls one."""

    @property
    def place(self) -> str:
        """Where the job stands."""
        return (self.inner or self.job).place


@dataclass(frozen=True, slots=True, kw_only=True)
class Nameless:
    """A job whose checks have names that only a run tells."""

    job: Job
    of: frozenset[str]
    """What they hang on."""


def producers(
    workflows: Iterable[Workflow], event: Event, everything: Mapping[str, Workflow]
) -> tuple[tuple[Producer, ...], tuple[Nameless, ...]]:
    """Return all checks that an event has reported, and the jobs whose checks have no name that can be told.

    Args:
        everything: All workflows of the target by path, for those that jobs call.
    """
    named: list[Producer] = []
    nameless: list[Nameless] = []
    for workflow in workflows:
        if workflow.is_valid and starts(workflow, event):
            contexts = contexts_of(event, workflow)
            for job in workflow.jobs.values():
                names, open_ends = _names(job, contexts, event, everything, 0)
                named += [Producer(name=name, workflow=workflow, job=job, inner=inner) for name, inner in names]
                nameless += open_ends
    return tuple(named), tuple(nameless)


def _names(
    job: Job, contexts: Contexts, event: Event, everything: Mapping[str, Workflow], depth: int
) -> tuple[Sequence[tuple[str, Job | None]], Sequence[Nameless]]:
    try:
        own = check_names(job, contexts)
    except BadExpression as error:
        own = Unknown(frozenset({str(error)}))
    if isinstance(own, Unknown):
        return (), (Nameless(job=job, of=own.of),)
    if job.uses is None:
        return [(name, None) for name in own], ()
    path = job.uses.text.removeprefix("./")
    called = everything.get(path) if job.uses.text.startswith("./") else None
    if called is None or depth > _DEEPEST:
        return (), (Nameless(job=job, of=frozenset({job.uses.text})),)
    names: list[tuple[str, Job | None]] = []
    nameless: list[Nameless] = []
    inside = contexts_of(event, called)
    for inner in called.jobs.values():
        below, open_ends = _names(inner, inside, event, everything, depth + 1)
        names += [(f"{outer} / {name}", deeper or inner) for outer in own for name, deeper in below]
        nameless += open_ends
    return names, nameless
