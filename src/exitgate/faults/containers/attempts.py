"""Faults of 3.2.C.3: containers in which what must be refused is granted."""

from __future__ import annotations

from exitgate.faults.fault import Fault, FaultSite, Inject

_CONTROL = "3.2.C.3"


def _writable_root(site: FaultSite) -> None:
    site.edit_container(lambda container: container.update(readonlyRootFilesystem=False))


def _volume_over_code(site: FaultSite) -> None:
    """Give the folder of what is started a volume, as somebody does who needs a cache or an upload beside the code."""
    folder = next(word for word in reversed(site.entrypoint) if word.startswith("/")).rpartition("/")[0]
    site.edit_task(lambda task: task.setdefault("volumes", []).append({"name": "uploads"}))
    site.edit_container(
        lambda container: container.setdefault("mountPoints", []).append(
            {"sourceVolume": "uploads", "containerPath": folder}
        )
    )


def _other_image(site: FaultSite) -> None:
    """Have the task run what somebody built by hand, as is done in a hurry and stays."""
    site.edit_container(lambda container: container.update(image="docker.io/somebody/hotfix:1"))


def _working_setuid_file(site: FaultSite) -> None:
    site.add_file("/usr/bin/su", "cp /bin/sh /usr/bin/su", mode="4755")


def _root_with_everything(site: FaultSite) -> None:
    site.drop_nothing()
    site.edit_container(lambda container: container.update(user="0:0"))


def _root_with_sys_admin(site: FaultSite) -> None:
    site.edit_container(
        lambda container: container.update(user="0:0", linuxParameters={"capabilities": {"add": ["SYS_ADMIN"]}})
    )


def _fault(
    name: str, title: str, inject: Inject, *, check: str, location: str, message: str, also: tuple[str, ...]
) -> Fault:
    return Fault(
        id=name,
        title=title,
        control=_CONTROL,
        check=check,
        location=location,
        message=message,
        inject=inject,
        also=frozenset(also),
    )


FAULTS = (
    _fault(
        "root-file-system-open",
        "the root file system can be written to",
        _writable_root,
        check="root-filesystem",
        location="task-definition",
        message="may create a file in",
        also=("3.2.B.2.2",),
    ),
    _fault(
        "volume-over-code",
        "a volume that can be written to was mounted over the code",
        _volume_over_code,
        check="root-filesystem",
        location="task-definition",
        message="over files of the image",
        also=(),
    ),
    _fault(
        "image-from-elsewhere",
        "the task definition names an image that somebody built by hand",
        _other_image,
        check="deployed-image",
        location="task-definition",
        message="has production run another image than the one that is built here",
        also=(),
    ),
    _fault(
        "setuid-escalation",
        "a setuid file of the image makes its user root",
        _working_setuid_file,
        check="privilege-escalation",
        location="image:/usr/bin/su",
        message="may gain privileges through",
        also=("3.2.A.2", "3.2.C.2"),
    ),
    _fault(
        "raw-sockets",
        "root with the engine's default capabilities may open raw sockets",
        _root_with_everything,
        check="raw-socket",
        location="task-definition",
        message="may open a raw ICMP socket",
        also=("3.2.B.2.1", "3.2.B.2.2"),
    ),
    _fault(
        "device-nodes",
        "root with the engine's default capabilities may make device nodes",
        _root_with_everything,
        check="device",
        location="task-definition",
        message="may make a block device",
        also=("3.2.B.2.1", "3.2.B.2.2"),
    ),
    _fault(
        "mounts",
        "root with SYS_ADMIN may mount",
        _root_with_sys_admin,
        check="mount",
        location="task-definition",
        message="may mount",
        also=("3.2.A.2", "3.2.B.2.1", "3.2.B.2.2"),
    ),
)
