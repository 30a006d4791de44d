"""A container's settings from an ECS task definition in JSON.

Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDefinition.html
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from exitgate.assurance import Assurance
from exitgate.errors import ObservationError, one_line
from exitgate.observation import Substrate
from exitgate.observe.json_source import line_of_key, text_of_key
from exitgate.observe.task_definition import HostShare, Neighbour, TaskDefinition, rules_the_host
from exitgate.settings import ContainerSettings, HealthCheck, Mount

_MIB = 1024 * 1024


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


class _VolumeFrom(_Entry):
    sourceContainer: str  # noqa: N815
    readOnly: bool = False  # noqa: N815


class _SystemControl(_Entry):
    namespace: str
    value: str


class _Secret(_Entry):
    name: str


class _EnvironmentFile(_Entry):
    value: str


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
    secrets: tuple[_Secret, ...] = ()
    environmentFiles: tuple[_EnvironmentFile, ...] = ()  # noqa: N815
    healthCheck: _HealthCheck | None = None  # noqa: N815
    stopTimeout: int = Field(default=30, ge=0, le=120)  # noqa: N815
    mountPoints: tuple[_MountPoint, ...] = ()  # noqa: N815
    volumesFrom: tuple[_VolumeFrom, ...] = ()  # noqa: N815
    # Applied, and no finding: each is of a namespace of the container's own. ECS takes none where the host's are shared.
    systemControls: tuple[_SystemControl, ...] = ()  # noqa: N815
    memory: int | None = None
    versionConsistency: Literal["", "enabled", "disabled"] = ""  # noqa: N815


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


def read_task_definition(root: Path, path: str, container: str) -> TaskDefinition:
    """Read one container's settings.

    Raises:
        ObservationError: if the file is no task definition, or has no such container.
    """
    try:
        source = (root / path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise _no_task_definition(path, error) from error
    return task_definition_in(source, path, container)


def task_definition_in(source: str, path: str, container: str) -> TaskDefinition:
    """Read one container's settings from a text.

    Args:
        source: The task definition in JSON, as ECS takes it or as `aws ecs describe-task-definition` answers with it.
        path: What messages and locations call it.
        container: The container's name.

    Raises:
        ObservationError: if the text is no task definition, or has no such container.
    """
    try:
        raw: Any = json.loads(source)
        if isinstance(raw, dict) and "containerDefinitions" not in raw and isinstance(raw.get("taskDefinition"), dict):
            # An answer of `aws ecs describe-task-definition`; what is around it becomes blank, so that lines stay.
            return task_definition_in(text_of_key(source, "taskDefinition"), path, container)
        parsed = _TaskDefinition.model_validate(raw)
    except (json.JSONDecodeError, RecursionError) as error:
        raise _no_task_definition(path, error) from error
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
    mounts = _mounts(parsed, position, path, source)
    return TaskDefinition(
        substrate=Substrate(assurance=Assurance.DECLARED, name=f"task definition {path}"),
        path=path,
        source=source,
        container=container,
        position=position,
        image=own.image,
        settings=_settings(own, tuple(mount for mount, _ in mounts)),
        mount_locations=(
            *((mount.path, place) for mount, place in mounts if not mount.read_only),
            *_temporary_places(own, position, path, source),
        ),
        secret_variables=tuple(each.name for each in own.secrets),
        environment_files=tuple(each.value for each in own.environmentFiles),
        version_consistency=own.versionConsistency,
        host_shares=tuple(_host_shares(parsed, position, path, source)),
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


def _no_task_definition(path: str, error: Exception) -> ObservationError:
    return ObservationError(path, got=str(error), expected="an ECS task definition in JSON", action="Mend that file.")


def _host_shares(parsed: _TaskDefinition, position: int, path: str, source: str) -> Iterator[HostShare]:
    """Yield what the task shares with its host: a thing once, although two containers have it."""
    own = (
        *_shares_of_container(parsed, position, path, source),
        *_shared_folders(_mounts(parsed, position, path, source)),
    )
    yield from _shared_namespaces(parsed, path, source)
    yield from own
    told = {share.got for share in own}
    for index, other in enumerate(parsed.containerDefinitions):
        for share in _beside(parsed, index, path, source) if index != position else ():
            if share.got not in told:
                told.add(share.got)
                yield replace(share, what=f"{other.name} beside it {share.what}")


def _shared_namespaces(parsed: _TaskDefinition, path: str, source: str) -> Iterator[HostShare]:
    """Yield the namespaces that all containers of the task share with their host."""
    for key, mode in (("networkMode", parsed.networkMode), ("pidMode", parsed.pidMode), ("ipcMode", parsed.ipcMode)):
        if mode == "host":
            yield HostShare(
                what=f"the host's {key.removesuffix('Mode')} namespace",
                got=f"{key}: host",
                location=f"{path}:{line_of_key(source, (key,))}",
            )


def _shares_of_container(parsed: _TaskDefinition, position: int, path: str, source: str) -> Iterator[HostShare]:
    """Yield what a container is given of its host beside folders: devices, and profiles that are switched off."""

    def share(what: str, got: str, *keys: str | int) -> HostShare:
        return HostShare(what=what, got=got, location=f"{path}:{line_of_key(source, keys)}")

    own, place = parsed.containerDefinitions[position], ("containerDefinitions", position)
    for option in own.dockerSecurityOptions:
        if option.endswith(("unconfined", "disable")):
            yield share("no confinement by the kernel's profile", option, *place, "dockerSecurityOptions")
    for device in own.linuxParameters.devices:
        yield share(f"the host's device {device.hostPath}", device.hostPath, *place, "linuxParameters", "devices")


def _beside(parsed: _TaskDefinition, position: int, path: str, source: str) -> Iterator[HostShare]:
    """Yield what another container of the task is given: who breaks out of it has the workload beside it."""
    yield from _shares_of_container(parsed, position, path, source)
    yield from _shared_folders(_mounts(parsed, position, path, source))


def _shared_folders(mounts: list[tuple[Mount, str]]) -> Iterator[HostShare]:
    for mount, place in mounts:
        if mount.host_path and rules_the_host(mount.host_path):
            yield HostShare(what=f"the host's {mount.host_path}", got=mount.host_path, location=place)


def _mounts(parsed: _TaskDefinition, position: int, path: str, source: str) -> list[tuple[Mount, str]]:
    """Return the volumes of a container with their places: its own, and those of the containers that it takes them from.

    Raises:
        ObservationError: if it takes them from a container that is not there.
    """
    host_paths = {volume.name: volume.host.sourcePath for volume in parsed.volumes}
    positions = {each.name: index for index, each in enumerate(parsed.containerDefinitions)}
    found: dict[str, tuple[Mount, str]] = {}
    seen: set[int] = set()

    def collect(position: int, *, read_only: bool, origin: str) -> None:
        if position in seen:
            return
        seen.add(position)
        own, at = parsed.containerDefinitions[position], ("containerDefinitions", position)
        for index, point in enumerate(own.mountPoints):
            mount = Mount(
                path=point.containerPath,
                read_only=read_only or point.readOnly,
                host_path=host_paths.get(point.sourceVolume, ""),
            )
            place = origin or f"{path}:{line_of_key(source, (*at, 'mountPoints', index))}"
            # A container's own mount goes before one that it takes from another.
            found.setdefault(mount.path, (mount, place))
        for index, other in enumerate(own.volumesFrom):
            place = f"{path}:{line_of_key(source, (*at, 'volumesFrom', index))}"
            if other.sourceContainer not in positions:
                raise ObservationError(
                    place,
                    got=f"volumes from {other.sourceContainer!r}, which is not there",
                    expected=f"one of {', '.join(positions)}",
                    action="Correct its name.",
                )
            collect(positions[other.sourceContainer], read_only=read_only or other.readOnly, origin=origin or place)

    collect(position, read_only=False, origin="")
    return list(found.values())


def _temporary_places(own: _Container, position: int, path: str, source: str) -> Iterator[tuple[str, str]]:
    for index, entry in enumerate(own.linuxParameters.tmpfs):
        keys = ("containerDefinitions", position, "linuxParameters", "tmpfs", index)
        yield entry.containerPath, f"{path}:{line_of_key(source, keys)}"


def _settings(own: _Container, mounts: tuple[Mount, ...]) -> ContainerSettings:
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
        mounts=mounts,
        temporary_mounts=tuple(entry.containerPath for entry in own.linuxParameters.tmpfs),
        init_process=own.linuxParameters.initProcessEnabled,
        kernel_parameters=tuple((entry.namespace, entry.value) for entry in own.systemControls),
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
