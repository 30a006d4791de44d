"""What came into protected branches lately: pull requests that were merged, with the checks of their heads, and pushes past them.

Sources: https://docs.github.com/en/rest/pulls/pulls and https://docs.github.com/en/rest/repos/repos#list-repository-activities
"""

from __future__ import annotations

import datetime
import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from exitgate.errors import PrerequisiteMissing
from exitgate.evidence_folder import EvidenceFolder
from exitgate.github.filters import passes
from exitgate.github.place import MOST_DAYS
from exitgate.observation import Observation
from exitgate.observe.live_repository.answers import ActivityAnswer, PullAnswer, all_parsed, parsed, written
from exitgate.observe.live_repository.reports import ReportedRun, reported_on, told_of
from exitgate.observe.live_repository.repository import CONTENTS, LiveRepository

PULLS = "Pull requests: read"
MOST_MERGES = 200
"""How many merges are looked at, the latest ones; each costs a request."""
_PERIODS = ((7, "month"), (30, "quarter"), (MOST_DAYS, "year"))
"""Days, and GitHub's next longer period: what is older is left out here, so that no end of a period decides."""
_PUSHES = ("push", "force_push")


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveMerge:
    """A pull request that was merged."""

    place: str
    number: int
    branch: str
    """The one that it went into."""
    commit: str
    """On which its checks had to succeed: its head's, or what the merge queue put into the branch."""
    merged: datetime.datetime
    runs: tuple[ReportedRun, ...]
    """Of the checks that are asked for, also those that came after the merge."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LivePush:
    """A push to a protected branch that was no merge of a pull request."""

    place: str
    branch: str
    commit: str
    at: datetime.datetime
    by: str
    is_forced: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveMerges(Observation):
    """What came into protected branches in the last days."""

    place: str
    since: datetime.datetime
    merges: tuple[LiveMerge, ...]
    pushes: tuple[LivePush, ...]
    left_out: int
    """Merges of those days that nobody looked at: they were too many."""


def read_live_merges(
    live: LiveRepository,
    protected: Sequence[str],
    names: Collection[str],
    evidence: EvidenceFolder,
    *,
    queue: bool,
    now: datetime.datetime,
) -> LiveMerges:
    """Ask for the merges and pushes of the last days.

    Args:
        protected: Patterns of the branches, as GitHub's branch filters read them.
        names: Of the checks whose runs are wanted.
        queue: Whether GitHub's queue merges: checks stand on the commit then that it put into the branch.

    Raises:
        PrerequisiteMissing: if the token may not see them, or nothing came in: of nothing nothing is met.
    """
    since = now - datetime.timedelta(days=live.api.place.days)
    pulls = _merged(live, since, protected)
    pushes = _pushes(live, since, protected)
    if not pulls and not pushes:
        raise PrerequisiteMissing(
            f"GitHub {live.name}: pulls",
            got=f"no merge into {', '.join(protected)} since {written(since)}",
            expected="merges that can be looked at",
            action="Look further back: --github-days N.",
        )
    merges = tuple(_merge(live, each, names, queue=queue) for each in pulls[:MOST_MERGES])
    limits = [
        f"merges since {written(since)} are looked at, by the checks of that time: not by who approved them",
        *([f"of {len(pulls)} merges the latest {MOST_MERGES} are looked at"] if len(pulls) > MOST_MERGES else []),
    ]
    told = {
        "since": written(since),
        "merges": [_told(each) for each in merges],
        "pushes": [_pushed(each) for each in pushes],
    }
    kept = evidence.keep("github-merges.json", json.dumps(told, indent=2) + "\n")
    return LiveMerges(
        substrate=live.substrate(*limits),
        evidence=(kept,),
        place=live.place(),
        since=since,
        merges=merges,
        pushes=pushes,
        left_out=len(pulls) - len(merges),
    )


def _merged(live: LiveRepository, since: datetime.datetime, protected: Sequence[str]) -> list[PullAnswer]:
    """Return the pull requests that were merged since, the latest first; each was updated at its merge, or later."""
    asked = {"state": "closed", "sort": "updated", "direction": "desc"}

    def is_older(body: object) -> bool:
        return parsed(PullAnswer, body, f"GitHub {live.name}: pulls").updated_at < since

    bodies = live.api.pages("pulls", PULLS, asked, until=is_older)
    found = [
        each
        for each in all_parsed(PullAnswer, bodies, f"GitHub {live.name}: pulls")
        if each.merged_at and each.merged_at >= since and passes(protected, each.base.ref)
    ]
    return sorted(found, key=lambda each: (each.merged_at or since, each.number), reverse=True)


def _merge(live: LiveRepository, pull: PullAnswer, names: Collection[str], *, queue: bool) -> LiveMerge:
    commit = (pull.merge_commit_sha or pull.head.sha) if queue else pull.head.sha
    return LiveMerge(
        place=live.place("pull", pull.number),
        number=pull.number,
        branch=pull.base.ref,
        commit=commit,
        merged=pull.merged_at or pull.updated_at,
        runs=reported_on(live, commit, names),
    )


def _pushes(live: LiveRepository, since: datetime.datetime, protected: Sequence[str]) -> tuple[LivePush, ...]:
    days = live.api.place.days
    period = next(name for most, name in _PERIODS if days <= most)
    found: list[LivePush] = []
    for kind in _PUSHES:
        bodies = live.api.pages("activity", CONTENTS, {"time_period": period, "activity_type": kind})
        for each in all_parsed(ActivityAnswer, bodies, f"GitHub {live.name}: activity"):
            branch = each.ref.removeprefix("refs/heads/")
            # The kind is looked at here as well: a server that knows no such parameter tells of everything.
            if (
                each.ref.startswith("refs/heads/")
                and each.activity_type == kind
                and each.timestamp >= since
                and passes(protected, branch)
            ):
                found.append(
                    LivePush(
                        place=live.place("commit", each.after),
                        branch=branch,
                        commit=each.after,
                        at=each.timestamp,
                        by=each.actor.login if each.actor else "somebody who is gone",
                        is_forced=kind == "force_push",
                    )
                )
    return tuple(sorted(found, key=lambda each: (each.at, each.commit), reverse=True))


def _told(merge: LiveMerge) -> dict[str, object]:
    return {
        "number": merge.number,
        "branch": merge.branch,
        "commit": merge.commit,
        "merged": written(merge.merged),
        "runs": [told_of(each) for each in merge.runs],
    }


def _pushed(push: LivePush) -> dict[str, object]:
    return {
        "branch": push.branch,
        "commit": push.commit,
        "at": written(push.at),
        "by": push.by,
        "is_forced": push.is_forced,
    }
