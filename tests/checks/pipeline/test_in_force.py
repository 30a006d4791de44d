"""Rules in force on GitHub: each that is laxer, each way round them, and what strayed from its export."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from exitgate.assurance import Assurance
from exitgate.checks.pipeline import (
    bypasses_in_force,
    foreign_requirements_in_force,
    strayed_exports,
)
from exitgate.errors import PrerequisiteMissing
from exitgate.faults.pipeline.stand_in import GitHubStandIn
from exitgate.policy.pipeline import BypassActor
from tests.live_github import POLICY, RULESETS, Change, lax, read, words

ADMINISTRATORS = {"actor_id": 5, "actor_type": "RepositoryRole", "bypass_mode": "always"}


def drop(kind: str) -> Change:
    def change(github: GitHubStandIn) -> None:
        github.rulesets[0]["rules"] = [each for each in github.rulesets[0]["rules"] if each["type"] != kind]

    return change


def test_rules_as_they_were_exported_are_live_and_as_the_policy_wants_them(tmp_path: Path) -> None:
    live = read(tmp_path)
    assert lax(live) == []
    assert bypasses_in_force(live, POLICY) == []
    assert foreign_requirements_in_force(live, POLICY) == []
    assert strayed_exports(live) == []
    assert live.substrate.assurance is Assurance.LIVE
    assert live.substrate.substitutes == ("a server of this machine in the place of GitHub",)


SET: dict[str, tuple[Change, str]] = {
    "disabled": (lambda github: github.rulesets[0].update(enforcement="disabled"), "main is protected by no rule"),
    "evaluated": (lambda github: github.rulesets[0].update(enforcement="evaluate"), "main is protected by no rule"),
    "no rulesets": (lambda github: github.rulesets.clear(), "main is protected by no rule"),
    "no pull requests": (drop("pull_request"), "main takes pushes without a pull request"),
    "force pushes": (drop("non_fast_forward"), "main may be force-pushed"),
    "deletions": (drop("deletion"), "main may be deleted"),
    "stale branches": (
        lambda github: github.rule("required_status_checks").update(strict_required_status_checks_policy=False),
        "main takes branches that are not up to date",
    ),
    "stale approvals": (
        lambda github: github.rule("pull_request").update(dismiss_stale_reviews_on_push=False),
        "main keeps approvals of code that was changed since",
    ),
    "no code owners": (
        lambda github: github.rule("pull_request").pop("require_code_owner_review"),
        "main asks no code owner",
    ),
}


@pytest.mark.parametrize("name", SET)
def test_a_rule_that_is_not_in_force_is_found(tmp_path: Path, name: str) -> None:
    change, message = SET[name]

    def known_to_be_unprotected_otherwise(github: GitHubStandIn) -> None:
        change(github)
        github.branches.append("release/1.2")

    found = lax(read(tmp_path, known_to_be_unprotected_otherwise))
    assert any(message in each for each in found), found


def test_a_branch_that_the_ruleset_leaves_out_is_found(tmp_path: Path) -> None:
    def change(github: GitHubStandIn) -> None:
        github.branches.append("release/1.2")
        github.rulesets[0]["conditions"]["ref_name"]["include"] = ["~DEFAULT_BRANCH"]

    assert lax(read(tmp_path, change)) == [
        "github:reference-shop/reference-shop/rules/release/1.2 release/1.2 is protected by no rule that is in force"
    ]


def test_another_default_branch_is_found(tmp_path: Path) -> None:
    def change(github: GitHubStandIn) -> None:
        github.default_branch = "trunk"

    assert lax(read(tmp_path, change)) == ["exitgate.toml the default branch is trunk on GitHub, and main here"]


# ---- Who gets round rulesets


def test_an_actor_whom_the_policy_does_not_name_is_found(tmp_path: Path) -> None:
    live = read(tmp_path, lambda github: github.rulesets[0]["bypass_actors"].append(ADMINISTRATORS))
    (found,) = words(bypasses_in_force(live, POLICY))
    assert found.startswith("github:reference-shop/reference-shop/rulesets/1 RepositoryRole 5")
    named = POLICY.model_copy(update={"bypass": (BypassActor(type="RepositoryRole", id=5, reason="they mend it"),)})
    assert bypasses_in_force(live, named) == []


def test_without_any_rule_nothing_is_said_of_required_checks(tmp_path: Path) -> None:
    def change(github: GitHubStandIn) -> None:
        github.rulesets.clear()
        github.branches.append("release/1.2")

    with pytest.raises(PrerequisiteMissing, match="rules that require checks") as caught:
        foreign_requirements_in_force(read(tmp_path, change), POLICY)
    assert caught.value.blocked_by == "3.1.A.1.2"


def test_nothing_in_force_is_nothing_to_get_round(tmp_path: Path) -> None:
    def change(github: GitHubStandIn) -> None:
        github.rulesets.clear()
        github.branches.append("release/1.2")

    with pytest.raises(PrerequisiteMissing, match="rules that somebody could get round"):
        bypasses_in_force(read(tmp_path, change), POLICY)


# ---- Required checks, and the export


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (drop("required_status_checks"), "do not require 'ci'"),
        (
            lambda github: github.rule("required_status_checks")["required_status_checks"][0].update(integration_id=7),
            "'ci' may be reported by application 7",
        ),
        (
            lambda github: github.rule("required_status_checks")["required_status_checks"].append({"context": "more"}),
            "the ruleset requires 'more', which the policy does not name",
        ),
    ],
)
def test_checks_that_github_requires_otherwise_are_found(tmp_path: Path, change: Change, message: str) -> None:
    def with_a_release(github: GitHubStandIn) -> None:
        change(github)
        github.branches.append("release/1.2")

    found = words(foreign_requirements_in_force(read(tmp_path, with_a_release), POLICY))
    assert any(message in each for each in found)


def test_an_exported_rule_that_is_otherwise_on_github_is_found_where_it_was_exported(tmp_path: Path) -> None:
    live = read(tmp_path, lambda github: github.rule("pull_request").update(required_approving_review_count=2))
    assert lax(live) == []
    (found,) = strayed_exports(live)
    assert found.location.startswith(".github/rulesets/main.json:")
    assert "required_approving_review_count: 2" in found.got


def test_a_parameter_that_github_adds_and_leaves_off_is_no_difference(tmp_path: Path) -> None:
    live = read(tmp_path, lambda github: github.rule("pull_request").update(a_new_one=False, another=[]))
    assert strayed_exports(live) == []


def test_no_export_is_nothing_to_compare(tmp_path: Path) -> None:
    with pytest.raises(PrerequisiteMissing, match="no exported rule"):
        strayed_exports(read(tmp_path, rulesets=replace(RULESETS, all=())))
