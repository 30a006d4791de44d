"""What GitHub takes of a push, without a repository: each change, with and without the rule that is about it."""

from __future__ import annotations

import pytest

from exitgate.github.merging import CheckRun, PullRequest
from exitgate.github.pushes import Change, Push, decide_push, methods_of
from exitgate.github.rulesets import BranchRules, RequiredContext, Rule, Ruleset


def rules(*kinds: str, methods: tuple[str, ...] | None = None) -> BranchRules:
    context = (RequiredContext(name="ci", app_id=None, place=""),)
    made = tuple(
        Rule(
            type=kind,
            place="",
            contexts=context if kind == "required_status_checks" else (),
            merge_methods=methods if kind == "pull_request" else None,
        )
        for kind in kinds
    )
    ruleset = Ruleset(
        path="", name="", target="branch", enforcement="active", include=("~ALL",), exclude=(), rules=made, bypass=()
    )
    return BranchRules(branch="main", rulesets=(ruleset,))


@pytest.mark.parametrize("change", Change)
def test_without_rules_everything_is_taken(change: Change) -> None:
    assert decide_push(BranchRules(branch="main", rulesets=()), Push(change=change)).merges


@pytest.mark.parametrize(
    ("kind", "refused"),
    [
        ("creation", {Change.CREATED}),
        ("deletion", {Change.DELETED}),
        ("non_fast_forward", {Change.REWRITTEN}),
        ("pull_request", {Change.ADDED, Change.REWRITTEN}),
        ("required_status_checks", {Change.ADDED, Change.REWRITTEN, Change.MERGED}),
        ("update", {Change.ADDED, Change.REWRITTEN, Change.MERGED}),
    ],
)
def test_each_rule_refuses_what_it_is_about_and_nothing_else(kind: str, refused: set[Change]) -> None:
    assert {each for each in Change if not decide_push(rules(kind), Push(change=each)).merges} == refused


def test_a_merge_is_judged_by_its_pull_request() -> None:
    green = PullRequest(checks=(CheckRun(name="ci", conclusion="success"),))
    assert decide_push(rules("pull_request", "required_status_checks"), Push(change=Change.MERGED, pull=green)).merges


def test_what_lacks_a_pull_request_is_told_so_and_not_what_that_lacks() -> None:
    assert decide_push(rules("pull_request"), Push(change=Change.ADDED)).reasons == (
        "changes have to come by a pull request",
    )


@pytest.mark.parametrize(
    ("kinds", "methods", "allowed"),
    [
        ((), None, ("merge", "squash", "rebase")),
        (("pull_request",), ("rebase", "merge"), ("merge", "rebase")),
        (("pull_request", "required_linear_history"), None, ("squash", "rebase")),
        (("pull_request", "required_linear_history"), ("merge",), ()),
    ],
)
def test_a_way_to_merge_has_to_be_allowed_by_every_rule(
    kinds: tuple[str, ...], methods: tuple[str, ...] | None, allowed: tuple[str, ...]
) -> None:
    assert methods_of(rules(*kinds, methods=methods)) == allowed
