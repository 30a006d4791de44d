"""A container's settings from an ECS task definition in JSON.

Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDefinition.html
"""

from __future__ import annotations

import json
import posixpath
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from exitgate.assurance import Assurance
from exitgate.dockerfile import Dockerfile
from exitgate.errors import ObservationError, one_line
from exitgate.observation import Observation, Substrate
from exitgate.observe.json_source import line_of_key
from exitgate.settings import ContainerSettings, HealthCheck, Locations, Mount
from exitgate.target import Workload

_MIB = 1024 * 1024
_THE_HOSTS_OWN = (
    *("/bin", "/boot", "/dev", "/etc", "/lib", "/lib64", "/proc", "/root", "/run", "/sbin", "/sys", "/usr"),
    *("/var/run", "/var/lib/docker", "/var/lib/containerd", "/var/lib/ecs", "/cgroup"),
)


class _Entry(BaseModel):
    # ECS adds keys every year, and a run reads only what it acts on: unknown ones are left alone.
    model_config = ConfigDict(extra="ignore", frozen=True)


class _KeyValue(_Entry):
    name: str
    value: str


class _Capabilities(_Entry):
    add: tuple[str, ...] = ()
    drop: tuple[str, ...] = ()


class _Tmpfs(_Entry):
    containerPath: str  # noqa: N815


class _Device(_Entry):
    hostPath: str  # noqa: N815


class _LinuxParameters(_Entry):
    capabilities: _Capabilities = _Capabilities()
    initProcessEnabled: bool = False  # noqa: N815
    tmpfs: tuple[_Tmpfs, ...] = ()
    devices: tuple[_Device, ...] = ()


class _HealthCheck(_Entry):
    command: tuple[str, ...]
    interval: int = Field(default=30, ge=5, le=300)
    timeout: int = Field(default=5, ge=2, le=120)
    retries: int = Field(default=3, ge=1, le=10)
    startPeriod: int = Field(default=0, ge=0, le=300)  # noqa: N815


class _MountPoint(_Entry):
    sourceVolume: str = ""  # noqa: N815
    containerPath: str  # noqa: N815
    readOnly: bool = False  # noqa: N815


class _Container(_Entry):
    name: str
    image: str
    user: str = ""
    privileged: bool = False
    dockerSecurityOptions: tuple[str, ...] = ()  # noqa: N815
    readonlyRootFilesystem: bool = False  # noqa: N815
    linuxParameters: _LinuxParameters = _LinuxParameters()  # noqa: N815
    entryPoint: tuple[str, ...] | None = None  # noqa: N815
    command: tuple[str, ...] | None = None
    workingDirectory: str = ""  # noqa: N815
    environment: tuple[_KeyValue, ...] = ()
    healthCheck: _HealthCheck | None = None  # noqa: N815
    stopTimeout: int = Field(default=30, ge=0, le=120)  # noqa: N815
    mountPoints: tuple[_MountPoint, ...] = ()  # noqa: N815
    memory: int | None = None


class _Host(_Entry):
    sourcePath: str = ""  # noqa: N815


class _Volume(_Entry):
    name: str
    host: _Host = _Host()


class _TaskDefinition(_Entry):
    family: str
    containerDefinitions: tuple[_Container, ...] = Field(min_length=1)  # noqa: N815
    volumes: tuple[_Volume, ...] = ()
    networkMode: str = ""  # noqa: N815
    pidMode: str = ""  # noqa: N815
    ipcMode: str = ""  # noqa: N815
    requiresCompatibilities: tuple[Literal["EC2", "FARGATE", "EXTERNAL", "MANAGED_INSTANCES"], ...] = ()  # noqa: N815


