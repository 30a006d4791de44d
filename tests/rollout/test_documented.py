"""Amazon's documented examples, one by one, and what the machine does in whole rollouts."""

from __future__ import annotations

from dataclasses import replace

import pytest

from exitgate.rollout.actions import Complete, RollBack, Stall, StartTask, StopTask, Supersede
from exitgate.rollout.events import AlarmFired, Deploy, TaskExited
from exitgate.rollout.settings import Breaker, DeploymentAlarms, RolloutSettings, TargetCheck
from exitgate.rollout.world import Behaviour, simulate
from tests.rollout.schedules import well_behaved
from tests.rollout.watching import Watched

SETTINGS = RolloutSettings(
    workload="orders",
    desired_count=2,
    grace_period_s=60,
    target_check=TargetCheck(path="/", interval_s=10, timeout_s=3, healthy_count=2, unhealthy_count=3),
    deregistration_delay_s=30,
    breaker=Breaker(enable=True, rollback=True),
)
NEVER = Behaviour(launch_s=30, ready_s=None)


@pytest.mark.parametrize(
    ("desired", "minimum", "maximum", "lower", "upper"),
    [
        # "if the minimum healthy percent is 50 and the desired task count is four, the scheduler can stop two existing tasks"
        (4, 50, 200, 2, 8),
        # Likewise: none can be stopped.
        (2, 75, 200, 2, 4),
        # "if the maximum percent is 125 and the desired task count is three, the scheduler can't start any"
        (3, 100, 125, 3, 3),
        (4, 100, 200, 4, 8),
        (1, 100, 200, 1, 2),
    ],
)
def test_bounds_are_rounded_as_documented(desired: int, minimum: int, maximum: int, lower: int, upper: int) -> None:
    settings = replace(SETTINGS, desired_count=desired, minimum_healthy_percent=minimum, maximum_percent=maximum)
    assert (settings.lower_bound, settings.upper_bound) == (lower, upper)


@pytest.mark.parametrize(("desired", "threshold"), [(1, 3), (25, 13), (400, 200), (800, 200)])
def test_the_breakers_default_threshold_is_that_of_the_table(desired: int, threshold: int) -> None:
    assert Breaker().threshold(desired) == threshold


def test_the_breakers_newer_thresholds() -> None:
    assert Breaker(threshold_type="COUNT", threshold_value=5).threshold(800) == 5
    assert Breaker(threshold_type="UNBOUNDED_PERCENT", threshold_value=50).threshold(800) == 400


def test_the_matcher_takes_lists_and_ranges() -> None:
    check = TargetCheck(path="/", matcher="200,204-206")
    assert [code for code in range(198, 210) if check.accepts(code)] == [200, 204, 205, 206]


def completed(settings: RolloutSettings = SETTINGS) -> Watched:
    watched = Watched(settings)
    watched.deploy(0.0)
    for event in well_behaved(watched):
        watched.tell(event)
    assert watched.state.completed
    return watched


def test_a_third_deployment_during_a_rollback_has_nothing_to_go_back_to() -> None:
    watched = completed()
    fail(watched)
    assert watched.state.deployment
    assert watched.state.deployment.is_rollback
    assert isinstance(watched.deploy()[0], Supersede)
    assert any(isinstance(action, Stall) for action in fail(watched, deploy=False))


def fail(watched: Watched, *, deploy: bool = True) -> list[object]:
    """Have tasks of a new deployment exit at their start until it is given up."""
    done: list[object] = list(watched.deploy()) if deploy else []
    for _ in range(10):
        version = watched.state.deployment.version if watched.state.deployment else ""
        pending = [task for task in watched.state.tasks if task.version == version and task.phase == "pending"]
        if not pending or any(isinstance(action, RollBack | Stall) for action in done):
            break
        done += watched.tell(TaskExited(now_s=watched.now_s, task=pending[0].name, exit_code=1))
    return done


def test_a_failed_deployment_starts_nothing_and_the_old_tasks_stay() -> None:
    watched = completed(replace(SETTINGS, breaker=Breaker(enable=True)))
    done = fail(watched)
    assert isinstance(done[-1], Stall)
    assert sum(isinstance(action, StartTask) for action in done) == 4
    assert watched.healthy() == 2


