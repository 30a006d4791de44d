"""What came into protected branches on GitHub, and what was reported there."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from pathlib import Path

import pytest

from exitgate.checks.pipeline import merges_past_checks, unreported_lately
from exitgate.errors import ObservationError, PrerequisiteMissing
from exitgate.faults.pipeline.stand_in import GitHubStandIn, stamp
from exitgate.finding import Finding
from exitgate.observe.live_repository import LiveMerges, LiveReports, read_live_merges, read_live_reports
from exitgate.policy import PipelinePolicy
from exitgate.policy.pipeline import BypassActor, RequiredCheck
from tests.live_github import POLICY, asked

NOW = datetime.datetime.now(datetime.UTC)
HOUR = datetime.timedelta(hours=1)
Change = Callable[[GitHubStandIn], object]
NAMED = POLICY.model_copy(update={"bypass": (BypassActor(type="Integration", id=5, reason="it releases"),)})


def merges(
    folder: Path,
    change: Change = lambda _: None,
    *,
    days: int = 30,
    queue: bool = False,
    names: tuple[str, ...] = ("ci",),
) -> LiveMerges:
    given = asked(folder, change, days)
    protected = POLICY.branches.protected if POLICY.branches else ()
    with given.repository() as live:
        return read_live_merges(live, protected, names, given.folder, queue=queue, now=NOW)


def reports(folder: Path, change: Change = lambda _: None) -> LiveReports:
    given = asked(folder, change)
    with given.repository() as live:
        return read_live_reports(live, [("ci", 15368)], given.folder)


def past(live: LiveMerges, policy: PipelinePolicy = POLICY) -> list[Finding]:
    return merges_past_checks(live, policy)


def head(github: GitHubStandIn, number: int = 1) -> str:
    return str(github.pulls[number - 1]["head"]["sha"])


def merged(github: GitHubStandIn, number: int = 1) -> datetime.datetime:
    return datetime.datetime.fromisoformat(github.pulls[number - 1]["merged_at"])


# ---- Merges


def test_merges_after_their_checks_are_clean(tmp_path: Path) -> None:
    live = merges(tmp_path)
    assert ([each.number for each in live.merges], past(live)) == ([2, 1], [])


@pytest.mark.parametrize("conclusion", ["failure", "timed_out", "cancelled", "skipped", "neutral", "action_required"])
def test_a_merge_past_anything_but_a_success_is_found(tmp_path: Path, conclusion: str) -> None:
    (found,) = past(merges(tmp_path, lambda github: github.check_runs[head(github)][0].update(conclusion=conclusion)))
    assert found.location == "github:reference-shop/reference-shop/pull/1"
    assert (found.message, found.got) == ("#1 was merged into main past 'ci'", conclusion)


def test_of_several_required_checks_each_is_looked_at(tmp_path: Path) -> None:
    def change(github: GitHubStandIn) -> None:
        for number, conclusion in ((1, "failure"), (2, "success")):
            github.report(head(github, number), "lint", at=merged(github) - HOUR, conclusion=conclusion)

    two = POLICY.model_copy(update={"required_check": (*POLICY.required_check, RequiredCheck(name="lint"))})
    (found,) = past(merges(tmp_path, change, names=("ci", "lint")), two)
    assert found.message == "#1 was merged into main past 'lint'"


def test_a_merge_without_a_report_is_found(tmp_path: Path) -> None:
    (found,) = past(merges(tmp_path, lambda github: github.check_runs.pop(head(github))))
    assert (found.message, found.got) == ("#1 was merged into main without 'ci'", "reports of nobody")


def test_a_report_of_another_application_is_none(tmp_path: Path) -> None:
    (found,) = past(merges(tmp_path, lambda github: github.check_runs[head(github)][0].update(app={"id": 9})))
    assert (found.message, found.got) == ("#1 was merged into main without 'ci'", "reports of application 9")


def test_a_report_of_another_name_is_none(tmp_path: Path) -> None:
    (found,) = past(merges(tmp_path, lambda github: github.check_runs[head(github)][0].update(name="lint")))
    assert found.message == "#1 was merged into main without 'ci'"


def test_a_check_that_was_made_green_after_the_merge_is_found(tmp_path: Path) -> None:
    def change(github: GitHubStandIn) -> None:
        github.check_runs[head(github)][0].update(conclusion="failure")
        github.report(head(github), "ci", at=merged(github) + HOUR)

    (found,) = past(merges(tmp_path, change))
    assert found.message == "#1 was merged into main past 'ci'"


def test_a_check_that_began_after_the_merge_is_found(tmp_path: Path) -> None:
    def change(github: GitHubStandIn) -> None:
        github.check_runs.pop(head(github))
        github.report(head(github), "ci", at=merged(github) + HOUR)

    (found,) = past(merges(tmp_path, change))
    assert found.got == "a run that began after the merge"


def test_a_check_that_ended_after_the_merge_is_found(tmp_path: Path) -> None:
    def change(github: GitHubStandIn) -> None:
        github.check_runs[head(github)][0].update(completed_at=stamp(merged(github) + HOUR))

    (found,) = past(merges(tmp_path, change))
    assert (found.message, found.got) == ("#1 was merged into main ahead of 'ci'", "a run that had not ended by then")


def test_a_check_that_waited_for_a_runner_is_found(tmp_path: Path) -> None:
    def change(github: GitHubStandIn) -> None:
        github.check_runs[head(github)] = [
            {"id": 9, "name": "ci", "status": "queued", "conclusion": None, "app": {"id": 15368}}
        ]

    (found,) = past(merges(tmp_path, change))
    assert found.message == "#1 was merged into main ahead of 'ci'"


def test_of_runs_before_the_merge_the_newest_counts(tmp_path: Path) -> None:
    def change(github: GitHubStandIn) -> None:
        github.report(head(github), "ci", at=merged(github) - 3 * HOUR, conclusion="failure")
        github.report(head(github, 2), "ci", at=merged(github) - HOUR / 2, conclusion="failure")

    assert [each.location.rpartition("/")[2] for each in past(merges(tmp_path, change))] == ["2"]


def test_merges_into_branches_that_are_not_protected_do_not_matter(tmp_path: Path) -> None:
    live = merges(tmp_path, lambda github: github.merge("feature/basket", at=NOW - HOUR))
    assert [each.number for each in live.merges] == [2, 1]


def test_merges_into_release_branches_matter(tmp_path: Path) -> None:
    (found,) = past(merges(tmp_path, lambda github: github.merge("release/7", at=NOW - HOUR)))
    assert found.message == "#3 was merged into release/7 without 'ci'"


def test_older_merges_do_not_matter(tmp_path: Path) -> None:
    live = merges(tmp_path, lambda github: github.merge("main", at=NOW - 31 * 24 * HOUR))
    assert [each.number for each in live.merges] == [2, 1]


def test_pull_requests_that_were_closed_unmerged_do_not_matter(tmp_path: Path) -> None:
    def change(github: GitHubStandIn) -> None:
        github.merge("main", at=NOW - HOUR)["merged_at"] = None

    assert past(merges(tmp_path, change)) == []


def test_merges_on_later_pages_are_looked_at(tmp_path: Path) -> None:
    def change(github: GitHubStandIn) -> None:
        github.check_runs[head(github)][0].update(conclusion="failure")
        for _ in range(150):
            github.merge("feature/x", at=NOW - HOUR)

    assert [each.location.rpartition("/")[2] for each in past(merges(tmp_path, change))] == ["1"]


def test_where_only_some_merges_are_looked_at_nothing_found_is_not_assessed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("exitgate.observe.live_repository.merges.MOST_MERGES", 1)
    live = merges(tmp_path)
    assert [each.number for each in live.merges] == [2]
    assert "of 2 merges the latest 1 are looked at" in live.substrate.limits
    with pytest.raises(PrerequisiteMissing, match=r"1 merges since .* beyond the 1 that were looked at"):
        past(live)


def test_no_merge_at_all_is_not_clean(tmp_path: Path) -> None:
    with pytest.raises(PrerequisiteMissing, match="no merge into main, release/"):
        merges(tmp_path, lambda github: github.pulls.clear())


def test_in_a_queue_checks_stand_on_what_it_put_into_the_branch(tmp_path: Path) -> None:
    def change(github: GitHubStandIn) -> None:
        for pull in github.pulls:
            github.check_runs[pull["merge_commit_sha"]] = github.check_runs.pop(pull["head"]["sha"])

    assert past(merges(tmp_path, change, queue=True)) == []
    assert len(past(merges(tmp_path, change))) == 2


# ---- Pushes


@pytest.mark.parametrize(
    ("kind", "message"),
    [("push", "main was pushed to past pull requests"), ("force_push", "main was force-pushed past pull requests")],
)
def test_a_push_past_pull_requests_is_found(tmp_path: Path, kind: str, message: str) -> None:
    (found,) = past(merges(tmp_path, lambda github: github.push("main", at=NOW - HOUR, kind=kind)))
    assert found.message == message
    assert "somebody" in found.got


@pytest.mark.parametrize("kind", ["pr_merge", "merge_queue_merge", "branch_creation", "branch_deletion"])
def test_other_changes_of_a_branch_are_no_pushes(tmp_path: Path, kind: str) -> None:
    assert past(merges(tmp_path, lambda github: github.push("main", at=NOW - HOUR, kind=kind))) == []


def test_a_server_that_knows_no_kinds_of_activity_tells_of_no_push(tmp_path: Path) -> None:
    def change(github: GitHubStandIn) -> None:
        github.push("main", at=NOW - HOUR, kind="pr_merge")
        github.instead["activity"] = lambda: (200, github.activity, {})

    assert past(merges(tmp_path, change)) == []


def test_pushes_elsewhere_or_earlier_do_not_matter(tmp_path: Path) -> None:
    def change(github: GitHubStandIn) -> None:
        github.push("feature/x", at=NOW - HOUR)
        github.push("main", at=NOW - 31 * 24 * HOUR)

    assert past(merges(tmp_path, change)) == []


def test_a_push_alone_is_something_that_came_in(tmp_path: Path) -> None:
    def change(github: GitHubStandIn) -> None:
        github.pulls.clear()
        github.push("main", at=NOW - HOUR)

    assert len(past(merges(tmp_path, change))) == 1


def test_a_push_by_whom_the_policy_may_name_is_not_assessed(tmp_path: Path) -> None:
    live = merges(tmp_path, lambda github: github.push("main", at=NOW - HOUR))
    with pytest.raises(PrerequisiteMissing, match="1 pushes past pull requests, the last by somebody to main"):
        past(live, NAMED)


def test_a_merge_past_a_check_is_found_though_the_policy_names_somebody(tmp_path: Path) -> None:
    def change(github: GitHubStandIn) -> None:
        github.push("main", at=NOW - HOUR)
        github.check_runs.pop(head(github))

    assert [each.message for each in past(merges(tmp_path, change), NAMED)] == ["#1 was merged into main without 'ci'"]


@pytest.mark.parametrize(
    ("withheld", "permission"),
    [
        ("pull_requests=read", "Pull requests: read"),
        ("checks=read", "Checks: read"),
        ("contents=read", "Contents: read"),
    ],
)
def test_what_the_token_may_not_see_of_merges_is_not_assessed(tmp_path: Path, withheld: str, permission: str) -> None:
    with pytest.raises(PrerequisiteMissing, match=permission):
        merges(tmp_path, lambda github: github.withheld.add(withheld))


@pytest.mark.parametrize("days", [7, 8, 31, 90])
def test_any_number_of_days_has_a_period_of_githubs(tmp_path: Path, days: int) -> None:
    merges(tmp_path, lambda github: github.merge("main", at=NOW - HOUR), days=days)


def test_a_pull_request_that_is_not_as_documented_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ObservationError, match="an answer as GitHub documents it"):
        merges(tmp_path, lambda github: github.pulls[0]["head"].pop("sha"))


# ---- Reports


def unreported(live: LiveReports) -> list[tuple[str, str]]:
    return [(each.message, each.got) for each in unreported_lately(live, POLICY)]


def test_a_check_that_succeeded_last_is_reported(tmp_path: Path) -> None:
    live = reports(tmp_path)
    assert (unreported(live), len(live.commits)) == ([], 1)


@pytest.mark.parametrize("conclusion", ["failure", "skipped", "neutral", "timed_out"])
def test_a_last_run_that_was_no_success_is_found(tmp_path: Path, conclusion: str) -> None:
    def change(github: GitHubStandIn) -> None:
        github.check_runs[github.commits[0]][0].update(conclusion=conclusion)

    ((message, got),) = unreported(reports(tmp_path, change))
    assert message == "the last run of 'ci' on main was no success"
    assert got.startswith(f"{conclusion} on ")


def test_of_runs_of_one_commit_the_newest_counts(tmp_path: Path) -> None:
    def change(github: GitHubStandIn) -> None:
        github.report(github.commits[0], "ci", at=NOW - 60 * HOUR, conclusion="failure")

    assert unreported(reports(tmp_path, change)) == []


@pytest.mark.parametrize(
    "untold", [{"status": "in_progress", "conclusion": None}, {"conclusion": "cancelled"}, {"conclusion": "stale"}]
)
def test_a_run_that_says_nothing_leaves_it_to_the_commit_before(tmp_path: Path, untold: dict[str, object]) -> None:
    def change(github: GitHubStandIn) -> None:
        github.check_runs[github.commits[0]][0].update(untold)
        github.check_runs[github.commits[1]][0].update(conclusion="failure")

    ((_, got),) = unreported(reports(tmp_path, change))
    assert got.startswith("failure on ")


def test_a_check_that_nobody_reports_is_found(tmp_path: Path) -> None:
    ((message, got),) = unreported(reports(tmp_path, lambda github: github.check_runs.clear()))
    assert message == "application 15368 has not reported 'ci' on main lately"
    assert got == "reports of nobody, on the newest 3 commits"


def test_a_check_that_another_application_reports_is_found(tmp_path: Path) -> None:
    def change(github: GitHubStandIn) -> None:
        for runs in github.check_runs.values():
            runs[0].update(app={"id": 9})

    ((_, got),) = unreported(reports(tmp_path, change))
    assert got == "reports of application 9, on the newest 3 commits"


def test_a_branch_without_a_commit_is_not_assessed(tmp_path: Path) -> None:
    with pytest.raises(PrerequisiteMissing, match="no commit"):
        reports(tmp_path, lambda github: github.commits.clear())


def test_reports_that_the_token_may_not_see_are_not_assessed(tmp_path: Path) -> None:
    with pytest.raises(PrerequisiteMissing, match="Checks: read"):
        reports(tmp_path, lambda github: github.withheld.add("checks=read"))


@pytest.mark.parametrize("judge", [merges_past_checks, unreported_lately])
def test_a_policy_that_requires_no_check_leaves_nothing_to_compare(
    tmp_path: Path, judge: Callable[[object, PipelinePolicy], object]
) -> None:
    live = merges(tmp_path) if judge is merges_past_checks else reports(tmp_path)
    with pytest.raises(PrerequisiteMissing, match="required_check"):
        judge(live, POLICY.model_copy(update={"required_check": ()}))


def test_what_is_found_among_the_merges_that_are_looked_at_counts_however_many_there_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def change(github: GitHubStandIn) -> None:
        for run in (run for runs in github.check_runs.values() for run in runs):
            run.update(conclusion="failure")

    monkeypatch.setattr("exitgate.observe.live_repository.merges.MOST_MERGES", 1)
    live = merges(tmp_path, change)
    assert (live.left_out, len(past(live))) == (1, 1)
