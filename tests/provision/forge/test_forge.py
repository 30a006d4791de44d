"""A real `git push` to a throwaway forge: what GitHub would refuse is refused, what it would take is taken."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from exitgate.errors import ObservationError, ProvisionError
from exitgate.github.merging import CheckRun, PullRequest
from exitgate.github.rulesets import RequiredContext, Rule, Ruleset
from exitgate.provision.forge import Forge, throwaway_forge
from tests.provision.repository import git, write

CHECKS = Rule(
    type="required_status_checks",
    place="",
    parameters={"strict_required_status_checks_policy": True},
    contexts=(RequiredContext(name="ci", app_id=15368, place=""),),
)
REVIEWS = Rule(type="pull_request", place="", parameters={"required_approving_review_count": 1})
RULESET = Ruleset(
    path="rules.json",
    name="main",
    target="branch",
    enforcement="active",
    include=("refs/heads/main",),
    exclude=(),
    rules=(Rule(type="deletion", place=""), Rule(type="non_fast_forward", place=""), REVIEWS, CHECKS),
    bypass=(),
)
APPROVED = PullRequest(checks=(), approvals=1)


def ran(*conclusions: str, app_id: int = 15368) -> PullRequest:
    return replace(APPROVED, checks=tuple(CheckRun(name="ci", conclusion=each, app_id=app_id) for each in conclusions))


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A repository whose main has one commit; on `change` there is one more."""
    folder = tmp_path / "source"
    folder.mkdir()
    git(folder, "init", "--quiet", "--initial-branch=main")
    commit(folder, "a.txt", "a\n")
    git(folder, "checkout", "--quiet", "-b", "change")
    commit(folder, "a.txt", "broken\n")
    git(folder, "checkout", "--quiet", "main")
    return folder


def commit(folder: Path, name: str, text: str) -> str:
    write(folder, **{name: text})
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", f"{name}: {text.strip()}")
    return git(folder, "rev-parse", "HEAD")


@pytest.fixture
def forge(tmp_path: Path, source: Path) -> Iterator[Forge]:
    with throwaway_forge(
        tmp_path / "forge", source, branches=("main",), rulesets=(RULESET,), default_branch="main"
    ) as made:
        yield made
    assert not (tmp_path / "forge").exists()


def test_a_failing_change_is_refused_and_the_mended_one_merges_by_the_same_push(forge: Forge, source: Path) -> None:
    base = forge.head("main")
    number = forge.open(source, "change", "main")
    forge.record(number, ran("failure"))
    refused = forge.merge(number)
    assert (refused.accepted, refused.change, refused.after) == (False, "merged", base)
    assert refused.reasons == ("the required check 'ci' is failure",)
    assert "pre-receive hook declined" in refused.said
    assert forge.head("main") == base

    git(source, "checkout", "--quiet", "change")
    mended = commit(source, "a.txt", "mended\n")
    forge.update(number, source, "change")
    forge.record(number, ran("success"))
    taken = forge.merge(number)
    assert (taken.accepted, taken.reasons, taken.before) == (True, (), base)
    assert taken.after == forge.head("main") != base
    assert mended in git(forge.folder / "forge.git", "rev-list", "main").split()
    assert forge.transcript.count("$ git push forge") == 2
    assert "[remote rejected]" in forge.transcript
    assert "the required check 'ci' is failure" in forge.transcript
    assert str(forge.folder) not in forge.transcript


@pytest.mark.parametrize(
    ("pull", "reason"),
    [
        (ran(), "never reported"),
        (ran(""), "'ci' is pending"),
        (ran("cancelled"), "'ci' is cancelled"),
        (ran("timed_out"), "'ci' is timed_out"),
        (ran("success", "failure"), "'ci' is failure"),
        (ran("success", app_id=1), "never reported"),
        (replace(ran("success"), approvals=0), "0 of 1 approvals"),
    ],
)
def test_what_is_missing_pending_cancelled_or_foreign_is_refused(
    pull: PullRequest, reason: str, forge: Forge, source: Path
) -> None:
    number = forge.open(source, "change", "main")
    forge.record(number, pull)
    pushed = forge.merge(number)
    assert not pushed.accepted
    assert reason in pushed.reasons[0]
    assert pushed.after == pushed.before


def test_a_newer_head_has_none_of_the_older_one_s_results(forge: Forge, source: Path) -> None:
    number = forge.open(source, "change", "main")
    forge.record(number, ran("success"))
    git(source, "checkout", "--quiet", "change")
    commit(source, "b.txt", "more\n")
    forge.update(number, source, "change")
    assert "never reported" in forge.merge(number).reasons[0]


def test_nobody_gets_past_pull_requests(forge: Forge, source: Path) -> None:
    number = forge.open(source, "change", "main")
    forge.record(number, ran("success"))
    git(source, "checkout", "--quiet", "change")
    commit(source, "smuggled.txt", "never tested\n")
    # Its own head alone is no merge, and a commit that no pull request has is none either.
    head = git(source, "rev-parse", "change~1")
    assert forge.push(head, "main").reasons[0] == "changes have to come by a pull request"
    other = forge.open(source, "change", "main")
    smuggled = git(source, "rev-parse", "change")
    pushed = forge.push(smuggled, "main")
    assert (pushed.accepted, pushed.change) == (False, "added")
    forge.record(other, ran("failure"))
    assert not forge.merge(other).accepted
    assert forge.merge(number).accepted


