"""Which checks were reported on a commit, by which application, when, and how they came out.

Source: https://docs.github.com/en/rest/checks/runs
"""

from __future__ import annotations

import dataclasses
import datetime
import json
from collections.abc import Collection
from dataclasses import dataclass

from exitgate.errors import PrerequisiteMissing
from exitgate.evidence_folder import EvidenceFolder
from exitgate.github.merging import CheckRun
from exitgate.observation import Observation
from exitgate.observe.live_repository.answers import CheckRunAnswer, CommitAnswer, all_parsed, written
from exitgate.observe.live_repository.repository import CONTENTS, LiveRepository
from exitgate.provision.github_api import unreadable

CHECKS = "Checks: read"
_COMMITS = 20
"""How many of the newest commits of the default branch are looked at for a finished run."""
_UNTOLD = frozenset({"", "cancelled", "stale"})
"""Conclusions that say nothing of the commit: it runs still, or somebody called it off."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportedRun:
    """A run of a check, as it was reported."""

    run: CheckRun
    """With an empty conclusion as long as it had not ended."""
    started: datetime.datetime | None
    ended: datetime.datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LastReport:
    """The newest run of a check on the default branch that came to an end, of one application."""

    commit: str
    """On which it was reported."""
    run: CheckRun


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveReports(Observation):
    """What was reported lately on the default branch."""

    branch_place: str
    branch: str
    commits: tuple[str, ...]
    """Those that were looked at, the newest first."""
    last: tuple[LastReport, ...]
    """One of each name and application; what was never reported is not among them."""


def read_live_reports(
    live: LiveRepository, wanted: Collection[tuple[str, int]], evidence: EvidenceFolder
) -> LiveReports:
    """Ask for the last runs of some checks on the newest commits of the default branch; one that was cancelled tells nothing.

    Args:
        wanted: Name and application of each check. Of each name the runs of other applications are told too.

    Raises:
        PrerequisiteMissing: if the token may not see them, or the branch has no commit.
        ObservationError: if an answer can't be read.
    """
    answer = live.api.ask("commits", {"sha": live.default_branch, "per_page": _COMMITS})
    listed = answer.seen(CONTENTS)
    if not isinstance(listed, list):
        raise unreadable(answer.subject, "no list")
    commits = all_parsed(CommitAnswer, listed, answer.subject)
    if not commits:
        raise PrerequisiteMissing(
            answer.subject, got="no commit", expected="commits on which checks were reported", action="Push one."
        )
    names = {name for name, _ in wanted}
    last: dict[tuple[str, int], LastReport] = {}
    looked: list[str] = []
    for commit in commits:
        looked.append(commit.sha)
        ended = [each for each in reported_on(live, commit.sha, names) if each.run.conclusion not in _UNTOLD]
        newest = {(each.run.name, each.run.app_id): each.run for each in sorted(ended, key=_at)}
        for key, run in newest.items():
            last.setdefault(key, LastReport(commit=commit.sha, run=run))
        if last.keys() >= set(wanted):
            break
    found = tuple(last[key] for key in sorted(last))
    told = {"commits": looked, "last": [dataclasses.asdict(each) for each in found]}
    return LiveReports(
        substrate=live.substrate(),
        evidence=(evidence.keep("github-last-reports.json", json.dumps(told, indent=2) + "\n"),),
        branch_place=live.place("tree", live.default_branch),
        branch=live.default_branch,
        commits=tuple(looked),
        last=found,
    )


def reported_on(live: LiveRepository, commit: str, names: Collection[str]) -> tuple[ReportedRun, ...]:
    """Return every run of some checks that was reported on a commit, by whichever application, earlier attempts among them.

    GitHub is asked for one name or for all, so a commit costs one request or little more however many names there are.

    Raises:
        PrerequisiteMissing: if the token may not see them.
    """
    path = f"commits/{commit}/check-runs"
    single = {"check_name": next(iter(names))} if len(names) == 1 else {}
    bodies = live.api.pages(path, CHECKS, {"filter": "all", **single}, within="check_runs")
    answers = all_parsed(CheckRunAnswer, bodies, f"GitHub {live.name}: {path}")
    return tuple(
        ReportedRun(
            run=CheckRun(
                name=each.name,
                conclusion=(each.conclusion or "") if each.status == "completed" else "",
                app_id=each.app.id if each.app else 0,
            ),
            started=each.started_at,
            ended=each.completed_at if each.status == "completed" else None,
        )
        for each in sorted(answers, key=lambda each: each.id)
        if each.name in names
    )


def told_of(reported: ReportedRun) -> dict[str, object]:
    """Return a run as evidence tells it."""
    return {
        **dataclasses.asdict(reported.run),
        "started": written(reported.started) if reported.started else None,
        "ended": written(reported.ended) if reported.ended else None,
    }


def _at(reported: ReportedRun) -> datetime.datetime:
    return reported.started or reported.ended or datetime.datetime.min.replace(tzinfo=datetime.UTC)
