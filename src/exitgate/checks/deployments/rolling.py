"""What a rolling update under load must show: it completes, nobody notices, and a bad version is taken back."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from exitgate.errors import ObservationError, PrerequisiteMissing
from exitgate.finding import Finding
from exitgate.load.results import Request, percentile
from exitgate.observe.pressure import MOST_FOREIGN_PERCENT, MOST_STARVED_PERCENT
from exitgate.observe.rollout.alarms import ERROR_RATE, LATENCY
from exitgate.observe.rollout.causes import causes_of
from exitgate.observe.rollout.facts import Defect, Moment, Rollout, Step
from exitgate.policy.deployments import DeploymentPolicy

LEAST_REQUESTS = 3_000
LATEST_P99_S = 0.1
"""Seconds by which the prober may be late at the 99th percentile: above, what it measures is itself."""
_MILLISECONDS, _WHOLE = 1000, 100
_ALARMS = {Defect.ERRS: ERROR_RATE, Defect.SLOW: LATENCY}
"""What has to take back a version with a defect that health checks don't see."""


def unfinished_rollouts(rollout: Rollout) -> list[Finding]:
    """Say which deployment did not complete."""
    findings = []
    for step in _steps(rollout):
        if step.result in ("completed", "overtaken"):
            continue
        words = next(
            (task.last_words for task in rollout.tasks if task.version == step.version and task.last_words), ""
        )
        findings.append(
            Finding(
                location=rollout.location,
                message=f"the rolling update to version {step.version!r} did not complete",
                expected="every old task replaced by one that is healthy",
                got=f"{step.result or 'no end'} after {step.took_s:.0f} s ({step.reason or 'no reason given'})"
                + (f"; a task said: {words}" if words else ""),
                remedy="Run the new image behind a load balancer's health check; the timeline is among the evidence.",
            )
        )
    return of_the_target(rollout, findings)


def strange_versions(rollout: Rollout) -> list[Finding]:
    """Say where, after a deployment, something else runs or answers than what was deployed."""
    findings = []
    for step in _steps(rollout):
        if step.result == "overtaken":
            continue
        image = rollout.image_of(step.version)
        got = _strange_tasks(rollout, step, image, step.version)
        names = {task.name for task in rollout.tasks if task.version == step.version}
        after = rollout.load.between(step.ended_s, step.settled_s)
        if not after:
            raise _nothing(rollout, f"no request after the deployment of {step.version}")
        others = sorted({request.task or "nobody" for request in after if request.task not in names})
        if others:
            got.append(f"answers from {', '.join(others)}")
        if got:
            findings.append(
                Finding(
                    location=rollout.location,
                    message=f"after its deployment, version {step.version!r} is not what runs and answers alone",
                    expected=f"{rollout.settings.desired_count} healthy tasks of image {image[:19]}, and answers of theirs",
                    got="; ".join(got),
                    remedy="See which tasks are not of the new version, and why they are kept; deploy by digest.",
                )
            )
    return of_the_target(rollout, findings)


def undelivered_load(rollout: Rollout) -> list[Finding]:
    """Say where less load was sent than was to be.

    Raises:
        PrerequisiteMissing: if the prober was late by more than its bound: then nothing that it measured counts.
    """
    load = rollout.load
    late = _late_s(rollout)
    if late > LATEST_P99_S:
        raise PrerequisiteMissing(
            "prober",
            got=f"late by {late * _MILLISECONDS:.0f} ms at the 99th percentile",
            expected=f"at most {LATEST_P99_S * _MILLISECONDS:.0f} ms",
            action="Run again when this machine has less to do, or with fewer workers.",
        )
    if load.unaccounted:
        raise ObservationError(
            "prober",
            got=f"{load.unaccounted} requests of which nothing is known",
            expected="planned = sent + not sent, sent = answered + failed",
            action="Report it, with the evidence.",
        )
    short = load.unsent or len(load.requests) < LEAST_REQUESTS
    if not short:
        return []
    return [
        Finding(
            location=rollout.location,
            message="the planned load could not be delivered",
            expected=f"at least {LEAST_REQUESTS} requests, each sent when it was planned",
            got=f"{len(load.requests)} sent, {load.unsent} not sent because too many were waiting for their answers",
            remedy="See which requests are not answered, and why.",
        )
    ]


def failed_requests(rollout: Rollout, counted: frozenset[str]) -> list[Finding]:
    """Say which requests failed during a rollout, by kind, and whether a write was lost or carried out twice.

    Args:
        counted: The streams whose effects the workload's own store counts.
    """
    findings = [
        Finding(
            location=rollout.location,
            message=f"{len(group)} requests of kind {stream!r} failed during the rollout",
            expected=f"none of {sum(request.stream == stream for request in rollout.load.requests)}",
            got=f"{failure}{f' {group[0].status}' if group[0].status else ''}, first {_when(rollout, group[0])}; "
            + _why(rollout, group),
            remedy="Finish open requests on SIGTERM, and keep the deregistration delay above the longest request.",
        )
        for (stream, failure), group in sorted(_grouped(rollout.load.failed).items())
    ]
    findings = of_the_target(rollout, findings)
    writes = [request for request in rollout.load.requests if request.stream in counted]
    if rollout.written is None or not writes:
        return findings
    succeeded = sum(not request.failure for request in writes)
    if not succeeded <= rollout.written <= len(writes):
        findings.append(
            Finding(
                location=rollout.location,
                message="writes were lost, or carried out twice, during the rollout",
                expected=f"{succeeded} effects of {succeeded} answered writes",
                got=f"{rollout.written}",
                remedy="Commit before answering, and make a write with the same key idempotent.",
            )
        )
    return findings


