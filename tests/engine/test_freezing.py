"""A workload that is stopped, beside a health check of the engine's that is not."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from exitgate.observe.processes import ContainerProcesses
from exitgate.provision.engine import Engine
from exitgate.waiting import wait_for

from .conftest import Small

if TYPE_CHECKING:
    from docker.models.containers import Container

pytestmark = [pytest.mark.engine, pytest.mark.slow]

NODE = "/nodejs/bin/node"
PARENT = (
    f"require('child_process').spawn('{NODE}', ['-e', 'setInterval(() => {{}}, 1000)']); setInterval(() => {{}}, 1000)"
)


@pytest.fixture
def family(engine: Engine, small: Small) -> Iterator[Container]:
    """A container of a process and its child."""
    small.run("--control", "3.2.C.1")
    image = next(image for image in engine.client.images.list() if any("node-runtime" in tag for tag in image.tags))
    container = engine.client.containers.create(
        image.id,
        [NODE, "-e", PARENT],
        entrypoint="",
        name=f"test-family-{os.getpid()}",
        labels={"exitgate-test": "yes"},
    )
    try:
        container.start()
        container.reload()
        yield container
    finally:
        container.remove(force=True)


def _state(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]


def test_all_of_the_workload_stops_and_a_health_check_under_way_goes_on(engine: Engine, family: Container) -> None:
    processes = ContainerProcesses(str(family.id), int(family.attrs["State"]["Pid"]))
    workload, both = wait_for(processes.pids, until=lambda pids: len(pids) == 2, timeout_s=10)
    assert both
    probe = engine.client.api.exec_create(family.id, [NODE, "-e", "setTimeout(() => {}, 60000)"])["Id"]
    engine.client.api.exec_start(probe, detach=True)
    probing, started = wait_for(
        lambda: int(engine.client.api.exec_inspect(probe)["Pid"]),
        until=lambda pid: pid in processes.pids(),
        timeout_s=10,
    )
    assert started
    frozen = processes.freeze()
    assert sorted(frozen) == sorted(workload)
    states, _ = wait_for(lambda: [_state(pid) for pid in workload], until=lambda seen: seen == ["T", "T"], timeout_s=5)
    assert states == ["T", "T"]
    assert _state(probing) != "T"
    processes.thaw(frozen)
    states, _ = wait_for(lambda: [_state(pid) for pid in workload], until=lambda seen: "T" not in seen, timeout_s=5)
    assert "T" not in states
