"""Whether required checks tell the truth: never skipped, and red where any job of their workflow is."""

from __future__ import annotations

from exitgate.checks.pipeline.required import reporting
from exitgate.errors import PrerequisiteMissing
from exitgate.finding import Finding
from exitgate.github.outcomes import Ending, Result
from exitgate.github.producers import Producer
from exitgate.github.workflow import Job, Workflow
from exitgate.observe.workflow import PipelineModel, Scenario
from exitgate.policy import PipelinePolicy

_FIXED = ("github.repository", "github.server_url", "github.api_url", "github.event.repository")
"""What is the same for every change; which it is, the files don't tell."""


def skippable_checks(model: PipelineModel, policy: PipelinePolicy) -> list[Finding]:
    """Name each job that reports a required check and can be skipped: GitHub takes that for a pass.

    Raises:
        PrerequisiteMissing: if no check is required or reported, or a condition hangs on what is the same for every change
            and only GitHub knows.
    """
    findings: dict[str, Finding] = {}
    for producer, event in reporting(model, policy):
        before = producer.workflow.ancestors(producer.job)
        cases: list[dict[str, Result]] = [{}]
        cases += [{need: bad} for need in before for bad in (Result.FAILURE, Result.CANCELLED, Result.SKIPPED)]
        for forced in cases:
            ending = model.endings(producer.workflow, event, forced, frozenset())[producer.job.id]
            if ending.result in {Result.SKIPPED, None}:
                why = " and ".join(f"when {need} ends as {bad}" for need, bad in forced.items()) or f"for {event}"
                findings.setdefault(producer.place, _skipped(producer, producer.job, why, ending))
        inner = producer.inner
        if inner is not None and (inner.condition is not None or inner.needs):
            unknown = Ending(result=None, unknown=frozenset({"the call's own conditions"}))
            findings.setdefault(producer.place, _skipped(producer, inner, "", unknown))
    return list(findings.values())


def unreached_checks(model: PipelineModel, policy: PipelinePolicy) -> list[Finding]:
    """Name each job whose failure or cancellation leaves every required check of its workflow green.

    Raises:
        PrerequisiteMissing: if no check is required or reported, or what one makes of a failure can't be told.
    """
    made = reporting(model, policy)
    optional = {(each.workflow, each.job) for each in policy.optional_job}
    findings: dict[str, Finding] = {}
    unknown: dict[str, frozenset[str]] = {}
    for event in dict.fromkeys(event for _, event in made):
        ids = {
            workflow.path: frozenset(p.job.id for p, on in made if on == event and p.workflow.path == workflow.path)
            for workflow in model.workflows.ci
        }

        def watched(workflow: Workflow, now: dict[str, frozenset[str]] = ids) -> frozenset[str]:
            return now[workflow.path]

        for case in model.failures(event, watched):
            checks = [case.endings[name] for name in ids[case.workflow.path]]
            if (case.workflow.path, case.job.id) in optional or any(each.lets_through is False for each in checks):
                continue
            if open_ends := [each for each in checks if each.lets_through is None]:
                unknown[case.job.place] = frozenset().union(*(each.unknown for each in open_ends))
            else:
                findings.setdefault(case.job.place, _unreached(case, sorted(ids[case.workflow.path])))
    for place, of in unknown.items() if not findings else ():
        raise PrerequisiteMissing(
            place,
            got=f"a required check whose result hangs on {', '.join(sorted(of))}",
            expected="a condition or script over needs.*.result that text tools can answer",
            action="Compare the results in plain shell; the executed checks of 3.1.C.2 look at it as well.",
        )
    return list(findings.values())


def _skipped(producer: Producer, job: Job, why: str, ending: Ending) -> Finding:
    condition = job.condition
    place = condition.place if condition else job.place
    if ending.result is None and all(each.startswith(_FIXED) for each in ending.unknown):
        raise PrerequisiteMissing(
            place,
            got=f"a condition on {', '.join(sorted(ending.unknown))}",
            expected="one that the files decide",
            action="Export the ruleset of the repository itself, which names it, or take the condition out.",
        )
    how = why if ending.result else f"by {', '.join(sorted(ending.unknown))}"
    return Finding(
        location=place,
        message=f"the required check {producer.name!r} can be skipped, {how}",
        expected="a job that always runs: GitHub takes a skipped one for one that passed",
        got=f"if: {condition.text}" if condition else "no condition, which is success() of all that it needs",
        remedy="Set `if: always()` on the job, and have it fail unless everything that it needs succeeded.",
    )


def _unreached(case: Scenario, checks: list[str]) -> Finding:
    jobs = ", ".join(checks)
    return Finding(
        location=case.job.place,
        message=f"the job {case.job.id} can end as {case.result} and the change may still be merged",
        expected="a required check that fails with it",
        got=f"the required {jobs} succeeds or is skipped, which counts as success" if checks else "no required check",
        remedy="Let the required job need it, run always, and fail unless every result is success.",
    )
