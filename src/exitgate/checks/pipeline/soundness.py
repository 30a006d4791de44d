"""Whether the workflows are sound: GitHub runs them, linters have nothing against them, all that they use is pinned."""

from __future__ import annotations

import re
from collections.abc import Iterator

from exitgate.finding import Finding
from exitgate.github.node import Node
from exitgate.github.workflow import Job
from exitgate.observe.workflow import Workflows
from exitgate.observe.workflow.linters import Lint
from exitgate.policy import PipelinePolicy

_SEVERITIES = ("informational", "low", "medium", "high")
_SHA = re.compile(r"[0-9a-f]{40}([0-9a-f]{24})?")
_DIGEST = re.compile(r".+@sha256:[0-9a-f]{64}")


def invalid_workflows(workflows: Workflows, lint: Lint, policy: PipelinePolicy) -> list[Finding]:
    """Name each workflow that is not there, or that GitHub would not run as it stands."""
    findings = [
        Finding(
            location=path,
            message="the workflow that validates changes is not there",
            expected="a workflow, committed",
            got="no such file",
            remedy="Commit it, or correct [pipeline] workflows in exitgate.toml.",
        )
        for path in workflows.missing
    ]
    named = {workflow.path for workflow in workflows.ci}
    own = [problem for workflow in workflows.ci for problem in workflow.problems]
    own += [problem for action in workflows.actions.values() for problem in action.problems]
    findings += [
        Finding(
            location=problem.place,
            message=f"GitHub does not run the workflow: {problem.got}",
            expected=problem.expected,
            got=problem.got,
            remedy="Mend that line.",
        )
        for problem in own
    ]
    said = {finding.location for finding in findings}
    findings += [
        Finding(
            location=f"{each.path}:{each.line}",
            message=f"actionlint: {each.message}",
            expected="no error",
            got=each.rule,
            remedy="Mend that line. A runner of your own is named in [policy.pipeline] runner_labels.",
            rule=each.rule,
        )
        for each in lint.findings
        if each.path in named and f"{each.path}:{each.line}" not in said
        if not each.label or each.label not in policy.runner_labels
    ]
    return findings


def standing_lint(lint: Lint, policy: PipelinePolicy) -> list[Finding]:
    """Name each finding of zizmor that is as grave as the policy's limit and not on its list."""
    accepted = {(each.audit, each.file) for each in policy.accepted_lint}
    least = _SEVERITIES.index(policy.lint_severity)
    return [
        Finding(
            location=f"{each.path}:{each.line}",
            message=f"zizmor: {each.message}",
            expected=f"nothing at {policy.lint_severity} or above",
            got=f"{each.rule}, {each.severity}",
            remedy=f"See https://docs.zizmor.sh/audits/#{each.rule}; accept it in [[policy.pipeline.accepted_lint]] if need be.",
            rule=each.rule,
        )
        for each in lint.findings
        if _SEVERITIES.index(each.severity) >= least and (each.rule, each.path) not in accepted
    ]


def unpinned_uses(workflows: Workflows) -> list[Finding]:
    """Name each action, reusable workflow and image that may be another one tomorrow."""
    findings: dict[str, Finding] = {}
    for workflow in workflows.all.values():
        for job in workflow.jobs.values():
            for node, what in _used(workflows, job):
                expected = _expected(node.text, what)
                if expected:
                    findings.setdefault(
                        f"{node.place} {node.text}",
                        Finding(
                            location=node.place,
                            message=f"{what} {node.text or 'without a name'} can change without a commit of yours",
                            expected=expected,
                            got=node.text,
                            remedy="Write the commit or digest that was reviewed, with the version in a comment.",
                        ),
                    )
    return list(findings.values())


def _used(workflows: Workflows, job: Job) -> Iterator[tuple[Node, str]]:
    if job.uses is not None:
        yield job.uses, "the workflow"
    for step in workflows.steps(job):
        if step.uses is not None:
            yield step.uses, "the action"
    services = job.services.mapping.values() if job.services else ()
    for container in (job.container, *services):
        image = container.mapping.get("image", container) if container else None
        if image is not None and image.is_scalar and image.text:
            yield image, "the image"


def _expected(text: str, what: str) -> str:
    """Return what should stand in place of something that is not pinned; nothing where it is."""
    if what == "the image" or text.startswith("docker://"):
        return "" if _DIGEST.fullmatch(text) else "image@sha256:…"
    if text.startswith("./"):
        return ""
    _, at, version = text.rpartition("@")
    return "" if at and _SHA.fullmatch(version) else "a full commit id after the @"
