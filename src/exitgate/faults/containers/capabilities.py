"""Faults of 3.2.B.2.2: privileges that were not dropped, and a workload that does not live without them."""

from __future__ import annotations

import json

from exitgate.faults.fault import Fault, FaultSite

_CONTROL = "3.2.B.2.2"


def _drop_nothing(site: FaultSite) -> None:
    site.drop_nothing()


def _drop_one(site: FaultSite) -> None:
    site.edit_container(lambda container: container["linuxParameters"].update(capabilities={"drop": ["MKNOD"]}))


def _add_ptrace(site: FaultSite) -> None:
    site.edit_container(lambda container: container["linuxParameters"]["capabilities"].update(add=["SYS_PTRACE"]))


def _privileged(site: FaultSite) -> None:
    site.edit_container(lambda container: container.update(privileged=True))


def _writable_root(site: FaultSite) -> None:
    site.edit_container(lambda container: container.update(readonlyRootFilesystem=False))


def _needs_a_writable_root(site: FaultSite) -> None:
    node, *arguments = site.entrypoint
    write = 'import { writeFileSync } from "node:fs"; writeFileSync("/tmp/pid", "1");'
    source = f"{write} await import({json.dumps(arguments[-1])});"
    site.add_script("/entry/writes.mjs", source)
    site.append(f"ENTRYPOINT {json.dumps([node, '/entry/writes.mjs'])}")


FAULTS = (
    Fault(
        id="nothing-dropped",
        title="the task definition drops no capability",
        control=_CONTROL,
        check="effective-sets",
        location="task-definition",
        message="in its bounding set",
        inject=_drop_nothing,
    ),
    Fault(
        id="one-dropped",
        title="the task definition drops one capability instead of all",
        control=_CONTROL,
        check="drops-all",
        location="task-definition",
        message="does not drop all capabilities",
        inject=_drop_one,
    ),
    Fault(
        id="ptrace-added",
        title="somebody added SYS_PTRACE for a debugger",
        control=_CONTROL,
        check="effective-sets",
        location="task-definition",
        message="in its bounding set",
        inject=_add_ptrace,
        also=frozenset({"3.2.A.2"}),
    ),
    Fault(
        id="privileged",
        title="the container is privileged",
        control=_CONTROL,
        check="seccomp",
        location="task-definition",
        message="without a system-call filter",
        inject=_privileged,
        also=frozenset({"3.2.A.2", "3.2.C.3"}),
    ),
    Fault(
        id="writable-root",
        title="the root file system is writable",
        control=_CONTROL,
        check="works-confined",
        location="task-definition",
        message="can be written to",
        inject=_writable_root,
        also=frozenset({"3.2.C.3"}),
    ),
    Fault(
        id="needs-a-writable-root",
        title="the workload writes a pid file at its start",
        control=_CONTROL,
        check="works-confined",
        location="task-definition",
        message="does not answer",
        inject=_needs_a_writable_root,
        # A second ENTRYPOINT, which scanners of Dockerfiles take for a mistake.
        also=frozenset({"3.2.C.2"}),
    ),
)
