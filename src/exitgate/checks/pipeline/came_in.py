"""Whether required checks are reported on GitHub, and whether what came in lately went past them."""

from __future__ import annotations

from exitgate.checks.pipeline.samples import required_names
from exitgate.errors import PrerequisiteMissing
from exitgate.finding import Finding
from exitgate.observe.live_repository import LiveMerge, LiveMerges, LivePush, LiveReports, ReportedRun
from exitgate.policy import PipelinePolicy
from exitgate.policy.pipeline import RequiredCheck

_SUCCESS = "success"


def unreported_lately(live: LiveReports, policy: PipelinePolicy) -> list[Finding]:
    """Name each required check that its application has not reported on the default branch lately, or not as a success.

    Raises:
        PrerequisiteMissing: if the policy requires no check.
    """
    required_names(policy)
    last = {(each.run.name, each.run.app_id): each for each in live.last}
    findings = []
    for required in policy.required_check:
        report = last.get((required.name, required.app_id))
        others = sorted({app for name, app in last if name == required.name})
        if report is None:
            message = f"application {required.app_id} has not reported {required.name!r} on {live.branch} lately"
            got = f"reports of {_apps(others)}, on the newest {len(live.commits)} commits"
            remedy = (
                "See that the workflow runs on pushes to it, and that the policy names the application that reports."
            )
        elif report.run.conclusion != _SUCCESS:
            message = f"the last run of {required.name!r} on {live.branch} was no success"
            got = f"{report.run.conclusion} on {report.commit[:12]}"
            remedy = "Mend what is red there, and see how it came in."
        else:
            continue
        expected = f"a success of application {required.app_id}"
        findings.append(Finding(location=live.branch_place, message=message, expected=expected, got=got, remedy=remedy))
    return findings


def merges_past_checks(live: LiveMerges, policy: PipelinePolicy) -> list[Finding]:
    """Name each merge that went past a required check, and each push that went past pull requests.

    A check counts where its own application reported it as a success before the merge, the newest run that had begun by then;
    GitHub lets a skipped one pass, and this does not.

    Raises:
        PrerequisiteMissing: if the policy requires no check; if nothing is found, and there were more merges than were looked at;
            or if there is nothing but pushes, and the policy names somebody who may get round the rules: GitHub does not tell
            whether it was they.
    """
    required_names(policy)
    findings = [
        finding
        for merge in live.merges
        for required in policy.required_check
        for finding in _went_past(merge, required)
    ]
    if live.pushes and policy.bypass and not findings:
        first = live.pushes[0]
        raise PrerequisiteMissing(
            first.place,
            got=f"{len(live.pushes)} pushes past pull requests, the last by {first.by} to {first.branch}",
            expected="none, or to be told whether it was whom [[policy.pipeline.bypass]] names",
            action="Name nobody there, or look at fewer days: --github-days N.",
        )
    if not policy.bypass:
        findings += map(_pushed, live.pushes)
    if live.left_out and not findings:
        raise PrerequisiteMissing(
            live.place,
            got=f"{live.left_out} merges since {live.since:%Y-%m-%d} beyond the {len(live.merges)} that were looked at",
            expected="as many as can be looked at, all of them",
            action="Look at fewer days: --github-days N.",
        )
    return findings


def _went_past(merge: LiveMerge, required: RequiredCheck) -> list[Finding]:
    named = [each for each in merge.runs if each.run.name == required.name]
    own = [each for each in named if each.run.app_id == required.app_id]
    begun = [each for each in own if each.started is None or each.started <= merge.merged]
    newest = begun[-1] if begun else None
    for each in begun:
        if newest is not None and _is_later(each, newest):
            newest = each
    if newest is None:
        strangers = sorted({each.run.app_id for each in named} - {required.app_id})
        got = "a run that began after the merge" if own else f"reports of {_apps(strangers)}"
        what = "without"
    elif newest.ended is None or newest.ended > merge.merged:
        got, what = "a run that had not ended by then", "ahead of"
    elif newest.run.conclusion != _SUCCESS:
        got, what = newest.run.conclusion or "no conclusion", "past"
    else:
        return []
    return [
        Finding(
            location=merge.place,
            message=f"#{merge.number} was merged into {merge.branch} {what} {required.name!r}",
            expected=f"a success of application {required.app_id} on {merge.commit[:12]} before the merge",
            got=got,
            remedy="See who merged it and by which right; where the check is required since then only, look at fewer days.",
        )
    ]


def _is_later(one: ReportedRun, other: ReportedRun) -> bool:
    return one.started is not None and (other.started is None or one.started > other.started)


def _pushed(push: LivePush) -> Finding:
    return Finding(
        location=push.place,
        message=f"{push.branch} was {'force-pushed' if push.is_forced else 'pushed to'} past pull requests",
        expected="changes by pull requests alone",
        got=f"a push by {push.by} at {push.at.isoformat()}",
        remedy="See by which right it was pushed, and take that right back.",
    )


def _apps(numbers: list[int]) -> str:
    return ", ".join(f"application {each}" for each in numbers) or "nobody"