def test_force_pushes_and_deletions_are_refused(forge: Forge, source: Path) -> None:
    git(source, "checkout", "--quiet", "--orphan", "other")
    commit(source, "a.txt", "another history\n")
    git(source, "checkout", "--quiet", "main")
    git(forge.folder / "work", "fetch", "--quiet", str(source), "other")
    rewritten = forge.push(git(source, "rev-parse", "other"), "main", "--force")
    assert (rewritten.change, rewritten.reasons[0]) == ("rewritten", "nobody may force-push to the branch")
    deleted = forge.push("", "main")
    assert (deleted.change, deleted.reasons) == ("deleted", ("nobody may delete the branch",))
    assert forge.head("main") == git(source, "rev-parse", "main")


def test_a_branch_that_moved_makes_a_change_out_of_date(tmp_path: Path, source: Path) -> None:
    loose = replace(RULESET, rules=(replace(CHECKS, parameters={}),))
    for rules, accepted in ((RULESET, False), (loose, True)):
        # Where the clone stands is where the forge's branches begin.
        git(source, "checkout", "--quiet", "main")
        folder = tmp_path / f"forge-{accepted}"
        with throwaway_forge(folder, source, branches=("main",), rulesets=(rules,), default_branch="main") as forge:
            git(source, "checkout", "--quiet", "-B", f"next-{accepted}", "main")
            commit(source, "next.txt", "first\n")
            first, second = (forge.open(source, each, "main") for each in (f"next-{accepted}", "change"))
            for number in (first, second):
                forge.record(number, ran("success"))
            assert forge.merge(first).accepted
            pushed = forge.merge(second)
            assert pushed.accepted is accepted
            assert pushed.reasons == (() if accepted else ("the branch is not up to date",))


@pytest.mark.parametrize("enforcement", ["evaluate", "disabled"])
def test_rules_that_are_not_in_force_keep_nothing_out(enforcement: str, tmp_path: Path, source: Path) -> None:
    rules = (replace(RULESET, enforcement=enforcement),)
    with throwaway_forge(
        tmp_path / "forge", source, branches=("main",), rulesets=rules, default_branch="main"
    ) as forge:
        number = forge.open(source, "change", "main")
        forge.record(number, ran("failure"))
        assert forge.merge(number).accepted


@pytest.mark.parametrize(
    "rule", [replace(REVIEWS, merge_methods=("squash",)), Rule(type="required_linear_history", place="")]
)
def test_a_merge_is_made_in_a_way_that_the_rules_allow(rule: Rule, tmp_path: Path, source: Path) -> None:
    rules = (replace(RULESET, rules=(*RULESET.rules, rule)),)
    with throwaway_forge(
        tmp_path / "forge", source, branches=("main",), rulesets=rules, default_branch="main"
    ) as forge:
        number = forge.open(source, "change", "main")
        forge.record(number, ran("success"))
        pushed = forge.merge(number)
        assert pushed.accepted
        parents = git(forge.folder / "forge.git", "rev-list", "--parents", "--max-count=1", "main").split()[1:]
        assert parents == [pushed.before]


def test_what_ci_tests_is_the_merge_commit(forge: Forge, source: Path, tmp_path: Path) -> None:
    number = forge.open(source, "change", "main")
    merge = forge.check_out_merge(number, tmp_path / "clone")
    assert git(tmp_path / "clone", "rev-parse", "HEAD") == merge
    parents = git(tmp_path / "clone", "rev-list", "--parents", "--max-count=1", "HEAD").split()[1:]
    assert parents == [git(source, "rev-parse", "main"), git(source, "rev-parse", "change")]
    assert (tmp_path / "clone" / "a.txt").read_text() == "broken\n"


def test_a_conflict_and_an_empty_change_are_one_line_each(forge: Forge, source: Path) -> None:
    with pytest.raises(ProvisionError, match="nothing that is not on main"):
        forge.open(source, "main", "main")
    git(source, "checkout", "--quiet", "-B", "clash", "main")
    commit(source, "a.txt", "clash\n")
    first, second = (forge.open(source, each, "main") for each in ("clash", "change"))
    forge.record(first, ran("success"))
    assert forge.merge(first).accepted
    with pytest.raises(ProvisionError, match="without a conflict"):
        forge.merge(second)


def test_a_hook_that_does_not_answer_is_an_error_and_no_refusal(forge: Forge, source: Path) -> None:
    number = forge.open(source, "change", "main")
    (forge.folder / "forge.git" / "hooks" / "pre-receive").write_text("#!/bin/sh\nexit 1\n")
    with pytest.raises(ObservationError, match="0 decisions"):
        forge.merge(number)


def test_a_hook_that_is_gone_is_an_error_and_no_acceptance(forge: Forge, source: Path) -> None:
    number = forge.open(source, "change", "main")
    (forge.folder / "forge.git" / "hooks" / "pre-receive").unlink()
    with pytest.raises(ObservationError, match="0 decisions"):
        forge.merge(number)


def test_damaged_rules_are_an_error_and_no_refusal(forge: Forge, source: Path) -> None:
    forge.open(source, "change", "main")
    (forge.folder / "forge.git" / "exitgate-forge.json").write_text("{}")
    with pytest.raises(ObservationError, match="can't be read"):
        forge.push(git(source, "rev-parse", "change"), "main")
    with pytest.raises(ObservationError, match="0 decisions"):
        forge.push(forge.head("main"), "other")
