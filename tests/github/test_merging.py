"""The merge decision: required checks, applications, reviews, enforcement, bypass; and ruleset patterns."""

from __future__ import annotations

from dataclasses import replace

import pytest

from exitgate.github.merging import CheckRun, PullRequest, decide
from exitgate.github.rulesets import Actor, RequiredContext, Rule, Ruleset, rules_of

CI = RequiredContext(name="ci", app_id=15368, place="rules.json:1")
RULESET = Ruleset(
    path="rules.json",
    name="main",
    target="branch",
    enforcement="active",
    include=("~DEFAULT_BRANCH", "refs/heads/release/*"),
    exclude=(),
    rules=(
        Rule(
            type="pull_request",
            place="",
            parameters={"required_approving_review_count": 1, "require_code_owner_review": True},
        ),
        Rule(
            type="required_status_checks",
            place="",
            parameters={"strict_required_status_checks_policy": True},
            contexts=(CI,),
        ),
    ),
    bypass=(Actor(type="Team", id=7, mode="always", place=""),),
)
GREEN = PullRequest(checks=(CheckRun(name="ci", conclusion="success"),), approvals=1, code_owner_approved=True)


def reasons(pull: PullRequest, *rulesets: Ruleset, branch: str = "main") -> tuple[str, ...]:
    return decide(rules_of(rulesets or (RULESET,), branch, "main"), pull).reasons


def test_a_green_and_approved_change_merges() -> None:
    assert reasons(GREEN) == ()
    assert decide(rules_of((RULESET,), "main", "main"), GREEN).merges


@pytest.mark.parametrize("conclusion", ["success", "skipped", "neutral"])
def test_a_skipped_check_counts_as_a_success(conclusion: str) -> None:
    assert reasons(replace(GREEN, checks=(CheckRun(name="ci", conclusion=conclusion),))) == ()


@pytest.mark.parametrize("conclusion", ["failure", "cancelled", "timed_out", "action_required", ""])
def test_anything_else_blocks(conclusion: str) -> None:
    (reason,) = reasons(replace(GREEN, checks=(CheckRun(name="ci", conclusion=conclusion),)))
    assert "'ci' is " + (conclusion or "pending") in reason


def test_a_check_that_was_never_reported_blocks_for_ever() -> None:
    assert "never reported" in reasons(replace(GREEN, checks=()))[0]


def test_a_check_of_another_application_is_none() -> None:
    forged = CheckRun(name="ci", conclusion="success", app_id=1)
    assert "never reported" in reasons(replace(GREEN, checks=(forged,)))[0]


def test_of_two_that_share_a_name_both_have_to_pass() -> None:
    both = (CheckRun(name="ci", conclusion="success"), CheckRun(name="ci", conclusion="failure"))
    assert len(reasons(replace(GREEN, checks=both))) == 1


@pytest.mark.parametrize(
    "change", [{"approvals": 0}, {"code_owner_approved": False}, {"up_to_date": False}, {"changes_requested": True}]
)
def test_reviews_and_strictness_block(change: dict[str, object]) -> None:
    assert len(reasons(replace(GREEN, **change))) == 1  # type: ignore[arg-type]


def test_rulesets_add_up_and_the_stricter_one_counts() -> None:
    two = replace(
        RULESET, rules=(Rule(type="pull_request", place="", parameters={"required_approving_review_count": 2}),)
    )
    assert reasons(GREEN, RULESET, two) == ("1 of 2 approvals",)


@pytest.mark.parametrize("enforcement", ["evaluate", "disabled"])
def test_a_ruleset_that_is_not_active_keeps_nothing_out(enforcement: str) -> None:
    assert reasons(PullRequest(checks=()), replace(RULESET, enforcement=enforcement)) == ()


def test_who_may_get_round_it_does() -> None:
    assert reasons(PullRequest(checks=(), actor=("Team", 7))) == ()
    assert reasons(PullRequest(checks=(), actor=("Team", 8))) != ()


def test_the_merge_queue_merges_alone() -> None:
    queue = replace(RULESET, rules=(Rule(type="merge_queue", place=""),))
    assert reasons(GREEN, queue) != ()
    assert reasons(replace(GREEN, in_queue=True), queue) == ()


@pytest.mark.parametrize(
    ("pattern", "branch", "covered"),
    [
        ("refs/heads/main", "main", True),
        ("main", "main", False),
        ("~ALL", "anything/at/all", True),
        ("~DEFAULT_BRANCH", "main", True),
        ("~DEFAULT_BRANCH", "release/1", False),
        ("refs/heads/release/*", "release/1", True),
        ("refs/heads/release/*", "release/1/a", False),
        ("refs/heads/release/**/*", "release/1/a", True),
        ("refs/heads/release/**/*", "release/1", True),
        ("refs/heads/v[0-9]", "v1", True),
        ("refs/heads/v[!0-9]", "v1", False),
        ("refs/heads/v?", "v1", True),
        ("refs/heads/**", "a/b", False),
    ],
)
def test_patterns_are_read_as_fnmatch_does(pattern: str, branch: str, covered: bool) -> None:
    assert replace(RULESET, include=(pattern,)).covers(branch, "main") is covered
    assert not replace(RULESET, include=(pattern,), exclude=(pattern,)).covers(branch, "main")


def test_tags_are_no_branches() -> None:
    assert not replace(RULESET, target="tag", include=("~ALL",)).covers("main", "main")
