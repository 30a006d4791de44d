"""Rules on the lock: it stands before every path to production, it refuses what did not pass, and it opens for what did."""

from __future__ import annotations

import re
from collections.abc import Iterator

from exitgate.finding import Finding
from exitgate.observe.release import Guard, LockTrial, LockTrials, Mover, ReleaseJob, ReleasePaths
from exitgate.observe.shell import Fate
from exitgate.policy.release import ReleasePolicy

_EXPECTED = "the lock asked first, by a step whose failure nothing passes"
_REMEDY = "Run `exitgate lock check` in a step of its own before it, with the commit and all digests that are released."
_LONGEST = 80
_BY_EVENT = re.compile(r"GITHUB_SHA|github\.sha")
_PINNED_KEY = re.compile(r"^(?:\$|ssh-|/)")


def unguarded_paths(paths: ReleasePaths, policy: ReleasePolicy | None, gate: str, where: str) -> list[Finding]:
    """Name every job that can move production's traffic without the lock, or although it refuses.

    Args:
        where: Place of the policy.
    """
    if policy is None and not paths.jobs:
        return [
            Finding(
                location=where,
                message="no path to production is declared, and none is known",
                expected="every job that brings a version to production, by its workflow and id",
                got="no [policy.release]",
                remedy="Declare each under [[policy.release.path]]; deploy by a workflow, where you deploy by hand.",
                rule="lock/no-path",
            )
        ]
    declared = {(each.workflow, each.job) for each in policy.path} if policy else set()
    elsewhere = {(each.workflow, each.job) for each in policy.elsewhere} if policy else set()
    found = [
        finding
        for job in paths.jobs
        if (job.workflow, job.job) not in elsewhere
        for finding in _of_job(job, gate, is_declared=(job.workflow, job.job) in declared)
    ]
    moving = {(job.workflow, job.job) for job in paths.jobs}
    for workflow, job in sorted(declared - moving):
        there = (workflow, job) in paths.everything
        found.append(
            Finding(
                location=where,
                message=f"the declared path by {job} of {workflow} {'moves no traffic that is known' if there else 'is not there'}",
                expected="a job with a command that brings a version to production",
                got="none that exitgate knows" if there else "no such job in a workflow that GitHub runs",
                remedy="Name its steps under [[policy.release.path]]." if there else "Correct it, or take it away.",
                rule="lock/path-not-found",
            )
        )
    for workflow, job in sorted(elsewhere - moving):
        found.append(
            Finding(
                location=where,
                message=f"{job} of {workflow} is excused, and does not look as if it moved traffic",
                expected="an excuse for a job that needs one",
                got="nothing to excuse",
                remedy="Take it out of [[policy.release.elsewhere]].",
                rule="lock/unused-excuse",
            )
        )
    return found


def _of_job(job: ReleaseJob, gate: str, *, is_declared: bool) -> Iterator[Finding]:
    if not is_declared:
        yield Finding(
            location=job.movers[0].place,
            message=f"the job {job.job} moves traffic by `{_short(job.movers[0].text)}`, and no rule knows it",
            expected="every path to production among the rules",
            got=f"no [[policy.release.path]] for {job.job} of {job.workflow}",
            remedy="Declare it; or, if it never reaches production, say why under [[policy.release.elsewhere]].",
            rule="lock/undeclared-path",
        )
    guards: dict[str, Guard] = {}
    for mover in job.movers:
        if mover.guard is None:
            yield _unguarded(job, mover)
        else:
            guards[mover.guard.place] = mover.guard
            if not mover.is_stopped:
                yield Finding(
                    location=mover.place,
                    message=f"`{_short(mover.text)}` runs although the lock refused, or was skipped",
                    expected=_EXPECTED,
                    got=f"{mover.at}, on a condition that lets it run after a failure",
                    remedy="Take always(), failure(), cancelled() and their like out of its condition and its job's.",
                    rule="lock/runs-all-the-same",
                )
    for guard in guards.values():
        yield from _of_guard(guard, gate)


