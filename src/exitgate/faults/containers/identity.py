"""Faults of 3.2.B.2.1: the ways in which a container comes to run as root, or as a stranger."""

from __future__ import annotations

import json

from exitgate.faults.fault import Fault, FaultSite, Inject

_CONTROL = "3.2.B.2.1"
_AS_ROOT = frozenset({"3.2.C.3"})
_BY_THE_IMAGE = frozenset({"3.2.C.2", "3.2.C.3"})
"""Where the image itself says root, scanners say so too."""


def _user_root(site: FaultSite) -> None:
    site.drop_task_user()
    site.append("USER root")


def _image_root_behind_task(site: FaultSite) -> None:
    site.append("USER root")


def _user_zero(site: FaultSite) -> None:
    site.edit_container(lambda container: container.update(user="0:0"))


def _user_padded(site: FaultSite) -> None:
    site.drop_task_user()
    site.append("USER 000:000")


def _name_of_root(site: FaultSite) -> None:
    site.drop_task_user()
    site.add_file("/etc/passwd", "printf 'svc:x:0:0:svc:/:/sbin/nologin\\n' > /etc/passwd", mode="0644")
    site.append("USER svc")


def _group_root(site: FaultSite) -> None:
    site.drop_task_user()
    site.append("USER 10001")


def _supplementary_root(site: FaultSite) -> None:
    site.drop_task_user()
    site.add_file("/etc/passwd", "printf 'svc:x:10001:10001:svc:/:/sbin/nologin\\n' > /etc/passwd", mode="0644")
    site.add_file("/etc/group", "printf 'root:x:0:svc\\nsvc:x:10001:\\n' > /etc/group", mode="0644")
    site.append("USER svc")


def _root_by_entrypoint(site: FaultSite) -> None:
    """Start as root, drop to the user only in a child, as gosu scripts that forget `exec` do."""
    node, *arguments = site.entrypoint
    source = (
        'import { spawn } from "node:child_process";'
        f'const child = spawn({json.dumps(node)}, {json.dumps(arguments)}, {{ uid: 10001, gid: 10001, stdio: "inherit" }});'
        'child.on("exit", (code) => process.exit(code ?? 1));'
        'process.on("SIGTERM", () => child.kill("SIGTERM"));'
    )
    site.drop_task_user()
    site.drop_nothing()
    site.add_script("/entry/drop.mjs", source)
    site.append("USER root", f"ENTRYPOINT {json.dumps([node, '/entry/drop.mjs'])}")


def _child_regains_root(site: FaultSite) -> None:
    """Leave a setuid copy of the interpreter in the image, and have the workload start a child of it."""
    node, *arguments = site.entrypoint
    site.add_file(
        "/usr/local/bin/rootnode",
        "mkdir -p /usr/local/bin",
        "cp $(command -v node) /usr/local/bin/rootnode",
        mode="4755",
    )
    source = (
        'import { spawn } from "node:child_process";'
        'const child = spawn("/usr/local/bin/rootnode", ["-e", "setInterval(() => {}, 1000)"], { stdio: "ignore" });'
        'process.on("exit", () => child.kill("SIGKILL")); child.on("error", () => {});'
        f"await import({json.dumps(arguments[-1])});"
    )
    site.add_script("/entry/child.mjs", source)
    site.append(f"ENTRYPOINT {json.dumps([node, '/entry/child.mjs'])}")


def _fault(
    name: str,
    title: str,
    inject: Inject,
    *,
    location: str,
    message: str,
    check: str = "every-process",
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
        "user-root",
        "the image says USER root",
        _user_root,
        location="Dockerfile:",
        message="runs with uid 0",
        also=_BY_THE_IMAGE,
    ),
    _fault(
        "image-root-behind-task",
        "the image says USER root, and only the task definition hides it",
        _image_root_behind_task,
        check="declared-user",
        location="Dockerfile:",
        message="the image declares a user",
        also=frozenset({"3.2.C.2"}),
    ),
    _fault(
        "user-zero",
        "the task definition says user 0:0",
        _user_zero,
        location="task-definition",
        message="runs with uid 0",
        also=_AS_ROOT,
    ),
    _fault(
        "user-padded-zero",
        "the image says USER 000:000",
        _user_padded,
        location="Dockerfile:",
        message="runs with uid 0",
        also=_BY_THE_IMAGE,
    ),
    _fault(
        "name-of-root",
        "the image's user is a name for uid 0",
        _name_of_root,
        location="Dockerfile:",
        message="runs with uid 0",
        also=_AS_ROOT,
    ),
    _fault(
        "group-root",
        "the image's USER has no group, and so gid 0",
        _group_root,
        location="Dockerfile:",
        message="runs with gid 0",
        also=_AS_ROOT,
    ),
    _fault(
        "supplementary-root",
        "the image's user is a member of group root",
        _supplementary_root,
        location="Dockerfile:",
        message="runs with gid 0",
    ),
    _fault(
        "root-by-entrypoint",
        "the entry point starts as root and drops only its child",
        _root_by_entrypoint,
        location="Dockerfile:",
        message="runs with uid 0",
        also=frozenset({"3.2.B.2.2", "3.2.C.2", "3.2.C.3"}),
    ),
    _fault(
        "child-regains-root",
        "a child becomes root again through a setuid file",
        _child_regains_root,
        location="",
        message="runs with uid 0",
        also=frozenset({"3.2.A.2", "3.2.A.3", "3.2.C.2", "3.2.C.3"}),
    ),
)