@dataclass(frozen=True, slots=True, kw_only=True)
class HostShare:
    """Something of the host that a container is given, and that no run gives to it."""

    what: str
    """In words, e.g. ``the host's pid namespace``."""
    got: str
    """As it stands in the task definition."""
    location: str
    """``path:line``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Neighbour:
    """Another container of the same task definition, of which nothing is run."""

    name: str
    privileged: bool
    capabilities_added: tuple[str, ...]
    location: str
    """``path:line``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskDefinition(Observation):
    """The settings that ECS would run a workload's container with."""

    path: str
    """Relative to the target."""
    source: str
    container: str
    position: int
    """The container's index in the task definition."""
    image: str
    settings: ContainerSettings
    host_shares: tuple[HostShare, ...] = ()
    neighbours: tuple[Neighbour, ...] = ()

    def locate(self, *keys: str) -> str:
        """Return ``path:line`` of one of the container's keys, or of what encloses it."""
        return f"{self.path}:{line_of_key(self.source, ('containerDefinitions', self.position, *keys))}"


def locations_of(task: TaskDefinition, dockerfile: Dockerfile, stage: str | None = None) -> Locations:
    """Return where a workload's settings stand, in its task definition and its Dockerfile."""
    return Locations(
        definition=task.locate(),
        user=task.locate("user") if task.settings.user else dockerfile.locate("USER", stage),
        capabilities=task.locate("linuxParameters", "capabilities"),
        privileged=task.locate("privileged"),
        read_only_root=task.locate("readonlyRootFilesystem"),
        health_check=task.locate("healthCheck"),
        image_health_check=dockerfile.locate("HEALTHCHECK", stage),
    )


def read_workload_settings(root: Path, workload: Workload) -> TaskDefinition:
    """Read the settings of a workload's container, which `exitgate.toml` may add to but not contradict, addresses excepted.

    Raises:
        ObservationError: as `read_task_definition`, and if a variable is given another value than production's.
    """
    task = read_task_definition(root, workload.task_definition, workload.container_name)
    for name, value in task.settings.environment:
        if name not in workload.backing and workload.environment.get(name, value) != value:
            raise ObservationError(
                task.locate("environment"),
                got=f"{name}, which exitgate.toml gives another value for {workload.name}",
                expected="a run with production's own settings",
                action=f"Take {name} out of exitgate.toml; addresses of [[backing]] servers go into the backing table.",
            )
    return task


