"""Reads and models every workflow of a folder in this process, and prints what each took, as JSON."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

from exitgate.github.events import NEW_COMMITS, Event, contexts_of, starts
from exitgate.github.outcomes import Result, endings_of
from exitgate.github.producers import producers
from exitgate.github.workflow import Workflow
from exitgate.observe.verification import step_commands
from exitgate.observe.workflow import parse_workflow


def main() -> None:
    root = Path(sys.argv[1])
    rows = []
    for file in sorted((root / ".github" / "workflows").glob("*.yml")):
        text = file.read_text(encoding="utf-8")
        started = time.perf_counter()
        workflow = parse_workflow(text, file.relative_to(root).as_posix())
        analyse(workflow)
        milliseconds = (time.perf_counter() - started) * 1000
        rows.append({"jobs": len(workflow.jobs), "lines": text.count("\n"), "ms": round(milliseconds, 3)})
    sys.stdout.write(json.dumps(rows))


def analyse(workflow: Workflow) -> None:
    """Tell what a workflow reports, what becomes of it when each job fails, and what becomes of each command's failure."""
    everything = {workflow.path: workflow}
    for action in NEW_COMMITS:
        event = Event(name="pull_request", branch="main", action=action)
        producers((workflow,), event, everything)
        if starts(workflow, event):
            contexts = contexts_of(event, workflow)
            calm = endings_of(workflow, contexts)
            for job in workflow.jobs:
                endings_of(workflow, contexts, {job: Result.FAILURE}, calm=calm)
    for each in workflow.jobs.values():
        for step in each.steps:
            step_commands(each, step)


if __name__ == "__main__":
    main()
