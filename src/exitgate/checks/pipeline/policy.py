"""Dimension A of the criterion: the target's own rules for branches, reviews and required checks."""

from __future__ import annotations

from exitgate.finding import Finding
from exitgate.github.filters import passes
from exitgate.target import Target

_TABLE = ("policy", "pipeline")


def undeclared_branches(target: Target) -> list[Finding]:
    """Say where no rule names the branches on which CI runs, or its samples don't fit its patterns."""
    policy = target.policy.pipeline
    if policy is None or policy.branches is None:
        return [
            _undeclared(
                target,
                "no rule says on which branches CI runs",
                "[policy.pipeline.branches] with protected, start_ci and ignored",
                "Add it, with samples of names that people really use, e.g. of hotfix branches.",
            )
        ]
    branches = policy.branches
    wanted = "a name that a protected pattern matches"
    findings = [
        _misfit(target, "start_ci", sample, "starts CI and is no protected branch", wanted)
        for sample in branches.start_ci
        if not passes(branches.protected, sample)
    ]
    findings += [
        _misfit(target, "ignored", sample, "is protected and starts no CI", "a name that no protected pattern matches")
        for sample in branches.ignored
        if passes(branches.protected, sample)
    ]
    findings += [
        _misfit(target, "protected", pattern, "is a protected pattern without a sample", "a sample of it in start_ci")
        for pattern in branches.protected
        if not any(passes((pattern,), sample) for sample in branches.start_ci)
    ]
    if not branches.ignored:
        findings.append(
            _misfit(target, "ignored", "nothing", "is a sample of what starts no CI", "at least one branch")
        )
    return findings


def undeclared_review_rules(target: Target) -> list[Finding]:
    """Say where no rule tells what a pull request needs, or it lets histories be rewritten and branches deleted."""
    policy = target.policy.pipeline
    if policy is None or policy.pull_requests is None:
        return [
            _undeclared(
                target,
                "no rule says what a pull request needs",
                "[policy.pipeline.pull_requests]",
                "Add it: reviews, up-to-date branches, stale approvals, force-pushes and deletions.",
            )
        ]
    rules = policy.pull_requests
    return [
        Finding(
            location=target.locate(*_TABLE, "pull_requests", key),
            message=f"the policy lets protected branches be {what}",
            expected=f"{key} = true",
            got=f"{key} = false",
            remedy="Set it, and have the ruleset refuse it.",
        )
        for key, what in (("force_pushes_refused", "force-pushed"), ("deletions_refused", "deleted"))
        if not getattr(rules, key)
    ]


def undeclared_required_checks(target: Target) -> list[Finding]:
    """Say where no check has to succeed before a merge."""
    policy = target.policy.pipeline
    if policy is not None and policy.required_check:
        return []
    return [
        _undeclared(
            target,
            "no check has to succeed before a merge",
            "at least one [[policy.pipeline.required_check]]",
            "Name the aggregate job that needs all others.",
        )
    ]


def _undeclared(target: Target, message: str, expected: str, remedy: str) -> Finding:
    location = target.locate(*_TABLE)
    return Finding(location=location, message=message, expected=expected, got="no such table", remedy=remedy)


def _misfit(target: Target, key: str, value: str, what: str, expected: str) -> Finding:
    return Finding(
        location=target.locate(*_TABLE, "branches", key),
        message=f"{value} {what}",
        expected=expected,
        got=f"{key} holds {value}",
        remedy="Correct the patterns or the samples.",
    )
