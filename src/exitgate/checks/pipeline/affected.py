"""Whether Nx gets what it compares: the commits of the change, both in the checkout."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from exitgate.errors import PrerequisiteMissing
from exitgate.finding import Finding
from exitgate.github.workflow import Job, Step
from exitgate.observe.verification import StepCommand, step_commands
from exitgate.observe.workflow import Workflows

_RUNNERS = frozenset({"npx", "pnpx", "bunx", "npm", "pnpm", "yarn", "bun", "exec", "dlx", "x", "run"})
"""What stands before ``nx`` where something else starts it."""


def blind_comparisons(workflows: Workflows) -> list[Finding]:
    """Name each job that runs `nx affected` on a checkout without history, or against a base that is no event's.

    Raises:
        PrerequisiteMissing: if no job of the workflows that validate changes runs it, or a script can't be parsed.
    """
    findings: list[Finding] = []
    seen = 0
    for workflow in workflows.ci:
        for _, job in workflows.jobs(workflow):
            steps = list(workflows.steps(job))
            affected = [each for step in steps for each in step_commands(job, step) if _of_affected(each.words)]
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


def _of_affected(words: Sequence[str]) -> list[str]:
    """Return the words after ``nx affected``, its own among them; none where a command runs nothing like it."""
    for index, word in enumerate(words):
        name = word.rpartition("/")[2].partition("@")[0]
        if name == "nx":
            rest = list(words[index + 1 :])
            commands = [each for each in rest if not each.startswith("-")]
            named = commands[0] if commands else ""
            return rest if named == "affected" or named.startswith("affected:") else []
        if name not in _RUNNERS and not word.startswith("-"):
            return []
    return []


def _of_job(job: Job, steps: list[Step], affected: list[StepCommand]) -> Iterator[Finding]:
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
    for command in affected:
        for value in _values(_of_affected(command.words), "--base"):
            if value.upper() == "HEAD":
                why = "compares the newest commit with itself: nothing is affected"
                yield _useless(command, job, f"--base={value}", why)
            elif "GITHUB_BASE_REF" in value or ("__github__" in value and "github.base_ref" in command.written):
                yield _useless(command, job, "--base=github.base_ref", "has no base on a push and in a merge queue")


def _values(words: Sequence[str], option: str) -> Iterator[str]:
    """Yield what an option is given, in its word or in the next one; quotes that stand as they are written left away."""
    for index, word in enumerate(words):
        if word.startswith(f"{option}="):
            yield word.removeprefix(f"{option}=").strip("\"'")
        elif word == option and index + 1 < len(words):
            yield words[index + 1].strip("\"'")


def _useless(command: StepCommand, job: Job, got: str, why: str) -> Finding:
    return Finding(
        location=command.place,
        message=f"nx affected of the job {job.id} {why}",
        expected="NX_BASE and NX_HEAD, set for each event",
        got=got,
        remedy="Compute both from the event, the merge queue's included.",
    )
