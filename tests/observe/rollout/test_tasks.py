"""Tasks: where the balancer looks for one, and what becomes of one that is told to stop before it has begun."""

from __future__ import annotations

import queue
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

import pytest

from exitgate.observe.rollout import tasks as module
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


class FakeContainer:
    """Runs until it is signalled; the task may be told to stop while it starts."""

    id = "c0ffee"
    attrs: dict[str, Any] = {"NetworkSettings": {"Networks": {"net": {"IPAddress": "10.0.0.2"}}}, "Image": "sha256:new"}  # noqa: RUF012

    def __init__(self, tasks: Tasks, *, stopped_meanwhile: bool) -> None:
        self.signals: list[str] = []
        self._tasks, self._stopped_meanwhile = tasks, stopped_meanwhile

    def start(self) -> None:
        if self._stopped_meanwhile:
            self._tasks.stop("task-1")

    def reload(self) -> None:
        pass

    def kill(self, signal: str) -> None:
        self.signals.append(signal)

    def wait(self, timeout: float) -> dict[str, int]:
        return {"StatusCode": 137}

    def logs(self, **_: object) -> bytes:
        return b""


@pytest.mark.parametrize(("stopped_meanwhile", "signals"), [(True, ["SIGKILL"]), (False, [])])
def test_a_task_that_is_told_to_stop_while_it_starts_is_killed(
    monkeypatch: pytest.MonkeyPatch, stopped_meanwhile: bool, signals: list[str]
) -> None:
    ended: queue.SimpleQueue[RunningTask] = queue.SimpleQueue()
    nothing = cast("Any", None)
    tasks = Tasks(
        nothing,
        nothing,
        RECIPE,
        on_started=lambda _: None,
        on_ended=ended.put,
        on_failure=lambda error: pytest.fail(str(error)),
    )
    container = FakeContainer(tasks, stopped_meanwhile=stopped_meanwhile)

    @contextmanager
    def throwaway(*_: object, **__: object) -> Iterator[FakeContainer]:
        yield container

    monkeypatch.setattr(module, "throwaway_container", throwaway)
    with tasks.working():
        tasks.start("task-1", Version(name="new", image_id="sha256:new"))
        assert ended.get(timeout=10).name == "task-1"
    assert container.signals == signals
