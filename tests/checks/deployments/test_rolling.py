"""The rules for rolling updates: of a clean one, a faulty one, and one of which nothing was seen."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from exitgate.assurance import Assurance
from exitgate.checks.deployments.messages import lost_messages
from exitgate.checks.deployments.rolling import (
    broken_bounds,
    broken_returns,
    failed_requests,
    missing_rollbacks,
    slow_answers,
    strange_versions,
    undelivered_load,
    unfinished_rollouts,
)
from exitgate.checks.deployments.tasks import flooded_logs, killed_tasks
from exitgate.errors import ObservationError, PrerequisiteMissing
from exitgate.finding import Finding
from exitgate.load.results import LoadResults, Request
from exitgate.observation import Substrate
from exitgate.observe.rollout.facts import Defect, MessagesSeen, Moment, Rollout, Step, TaskFacts, Version
from exitgate.policy.deployments import DeploymentPolicy
from exitgate.rollout.compression import Inequality
from exitgate.rollout.settings import RolloutSettings

REFERENCE = Path(__file__).parents[3] / "reference/exitgate.toml"
POLICY = DeploymentPolicy.model_validate(tomllib.loads(REFERENCE.read_text(encoding="utf-8"))["policy"]["deployments"])


def task(number: int, version: str = "new", **changes: object) -> TaskFacts:
    facts = TaskFacts(
        name=f"task-{number}",
        version=version,
        image_id=f"sha256:{version}",
        started_s=0.0,
        stopped_s=None,
        ended_s=None,
        exit_code=None,
        killed=False,
        health="healthy",
    )
    return replace(facts, **changes)  # type: ignore[arg-type]


def request(number: int, **changes: object) -> Request:
    at = 1.0 + number / 300
    made = Request(
        stream="read-kept",
        number=number,
        intended_s=at,
        sent_s=at,
        ended_s=at + 0.005,
        status=200,
        failure="",
        version="2",
        task="task-3",
    )
    return replace(made, **changes)  # type: ignore[arg-type]


REQUESTS = tuple(request(number) for number in range(3_000))
LOAD = LoadResults(begun_s=1.0, ended_s=11.0, requests=REQUESTS, planned=3_000, unsent=0)
STEP = Step(
    version="new",
    asked_s=2.0,
    result="completed",
    reason="",
    ended_s=6.0,
    tasks=(task(3), task(4)),
    settled_s=11.0,
)
CLEAN = Rollout(
    substrate=Substrate(assurance=Assurance.EXECUTED, name="test"),
    scenario="clean",
    workload="orders",
    location="Dockerfile",
    settings=RolloutSettings(workload="orders", desired_count=2),
    versions=(Version(name="old", image_id="sha256:old"), Version(name="new", image_id="sha256:new")),
    steps=(STEP,),
    timeline=(Moment(at_s=2.0, kind="Deploy", task="", words="", healthy=2, running=4),),
    tasks=(task(1, "old"), task(2, "old"), task(3), task(4)),
    load=LOAD,
    written=None,
)
EMPTY = replace(CLEAN, steps=(), timeline=(), tasks=(), load=replace(LOAD, requests=(), planned=0))


def with_request(**changes: object) -> Rollout:
    return replace(CLEAN, load=replace(LOAD, requests=(*REQUESTS[:-1], request(2_999, **changes))))


def back(result: str = "rolled back", *tasks: TaskFacts) -> Rollout:
    versions = (CLEAN.versions[0], replace(CLEAN.versions[1], defect=Defect.DEAF))
    step = replace(STEP, result=result, tasks=tasks or (task(1, "old"), task(2, "old")))
    return replace(CLEAN, versions=versions, steps=(step,))


def test_a_clean_rollout_has_no_finding() -> None:
    assert unfinished_rollouts(CLEAN) == []
    assert strange_versions(CLEAN) == []
    assert undelivered_load(CLEAN) == []
    assert failed_requests(CLEAN, frozenset()) == []
    assert broken_bounds(CLEAN, POLICY) == []
    assert slow_answers(CLEAN, POLICY) == []
    assert missing_rollbacks(back(), (Defect.DEAF,), POLICY) == []
    assert broken_returns(back()) == []


def test_nothing_seen_is_an_error_and_no_pass() -> None:
    for look in (
        lambda: unfinished_rollouts(EMPTY),
        lambda: strange_versions(EMPTY),
        lambda: broken_bounds(EMPTY, POLICY),
        lambda: slow_answers(EMPTY, POLICY),
        lambda: missing_rollbacks(EMPTY, (Defect.DEAF,), POLICY),
        lambda: missing_rollbacks(CLEAN, (Defect.DEAF,), POLICY),
        lambda: broken_returns(EMPTY),
    ):
        with pytest.raises(ObservationError, match="rollout of orders"):
            look()
    assert undelivered_load(EMPTY) != []


def test_a_deployment_that_was_taken_back_did_not_complete() -> None:
    (finding,) = unfinished_rollouts(replace(CLEAN, steps=(replace(STEP, result="rolled back", reason="breaker"),)))
    assert "breaker" in finding.got


@pytest.mark.parametrize(
    ("tasks", "words"),
    [
        ((task(3), task(1, "old")), "task-1 of version old still there"),
        ((task(3), task(4, image_id="sha256:else")), "task-4 of version new still there"),
        ((task(3), task(4, health="unhealthy")), "1 healthy tasks"),
    ],
)
def test_something_else_that_runs_is_found(tasks: tuple[TaskFacts, ...], words: str) -> None:
    (finding,) = strange_versions(replace(CLEAN, steps=(replace(STEP, tasks=tasks),)))
    assert words in finding.got


def test_an_answer_of_another_version_is_found() -> None:
    (finding,) = strange_versions(with_request(task="task-1"))
    assert "task-1" in finding.got


def test_load_that_was_not_delivered_is_found_and_a_late_prober_judges_nothing() -> None:
    assert undelivered_load(replace(CLEAN, load=replace(LOAD, planned=3_001, unsent=1))) != []
    late = tuple(replace(each, sent_s=each.intended_s + 0.2) for each in REQUESTS)
    with pytest.raises(PrerequisiteMissing, match="late by 200 ms"):
        undelivered_load(replace(CLEAN, load=replace(LOAD, requests=late)))
    with pytest.raises(ObservationError, match="1 requests of which nothing is known"):
        undelivered_load(replace(CLEAN, load=replace(LOAD, planned=3_001)))


def test_a_single_failed_request_is_found_with_where_and_when() -> None:
    (finding,) = failed_requests(with_request(failure="status", status=502, task="task-1"), frozenset())
    assert "1 requests of kind 'read-kept' failed" in finding.message
    assert "502" in finding.got
    assert "version 'old'" in finding.got


@pytest.mark.parametrize(("written", "is_found"), [(2_999, True), (3_000, False), (3_001, True)])
def test_writes_that_are_lost_or_carried_out_twice_are_found(written: int, *, is_found: bool) -> None:
    rollout = replace(CLEAN, written=written)
    assert bool(failed_requests(rollout, frozenset({"read-kept"}))) is is_found


@pytest.mark.parametrize(("healthy", "running"), [(1, 4), (2, 5)])
def test_too_few_healthy_tasks_and_too_many_tasks_are_found(healthy: int, running: int) -> None:
    moment = Moment(at_s=3.0, kind="StopTask", task="task-1", words="", healthy=healthy, running=running)
    (finding,) = broken_bounds(replace(CLEAN, timeline=(*CLEAN.timeline, moment)), POLICY)
    assert "1.0 s after its begin" in finding.message


def test_slow_answers_and_a_stall_are_found() -> None:
    slow = tuple(replace(each, ended_s=each.ended_s + 0.6) for each in REQUESTS)
    found = slow_answers(replace(CLEAN, load=replace(LOAD, requests=slow)), POLICY)
    assert len(found) == 2
    assert all("the slowest 6" in each.got and "into the deployment of" in each.got for each in found)
    stalled = tuple(each for each in REQUESTS if not 4 < each.ended_s < 5.5)
    (finding,) = slow_answers(replace(CLEAN, load=replace(LOAD, requests=stalled)), POLICY)
    assert "gap" in finding.message


def test_a_bad_version_that_stays_or_costs_too_much_is_found() -> None:
    assert "was not rolled back" in missing_rollbacks(back("completed"), (Defect.DEAF,), POLICY)[0].message
    failing = tuple(replace(each, failure="status") if each.number % 20 == 0 else each for each in REQUESTS)
    (finding,) = missing_rollbacks(replace(back(), load=replace(LOAD, requests=failing)), (Defect.DEAF,), POLICY)
    assert "budget" in finding.message


def test_what_is_left_of_a_bad_version_is_found() -> None:
    (finding,) = broken_returns(back("rolled back", task(1, "old"), task(2, "old"), task(3)))
    assert "task-3" in finding.got


def test_on_a_starved_machine_failures_are_nobodys() -> None:
    starved = replace(with_request(failure="status", status=500), starved_percent=97.0)
    with pytest.raises(PrerequisiteMissing, match="97 percent"):
        failed_requests(starved, frozenset())
    assert failed_requests(replace(CLEAN, starved_percent=97.0), frozenset()) == []


def test_where_others_had_the_machine_failures_are_nobodys() -> None:
    busy = replace(with_request(failure="status", status=500), foreign_percent=40.0)
    with pytest.raises(PrerequisiteMissing, match="40 percent of all processors were taken by what is no part"):
        failed_requests(busy, frozenset())
    assert failed_requests(replace(CLEAN, foreign_percent=40.0), frozenset()) == []
    assert len(failed_requests(replace(busy, foreign_percent=10.0), frozenset())) == 1
    assert len(failed_requests(replace(busy, foreign_percent=None), frozenset())) == 1


@pytest.mark.parametrize(
    "judged",
    [
        lambda rollout: unfinished_rollouts(replace(rollout, steps=(replace(STEP, result="rolled back"),))),
        lambda rollout: strange_versions(replace(rollout, steps=(replace(STEP, tasks=(task(3),)),))),
        lambda rollout: broken_bounds(
            replace(rollout, timeline=(replace(CLEAN.timeline[0], healthy=0),)),
            POLICY,
        ),
        lambda rollout: missing_rollbacks(
            replace(rollout, versions=back().versions, steps=back("completed").steps), (Defect.DEAF,), POLICY
        ),
        lambda rollout: broken_returns(replace(rollout, versions=back().versions, steps=(replace(STEP, tasks=()),))),
    ],
    ids=["completes", "new version serves", "availability", "rollback", "old version whole"],
)
@pytest.mark.parametrize(
    ("machine", "words"),
    [
        ({"foreign_percent": 40.0}, "40 percent of all processors"),
        ({"starved_percent": 97.0}, "97 percent of the time"),
        (
            {"load": replace(LOAD, requests=tuple(replace(each, sent_s=each.intended_s + 0.5) for each in REQUESTS))},
            "500 ms late was the prober",
        ),
    ],
    ids=["others", "starved", "late prober"],
)
def test_what_a_busy_machine_may_have_done_is_not_assessed(
    judged: Callable[[Rollout], list[Finding]], machine: dict[str, object], words: str
) -> None:
    assert len(judged(CLEAN)) == 1
    with pytest.raises(PrerequisiteMissing, match=words):
        judged(replace(CLEAN, **machine))  # type: ignore[arg-type]


def test_a_failed_request_is_tied_to_what_caused_it() -> None:
    timeline = (
        Moment(at_s=3.0, kind="StopTask", task="task-1", words="reason=drained", healthy=2, running=2),
        Moment(at_s=4.0, kind="TaskExited", task="task-4", words="exit_code=1", healthy=1, running=1),
    )
    for at, name, words in (
        (3.01, "task-1", "1: its task got the stop signal"),
        (4.01, "task-4", "1: its task exited by itself"),
        (9.0, "task-3", "1: nothing happened at that time"),
    ):
        failed = with_request(failure="reset", status=0, intended_s=at, sent_s=at, ended_s=at + 0.1, task=name)
        settings = replace(CLEAN.settings, propagation_lag_s=0.25)
        (finding,) = failed_requests(replace(failed, timeline=timeline, settings=settings), frozenset())
        assert words in finding.got


def test_a_task_that_is_killed_and_one_that_floods_its_log_are_named_once_a_version() -> None:
    assert killed_tasks(CLEAN) == flooded_logs(CLEAN) == killed_tasks(EMPTY) == []
    seen = replace(CLEAN, tasks=(task(1, "old", killed=True), task(2, "old", killed=True), task(3, floods=True)))
    (killed,) = killed_tasks(seen)
    assert "version 'old' does not end on its stop signal" in killed.message
    assert "task-1, task-2" in killed.got
    (flood,) = flooded_logs(seen)
    assert "version 'new' floods its log" in flood.message


def test_a_version_that_errs_or_dawdles_has_to_be_taken_back_by_its_own_alarm() -> None:
    for defect, right, other in ((Defect.ERRS, "error-rate", "latency"), (Defect.SLOW, "latency", "error-rate")):
        seen = back()
        versions = (seen.versions[0], replace(seen.versions[1], defect=defect))
        by = {
            name: replace(seen, versions=versions, steps=(replace(seen.steps[0], reason=f"alarm: {name}"),))
            for name in (right, other)
        }
        assert missing_rollbacks(by[right], (defect,), POLICY) == []
        with pytest.raises(PrerequisiteMissing, match=f"by something else: alarm: {other}"):
            missing_rollbacks(by[other], (defect,), POLICY)


def test_every_version_with_the_defects_asked_for_has_to_have_been_deployed() -> None:
    bad = (Defect.CRASHES, Defect.UNMIGRATED)
    versions = (CLEAN.versions[0], *(Version(name=each.name, image_id="sha256:new", defect=each) for each in bad))
    steps = [replace(back().steps[0], version=each.name) for each in bad]
    both = replace(CLEAN, versions=versions, steps=tuple(steps))
    assert missing_rollbacks(both, bad, POLICY) == []
    stalled = replace(both, steps=(steps[0], replace(steps[1], result="stalled")))
    (finding,) = missing_rollbacks(stalled, bad, POLICY)
    assert "a migration that fails" in finding.message
    with pytest.raises(ObservationError, match="not every version"):
        missing_rollbacks(replace(both, steps=(steps[0],)), bad, POLICY)
    # A workload without migrations has only the other.
    assert missing_rollbacks(replace(both, versions=versions[:2], steps=(steps[0],)), bad, POLICY) == []


def test_a_deployment_that_another_was_to_overtake_is_judged_by_the_one_that_did() -> None:
    overtaken = replace(STEP, version="hasty", result="overtaken", tasks=(task(1, "old"), task(5, "hasty")))
    versions = (*CLEAN.versions, Version(name="hasty", image_id="sha256:new"))
    hasty = replace(CLEAN, versions=versions, steps=(overtaken, STEP))
    assert unfinished_rollouts(hasty) == strange_versions(hasty) == []
    (finding,) = unfinished_rollouts(replace(hasty, steps=(replace(overtaken, result=""), STEP)))
    assert "'hasty' did not complete" in finding.message
    left = replace(STEP, tasks=(task(3), task(4), task(5, "hasty")))
    (finding,) = strange_versions(replace(hasty, steps=(overtaken, left)))
    assert "task-5 of version hasty still there" in finding.got


def test_times_that_were_divided_by_too_much_leave_everything_not_assessed() -> None:
    short = replace(CLEAN, violated=(Inequality(name="start against grace period, s", less=4.0, more=3.0),))
    for look in (
        unfinished_rollouts,
        strange_versions,
        broken_returns,
        lambda seen: failed_requests(seen, frozenset()),
        lambda seen: slow_answers(seen, POLICY),
        lambda seen: broken_bounds(seen, POLICY),
        lambda seen: missing_rollbacks(replace(seen, versions=back().versions), (Defect.DEAF,), POLICY),
    ):
        with pytest.raises(PrerequisiteMissing, match="start against grace period, s: 4 > 3"):
            look(short)


def test_messages_that_are_lost_or_handled_twice_are_found() -> None:
    def seen(handled: int, published: int = 40) -> Rollout:
        return replace(CLEAN, messages=(MessagesSeen(name="placed", published=published, handled=handled),))

    assert lost_messages(CLEAN) == lost_messages(seen(40)) == []
    (lost,) = lost_messages(seen(38))
    assert ("were lost" in lost.message, lost.got) == (True, "38")
    (twice,) = lost_messages(seen(41))
    assert "were handled twice" in twice.message
    with pytest.raises(ObservationError, match="no message of kind placed"):
        lost_messages(seen(0, published=0))
    with pytest.raises(PrerequisiteMissing, match="97 percent"):
        lost_messages(replace(seen(38), starved_percent=97.0))
