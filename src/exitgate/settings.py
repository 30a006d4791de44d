"""How a container is to be run, whoever wrote it down: the settings of a task definition or a Compose service, in our own words."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthCheck:
    """A command that says whether a container is healthy."""

    command: tuple[str, ...]
    """As written: ``("CMD", …)``, ``("CMD-SHELL", line)`` or ``("NONE",)``."""
    interval_s: float
    timeout_s: float
    retries: int
    start_period_s: float

    @property
    def is_set(self) -> bool:
        """False where there is none, or it is switched off."""
        return bool(self.command) and self.command[0].upper() != "NONE"

    @property
    def arguments(self) -> tuple[str, ...]:
        """The process that runs it: the shell form goes through ``/bin/sh -c``, as Docker and ECS do it."""
        if self.command[0].upper() == "CMD-SHELL":
            return ("/bin/sh", "-c", *self.command[1:])
        return self.command[1:] if self.command[0].upper() == "CMD" else self.command


@dataclass(frozen=True, slots=True, kw_only=True)
class Mount:
    """A volume in a container."""

    path: str
    """Absolute, inside the container."""
    read_only: bool
    host_path: str = ""
    """What it shows of the host, where it does; a run puts an empty volume there instead."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ContainerSettings:
    """One container's settings; empty or nothing means that the image's own apply."""

    user: str = ""
    read_only_root: bool = False
    privileged: bool = False
    security_options: tuple[str, ...] = ()
    """As the engine takes them, e.g. ``seccomp:unconfined``."""
    capabilities_added: tuple[str, ...] = ()
    capabilities_dropped: tuple[str, ...] = ()
    entrypoint: tuple[str, ...] | None = None
    command: tuple[str, ...] | None = None
    working_directory: str = ""
    environment: tuple[tuple[str, str], ...] = ()
    health_check: HealthCheck | None = None
    stop_timeout_s: float = 30.0
    mounts: tuple[Mount, ...] = ()
    temporary_mounts: tuple[str, ...] = ()
    """Paths of tmpfs mounts, absolute."""
    groups: tuple[str, ...] = ()
    """Supplementary groups beside the image's own, by number or name."""
    kernel_parameters: tuple[tuple[str, str], ...] = ()
    """Of the container's own namespaces, e.g. ``("net.core.somaxconn", "1024")``."""
    init_process: bool = False
    memory_bytes: int | None = None

    @property
    def writable_paths(self) -> tuple[str, ...]:
        """Where the settings themselves give a place to write."""
        return tuple(mount.path for mount in self.mounts if not mount.read_only) + self.temporary_mounts


@dataclass(frozen=True, slots=True, kw_only=True)
class Locations:
    """Where in the target the settings of a workload stand, each as ``file:line``; what is absent, where it would stand."""

    definition: str
    """The container's entry in the task definition, or in what stands for one."""
    user: str
    """What decides the user: the task definition's `user`, else the Dockerfile's last USER."""
    capabilities: str
    privileged: str
    read_only_root: str
    health_check: str
    """The one that production runs: the task definition's own, or the Dockerfile's where the engine takes it from the image."""
    image_health_check: str
    """The Dockerfile's HEALTHCHECK."""
    noun: str = "task definition"
    """What messages call the file that `definition` points into."""
    read_only_root_key: str = "readonlyRootFilesystem"
    """What that file calls the setting."""
    health_check_owner: str = "task definition"
    """What `health_check` belongs to, as messages call it."""
    mounts: tuple[tuple[str, str], ...] = ()
    """Of each place to write its path in the container, and where it is given."""
