"""Branch protection beside rulesets, and whatever a token may not see of either."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from exitgate.checks.pipeline import (
    bypasses_in_force,
    foreign_requirements_in_force,
    lax_rules_in_force,
)
from exitgate.errors import PrerequisiteMissing
from exitgate.faults.pipeline.stand_in import GitHubStandIn
from exitgate.finding import Finding
from exitgate.observe.live_repository import LiveRules
from tests.live_github import BRANCHES, POLICY, SOUND, lax, protect, read, words

# ---- Branch protection, which is older than rulesets


def test_branch_protection_counts_like_a_ruleset(tmp_path: Path) -> None:
    live = read(tmp_path, protect)
    assert (lax(live), bypasses_in_force(live, POLICY), foreign_requirements_in_force(live, POLICY)) == ([], [], [])


@pytest.mark.parametrize(
    ("part", "value", "message"),
    [
        ("allow_force_pushes", {"enabled": True}, "may be force-pushed"),
        ("allow_deletions", {"enabled": True}, "may be deleted"),
        ("required_pull_request_reviews", None, "takes pushes without a pull request"),
        ("required_status_checks", {**SOUND["required_status_checks"], "strict": False}, "not up to date"),
    ],
)
def test_branch_protection_that_is_lax_is_found(tmp_path: Path, part: str, value: object, message: str) -> None:
    found = lax(read(tmp_path, lambda github: protect(github, **{part: value})))
    assert len(found) == len(BRANCHES)
    assert all(message in each for each in found)
    assert "/branches/main/protection" in found[0]


@pytest.mark.parametrize(
    ("checks", "message"),
    [
        (
            {"strict": True, "contexts": ["ci"], "checks": [{"context": "ci", "app_id": None}]},
            "any application or token",
        ),
        ({"strict": True, "contexts": ["ci"], "checks": [{"context": "ci", "app_id": -1}]}, "any application or token"),
        ({"strict": True, "contexts": ["ci"]}, "any application or token"),
        ({"strict": True, "contexts": [], "checks": []}, "do not require 'ci'"),
        (None, "do not require 'ci'"),
    ],
)
def test_checks_of_branch_protection_are_those_of_one_application(tmp_path: Path, checks: object, message: str) -> None:
    live = read(tmp_path, lambda github: protect(github, required_status_checks=checks))
    found = words(foreign_requirements_in_force(live, POLICY))
    assert len(found) == len(BRANCHES)
    assert all(message in each for each in found)


def test_administrators_get_round_branch_protection_that_does_not_bind_them(tmp_path: Path) -> None:
    live = read(tmp_path, lambda github: protect(github, enforce_admins={"enabled": False}))
    assert [each.message for each in bypasses_in_force(live, POLICY)] == [
        "RepositoryRole 5 may get round the rules 'branch protection'"
    ] * len(BRANCHES)


def test_those_who_need_no_pull_request_are_named(tmp_path: Path) -> None:
    reviews = {
        **SOUND["required_pull_request_reviews"],
        "bypass_pull_request_allowances": {"users": [{"id": 1}], "teams": [{"id": 2}], "apps": [{"id": 3}]},
    }
    live = read(tmp_path, lambda github: protect(github, required_pull_request_reviews=reviews))
    found = {each.message.partition(" may")[0] for each in bypasses_in_force(live, POLICY)}
    assert found == {"User 1", "Team 2", "Integration 3"}


def test_protection_that_spares_administrators_does_no_harm_beside_rulesets_that_bind_them(tmp_path: Path) -> None:
    def change(github: GitHubStandIn) -> None:
        github.protections["main"] = {**SOUND, "enforce_admins": {"enabled": False}}

    assert bypasses_in_force(read(tmp_path, change), POLICY) == []


# ---- What the token may not see


def test_hidden_protection_does_not_matter_where_rulesets_keep_the_policy(tmp_path: Path) -> None:
    live = read(tmp_path, lambda github: github.withheld.add("administration=read"))
    assert (lax(live), bypasses_in_force(live, POLICY), foreign_requirements_in_force(live, POLICY)) == ([], [], [])
    assert any("what branch protection asks of main" in each for each in live.substrate.limits)


@pytest.mark.parametrize(
    "judge",
    [
        lambda live: lax_rules_in_force(live, POLICY, "main"),
        lambda live: bypasses_in_force(live, POLICY),
        lambda live: foreign_requirements_in_force(live, POLICY),
    ],
    ids=["rules", "bypasses", "requirements"],
)
def test_hidden_protection_that_may_hold_what_rulesets_lack_is_not_assessed(
    tmp_path: Path, judge: Callable[[LiveRules], list[Finding]]
) -> None:
    def change(github: GitHubStandIn) -> None:
        protect(github)
        github.withheld.add("administration=read")

    with pytest.raises(PrerequisiteMissing, match="Give the token the repository permission Administration: read"):
        judge(read(tmp_path, change))


def test_404_for_protection_without_githubs_words_for_none_is_unknown(tmp_path: Path) -> None:
    def change(github: GitHubStandIn) -> None:
        github.rulesets.clear()
        for branch in ("main", "release%2F1.2"):
            github.instead[f"branches/{branch}/protection"] = lambda: (404, {"message": "Not Found"}, {})

    with pytest.raises(PrerequisiteMissing, match="404 Not Found"):
        lax(read(tmp_path, change))


def test_what_is_found_for_sure_is_told_though_something_else_is_hidden(tmp_path: Path) -> None:
    def change(github: GitHubStandIn) -> None:
        github.rulesets.clear()
        github.withheld.discard("administration=read")

    # release/1.2 does not exist here, so that its protection can't be asked for; main's can.
    assert lax(read(tmp_path, change)) == [
        "github:reference-shop/reference-shop/rules/main main is protected by no rule that is in force"
    ]


def test_a_branch_that_does_not_exist_may_be_protected_by_a_pattern(tmp_path: Path) -> None:
    def change(github: GitHubStandIn) -> None:
        github.rulesets[0]["conditions"]["ref_name"]["include"] = ["~DEFAULT_BRANCH"]

    with pytest.raises(PrerequisiteMissing, match="and patterns of branch protection"):
        lax(read(tmp_path, change))


def test_who_gets_round_a_ruleset_is_shown_to_administrators_alone(tmp_path: Path) -> None:
    live = read(tmp_path, lambda github: github.withheld.add("administration=write"))
    with pytest.raises(PrerequisiteMissing, match="Administration: write") as caught:
        bypasses_in_force(live, POLICY)
    assert "no bypass_actors" in caught.value.got


def test_a_ruleset_of_the_organisation_that_is_not_shown_hides_who_gets_round_it(tmp_path: Path) -> None:
    live = read(
        tmp_path, lambda github: github.instead.update({"rulesets/1": lambda: (404, {"message": "Not Found"}, {})})
    )
    assert lax(live) == []
    with pytest.raises(PrerequisiteMissing, match="bypass_actors"):
        bypasses_in_force(live, POLICY)


def test_a_token_whose_holder_gets_round_a_ruleset_shows_that_somebody_does(tmp_path: Path) -> None:
    def change(github: GitHubStandIn) -> None:
        github.withheld.add("administration=write")
        github.rulesets[0]["current_user_can_bypass"] = "always"

    (found,) = bypasses_in_force(read(tmp_path, change), POLICY)
    assert found.message == "whoever holds the token may get round the rules 'Protected branches'"


def test_rules_that_are_hidden_altogether_are_not_assessed(tmp_path: Path) -> None:
    with pytest.raises(PrerequisiteMissing, match="Metadata: read"):
        read(tmp_path, lambda github: github.withheld.add("metadata=read"))
