"""The settings that production runs a workload with, from whichever kind of file the target names for it."""

from __future__ import annotations

from pathlib import Path

from exitgate.errors import ObservationError
from exitgate.observe.compose import read_compose_service
from exitgate.observe.ecs import read_task_definition
from exitgate.observe.task_definition import TaskDefinition
from exitgate.target import Workload


def read_workload_settings(root: Path, workload: Workload) -> TaskDefinition:
    """Read the settings of a workload's container, which `exitgate.toml` may add to but not contradict, addresses excepted.

    Raises:
        ObservationError: if the file can't be read, or a variable is given another value than production's.
        PrerequisiteMissing: if a Compose file leaves something open that decides how the workload is run.
    """
    if workload.compose:
        given = frozenset((*workload.environment, *workload.backing))
        task: TaskDefinition = read_compose_service(root, workload.compose, workload.container_name, given)
    else:
        task = read_task_definition(root, str(workload.task_definition), workload.container_name)
    for name, value in task.settings.environment:
        if name not in workload.backing and workload.environment.get(name, value) != value:
            raise ObservationError(
                task.locate("environment"),
                got=f"{name}, which exitgate.toml gives another value for {workload.name}",
                expected="a run with production's own settings",
                action=f"Take {name} out of exitgate.toml; addresses of [[backing]] servers go into the backing table.",
            )
    return task
