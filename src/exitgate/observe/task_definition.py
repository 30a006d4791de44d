"""What production runs a workload with, and where it says so: an ECS task definition, or what a Compose file has in its place."""

from __future__ import annotations

import posixpath
from dataclasses import dataclass, replace

from exitgate.dockerfile import Dockerfile
from exitgate.observation import Observation
from exitgate.observe.json_source import line_of_key
from exitgate.settings import ContainerSettings, Locations

_THE_HOSTS_OWN = (
    *("/bin", "/boot", "/dev", "/etc", "/lib", "/lib64", "/proc", "/root", "/run", "/sbin", "/sys", "/usr"),
    *("/var/run", "/var/lib/docker", "/var/lib/containerd", "/var/lib/ecs", "/var/spool/cron", "/cgroup"),
)
_ENGINE_SOCKETS = ("docker.sock", "containerd.sock", "podman.sock", "crio.sock")
"""Who may speak to an engine has its host, wherever the socket lies."""


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
    """The settings that production runs a workload's container with, as ECS takes them; `ComposeService` is the other kind."""

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
    mount_locations: tuple[tuple[str, str], ...] = ()
    """Where each place to write is given, as ``(path in the container, path:line)``."""

    secret_variables: tuple[str, ...] = ()
    """Names of variables whose values come from a store of secrets."""
    version_consistency: str = ""
    """As the container has it, ``enabled`` or ``disabled``: whether ECS resolves a tag once for all tasks of a deployment."""
    environment_files: tuple[str, ...] = ()
    """Files outside of the target of which production takes variables."""

    @property
    def noun(self) -> str:
        """What messages call the file."""
        return "task definition"

    @property
    def runs_image_health_check(self) -> bool:
        """Whether the image's own HEALTHCHECK is run where the file has none: ECS does not look at it."""
        return False

    def key(self, *keys: str) -> str:
        """Return what the file calls one of the container's settings; `keys` are ECS's own words for it."""
        return ".".join(keys)

    def locate(self, *keys: str) -> str:
        """Return ``path:line`` of one of the container's keys, or of what encloses it."""
        return f"{self.path}:{line_of_key(self.source, ('containerDefinitions', self.position, *keys))}"


def settings_in_effect(task: TaskDefinition, image: ContainerSettings) -> ContainerSettings:
    """Return the settings with the image's own health check in the place of none, where whoever runs the container does so."""
    own, inherited = task.settings.health_check, image.health_check
    if not task.runs_image_health_check or (own and own.command):
        return task.settings
    if own and inherited:
        inherited = replace(own, command=inherited.command)
    return replace(task.settings, health_check=inherited)


def locations_of(task: TaskDefinition, dockerfile: Dockerfile, stage: str | None = None) -> Locations:
    """Return where a workload's settings stand, in its task definition and its Dockerfile."""
    image_health_check = dockerfile.locate("HEALTHCHECK", stage)
    check = task.settings.health_check
    inherits = task.runs_image_health_check and not (check and check.command)
    return Locations(
        definition=task.locate(),
        user=task.locate("user") if task.settings.user else dockerfile.locate("USER", stage),
        capabilities=task.locate("linuxParameters", "capabilities"),
        privileged=task.locate("privileged"),
        read_only_root=task.locate("readonlyRootFilesystem"),
        health_check=image_health_check if inherits else task.locate("healthCheck"),
        image_health_check=image_health_check,
        noun=task.noun,
        read_only_root_key=task.key("readonlyRootFilesystem"),
        health_check_owner="image" if inherits else task.noun,
        mounts=task.mount_locations,
    )


def rules_the_host(host_path: str) -> bool:
    """Say whether who has that path of the host has the host: the root, its own folders, the sockets of its engines."""
    plain = "/" + posixpath.normpath(host_path).strip("/")
    return posixpath.basename(plain) in _ENGINE_SOCKETS or any(
        f"{plain}/".startswith(f"{own}/") or f"{own}/".startswith(f"{plain}/".replace("//", "/"))
        for own in _THE_HOSTS_OWN
    )
