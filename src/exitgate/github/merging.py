"""Whether GitHub would merge: a pull request with its checks and reviews, under the rules of the branch that it goes to.

Source: https://docs.github.com/en/repositories/configuring-branches-and-merges-in-your-repository/managing-rulesets/available-rules-for-rulesets
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from exitgate.github.rulesets import BranchRules

PASSES = frozenset({"success", "skipped", "neutral"})
"""Conclusions that GitHub takes for a pass."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckRun:
    """A check that was reported on the head of a pull request."""

    name: str
    conclusion: str
    """As GitHub names it, e.g. ``success``; empty while it runs."""
    app_id: int = 15368
    """The GitHub App that reported it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PullRequest:
    """What is to be merged, as far as the rules ask for it."""

    checks: tuple[CheckRun, ...]
    """The newest of each name and application."""
    approvals: int = 0
    code_owner_approved: bool = False
    approved_after_last_push: bool = False
    """Whether one of the approvals is of the newest commit, and of somebody other than who pushed it."""
    up_to_date: bool = True
    open_threads: bool = False
    changes_requested: bool = False
    in_queue: bool = False
    """Whether the merge is the queue's own."""
    actor: tuple[str, int] | None = None
    """Type and number of who merges, where somebody may get round a ruleset."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """Whether it may be merged, and what stands against it."""

    reasons: tuple[str, ...]

    @property
    def merges(self) -> bool:
        """True where nothing stands against it."""
        return not self.reasons


def decide(rules: BranchRules, pull: PullRequest) -> Decision:
    """Return whether GitHub would merge a pull request into a branch; without an active ruleset it would, whatever it is."""
    rulesets = tuple(
        ruleset
        for ruleset in rules.rulesets
        if pull.actor is None or pull.actor not in {(each.type, each.id) for each in ruleset.bypass}
    )
    left = BranchRules(branch=rules.branch, rulesets=rulesets)
    return Decision(reasons=(*_checks(left, pull), *_reviews(left, pull), *_ways(left, pull)))


def _checks(rules: BranchRules, pull: PullRequest) -> list[str]:
    reasons: list[str] = []
    for required in dict.fromkeys((each.name, each.app_id) for each in rules.required):
        name, app_id = required
        runs = [run for run in pull.checks if run.name == name and app_id in {None, run.app_id}]
        if not runs:
            reasons.append(f"the required check {name!r} is expected and was never reported")
        reasons += [
            f"the required check {name!r} is {run.conclusion or 'pending'}"
            for run in runs
            if run.conclusion not in PASSES
        ]
    if rules.flag("required_status_checks", "strict_required_status_checks_policy") and not pull.up_to_date:
        reasons.append("the branch is not up to date")
    return reasons


def _reviews(rules: BranchRules, pull: PullRequest) -> list[str]:
    if not rules.of("pull_request"):
        return []
    reasons: list[str] = []
    if pull.approvals < rules.approvals:
        reasons.append(f"{pull.approvals} of {rules.approvals} approvals")
    if rules.flag("pull_request", "require_code_owner_review") and not pull.code_owner_approved:
        reasons.append("no code owner has approved")
    if rules.flag("pull_request", "require_last_push_approval") and not pull.approved_after_last_push:
        reasons.append("nobody but who pushed it has approved the last push")
    if rules.flag("pull_request", "required_review_thread_resolution") and pull.open_threads:
        reasons.append("a conversation is not resolved")
    if rules.approvals and pull.changes_requested:
        reasons.append("changes were requested")
    return reasons


def _ways(rules: BranchRules, pull: PullRequest) -> Sequence[str]:
    reasons = ["the merge queue has to merge it"] if rules.of("merge_queue") and not pull.in_queue else []
    return [*reasons, "nobody may update the branch"] if rules.of("update") else reasons
