"""What tokens may do, and what a stranger's pull request may reach."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from exitgate.finding import Finding
from exitgate.github.events import NEW_COMMITS, Event, contexts_of
from exitgate.github.expressions import BadExpression, expressions_in, paths
from exitgate.github.node import Node
from exitgate.github.outcomes import Result, endings_of
from exitgate.github.workflow import Job, Permissions, Workflow
from exitgate.observe.workflow import PipelineModel, Workflows
from exitgate.policy import PipelinePolicy

_LEVELS = {"none": 0, "read": 1, "write": 2}
_FROM_FORKS = ("pull_request", "pull_request_target", "workflow_run", "issue_comment")
_TRUSTED = ("pull_request_target", "workflow_run", "issue_comment")
"""Start with the repository's secrets and its token, whoever caused them."""


def wide_permissions(workflows: Workflows, policy: PipelinePolicy) -> list[Finding]:
    """Name each job whose token may do more than the policy allows, or for which nobody wrote it down."""
    findings: dict[str, Finding] = {}
    for workflow in workflows.all.values():
        allowed = policy.token_permissions.get(workflow.path, {})
        for job in workflow.jobs.values():
            given = workflow.permissions_of(job)
            for finding in _of_job(workflow, job, given, allowed):
                findings.setdefault(f"{finding.location} {finding.message}", finding)
    return list(findings.values())


def _of_job(workflow: Workflow, job: Job, given: Permissions | None, allowed: Mapping[str, str]) -> Iterator[Finding]:
    listed = ", ".join(f"{scope}: {level}" for scope, level in allowed.items()) or "nothing"
    remedy = "Narrow the permissions of the job, or allow more in [policy.pipeline.token_permissions]."
    if given is None:
        yield Finding(
            location=job.place,
            message=f"nobody wrote down what the token of the job {job.id} may do",
            expected=f"permissions of the job or of {workflow.path}",
            got="the repository's default, which may be everything",
            remedy="Set `permissions: {}` at the top, and what a job needs at the job.",
        )
    elif given.all:
        yield Finding(
            location=given.place,
            message=f"the token of the job {job.id} may do more than the policy allows: {given.all}",
            expected=listed,
            got=given.all,
            remedy=remedy,
        )
    for scope, level in (given.scopes if given else {}).items():
        if _LEVELS.get(level.text, 2) > _LEVELS[allowed.get(scope, "none")]:
            yield Finding(
                location=level.place,
                message=f"the token of the job {job.id} may do more than the policy allows: {scope}: {level.text}",
                expected=listed,
                got=f"{scope}: {level.text}",
                remedy=remedy,
            )


def secrets_for_forks(model: PipelineModel, policy: PipelinePolicy) -> list[Finding]:
    """Name each job that somebody else's pull request can start and that runs with secrets or a token that can write."""
    findings: dict[str, Finding] = {}
    samples = policy.branches.start_ci if policy.branches else (model.default_branch,)
    for workflow in model.workflows.all.values():
        for name in _FROM_FORKS:
            if name not in workflow.triggers:
                continue
            skipped = _skipped_for_forks(model, workflow, name, samples)
            for owner, job in model.workflows.jobs(workflow):
                if owner is workflow and job.id in skipped:
                    continue
                for node, what in _reached(owner, job, name):
                    findings.setdefault(
                        node,
                        Finding(
                            location=node,
                            message=f"a pull request from a fork starts the job {job.id} {what}",
                            expected="no secrets and a token that can only read",
                            got=f"on: {name}",
                            remedy="Use pull_request, without secrets; do what needs them after the merge.",
                        ),
                    )
    return list(findings.values())


def _skipped_for_forks(model: PipelineModel, workflow: Workflow, name: str, samples: tuple[str, ...]) -> set[str]:
    """Return the jobs that are skipped for every pull request from a fork."""
    if not name.startswith("pull_request"):
        return set()
    found = set(workflow.jobs)
    for sample in samples:
        for action in NEW_COMMITS:
            event = Event(name=name, branch=sample, action=action, fork=True, repository=model.rulesets.repository)
            endings = endings_of(workflow, contexts_of(event, workflow))
            found &= {job for job, ending in endings.items() if ending.result is Result.SKIPPED}
    return found


def _reached(workflow: Workflow, job: Job, event: str) -> Iterator[tuple[str, str]]:
    # From a fork, pull_request gets no secrets and a token that can only read, whatever the file says.
    if event not in _TRUSTED:
        return
    given = workflow.permissions_of(job)
    if given is None or given.all == "write-all" or any(each.text == "write" for each in given.scopes.values()):
        yield (given.place if given else job.place), "with a token that can write"
    for step in job.steps:
        ref = step.with_.get("ref")
        if step.uses and step.uses.text.startswith("actions/checkout@") and ref and _is_foreign(ref):
            yield step.place, "on the repository's own authority and checks out the fork's code"
    if job.environment is not None:
        yield job.environment.place, "in an environment, whose secrets it may have"
    if job.secrets is not None and job.secrets.text == "inherit":
        yield job.secrets.place, "with all secrets of the caller"
    for node in _secret_uses(job):
        yield node.place, "with a secret"


def _secret_uses(job: Job) -> Iterator[Node]:
    given = [*job.env.values(), *job.with_.values(), *(job.secrets.mapping.values() if job.secrets else ())]
    for step in job.steps:
        given += [*step.env.values(), *step.with_.values(), *([step.run] if step.run else [])]
    for node in given:
        try:
            used = {path for each in expressions_in(node.text) for path in paths(each)}
        except BadExpression:
            continue
        if any(path.startswith("secrets.") and path != "secrets.github_token" for path in used):
            yield node


def _is_foreign(ref: Node) -> bool:
    return any(
        word in ref.text for word in ("head.sha", "head.ref", "head_ref", "refs/pull/", "merge_commit_sha", "head_sha")
    )
