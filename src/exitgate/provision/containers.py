"""Throwaway containers: run as the settings say, on a network of their own, removed at the end."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from exitgate.errors import ProvisionError
from exitgate.provision.engine import Engine
from exitgate.run import Run
from exitgate.settings import ContainerSettings, HealthCheck

if TYPE_CHECKING:
    from docker.models.containers import Container

_NANOSECONDS = 1_000_000_000
_LOG_LIMITS = {"max-size": "8m", "max-file": "1"}
"""A service that floods its log must not fill the disk."""
_PROCESS_LIMIT = 2048


@contextmanager
def throwaway_container(
    engine: Engine,
    run: Run,
    image: str,
    settings: ContainerSettings,
    *,
    name: str,
    port: int | None = None,
    environment: Mapping[str, str] | None = None,
    network: str | None = None,
    entrypoint: tuple[str, ...] | None = None,
    health_check: HealthCheck | None = None,
    group: str | None = None,
) -> Iterator[Container]:
    """Create, not start, a container with the given settings; remove it, its network and its volumes at the end.

    Args:
        name: What it is for; the run's id and a random part are added.
        port: The container's port that is published on a free port of 127.0.0.1.
        environment: Set on top of the settings' own.
        network: One of the run's that it joins; without one it gets its own.
        entrypoint: Run instead of the settings' or image's own entry point and command.
        health_check: Instead of the settings' own; where neither is given the image's is switched off, as ECS does.
        group: The control group in which it runs; the engine's own where not given.

    Raises:
        ProvisionError: if the engine refuses, or something can't be removed.
    """
    from docker.errors import APIError, DockerException
    from docker.types import LogConfig, Mount

    unique = f"exitgate-{run.id}-{name}-{secrets.token_hex(3)}"
    own_network = container = None
    arguments: dict[str, Any] = {
        "name": unique,
        "labels": run.labels,
        "user": settings.user or None,
        "read_only": settings.read_only_root,
        "privileged": settings.privileged,
        "cap_add": list(settings.capabilities_added) or None,
        "cap_drop": list(settings.capabilities_dropped) or None,
        "entrypoint": list(entrypoint or settings.entrypoint or ()) or None,
        "command": None if entrypoint else list(settings.command or ()) or None,
        "working_dir": settings.working_directory or None,
        "environment": {**dict(settings.environment), **(environment or {})},
        "healthcheck": _health_check(health_check or settings.health_check),
        "mounts": [
            Mount(target=m.path, source=None, type="volume", labels=run.labels)
            for m in settings.mounts
            if not m.read_only
        ],
        # An engine refuses a nameless volume that is read-only; an empty tmpfs is the same to a workload.
        "tmpfs": {**dict.fromkeys(settings.temporary_mounts, ""), **_read_only(settings)} or None,
        "group_add": list(settings.groups) or None,
        "sysctls": dict(settings.kernel_parameters) or None,
        "security_opt": list(settings.security_options) or None,
        "init": settings.init_process or None,
        "mem_limit": settings.memory_bytes,
        "pids_limit": _PROCESS_LIMIT,
        "cgroup_parent": f"/{group}" if group else None,
        "log_config": LogConfig(type=LogConfig.types.JSON, config=_LOG_LIMITS),
        "ports": {f"{port}/tcp": ("127.0.0.1", None)} if port else None,
    }
    try:
        if network is None:
            own_network = engine.client.networks.create(unique, labels=run.labels)
        container = engine.client.containers.create(image, network=network or unique, **arguments)
        yield container
    except APIError as error:
        raise ProvisionError(
            f"container {name}",
            got=f"the engine refused: {error.explanation or error}",
            expected="a container with the settings that production runs it with",
            action="Try the same settings with `docker run`.",
        ) from error
    finally:
        leaks = []
        for resource in (container, own_network):
            if resource is None:
                continue
            try:
                resource.remove(**({"v": True, "force": True} if resource is container else {}))
            except DockerException as error:
                leaks.append(f"{resource.name} ({error})")
        if leaks:
            raise ProvisionError(
                "throwaway container",
                got=f"can't be removed: {'; '.join(leaks)}",
                expected="a run that leaves nothing behind",
                action="Run `exitgate sweep` when the engine answers again.",
            )


def _read_only(settings: ContainerSettings) -> dict[str, str]:
    return {mount.path: "ro" for mount in settings.mounts if mount.read_only}


def _health_check(check: HealthCheck | None) -> dict[str, Any]:
    if check is None or not check.is_set:
        return {"test": ["NONE"]}
    return {
        "test": list(check.command),
        "interval": int(check.interval_s * _NANOSECONDS),
        "timeout": int(check.timeout_s * _NANOSECONDS),
        "retries": check.retries,
        "start_period": int(check.start_period_s * _NANOSECONDS),
    }
