"""Whether Nx gets what it compares: the commits of the change, both in the checkout."""

from __future__ import annotations

import re
from collections.abc import Iterator

from exitgate.errors import PrerequisiteMissing
from exitgate.finding import Finding
from exitgate.github.workflow import Job, Step
from exitgate.observe.workflow import Workflows

_AFFECTED = re.compile(r"(?<![\w-])nx\s+(?:\S+\s+)*?affected(?![\w-])|(?<![\w-])nx\s+affected:")


def blind_comparisons(workflows: Workflows) -> list[Finding]:
    """Name each job that runs `nx affected` on a checkout without history, or against a base that is no event's.

    Raises:
        PrerequisiteMissing: if no job of the workflows that validate changes runs it.
    """
    findings: list[Finding] = []
    seen = 0
    for workflow in workflows.ci:
        for _, job in workflows.jobs(workflow):
            steps = list(workflows.steps(job))
            affected = [step for step in steps if step.run and _AFFECTED.search(_plain(step.run.text))]
            if affected:
                seen += 1
                findings += _of_job(job, steps, affected)
    if not seen:
        raise PrerequisiteMissing(
            workflows.place_of_on(),
            got="no `nx affected` in the workflows that validate changes",
            expected="one",
            action="Run tasks by `nx affected`; where a script of the target does, the executed checks look at it.",
        )
    return findings


def _of_job(job: Job, steps: list[Step], affected: list[Step]) -> Iterator[Finding]:
    checkouts = [step for step in steps if step.uses and step.uses.text.startswith("actions/checkout@")]
    for step in checkouts:
        depth = step.with_.get("fetch-depth")
        if depth is None or depth.text != "0":
            yield Finding(
                location=depth.place if depth else step.place,
                message=f"the job {job.id} runs nx affected on a checkout without its history",
                expected="fetch-depth: 0",
                got=f"fetch-depth: {depth.text}" if depth else "fetch-depth 1, as none is given",
                remedy="Set fetch-depth: 0; a base that is not there makes everything, or nothing, affected.",
            )
    for step in affected:
        text = _plain(step.run.text if step.run else "")
        for name, value in re.findall(r"--(base|head)[=\s]+[\"']?([^\s\"']+)", text):
            if name == "base" and value.upper() == "HEAD":
                yield _useless(
                    step, job, f"--base={value}", "compares the newest commit with itself: nothing is affected"
                )
            elif (name == "base" and "github.base_ref" in value) or "GITHUB_BASE_REF" in value:
                yield _useless(step, job, f"--base={value}", "has no base on a push and in a merge queue")


def _plain(script: str) -> str:
    return re.sub(r"(?m)(^|\s)#.*$", "", script.replace("\\\n", " "))


def _useless(step: Step, job: Job, got: str, why: str) -> Finding:
    return Finding(
        location=f"{step.run.path}:{step.run.first_line}" if step.run else step.place,
        message=f"nx affected of the job {job.id} {why}",
        expected="NX_BASE and NX_HEAD, set for each event",
        got=got,
        remedy="Compute both from the event, the merge queue's included.",
    )
