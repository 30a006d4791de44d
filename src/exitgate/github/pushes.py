"""Whether GitHub takes a push: what is done to a branch, under the rules that hold for it.

Source: https://docs.github.com/en/repositories/configuring-branches-and-merges-in-your-repository/managing-rulesets/available-rules-for-rulesets
"""

from __future__ import annotations

import enum
from dataclasses import dataclass

from exitgate.github.merging import Decision, PullRequest, decide
from exitgate.github.rulesets import BranchRules

METHODS = ("merge", "squash", "rebase")
"""All ways to merge, in the order in which GitHub offers them."""
_NO_PULL_REQUEST = PullRequest(checks=())


class Change(enum.StrEnum):
    """What a push does to a branch."""

    CREATED = "created"
    DELETED = "deleted"
    ADDED = "added"
    """New commits behind the old ones, that are no merge of a pull request."""
    REWRITTEN = "rewritten"
    """The old commits are not among the new ones: a force-push."""
    MERGED = "merged"
    """What a merge of a pull request makes, and nothing else."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Push:
    """What is to become of a branch."""

    change: Change
    pull: PullRequest | None = None
    """Of a merge: what is merged. Of other changes: nothing."""


def methods_of(rules: BranchRules) -> tuple[str, ...]:
    """Return the ways to merge that every rule of a branch allows; a linear history knows no merge commits."""
    given = [rule.merge_methods for rule in rules.of("pull_request") if rule.merge_methods is not None]
    linear = bool(rules.of("required_linear_history"))
    return tuple(
        each for each in METHODS if all(each in methods for methods in given) and not (linear and each == "merge")
    )


def decide_push(rules: BranchRules, push: Push) -> Decision:
    """Return whether GitHub would take a push to a branch; without an active ruleset it would, whatever it is.

    A commit that was pushed past pull requests has no checks of its own yet, so what requires one turns it away as well.
    """
    match push.change:
        case Change.MERGED:
            return decide(rules, push.pull or _NO_PULL_REQUEST)
        case Change.CREATED:
            return _refused(rules, ("creation", "nobody may create the branch"))
        case Change.DELETED:
            return _refused(rules, ("deletion", "nobody may delete the branch"))
        case Change.REWRITTEN:
            force = ("non_fast_forward", "nobody may force-push to the branch")
            return Decision(reasons=(*_refused(rules, force).reasons, *_past_pull_requests(rules)))
        case Change.ADDED:
            return Decision(reasons=_past_pull_requests(rules))


def _refused(rules: BranchRules, rule: tuple[str, str]) -> Decision:
    return Decision(reasons=(rule[1],) if rules.of(rule[0]) else ())


def _past_pull_requests(rules: BranchRules) -> tuple[str, ...]:
    rule = ("pull_request", "changes have to come by a pull request")
    return (*_refused(rules, rule).reasons, *decide(_without_reviews(rules), _NO_PULL_REQUEST).reasons)


def _without_reviews(rules: BranchRules) -> BranchRules:
    """Return the rules without those of reviews: where there is no pull request, that is said, and not what it lacks."""
    return BranchRules(branch=rules.branch, rulesets=tuple(each.without("pull_request") for each in rules.rulesets))
