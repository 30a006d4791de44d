"""The versions of Node.js that workflows ask for, each leg of a matrix for its own."""

from __future__ import annotations

from collections.abc import Iterator

from exitgate.errors import PrerequisiteMissing
from exitgate.github.evaluation import Object, Unknown, as_text
from exitgate.github.events import Event, contexts_of
from exitgate.github.expressions import BadExpression
from exitgate.github.matrix import legs, resolved
from exitgate.github.workflow import Job, Workflow
from exitgate.observe.workflow.folder import Workflows

_SETUP = "actions/setup-node"


def node_versions(workflows: Workflows, workflow: Workflow, job: Job, event: Event) -> Iterator[str | Unknown]:
    """Yield each version that a job sets up, as it is written, once a leg and step."""
    contexts = contexts_of(event, workflow)
    try:
        all_legs = legs(job, contexts)
        if isinstance(all_legs, Unknown):
            yield all_legs
            return
        for leg in all_legs:
            for step in workflows.steps(job):
                given = step.with_.get("node-version")
                if step.uses is not None and step.uses.text.startswith(_SETUP) and given is not None:
                    yield as_text(resolved(given, contexts.but(matrix=Object(leg.values))))
    except BadExpression as error:
        yield Unknown(frozenset({str(error)}))


def wanted_nodes(workflows: Workflows, event: Event) -> tuple[str, ...]:
    """Return the versions that the workflows that validate changes set up, e.g. ``20``, each once.

    Raises:
        PrerequisiteMissing: if the files don't tell one.
    """
    found: dict[str, None] = {}
    for workflow in workflows.ci:
        for _, job in workflows.jobs(workflow):
            for version in node_versions(workflows, workflow, job, event):
                if isinstance(version, Unknown):
                    raise PrerequisiteMissing(
                        job.place,
                        got=f"Node.js versions that hang on {', '.join(sorted(version.of))}",
                        expected="versions that the files tell",
                        action="Write them into the matrix.",
                    )
                found[version.removeprefix("v").removesuffix(".x")] = None
    return tuple(found)