def _unguarded(job: ReleaseJob, mover: Mover) -> Finding:
    by = f", called by {mover.by}," if mover.by else ""
    return Finding(
        location=mover.place,
        message=f"nothing asks the lock before `{_short(mover.text)}` in the job {job.job}{by}",
        expected=_EXPECTED,
        got=f"{mover.at}, and no step before it that asks, in this job or in one that it waits for",
        remedy=_REMEDY,
        rule="lock/unguarded",
    )


def _of_guard(guard: Guard, gate: str) -> Iterator[Finding]:
    if guard.fate is not Fate.REACHES:
        yield Finding(
            location=guard.place,
            message=f"a refusal of the lock is lost in the script of {guard.step!r}",
            expected="a script that fails where the lock refuses",
            got=guard.loss.value or guard.fate.value,
            remedy="Let the command's status be the script's: `set -e`, no ||, no condition around it.",
            rule="lock/refusal-lost",
        )
    if guard.tolerated:
        yield Finding(
            location=guard.tolerated,
            message=f"continue-on-error makes nothing of a refusal of {guard.step!r}",
            expected="a step and a job that fail where the lock refuses",
            got="continue-on-error",
            remedy="Take continue-on-error away.",
            rule="lock/refusal-tolerated",
        )
    if guard.condition:
        yield Finding(
            location=guard.place,
            message=f"the lock may be skipped: {guard.step!r} hangs on `{guard.condition}`",
            expected="a lock that is always asked",
            got=f"if: {guard.condition}",
            remedy="Take the condition away, or give what needs no lock a job of its own.",
            rule="lock/skippable",
        )
    if guard.gate != gate:
        yield Finding(
            location=guard.place,
            message=f"the lock is asked about {guard.gate or 'no gate'}, not about {gate}",
            expected=gate,
            got=guard.gate or "none",
            remedy=f"Run `exitgate lock check {gate}`.",
            rule="lock/other-gate",
        )
    if guard.ref and _BY_EVENT.search(guard.commit):
        yield Finding(
            location=guard.place,
            message="the lock is asked about the commit that started the workflow, and another one was checked out",
            expected=f"the commit of {guard.ref}, which is checked out",
            got=guard.commit,
            remedy='Ask about `--commit "$(git rev-parse HEAD)"`.',
            rule="lock/other-commit",
        )
    if guard.key and not _PINNED_KEY.match(guard.key):
        yield Finding(
            location=guard.place,
            message=f"the lock trusts {guard.key}, a file of what is released",
            expected="a key that the release can't bring: a variable or secret of the environment",
            got=guard.key,
            remedy="Pin the key as a variable of the deployment's environment.",
            rule="lock/key-of-the-release",
        )


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST else f"{line[: _LONGEST - 1]}…"


def lenient_locks(trials: LockTrials) -> list[Finding]:
    """Name every statement that opened a lock that it must not open, and every refusal for another reason."""
    return [finding for trial in trials.trials for finding in _lenient(trial)]


def _lenient(trial: LockTrial) -> Iterator[Finding]:
    for answer in trial.answers:
        if answer.must_open:
            continue
        if answer.opened:
            yield Finding(
                location=trial.place,
                message=f"{trial.step!r} opens the way for {answer.case}",
                expected="a refusal",
                got=answer.said,
                remedy="Ask the lock about what is checked out and released, by the pinned key, and end with its status.",
                rule="lock/opens-for-others",
            )
        elif answer.asked and answer.reason not in answer.said:
            yield Finding(
                location=trial.place,
                message=f"{trial.step!r} refuses {answer.case}, and for another reason",
                expected=answer.reason,
                got=answer.said,
                remedy="Mend what it asks: what is refused for a wrong reason would be let in once that is mended.",
                rule="lock/refuses-by-chance",
            )


def stuck_locks(trials: LockTrials) -> list[Finding]:
    """Name every lock that stays closed for a pass of exactly what is released, and one that was not asked about it."""
    return [
        Finding(
            location=trial.place,
            message=f"{trial.step!r} "
            + ("does not ask the lock" if not answer.asked else f"stays closed for {answer.case}"),
            expected="the lock asked, and open",
            got=answer.said,
            remedy="Ask with the checked-out commit, every workload's digest, the statement and the pinned key.",
            rule="lock/stays-closed",
        )
        for trial in trials.trials
        for answer in trial.answers
        if answer.must_open and not (answer.opened and answer.asked)
    ]
