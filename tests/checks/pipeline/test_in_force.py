"""Rules in force on GitHub: each that is laxer, each way round them, and whatever the token may not see."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from exitgate.assurance import Assurance
from exitgate.checks.pipeline import (
    bypasses_in_force,
    foreign_requirements_in_force,
    lax_rules_in_force,
    strayed_exports,
)
from exitgate.errors import ObservationError, PrerequisiteMissing
from exitgate.faults.pipeline.stand_in import GitHubStandIn, Json
from exitgate.finding import Finding
from exitgate.github.place import PUBLIC_API
from exitgate.observe.live_repository import LiveRules, read_live_rules
from exitgate.policy.pipeline import BypassActor
from exitgate.provision.github_api import GitHubApi
from tests.live_github import COMMIT, POLICY, RULESETS, asked

BRANCHES = POLICY.branches.start_ci if POLICY.branches else ()
Change = Callable[[GitHubStandIn], object]
SOUND: Json = {
    "required_status_checks": {"strict": True, "contexts": ["ci"], "checks": [{"context": "ci", "app_id": 15368}]},
    "required_pull_request_reviews": {
        "dismiss_stale_reviews": True,
        "require_code_owner_reviews": True,
        "required_approving_review_count": 1,
        "require_last_push_approval": True,
    },
    "enforce_admins": {"enabled": True},
    "allow_force_pushes": {"enabled": False},
    "allow_deletions": {"enabled": False},
}
ADMINISTRATORS = {"actor_id": 5, "actor_type": "RepositoryRole", "bypass_mode": "always"}


def read(folder: Path, change: Change = lambda _: None) -> LiveRules:
    given = asked(folder, change)
    with given.repository() as live:
        return read_live_rules(live, BRANCHES, given.folder)


def words(findings: list[Finding]) -> list[str]:
    return [f"{each.location} {each.message}" for each in findings]


def lax(live: LiveRules) -> list[str]:
    return words(lax_rules_in_force(live, POLICY, "main"))


def drop(kind: str) -> Change:
    def change(github: GitHubStandIn) -> None:
        github.rulesets[0]["rules"] = [each for each in github.rulesets[0]["rules"] if each["type"] != kind]

    return change


def protect(github: GitHubStandIn, **changes: object) -> None:
    """Put branch protection in the place of the rulesets."""
    github.rulesets.clear()
    for branch in BRANCHES:
        github.protections[branch] = {**SOUND, **changes}


def test_rules_as_they_were_exported_are_live_and_as_the_policy_wants_them(tmp_path: Path) -> None:
    live = read(tmp_path)
    assert lax(live) == []
    assert bypasses_in_force(live, POLICY) == []
    assert foreign_requirements_in_force(live, POLICY) == []
    assert strayed_exports(live, RULESETS, "main") == []
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


# ---- Who gets round rulesets


def test_an_actor_whom_the_policy_does_not_name_is_found(tmp_path: Path) -> None:
    live = read(tmp_path, lambda github: github.rulesets[0]["bypass_actors"].append(ADMINISTRATORS))
    (found,) = words(bypasses_in_force(live, POLICY))
    assert found.startswith("github:reference-shop/reference-shop/rulesets/1 RepositoryRole 5")
    named = POLICY.model_copy(update={"bypass": (BypassActor(type="RepositoryRole", id=5, reason="they mend it"),)})
    assert bypasses_in_force(live, named) == []


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
    (found,) = strayed_exports(live, RULESETS, "main")
    assert found.location.startswith(".github/rulesets/main.json:")
    assert "required_approving_review_count: 2" in found.got


def test_a_parameter_that_github_adds_and_leaves_off_is_no_difference(tmp_path: Path) -> None:
    live = read(tmp_path, lambda github: github.rule("pull_request").update(a_new_one=False, another=[]))
    assert strayed_exports(live, RULESETS, "main") == []


def test_no_export_is_nothing_to_compare(tmp_path: Path) -> None:
    with pytest.raises(PrerequisiteMissing, match="no exported rule"):
        strayed_exports(read(tmp_path), replace(RULESETS, all=()), "main")


# ---- The repository itself


def test_the_repository_is_the_one_that_was_exported_from(tmp_path: Path) -> None:
    def change(github: GitHubStandIn) -> None:
        github.repository = "somebody/fork"

    with pytest.raises(PrerequisiteMissing, match="rulesets that were exported from reference-shop/reference-shop"):
        read(tmp_path, change)


def test_a_repository_that_was_renamed_is_not_the_one_that_is_named(tmp_path: Path) -> None:
    answer = {"full_name": "reference-shop/other", "default_branch": "main"}
    with pytest.raises(PrerequisiteMissing, match="which is reference-shop/other now"):
        read(tmp_path, lambda github: github.instead.update({"": lambda: (200, answer, {})}))


def test_a_repository_without_the_commit_is_another_one(tmp_path: Path) -> None:
    with pytest.raises(PrerequisiteMissing, match="which has no commit cccccccccccc"):
        read(tmp_path, lambda github: github.strangers.append(COMMIT))


def test_a_fork_is_told_as_a_limit(tmp_path: Path) -> None:
    answer = {"full_name": "reference-shop/reference-shop", "default_branch": "main", "fork": True}
    live = read(tmp_path, lambda github: github.instead.update({"": lambda: (200, answer, {})}))
    assert any("is a fork" in each for each in live.substrate.limits)


def test_a_server_that_is_not_githubs_own_is_told_as_a_limit(tmp_path: Path) -> None:
    given = asked(tmp_path)
    with given.repository() as live:
        there = replace(live.api.place, api="https://github.example.com/api/v3")
        elsewhere = replace(live, api=GitHubApi(there, given.github.token)).substrate()
        own = replace(live, api=GitHubApi(replace(there, api=PUBLIC_API), given.github.token)).substrate()
    assert (elsewhere.substitutes, own.substitutes, own.limits) == ((), (), ())
    assert elsewhere.limits == ("https://github.example.com/api/v3 is GitHub by the word of whoever ran this",)


@pytest.mark.parametrize(
    "body", [{}, [], {"full_name": 7, "default_branch": "main"}, {"full_name": "reference-shop/reference-shop"}]
)
def test_an_answer_that_is_not_as_documented_is_an_error(tmp_path: Path, body: object) -> None:
    with pytest.raises(ObservationError, match="an answer as GitHub documents it"):
        read(tmp_path, lambda github: github.instead.update({"": lambda: (200, body, {})}))


def test_a_rule_of_a_ruleset_that_is_not_active_is_an_answer_that_can_not_be_right(tmp_path: Path) -> None:
    other = {"id": 1, "name": "x", "enforcement": "disabled"}
    with pytest.raises(ObservationError, match="the ruleset disabled"):
        read(tmp_path, lambda github: github.instead.update({"rulesets/1": lambda: (200, other, {})}))


def test_neither_token_nor_its_header_is_kept(tmp_path: Path) -> None:
    given = asked(tmp_path)
    with given.repository() as live:
        read_live_rules(live, BRANCHES, given.folder)
        assert given.github.token not in repr(live)
    kept = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert kept
    assert not any(given.github.token in path.read_text(encoding="utf-8") for path in kept)