def read_task_definition(root: Path, path: str, container: str) -> TaskDefinition:
    """Read one container's settings.

    Raises:
        ObservationError: if the file is no task definition, or has no such container.
    """
    source = ""
    try:
        source = (root / path).read_text(encoding="utf-8")
        raw: Any = json.loads(source)
        parsed = _TaskDefinition.model_validate(raw)
    except (OSError, UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise ObservationError(
            path, got=str(error), expected="an ECS task definition in JSON", action="Mend that file."
        ) from error
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        line = line_of_key(source, tuple(first["loc"]))
        raise ObservationError(
            f"{path}:{line}",
            got=one_line(".".join(map(str, first["loc"])) + ": " + first["msg"], 200),
            expected="what ECS accepts in a task definition",
            action="Mend that key; `aws ecs register-task-definition --generate-cli-skeleton` shows the shape.",
        ) from error
    names = [definition.name for definition in parsed.containerDefinitions]
    if names.count(container) != 1:
        raise ObservationError(
            path,
            got=f"containers {', '.join(names)}",
            expected=f"exactly one named {container!r}",
            action='Name the workload\'s container in exitgate.toml: container = "…".',
        )
    position = names.index(container)
    own = parsed.containerDefinitions[position]
    return TaskDefinition(
        substrate=Substrate(assurance=Assurance.DECLARED, name=f"task definition {path}"),
        path=path,
        source=source,
        container=container,
        position=position,
        image=own.image,
        settings=_settings(own, {volume.name: volume.host.sourcePath for volume in parsed.volumes}),
        host_shares=(
            *_host_shares(parsed, path, source),
            *(
                share
                for index in (position, *(each for each in range(len(names)) if each != position))
                for share in _shares_of_container(
                    parsed, index, path, source, whose=names[index] if index != position else ""
                )
            ),
        ),
        neighbours=tuple(
            Neighbour(
                name=other.name,
                privileged=other.privileged,
                capabilities_added=other.linuxParameters.capabilities.add,
                location=f"{path}:{line_of_key(source, ('containerDefinitions', index))}",
            )
            for index, other in enumerate(parsed.containerDefinitions)
            if index != position
        ),
    )


def _host_shares(parsed: _TaskDefinition, path: str, source: str) -> Iterator[HostShare]:
    """Yield the namespaces that all containers of the task share with their host."""
    for key, mode in (("networkMode", parsed.networkMode), ("pidMode", parsed.pidMode), ("ipcMode", parsed.ipcMode)):
        if mode == "host":
            yield HostShare(
                what=f"the host's {key.removesuffix('Mode')} namespace",
                got=f"{key}: host",
                location=f"{path}:{line_of_key(source, (key,))}",
            )


def _shares_of_container(
    parsed: _TaskDefinition, position: int, path: str, source: str, *, whose: str
) -> Iterator[HostShare]:
    """Yield what a container is given of its host: devices, folders, and profiles that are switched off.

    Args:
        whose: Another container's name: who breaks out of it has the workload beside it. Empty for the workload's own.
    """

    def share(what: str, got: str, *keys: str | int) -> HostShare:
        what = f"{whose} beside it {what}" if whose else what
        return HostShare(what=what, got=got, location=f"{path}:{line_of_key(source, keys)}")

    own, place = parsed.containerDefinitions[position], ("containerDefinitions", position)
    for option in own.dockerSecurityOptions:
        if option.endswith(("unconfined", "disable")):
            yield share("no confinement by the kernel's profile", option, *place, "dockerSecurityOptions")
    for device in own.linuxParameters.devices:
        yield share(f"the host's device {device.hostPath}", device.hostPath, *place, "linuxParameters", "devices")
    host_paths = {volume.name: volume.host.sourcePath for volume in parsed.volumes}
    for index, point in enumerate(own.mountPoints):
        host_path = host_paths.get(point.sourceVolume, "")
        if host_path and _rules_the_host(host_path):
            yield share(f"the host's {host_path}", host_path, *place, "mountPoints", index)


def _rules_the_host(host_path: str) -> bool:
    """Say whether who has that path of the host has the host: the root, its own folders, the sockets of its engines."""
    plain = "/" + posixpath.normpath(host_path).strip("/")
    return any(
        f"{plain}/".startswith(f"{own}/") or f"{own}/".startswith(f"{plain}/".replace("//", "/"))
        for own in _THE_HOSTS_OWN
    )


def _settings(own: _Container, host_paths: dict[str, str]) -> ContainerSettings:
    return ContainerSettings(
        user=own.user,
        read_only_root=own.readonlyRootFilesystem,
        privileged=own.privileged,
        security_options=own.dockerSecurityOptions,
        capabilities_added=own.linuxParameters.capabilities.add,
        capabilities_dropped=own.linuxParameters.capabilities.drop,
        entrypoint=own.entryPoint,
        command=own.command,
        working_directory=own.workingDirectory,
        environment=tuple((entry.name, entry.value) for entry in own.environment),
        health_check=_health_check(own.healthCheck) if own.healthCheck else None,
        stop_timeout_s=own.stopTimeout,
        mounts=tuple(
            Mount(
                path=point.containerPath,
                read_only=point.readOnly,
                host_path=host_paths.get(point.sourceVolume, ""),
            )
            for point in own.mountPoints
        ),
        temporary_mounts=tuple(entry.containerPath for entry in own.linuxParameters.tmpfs),
        init_process=own.linuxParameters.initProcessEnabled,
        memory_bytes=own.memory * _MIB if own.memory else None,
    )


def _health_check(own: _HealthCheck) -> HealthCheck:
    return HealthCheck(
        command=own.command,
        interval_s=own.interval,
        timeout_s=own.timeout,
        retries=own.retries,
        start_period_s=own.startPeriod,
    )
