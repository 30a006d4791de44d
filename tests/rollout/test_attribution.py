"""Each failed request is tied to what caused it."""

from __future__ import annotations

import pytest

from exitgate.rollout.actions import DeregisterTarget, KillTask, StopTask
from exitgate.rollout.attribution import Cause, FailedRequest, attribute, causes
from exitgate.rollout.events import TargetHealth, TaskExited, TaskName, TaskStarted

OLD, NEW = TaskName("task-1"), TaskName("task-2")
TIMELINE = (
    (0.0, TargetHealth(now_s=0.0, task=OLD, state="healthy")),
    (4.0, TaskStarted(now_s=4.0, task=NEW)),
    (5.0, TargetHealth(now_s=5.0, task=NEW, state="healthy")),
    (10.0, DeregisterTarget(task=OLD, reason="replaced by v2")),
    (13.0, StopTask(task=OLD, reason="drained")),
    (15.0, KillTask(task=OLD)),
    (15.1, TaskExited(now_s=15.1, task=OLD, exit_code=137)),
    (20.0, TargetHealth(now_s=20.0, task=NEW, state="unhealthy")),
    (22.0, TargetHealth(now_s=22.0, task=NEW, state="healthy")),
    (30.0, TaskExited(now_s=30.0, task=NEW, exit_code=1)),
)


@pytest.mark.parametrize(
    ("sent_s", "ended_s", "task", "cause"),
    [
        (10.1, 10.2, OLD, Cause.DEREGISTERED),
        (12.5, 13.1, OLD, Cause.STOPPED),
        (12.5, 15.1, OLD, Cause.KILLED),
        (12.5, 13.1, "", Cause.STOPPED),
        (12.5, 13.1, NEW, Cause.UNKNOWN),
        (29.9, 30.0, NEW, Cause.DIED),
        (21.0, 21.1, NEW, Cause.NO_TASK),
        (40.0, 40.1, "", Cause.NO_TASK),
        (4.1, 4.2, NEW, Cause.STARTING),
        (17.0, 17.1, NEW, Cause.UNKNOWN),
    ],
)
def test_a_failure_has_its_cause(sent_s: float, ended_s: float, task: str, cause: Cause) -> None:
    (found,) = attribute([FailedRequest(sent_s=sent_s, ended_s=ended_s, task=task)], TIMELINE)
    assert found.cause is cause


def test_causes_are_counted_and_none_is_none() -> None:
    failed = [FailedRequest(sent_s=at, ended_s=at + 0.1, task=OLD) for at in (10.1, 10.15, 13.0)]
    assert causes(attribute(failed, TIMELINE)) == {Cause.DEREGISTERED: 2, Cause.STOPPED: 1}
    assert causes(attribute([], TIMELINE)) == {}