def test_an_alarm_that_rings_already_is_left_alone() -> None:
    alarms = DeploymentAlarms(enable=True, rollback=True, names=("errors",), bake_time_s=60)
    watched = completed(replace(SETTINGS, alarms=alarms))
    watched.tell(AlarmFired(now_s=watched.now_s, name="errors"))
    assert not any(isinstance(action, RollBack) for action in watched.deploy())
    quiet = completed(replace(SETTINGS, alarms=alarms))
    quiet.deploy()
    actions = quiet.tell(AlarmFired(now_s=quiet.now_s, name="errors"))
    assert RollBack(version="v2", to="v1", reason="alarm: errors") in actions


def test_a_deployment_during_one_drops_what_serves_nobody_yet() -> None:
    watched = completed()
    started = [action.task for action in watched.deploy() if isinstance(action, StartTask)]
    actions = watched.tell(Deploy(now_s=watched.now_s, version="v3"))
    assert actions[0] == Supersede(version="v2", by="v3")
    assert [action.task for action in actions if isinstance(action, StopTask)] == started


@pytest.mark.parametrize(
    ("change", "new", "outcome", "fewest_healthy"),
    [
        ({}, Behaviour(launch_s=30, ready_s=5), "completed", 2),
        ({"desired_count": 1}, Behaviour(launch_s=30, ready_s=5), "completed", 1),
        ({"desired_count": 4, "minimum_healthy_percent": 50, "maximum_percent": 100}, Behaviour(), "completed", 2),
        ({"maximum_percent": 100}, Behaviour(), "unfinished", 2),
        ({"minimum_healthy_percent": 0, "maximum_percent": 100}, Behaviour(), "completed", 0),
        ({}, NEVER, "rolled back", 2),
        ({}, Behaviour(exits_s=2, ready_s=None), "rolled back", 2),
        ({"breaker": Breaker(enable=True)}, NEVER, "stalled", 2),
        ({"breaker": Breaker()}, NEVER, "unfinished", 2),
        ({"grace_period_s": 0}, Behaviour(ready_s=50), "rolled back", 2),
        ({"grace_period_s": 86_400}, NEVER, "unfinished", 2),
        # Failures of ready_s = 45 make it unhealthy, and two passes make it healthy only as the grace period ends.
        ({}, Behaviour(ready_s=45), "rolled back", 2),
        ({}, Behaviour(ready_s=35), "completed", 2),
        ({}, Behaviour(ready_s=5, stop_s=None), "completed", 2),
    ],
)
def test_rollouts_end_as_documented(
    change: dict[str, object], new: Behaviour, outcome: str, fewest_healthy: int
) -> None:
    course = simulate(replace(SETTINGS, **change), new, old=Behaviour(stop_s=new.stop_s), limit_s=1800)  # type: ignore[arg-type]
    assert (course.outcome, course.fewest_healthy) == (outcome, fewest_healthy)
    assert course.most_active <= replace(SETTINGS, **change).upper_bound  # type: ignore[arg-type]


@pytest.mark.parametrize("reset", [True, False])
def test_the_breaker_does_not_see_a_version_that_crashes_after_it_was_healthy_and_alarms_do(reset: bool) -> None:
    crashes = Behaviour(launch_s=30, ready_s=5, exits_s=30)
    breaker = replace(SETTINGS, breaker=Breaker(enable=True, rollback=True, reset_on_healthy_task=reset))
    assert simulate(breaker, crashes).outcome == "completed"
    alarmed = replace(breaker, alarms=DeploymentAlarms(enable=True, rollback=True, names=("errors",), bake_time_s=180))
    assert simulate(alarmed, replace(crashes, alarm_s=120)).reason == "alarm: errors"


def test_a_version_that_errs_is_rolled_back_by_its_alarm() -> None:
    alarms = DeploymentAlarms(enable=True, rollback=True, names=("errors",), bake_time_s=180)
    settings = replace(SETTINGS, alarms=alarms)
    course = simulate(settings, Behaviour(alarm_s=180))
    assert (course.outcome, course.reason, course.fewest_healthy) == ("rolled back", "alarm: errors", 2)
    assert isinstance(course.timeline[-1][1], Complete)
