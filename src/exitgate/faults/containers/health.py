"""Faults of 3.2.B.2.3: health checks that are missing, blind, or can't work."""

from __future__ import annotations

import json

from exitgate.faults.fault import Fault, FaultSite, Inject

_CONTROL = "3.2.B.2.3"
_ASKS_NOBODY = (
    'require("node:http").get("http://127.0.0.1:9/", () => process.exit(0)).on("error", () => process.exit(1))'
)
_YOUNG = (
    'const read = (name) => require("node:fs").readFileSync(name, "utf8").split(" ");'
    ' process.exit(read("/proc/uptime")[0] - read("/proc/1/stat")[21] / 100 < 6 ? 0 : 1)'
)


def _set_command(site: FaultSite, *command: str) -> None:
    site.edit_container(lambda container: container["healthCheck"].update(command=list(command)))


def _says_healthy_of_the_young(site: FaultSite) -> None:
    _set_command(site, "CMD", site.entrypoint[0], "-e", _YOUNG)


def _missing_in_task(site: FaultSite) -> None:
    site.edit_container(lambda container: container.pop("healthCheck", None))


def _missing_in_image(site: FaultSite) -> None:
    site.append("HEALTHCHECK NONE")


def _always_true(site: FaultSite) -> None:
    _set_command(site, "CMD", site.entrypoint[0], "-e", "0")


def _needs_a_shell(site: FaultSite) -> None:
    workload = site.workload
    _set_command(
        site, "CMD-SHELL", f"wget -q -O /dev/null http://127.0.0.1:{workload.port}{workload.health_path} || exit 1"
    )


def _asks_the_wrong_port(site: FaultSite) -> None:
    _set_command(site, "CMD", site.entrypoint[0], "-e", _ASKS_NOBODY)


def _image_always_true(site: FaultSite) -> None:
    site.append(f"HEALTHCHECK CMD {json.dumps([site.entrypoint[0], '-e', '0'])}")


def _only_connects(site: FaultSite) -> None:
    ended = '() => process.exit(0)).on("error", () => process.exit(1))'
    connect = f'require("node:net").connect({site.workload.port}, "127.0.0.1", {ended}'
    _set_command(site, "CMD", site.entrypoint[0], "-e", connect)


_TWICE = frozenset({"3.2.C.2"})
"""A second HEALTHCHECK is one that scanners of Dockerfiles take for a mistake."""


def _fault(
    name: str,
    title: str,
    inject: Inject,
    *,
    check: str,
    location: str,
    message: str,
    also: frozenset[str] = frozenset(),
) -> Fault:
    return Fault(
        id=name,
        title=title,
        control=_CONTROL,
        check=check,
        location=location,
        message=message,
        inject=inject,
        also=also,
    )


FAULTS = (
    _fault(
        "health-check-only-in-image",
        "the health check stands in the image alone, where ECS does not look",
        _missing_in_task,
        check="in-task-definition",
        location="task-definition",
        message="ECS ignores the image's own",
    ),
    _fault(
        "health-check-off-in-image",
        "the image switches HEALTHCHECK off",
        _missing_in_image,
        check="in-image",
        location="Dockerfile:",
        message="has no HEALTHCHECK",
        also=_TWICE,
    ),
    _fault(
        "health-check-always-true",
        "the health check always says healthy",
        _always_true,
        check="goes-unhealthy",
        location="task-definition",
        message="stays healthy while every process",
    ),
    _fault(
        "health-check-of-age",
        "the health check says healthy of a young container, whatever it does, and unhealthy of an older one",
        _says_healthy_of_the_young,
        check="goes-healthy",
        location="task-definition",
        message="says unhealthy of a workload that answers",
    ),
    _fault(
        "health-check-only-connects",
        "the health check only opens a connection",
        _only_connects,
        check="goes-unhealthy",
        location="task-definition",
        message="stays healthy while every process",
    ),
    _fault(
        "health-check-needs-shell",
        "the health check needs a shell that the image does not have",
        _needs_a_shell,
        check="goes-healthy",
        location="task-definition",
        message="never says healthy",
    ),
    _fault(
        "health-check-wrong-port",
        "the health check asks a port where nobody listens",
        _asks_the_wrong_port,
        check="goes-healthy",
        location="task-definition",
        message="never says healthy",
    ),
    _fault(
        "image-health-check-always-true",
        "the image's HEALTHCHECK always succeeds",
        _image_always_true,
        check="goes-unhealthy",
        location="Dockerfile:",
        message="succeeds while every process",
        also=_TWICE,
    ),
)
