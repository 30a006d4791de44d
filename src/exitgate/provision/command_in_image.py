"""A command that runs to its end in a container of an image, with files laid over it, and leaves a file."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from exitgate.errors import PrerequisiteMissing
from exitgate.provision.containers import throwaway_container
from exitgate.provision.engine import Engine
from exitgate.run import Run
from exitgate.settings import ContainerSettings
from exitgate.waiting import wait_for

if TYPE_CHECKING:
    from docker.models.containers import Container

_INTERVAL_S = 0.1
_MEMORY_BYTES = 2 * 1024**3
_LOG_LINES = 2_000
_LARGEST_MIB = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """What is to be run."""

    words: tuple[str, ...]
    directory: str
    """Absolute, in the image: where files are laid, and where it is run."""
    files: Mapping[str, Path | str]
    """Path below `directory` to a file of this machine, or to a text. They belong to root."""
    environment: Mapping[str, str]
    network: str | None
    leaves: str
    """A file below `directory` that is wanted of it."""
    timeout_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """What came of it."""

    exit_code: int | None
    """Nothing where it did not end in time."""
    log: str
    """The last of both outputs."""
    left: bytes | None
    """The wanted file; nothing where there is none, or none that is read."""
    unread: str = ""
    """Why what is there was not read; empty where it was, or nothing is there."""


def run_in_image(engine: Engine, run: Run, image: str, name: str, command: Command) -> Ended:
    """Run a command in a container of its own, without any capability of the kernel's, and remove that at the end.

    Args:
        image: Its id.
        name: What the container is for.

    Raises:
        PrerequisiteMissing: if the image has no such program, or has the wanted file already: whose it is, nobody could say.
        ProvisionError: if the engine refuses.
    """
    from docker.errors import APIError

    settings = ContainerSettings(
        user="0:0",
        working_directory=command.directory,
        capabilities_dropped=("ALL",),
        security_options=("no-new-privileges",),
        memory_bytes=_MEMORY_BYTES,
        init_process=True,
    )
    with throwaway_container(
        engine,
        run,
        image,
        settings,
        name=name,
        environment=command.environment,
        network=command.network,
        entrypoint=command.words,
    ) as container:
        container.put_archive("/", _packed(command))
        path = f"{command.directory}/{command.leaves}"
        if _left(container, path) != (None, ""):
            raise PrerequisiteMissing(
                f"command of {name}",
                got=f"{path}, before the command has run",
                expected="no such file: it would count as what the command leaves",
                action="Keep it out of the image, e.g. by .dockerignore, or let the command write another.",
            )
        try:
            container.start()
        except APIError as error:
            raise PrerequisiteMissing(
                f"command of {name}",
                got=f"the engine can't start {command.words[0]}: {error.explanation or error}",
                expected="a program of the image",
                action="Correct the command, or the stage that it is to run in.",
            ) from error
        exit_code = _await(container, command.timeout_s)
        log = container.logs(tail=_LOG_LINES).decode("utf-8", "replace")
        left, unread = _left(container, path)
        return Ended(exit_code=exit_code, log=log, left=left, unread=unread)


def _await(container: Container, timeout_s: float) -> int | None:
    def state() -> dict[str, object]:
        container.reload()
        return dict(container.attrs["State"])

    seen, ended = wait_for(
        state, until=lambda found: found["Status"] == "exited", timeout_s=timeout_s, interval_s=_INTERVAL_S
    )
    return int(str(seen["ExitCode"])) if ended else None


def _left(container: Container, path: str) -> tuple[bytes | None, str]:
    """Return a file of the container's, or why what is there is not read; neither where nothing is there."""
    from docker.errors import NotFound

    try:
        parts, _ = container.get_archive(path)
    except NotFound:
        return None, ""
    packed = bytearray()
    for part in parts:
        packed += part
        # The archive is a little larger than the file.
        if len(packed) > (_LARGEST_MIB + 1) * 1024**2:
            return None, f"more than {_LARGEST_MIB} MiB"
    with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
        member = archive.next()
        found = archive.extractfile(member) if member and member.isreg() else None
        return (found.read(), "") if found else (None, "a link or a folder, and no file")


def _packed(command: Command) -> bytes:
    """Return the files as an archive, which the engine unpacks at the root of the container."""
    top = PurePosixPath(command.directory.lstrip("/"))
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for folder in sorted({parent for name in command.files for parent in PurePosixPath(name).parents}):
            member = tarfile.TarInfo(str(top / folder))
            member.type, member.mode = tarfile.DIRTYPE, 0o755
            archive.addfile(member)
        for name, source in command.files.items():
            if isinstance(source, Path):
                archive.add(source, arcname=str(top / name), recursive=False, filter=_of_root)
                continue
            data = source.encode()
            member = tarfile.TarInfo(str(top / name))
            member.size, member.mode = len(data), 0o644
            archive.addfile(member, io.BytesIO(data))
    return buffer.getvalue()


def _of_root(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.uid = member.gid = 0
    member.uname = member.gname = "root"
    return member