def broken_bounds(rollout: Rollout, policy: DeploymentPolicy) -> list[Finding]:
    """Say where the healthy tasks fell below the policy's minimum, or all tasks rose above its maximum."""
    begun = _steps(rollout)[0].asked_s
    during = [moment for moment in rollout.timeline if moment.at_s >= begun]
    if not during:
        raise _nothing(rollout, "no moment of the rollout")
    desired = rollout.settings.desired_count
    least = max(policy.minimum_tasks, -(-desired * policy.minimum_healthy_percent // _WHOLE))
    most = desired * policy.maximum_percent // _WHOLE
    findings = []
    for moment, is_broken, got, expected in (
        _bound(min(during, key=lambda each: each.healthy), least, is_least=True),
        _bound(max(during, key=lambda each: each.running), most, is_least=False),
    ):
        if is_broken:
            findings.append(
                Finding(
                    location=rollout.location,
                    message=f"the rollout left the bounds of availability {moment.at_s - begun:.1f} s after its begin",
                    expected=expected,
                    got=f"{got}, after {moment.kind} {moment.task} {moment.words}".rstrip(),
                    remedy="Set minimum_healthy_percent to 100, and the maximum so that new tasks come first.",
                )
            )
    return of_the_target(rollout, findings)


def slow_answers(rollout: Rollout, policy: DeploymentPolicy) -> list[Finding]:
    """Say where latency, or the time without a successful answer, left the policy's limits while versions were replaced."""
    limits = policy.limits
    if limits is None:
        raise PrerequisiteMissing(
            "exitgate.toml",
            got="no [policy.deployments.limits]",
            expected="what users may notice",
            action="Add it.",
        )
    first, last = _steps(rollout)[0], _steps(rollout)[-1]
    answered = [each for each in rollout.load.between(first.asked_s, last.settled_s) if not each.failure]
    if not answered:
        raise _nothing(rollout, "no successful answer")
    latencies = [request.latency_s * _MILLISECONDS for request in answered]
    gap = rollout.load.longest_gap(first.asked_s, last.settled_s)
    worst = max(answered, key=lambda each: each.latency_s)
    told = f"{worst.latency_s * _MILLISECONDS:.0f} ms, of kind {worst.stream!r}, {_when(rollout, worst)}"
    slowest = f"; the slowest {told}"
    findings = [
        Finding(
            location=rollout.location,
            message=f"{what} rose above its limit during the rollout",
            expected=f"at most {limit} ms",
            got=f"{value:.0f} ms{where}",
            remedy="See in the timeline what was started, stopped or checked then.",
        )
        for what, limit, value, where in (
            ("the median latency", limits.latency_p50_ms, percentile(latencies, 50), slowest),
            ("the latency of the slowest hundredth", limits.latency_p99_ms, percentile(latencies, 99), slowest),
            ("the longest gap between successful answers", limits.longest_gap_ms, gap.length_s * _MILLISECONDS, ""),
        )
        if value > limit
    ]
    return of_the_target(rollout, findings)


def missing_rollbacks(rollout: Rollout, defects: Collection[Defect], policy: DeploymentPolicy) -> list[Finding]:
    """Say where a version with one of these defects was not rolled back, or cost users more than the budget."""
    steps = [(step, defect) for step in _steps(rollout) if (defect := _defect(rollout, step)) in defects]
    due = [version.name for version in rollout.versions if version.defect in defects]
    if not steps or [step.version for step, _ in steps] != due:
        raise _nothing(rollout, f"not every version deployed that {' or '.join(defects)}")
    findings = []
    for step, defect in steps:
        sent = rollout.load.between(step.asked_s, step.settled_s)
        if not sent:
            raise _nothing(rollout, f"no request while {step.version} was deployed")
        if step.result != "rolled back":
            findings.append(
                Finding(
                    location=rollout.location,
                    message=f"a version that {defect} was not rolled back",
                    expected="the last completed version back, without anybody's doing",
                    got=f"{step.result or 'no end'} after {step.took_s:.0f} s",
                    remedy="Enable the circuit breaker and the alarms in the deployment configuration, both with rollback.",
                )
            )
        elif (alarm := _ALARMS.get(defect)) and alarm not in step.reason:
            raise PrerequisiteMissing(
                f"rollout of {rollout.workload}",
                got=f"a version that {defect} was rolled back by something else: {step.reason}",
                expected=f"the alarm {alarm}, which is there for it",
                action="Run again when this machine has less to do.",
            )
        failed = sum(bool(request.failure) for request in sent) * _WHOLE / len(sent)
        budget = policy.limits.error_budget_percent if policy.limits else 0
        if failed > budget:
            findings.append(
                Finding(
                    location=rollout.location,
                    message=f"a version that {defect} failed more requests than the budget allows",
                    expected=f"at most {budget:g} percent",
                    got=f"{failed:.1f} percent of {len(sent)}",
                    remedy="Keep the minimum healthy percentage at 100, and let alarms fire sooner.",
                )
            )
    return of_the_target(rollout, findings)


def broken_returns(rollout: Rollout) -> list[Finding]:
    """Say where, after a bad version, the one before is not whole again, or something of the bad one is left."""
    before = rollout.versions[0].name
    findings = []
    for step in _steps(rollout):
        got = _strange_tasks(rollout, step, rollout.image_of(before), before)
        if got:
            findings.append(
                Finding(
                    location=rollout.location,
                    message=f"after version {step.version!r}, the previous version is not whole again",
                    expected=f"{rollout.settings.desired_count} healthy tasks of version {before!r}, and no other",
                    got="; ".join(got),
                    remedy="See in the timeline what the rollback started and stopped.",
                )
            )
    return of_the_target(rollout, findings)


def _steps(rollout: Rollout) -> Sequence[Step]:
    if not rollout.steps:
        raise _nothing(rollout, "no deployment")
    return rollout.steps


def _strange_tasks(rollout: Rollout, step: Step, image: str, version: str) -> list[str]:
    desired = rollout.settings.desired_count
    right = [task for task in step.tasks if task.version == version and task.image_id == image]
    strangers = [f"{task.name} of version {task.version}" for task in step.tasks if task not in right]
    healthy = sum(task.health == "healthy" for task in right)
    got = [f"{', '.join(strangers)} still there"] if strangers else []
    if healthy < desired:
        got.append(f"{healthy} healthy tasks of it")
    return got


def _defect(rollout: Rollout, step: Step) -> Defect:
    return next(version.defect for version in rollout.versions if version.name == step.version)


def _grouped(failed: Sequence[Request]) -> dict[tuple[str, str], list[Request]]:
    groups: dict[tuple[str, str], list[Request]] = {}
    for request in failed:
        groups.setdefault((request.stream, request.failure), []).append(request)
    return groups


def _when(rollout: Rollout, request: Request) -> str:
    step = next((step for step in reversed(rollout.steps) if step.asked_s <= request.ended_s), None)
    if step is None:
        return "before any deployment"
    task = next((task for task in rollout.tasks if task.name == request.task), None)
    of = f"by a task of version {task.version!r}" if task else "without a task"
    return f"{request.ended_s - step.asked_s:.1f} s into the deployment of {step.version!r}, {of}"


def _why(rollout: Rollout, failed: Sequence[Request]) -> str:
    return ", ".join(f"{count}: {cause}" for cause, count in causes_of(rollout, failed).items())


def _bound(moment: Moment, bound: int, *, is_least: bool) -> tuple[Moment, bool, str, str]:
    if is_least:
        return moment, moment.healthy < bound, f"{moment.healthy} healthy", f"at least {bound} healthy tasks"
    return moment, moment.running > bound, f"{moment.running} tasks", f"at most {bound} tasks"


def of_the_target(rollout: Rollout, findings: list[Finding]) -> list[Finding]:
    """Return the findings, where this machine left the rollout the time that it takes.

    Raises:
        PrerequisiteMissing: if it did not, and there are findings: they may be the machine's. If times were divided by more than
            they bear: then neither findings nor their absence say anything of production.
    """
    if rollout.violated:
        raise PrerequisiteMissing(
            f"rollout of {rollout.workload}",
            got=f"times were divided by {rollout.settings.compression:g}, and {'; '.join(map(str, rollout.violated))}",
            expected="times in which events keep their order",
            action="Run again when this machine has less to do, or divide by less.",
        )
    foreign, starved = rollout.foreign_percent or 0.0, rollout.starved_percent
    late_ms, latest_ms = _late_s(rollout) * _MILLISECONDS, LATEST_P99_S * _MILLISECONDS
    for value, most, unit, words in (
        (foreign, MOST_FOREIGN_PERCENT, "percent", "of all processors were taken by what is no part of the rollout"),
        (starved, MOST_STARVED_PERCENT, "percent", "of the time some process waited for a processor"),
        (late_ms, latest_ms, "ms", "late was the prober at the 99th percentile"),
    ):
        if findings and value > most:
            raise PrerequisiteMissing(
                "this machine",
                got=f"{value:.0f} {unit} {words}, and {findings[0].message}",
                expected=f"at most {most:g} {unit}, to tell the target's failures from this machine's",
                action="Run again when this machine has less to do, or with fewer workers.",
            )
    return findings


def _late_s(rollout: Rollout) -> float:
    """Return by how much the prober itself was late: so much of every latency is its own."""
    late = [request.late_s for request in rollout.load.requests]
    return percentile(late, 99) if late else 0.0


def _nothing(rollout: Rollout, got: str) -> ObservationError:
    return ObservationError(
        f"rollout of {rollout.workload}",
        got=got,
        expected="something to judge",
        action="Report it, with the evidence.",
    )
