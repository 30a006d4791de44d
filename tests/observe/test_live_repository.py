"""Whether a repository on GitHub is the target's own, and answers that are not as GitHub documents them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from exitgate.errors import ObservationError, PrerequisiteMissing
from exitgate.faults.pipeline.stand_in import GitHubStandIn
from exitgate.github.place import PUBLIC_API
from exitgate.observe.live_repository import read_live_rules
from exitgate.provision.github_api import GitHubApi
from tests.live_github import BRANCHES, COMMIT, RULESETS, asked, read


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
        read_live_rules(live, BRANCHES, RULESETS, "main", given.folder)
        assert given.github.token not in repr(live)
    kept = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert kept
    assert not any(given.github.token in path.read_text(encoding="utf-8") for path in kept)
