"""A runner of workflows for tests: each step's script in a real bash, and the log that act would write. No matrix, no actions.

It knows `needs`, `if: always()`, `continue-on-error` of steps, `needs.*.result` joined in an environment variable, and no more.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

from exitgate.github.workflow import Job, Workflow
from exitgate.observe.workflow_run import RunLog, parse_log
from tests.observe.workflow_run.logs import end, line, log, output, step

JOINED = "${{ join(needs.*.result, ' ') }}"


def run(workflow: Workflow, folder: Path) -> RunLog:
    """Run a workflow in a folder."""
    return parse_log(logged(workflow, folder))


def logged(workflow: Workflow, folder: Path, environment: Mapping[str, str] | None = None) -> str:
    """Run a workflow in a folder, and return act's log.

    Args:
        environment: What every step is told beside the PATH.
    """
    results: dict[str, str] = {}
    lines: list[str] = []
    for job in workflow.in_order():
        always = job.condition is not None and "always()" in job.condition.text
        needed = [results[name] for name in job.needed]
        if not always and set(needed) - {"success"}:
            results[job.id] = "skipped"
            continue
        results[job.id] = _job(job, folder, needed, lines, environment or {})
        lines.append(end(job.id, results[job.id]))
    return log(*lines)


def _job(job: Job, folder: Path, needed: list[str], lines: list[str], environment: Mapping[str, str]) -> str:
    for number, each in enumerate(job.steps):
        assert each.run is not None
        options = ["-eo", "pipefail"] if each.shell == "bash" else ["-e"]
        told = {name: node.text.replace(JOINED, " ".join(needed)) for name, node in each.env.items()}
        done = subprocess.run(
            ["bash", *options, "-c", each.run.text],
            check=False,
            cwd=folder,
            env={"PATH": os.environ["PATH"], **environment, **told},
            capture_output=True,
            encoding="utf-8",
        )
        lines += [output(job.id, str(number), each_line) for each_line in done.stdout.splitlines()]
        tolerated = each.continue_on_error is not None and each.continue_on_error.text == "true"
        if done.returncode and tolerated:
            words = "Failed but continue next step"
            lines.append(line(job.id, words, stage="Main", step=each.title, stepID=[str(number)]))
        lines.append(step(job.id, str(number), each.title, "failure" if done.returncode else "success"))
        if done.returncode and not tolerated:
            return "failure"
    return "success"
