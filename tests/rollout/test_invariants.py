"""What holds whatever happens: bounds, order of leaving, no start after a failure, and an end wherever one is possible."""

from __future__ import annotations

import random

import pytest
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from exitgate.rollout.events import (
    AlarmCleared,
    AlarmFired,
    ContainerHealth,
    StopRequested,
    TargetHealth,
    TargetIdle,
    TaskExited,
    TaskStarted,
    Tick,
)
from exitgate.rollout.machine import next_deadline_s
from tests.rollout.schedules import any_event, any_settings, well_behaved
from tests.rollout.watching import Watched

SCHEDULES, STEPS = 1_500, 50
"""`python -m tests.rollout.test_invariants` runs 10,000."""


def run_schedule(seed: int) -> None:
    draw = random.Random(seed)
    watched = Watched(any_settings(draw))
    watched.deploy(0.0)
    for _ in range(STEPS):
        event = any_event(draw, watched)
        watched.deploy() if event is None else watched.tell(event)
    ends_well(watched)


def ends_well(watched: Watched) -> None:
    """Let everything behave from here on: the deployment ends, completed wherever its bounds let it move and it had not failed."""
    watched.tell(AlarmCleared(now_s=watched.now_s, name="errors"))
    for count, event in enumerate(well_behaved(watched)):
        assert count < 2_000, "it goes on for ever"
        watched.tell(event)
    deployment, settings = watched.state.deployment, watched.settings
    assert deployment
    if deployment.status == "in_progress":
        assert settings.upper_bound <= settings.lower_bound, "it could have moved"
    if deployment.status != "completed":
        return
    assert [task.version for task in watched.state.tasks] == [deployment.version] * settings.desired_count
    assert watched.healthy() == settings.desired_count


@pytest.mark.parametrize("part", range(3))
def test_random_schedules_break_no_invariant(part: int) -> None:
    for seed in range(part, SCHEDULES, 3):
        run_schedule(seed)


class AnyCourse(RuleBasedStateMachine):
    """Events in any order, which hypothesis makes shorter when something breaks."""

    def __init__(self) -> None:
        super().__init__()
        self.watched: Watched | None = None

    @initialize(seed=st.integers(0, 10_000))
    def begin(self, seed: int) -> None:
        self.watched = Watched(any_settings(random.Random(seed)))
        self.watched.deploy(0.0)

    @property
    def now(self) -> Watched:
        assert self.watched
        return self.watched

    @rule()
    def deploy(self) -> None:
        self.now.deploy()

    @precondition(lambda self: self.watched and self.watched.state.tasks)
    @rule(which=st.integers(0, 20), what=st.sampled_from(("start", "exit", "idle", "stop")))
    def something_of_a_task(self, which: int, what: str) -> None:
        kind = {"start": TaskStarted, "exit": TaskExited, "idle": TargetIdle, "stop": StopRequested}[what]
        tasks = self.now.state.tasks
        self.now.tell(kind(now_s=self.now.now_s, task=tasks[which % len(tasks)].name))

    @precondition(lambda self: self.watched and self.watched.state.tasks)
    @rule(which=st.integers(0, 20), healthy=st.booleans(), container=st.booleans())
    def a_check_says_something(self, which: int, healthy: bool, container: bool) -> None:
        task, now_s = self.now.state.tasks[which % len(self.now.state.tasks)].name, self.now.now_s
        if container:
            self.now.tell(ContainerHealth(now_s=now_s, task=task, healthy=healthy))
        else:
            self.now.tell(TargetHealth(now_s=now_s, task=task, state="healthy" if healthy else "unhealthy"))

    @rule(fires=st.booleans())
    def an_alarm_changes(self, fires: bool) -> None:
        self.now.tell((AlarmFired if fires else AlarmCleared)(now_s=self.now.now_s, name="errors"))

    @rule(seconds=st.floats(0, 400))
    def time_goes_by(self, seconds: float) -> None:
        self.now.tell(Tick(now_s=self.now.now_s + seconds))

    @precondition(lambda self: self.watched and next_deadline_s(self.watched.state) is not None)
    @rule()
    def a_deadline_comes(self) -> None:
        self.now.tell(Tick(now_s=next_deadline_s(self.now.state) or 0.0))

    def teardown(self) -> None:
        if self.watched:
            ends_well(self.watched)


AnyCourse.TestCase.settings = hypothesis_settings(max_examples=40, stateful_step_count=40, deadline=None)
TestAnyCourse = AnyCourse.TestCase


if __name__ == "__main__":
    for number in range(10_000):
        run_schedule(number)
