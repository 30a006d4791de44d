"""Where the balancer looks for a task: a version that must not answer is asked nowhere."""

from __future__ import annotations

from typing import cast

import pytest

from exitgate.observe.rollout.facts import Defect, Version
from exitgate.observe.rollout.tasks import RunningTask, TaskRecipe, Tasks
from exitgate.provision.engine import Engine
from exitgate.run import Run
from exitgate.settings import ContainerSettings

RECIPE = TaskRecipe(
    workload="orders",
    port=3000,
    settings=ContainerSettings(),
    environment={},
    network="net",
    health_path="/healthz",
    group=None,
    failing_share=0.02,
    delay_s=1.3,
)


@pytest.mark.parametrize(
    ("defect", "port"),
    [(Defect.NONE, 3000), (Defect.UNMIGRATED, 3000), (Defect.DEAF, 9), (Defect.CRASHES, 9)],
    ids=["sound", "unmigrated", "deaf", "crashing"],
)
def test_a_version_that_crashes_is_asked_nothing_however_long_its_end_takes(defect: Defect, port: int) -> None:
    tasks = Tasks(
        cast("Engine", None),
        cast("Run", None),
        RECIPE,
        on_started=lambda _: None,
        on_ended=lambda _: None,
        on_failure=lambda _: None,
    )
    version = Version(name="new", image_id="sha256:new", defect=defect)
    tasks.all["task-1"] = RunningTask(name="task-1", version=version, address="10.0.0.2")
    found = tasks.target("task-1")
    assert (found.address, found.port) == ("10.0.0.2", port)
