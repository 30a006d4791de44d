"""Faults of what is seen on GitHub itself: rules that were changed there, reports that stay out, and merges past both.

They break no file of the target but what a stand-in of GitHub tells, which says what the target exported otherwise.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable

from exitgate.faults.fault import Fault
from exitgate.faults.pipeline.stand_in import GitHubStandIn

_ADMINISTRATORS = {"actor_id": 5, "actor_type": "RepositoryRole", "bypass_mode": "always"}
_RULES, _REQUIRED, _MERGES = "3.1.A.1.2", "3.1.A.1.3", "3.1.C.2"


def _now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)


def _without(kind: str) -> Callable[[GitHubStandIn], object]:
    def change(github: GitHubStandIn) -> None:
        github.rulesets[0]["rules"] = [each for each in github.rulesets[0]["rules"] if each["type"] != kind]

    return change


def _by_protection_alone(github: GitHubStandIn) -> None:
    """Put branch protection that spares administrators in the place of the rulesets."""
    checks = github.rule("required_status_checks")["required_status_checks"]
    github.rulesets.clear()
    for branch in ("main", "release/1.2"):
        github.protections[branch] = {
            "required_status_checks": {
                "strict": True,
                "contexts": [each["context"] for each in checks],
                "checks": [{"context": each["context"], "app_id": each["integration_id"]} for each in checks],
            },
            "required_pull_request_reviews": {
                "dismiss_stale_reviews": True,
                "require_code_owner_reviews": True,
                "required_approving_review_count": 1,
                "require_last_push_approval": True,
            },
            "enforce_admins": {"enabled": False},
            "allow_force_pushes": {"enabled": False},
            "allow_deletions": {"enabled": False},
        }


def _pretend(github: GitHubStandIn) -> None:
    """Have another application report the checks of the default branch."""
    for runs in (github.check_runs[commit] for commit in github.commits):
        for each in runs:
            each["app"] = {"id": 99, "slug": "somebody"}


def _conclude(github: GitHubStandIn, commit: str, conclusion: str) -> None:
    for each in github.check_runs[commit]:
        each["conclusion"] = conclusion


def _merged_while_running(github: GitHubStandIn) -> None:
    for each in github.check_runs[github.pulls[0]["head"]["sha"]]:
        each.update(status="in_progress", conclusion=None, completed_at=None)


def _fault(
    control: str,
    check: str,
    name: str,
    title: str,
    location: str,
    message: str,
    change: Callable[[GitHubStandIn], object],
    also: tuple[str, ...] = (),
) -> Fault:
    return Fault(
        id=name,
        title=title,
        control=control,
        check=check,
        location=location,
        message=message,
        inject=lambda _: None,
        on_github=change,
        also=frozenset(also),
    )


FAULTS = (
    _fault(
        _RULES,
        "rules-in-force",
        "live-ruleset-disabled",
        "somebody disabled the ruleset on GitHub, and its export says that it is active",
        "github:",
        "main is protected by no rule that is in force",
        lambda github: github.rulesets[0].update(enforcement="disabled"),
    ),
    _fault(
        _RULES,
        "rules-in-force",
        "live-no-approval",
        "on GitHub nobody has to approve any more",
        "/rulesets/",
        "asks for too few approvals",
        lambda github: github.rule("pull_request").update(required_approving_review_count=0),
    ),
    _fault(
        _RULES,
        "rules-in-force",
        "live-force-pushes",
        "on GitHub main may be force-pushed",
        "/rulesets/",
        "may be force-pushed",
        _without("non_fast_forward"),
    ),
    _fault(
        _RULES,
        "bypass-in-force",
        "live-administrators-bypass",
        "on GitHub administrators were let round the ruleset",
        "/rulesets/",
        "RepositoryRole 5 may get round the rules",
        lambda github: github.rulesets[0]["bypass_actors"].append(_ADMINISTRATORS),
    ),
    _fault(
        _RULES,
        "bypass-in-force",
        "live-protection-spares-administrators",
        "branch protection that spares administrators took the place of the ruleset",
        "/branches/",
        "RepositoryRole 5 may get round the rules",
        _by_protection_alone,
    ),
    _fault(
        _RULES,
        "export-current",
        "live-other-merge-methods",
        "on GitHub other ways to merge are allowed than were exported",
        ".json",
        "the exported rule pull_request is not in force so",
        lambda github: github.rule("pull_request").update(allowed_merge_methods=["rebase"]),
    ),
    _fault(
        _REQUIRED,
        "required-in-force",
        "live-check-not-required",
        "on GitHub no check is required any more",
        "/rulesets/",
        "do not require 'ci'",
        _without("required_status_checks"),
        also=(_RULES,),
    ),
    _fault(
        _REQUIRED,
        "required-in-force",
        "live-check-of-anybody",
        "on GitHub anybody may report the required check",
        "/rulesets/",
        "may be reported by any application or token",
        lambda github: github.rule("required_status_checks")["required_status_checks"][0].pop("integration_id"),
        also=(_RULES,),
    ),
    _fault(
        _REQUIRED,
        "reported-lately",
        "live-never-reported",
        "the workflow no longer runs on main, so the required check is reported there by nobody",
        "/tree/",
        "has not reported 'ci' on main lately",
        lambda github: [github.check_runs.pop(commit) for commit in github.commits],
    ),
    _fault(
        _REQUIRED,
        "reported-lately",
        "live-reported-by-another",
        "another application reports the required check on main",
        "/tree/",
        "application 15368 has not reported 'ci'",
        _pretend,
    ),
    _fault(
        _REQUIRED,
        "reported-lately",
        "live-main-is-red",
        "the last run of the required check on main failed",
        "/tree/",
        "the last run of 'ci' on main was no success",
        lambda github: _conclude(github, github.commits[0], "failure"),
    ),
    _fault(
        _MERGES,
        "merges-clean",
        "live-merged-past-red",
        "an administrator merged a pull request whose required check had failed",
        "/pull/1",
        "#1 was merged into main past 'ci'",
        lambda github: _conclude(github, github.pulls[0]["head"]["sha"], "failure"),
    ),
    _fault(
        _MERGES,
        "merges-clean",
        "live-merged-without-check",
        "a pull request was merged on which the required check was never reported",
        "/pull/2",
        "#2 was merged into main without 'ci'",
        lambda github: github.check_runs.pop(github.pulls[1]["head"]["sha"]),
    ),
    _fault(
        _MERGES,
        "merges-clean",
        "live-merged-while-running",
        "a pull request was merged while its required check was running",
        "/pull/1",
        "#1 was merged into main ahead of 'ci'",
        _merged_while_running,
    ),
    _fault(
        _MERGES,
        "merges-clean",
        "live-pushed-past-pull-requests",
        "somebody pushed to main without a pull request",
        "/commit/",
        "main was pushed to past pull requests",
        lambda github: github.push("main", at=_now() - datetime.timedelta(hours=3)),
    ),
)
