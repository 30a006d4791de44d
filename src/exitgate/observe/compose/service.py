"""A Compose file's service as what production runs a workload with."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from exitgate.assurance import Assurance
from exitgate.observation import Substrate
from exitgate.observe.compose.model import Health
from exitgate.observe.compose.mounts import mounts_of
from exitgate.observe.compose.project import find_service
from exitgate.observe.compose.reading import Reading
from exitgate.observe.compose.shares import host_shares
from exitgate.observe.compose.source import text_of
from exitgate.observe.task_definition import TaskDefinition
from exitgate.settings import ContainerSettings, HealthCheck

_KEYS = {
    "readonlyRootFilesystem": "read_only",
    "linuxParameters.capabilities": "cap_drop",
    "linuxParameters.capabilities.add": "cap_add",
    "linuxParameters.capabilities.drop": "cap_drop",
    "healthCheck": "healthcheck",
    "entryPoint": "entrypoint",
    "workingDirectory": "working_dir",
    "mountPoints": "volumes",
    "stopTimeout": "stop_grace_period",
}
"""ECS's words for a setting to Compose's, where they differ."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ComposeService(TaskDefinition):
    """The settings that production runs a workload's container with, as Compose takes them; it has no neighbours."""

    place: str
    """``path:line`` of its name."""
    places: dict[str, str] = field(repr=False)
    """``{key: path:line}`` of its own keys and of those that it takes from other services."""

    @property
    def noun(self) -> str:
        """What messages call the file."""
        return "Compose file"

    @property
    def runs_image_health_check(self) -> bool:
        """Whether the image's own HEALTHCHECK is run where the file has none: Docker does so."""
        return True

    def key(self, *keys: str) -> str:
        """Return Compose's word for a setting that ECS calls `keys`."""
        name = ".".join(keys)
        return _KEYS.get(name, name)

    def locate(self, *keys: str) -> str:
        """Return ``path:line`` of one of the service's keys, or of its name."""
        return self.places.get(self.key(*keys), self.place)


def read_compose_service(root: Path, path: str, name: str, given: frozenset[str] = frozenset()) -> ComposeService:
    """Read the settings of a service.

    Args:
        given: Variables of its environment to which the run itself gives values, so that theirs need not be known.

    Raises:
        ObservationError: if the file is no Compose file, has no such service, or Compose would refuse what it says.
        PrerequisiteMissing: if something that decides how the service runs can't be told from the target alone.
    """
    found = find_service(root, path, name)
    reading = Reading(root=root, found=found)
    own = reading.service(found.keys)
    environment = reading.environment(given)
    mounts = mounts_of(reading, own)
    settings = ContainerSettings(
        user=own.user,
        read_only_root=own.read_only,
        privileged=own.privileged,
        security_options=reading.security_options(own),
        capabilities_added=own.cap_add,
        capabilities_dropped=own.cap_drop,
        entrypoint=reading.started("entrypoint", own.entrypoint),
        command=own.command if own.entrypoint else reading.started("command", own.command),
        working_directory=own.working_dir,
        environment=environment,
        health_check=_health_check(own.healthcheck) if own.healthcheck else None,
        stop_timeout_s=own.stop_grace_period,
        mounts=tuple(each.mount for each in mounts if each.mount),
        temporary_mounts=tuple(each.path for each in mounts if each.mount is None),
        groups=own.group_add,
        kernel_parameters=reading.kernel_parameters(),
        init_process=own.init,
        memory_bytes=own.deploy.resources.limits.memory or own.mem_limit,
    )
    return ComposeService(
        substrate=Substrate(
            assurance=Assurance.DECLARED, name=f"Compose file {found.path}", limits=reading.limits_of(own)
        ),
        path=found.path,
        source=found.source,
        container=name,
        position=0,
        image=text_of(image.value) if (image := found.keys.get("image")) and isinstance(image.value, str) else "",
        settings=settings,
        host_shares=tuple(host_shares(own, reading, mounts)),
        mount_locations=tuple((each.path, each.place) for each in mounts if each.writable),
        place=found.place,
        places={key: node.place for key, node in found.keys.items()},
    )


def _health_check(own: Health) -> HealthCheck:
    # Docker takes nought for "not given"; without a command the image's own is run by these timers.
    return HealthCheck(
        command=("NONE",) if own.disable else own.test,
        interval_s=own.interval or 30.0,
        timeout_s=own.timeout or 30.0,
        retries=own.retries or 3,
        start_period_s=own.start_period,
    )
