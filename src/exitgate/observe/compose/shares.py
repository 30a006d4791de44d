"""What a Compose service is given of its host: namespaces, devices, folders, and profiles that are switched off."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator

from exitgate.observe.compose.model import Service
from exitgate.observe.compose.mounts import PlacedMount
from exitgate.observe.compose.reading import Reading, modes
from exitgate.observe.task_definition import HostShare, rules_the_host

_PROJECT = "/srv/somewhere/project"
"""In the place of the folder that relative paths start from: where it lies on the host nobody knows."""


def host_shares(own: Service, reading: Reading, mounts: list[PlacedMount]) -> Iterator[HostShare]:
    """Yield each with its place."""
    for key, what, got in (*_of_the_kernel(own), *_of_the_engine(own)):
        yield HostShare(what=what, got=got, location=reading.place(key))
    for each in mounts:
        path = each.mount.host_path if each.mount else ""
        if path and rules_the_host(posixpath.join(_PROJECT, path)):
            yield HostShare(what=f"the host's {path}", got=path, location=each.place)


def _of_the_kernel(own: Service) -> Iterator[tuple[str, str, str]]:
    for key, mode in modes(own):
        if mode == "host":
            name = "user" if key == "userns_mode" else key.removesuffix("_mode")
            yield key, f"the host's {name} namespace", f"{key}: host"
    for option in own.security_opt:
        if option.endswith(("unconfined", "disable")):
            yield "security_opt", "no confinement by the kernel's profile", option
    for device in own.devices:
        yield "devices", f"the host's device {device.source}", device.source
    for rule in own.device_cgroup_rules:
        yield "device_cgroup_rules", "devices of the host", rule


def _of_the_engine(own: Service) -> Iterator[tuple[str, str, str]]:
    if own.use_api_socket:
        yield "use_api_socket", "the engine's own socket", "use_api_socket: true"
    for key in ("post_start", "pre_stop"):
        if any(hook.privileged for hook in getattr(own, key)):
            yield key, f"all privileges for {key}", "privileged: true"
