"""Small targets for rules about workflows."""

from __future__ import annotations

from pathlib import Path

from exitgate.observe.workflow import Workflows, read_workflows
from tests.workflows import PATH

JOB = "on: pull_request\njobs:\n  ci:\n    runs-on: ubuntu-24.04\n    steps:\n"


def steps(*runs: str) -> str:
    """Return a workflow of one job that runs these scripts, each as a block."""
    blocks = []
    for run in runs:
        body = "".join(f"          {line}\n" for line in run.splitlines())
        blocks.append(f"      - run: |\n{body}")
    return JOB + "".join(blocks)


def workflows(folder: Path, text: str) -> Workflows:
    """Write a workflow, and read it."""
    (folder / PATH).parent.mkdir(parents=True, exist_ok=True)
    (folder / PATH).write_text(text, encoding="utf-8")
    return read_workflows(folder, (PATH,))
