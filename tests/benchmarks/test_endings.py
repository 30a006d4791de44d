"""What becomes of jobs: told anew behind a job that is made to end, and the same as if all of it were."""

from __future__ import annotations

import pytest

from benchmarks.workflow_samples import workflow_text
from exitgate.github.events import Event, contexts_of
from exitgate.github.outcomes import Result, endings_of
from exitgate.observe.workflow import parse_workflow

PULL = Event(name="pull_request", branch="main", action="opened")


@pytest.mark.parametrize("number", range(0, 60, 3))
def test_jobs_before_which_nothing_is_forced_end_as_where_nothing_is(number: int) -> None:
    workflow = parse_workflow(workflow_text(number, jobs=2 + number // 4), ".github/workflows/w.yml")
    contexts, watched = contexts_of(PULL, workflow), frozenset(list(workflow.jobs)[-1:])
    calm = endings_of(workflow, contexts, watched=watched)
    for job in workflow.jobs:
        for result in (Result.FAILURE, Result.CANCELLED, Result.SKIPPED):
            whole = endings_of(workflow, contexts, {job: result}, watched=watched - {job})
            assert endings_of(workflow, contexts, {job: result}, watched=watched - {job}, calm=calm) == whole
