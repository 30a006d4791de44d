"""Which image production runs a workload with, by its settings, and where the target says that its images are."""

from __future__ import annotations

from dataclasses import dataclass, replace

from exitgate.observation import Observation
from exitgate.observe.task_definition import TaskDefinition
from exitgate.target import Workload


@dataclass(frozen=True, slots=True, kw_only=True)
class DeployedImage(Observation):
    """The image that a task definition or a Compose file names for a workload."""

    named: str
    """As it stands there; empty where it names none."""
    repository: str
    """Where the workload's image is pushed to, as exitgate.toml says; empty where it does not."""
    location: str
    """``path:line``."""
    noun: str
    """What messages call the file."""


def read_deployed_image(task: TaskDefinition, workload: Workload) -> DeployedImage:
    """Return the image that is named, with a limit where nothing tells whether it is the workload's own."""
    limit = (
        f"exitgate.toml gives no `repository` for {workload.name}: whether the image that its {task.noun} names is the one that "
        "is built here, nothing tells"
    )
    return DeployedImage(
        substrate=task.substrate
        if workload.repository
        else replace(task.substrate, limits=(*task.substrate.limits, limit)),
        named=task.image,
        repository=workload.repository or "",
        location=task.locate("image"),
        noun=task.noun,
    )
