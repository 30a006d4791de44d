"""The state machine performed on tasks and a balancer that are made up: one deployment after the other, and one in the middle."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, cast

import pytest

from exitgate.observe.rollout import driver as module
from exitgate.observe.rollout.alarms import Alarms
from exitgate.observe.rollout.driver import Driver
from exitgate.observe.rollout.facts import Defect, Version
from exitgate.observe.rollout.tasks import RunningTask
from exitgate.provision.balancer import Target, TargetHealth
from exitgate.rollout.settings import Breaker, DeploymentAlarms, RolloutSettings, TargetCheck

VERSIONS = tuple(
    Version(name=name, image_id=f"sha256:{name}", defect=Defect.DEAF if name == "deaf" else Defect.NONE)
    for name in ("old", "hasty", "new", "deaf")
)
SETTINGS = RolloutSettings(
    workload="orders",
    desired_count=2,
    grace_period_s=0.2,
    target_check=TargetCheck(path="/", interval_s=0.1, timeout_s=0.1),
    deregistration_delay_s=0.05,
    stop_timeout_s=1,
    breaker=Breaker(enable=True, rollback=True),
)
LIMIT_S = 10.0
"""Never waited out, but by what fails."""


class FakeTasks:
    """Starts and ends at once what it is told to."""

    def __init__(
        self, *_: object, on_started: Callable[..., None], on_ended: Callable[..., None], **__: object
    ) -> None:
        self.all: dict[str, RunningTask] = {}
        self.serving: list[str] = []
        self._on_started, self._on_ended = on_started, on_ended

    @contextmanager
    def working(self) -> Iterator[None]:
        yield

    def start(self, name: str, version: Version) -> None:
        task = RunningTask(name=name, version=version, image_id=version.image_id, started_s=1.0)
        self.all[name] = task
        self._on_started(task)

    def stop(self, name: str) -> None:
        self.all[name].ended_s, self.all[name].exit_code = 2.0, 0
        self._on_ended(self.all[name])

    def serves(self, name: str) -> None:
        self.serving.append(name)

    def target(self, name: str) -> Target:
        port = 9 if self.all[name].version.defect is Defect.DEAF else 3000
        return Target(task=name, address="10.0.0.2", port=port)


class FakeBalancer:
    """Finds healthy who listens on the service's port."""

    def __init__(self) -> None:
        self._targets: dict[str, Target] = {}

    def register(self, target: Target) -> None:
        self._targets[target.task] = target

    def deregister(self, task: str) -> None:
        self._targets.pop(task, None)

    def health(self) -> dict[str, TargetHealth]:
        return {
            name: TargetHealth.HEALTHY if target.port != 9 else TargetHealth.UNHEALTHY
            for name, target in self._targets.items()
        }


@pytest.fixture
def driver(monkeypatch: pytest.MonkeyPatch) -> Iterator[Driver]:
    monkeypatch.setattr(module, "Tasks", FakeTasks)
    nothing = cast("Any", None)
    made = Driver(
        nothing, nothing, nothing, SETTINGS, VERSIONS, cast("Any", FakeBalancer()), Alarms(None, (), lambda: ())
    )
    with made.driving():
        assert made.deploy("old", limit_s=LIMIT_S, settle_s=0.0).result == "completed"
        yield made


def test_a_deployment_is_overtaken_as_soon_as_a_task_of_it_is_healthy(driver: Driver) -> None:
    hasty = driver.deploy("hasty", limit_s=LIMIT_S, settle_s=0.0, overtaken=True)
    assert hasty.result == "overtaken"
    assert {task.version for task in hasty.tasks} == {"old", "hasty"}
    new = driver.deploy("new", limit_s=LIMIT_S, settle_s=0.0)
    assert (new.result, [task.version for task in new.tasks]) == ("completed", ["new", "new"])
    assert "Supersede" in {moment.kind for moment in driver.timeline}


def test_what_nothing_is_to_overtake_goes_on_to_its_end(driver: Driver) -> None:
    step = driver.deploy("hasty", limit_s=LIMIT_S, settle_s=0.0)
    assert (step.result, [task.version for task in step.tasks]) == ("completed", ["hasty", "hasty"])


def test_one_that_never_serves_is_not_overtaken_but_taken_back(driver: Driver) -> None:
    step = driver.deploy("deaf", limit_s=LIMIT_S, settle_s=0.0, overtaken=True)
    assert step.result == "rolled back"
    assert "circuit breaker" in step.reason
    assert [task.version for task in step.tasks] == ["old", "old"]


def test_one_whose_time_is_over_before_a_task_of_it_is_healthy_has_no_result(driver: Driver) -> None:
    assert driver.deploy("deaf", limit_s=0.05, settle_s=0.0, overtaken=True).result == ""


def test_a_task_counts_as_serving_from_its_first_healthy_look_on_and_one_that_never_is_does_not(driver: Driver) -> None:
    tasks = cast("FakeTasks", driver.tasks)
    assert tasks.serving == list(tasks.all)
    before = list(tasks.all)
    driver.deploy("deaf", limit_s=LIMIT_S, settle_s=0.0)
    assert len(tasks.all) > len(before)
    assert not {name for name in tasks.serving if tasks.all[name].version.name == "deaf"}


@pytest.mark.parametrize(("bakes", "result"), [(True, ""), (False, "rolled back")])
def test_a_rollback_is_over_after_its_bake_time_or_without_it(driver: Driver, bakes: bool, result: str) -> None:
    alarms = DeploymentAlarms(enable=True, rollback=True, names=("errors",), bake_time_s=10 * LIMIT_S)
    driver.change_settings(replace(SETTINGS, alarms=alarms))
    driver.bakes_rollbacks = bakes
    step = driver.deploy("deaf", limit_s=2.0, settle_s=0.0)
    assert (step.result, "RollBack" in {moment.kind for moment in driver.timeline}) == (result, True)


def test_a_deployment_is_baked_where_a_rollback_would_not_be(driver: Driver) -> None:
    alarms = DeploymentAlarms(enable=True, rollback=True, names=("errors",), bake_time_s=10 * LIMIT_S)
    driver.change_settings(replace(SETTINGS, alarms=alarms))
    driver.bakes_rollbacks = False
    assert driver.deploy("new", limit_s=1.0, settle_s=0.0).result == ""
