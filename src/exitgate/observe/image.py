"""What an image is: its configuration, its users and groups, and the files in it that carry privileges."""

from __future__ import annotations

import tarfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from exitgate.errors import ObservationError
from exitgate.observation import Observation, Substrate
from exitgate.provision.engine import Engine
from exitgate.run import Run
from exitgate.settings import ContainerSettings, HealthCheck

if TYPE_CHECKING:
    from docker.models.images import Image

_SETUID, _SETGID, _OTHERS_WRITE = 0o4000, 0o2000, 0o002
_CAPABILITY_ATTRIBUTE = "SCHILY.xattr.security.capability"
_SMALL_FILE_BYTES = 1024 * 1024
_NANOSECONDS = 1_000_000_000
_END_OF_ARCHIVE_BYTES = 2 * tarfile.BLOCKSIZE


@dataclass(frozen=True, slots=True, kw_only=True)
class PrivilegedFile:
    """A file that gives whoever runs it another identity or capabilities."""

    path: str
    uid: int
    gid: int
    mode: int
    """Permission bits, setuid and setgid included."""
    capabilities: bytes = b""
    """The raw ``security.capability`` attribute."""

    @property
    def kind(self) -> str:
        """What is special about it, in words."""
        kinds = []
        if self.mode & _SETUID:
            kinds.append(f"setuid {self.uid}")
        if self.mode & _SETGID:
            kinds.append(f"setgid {self.gid}")
        if self.capabilities:
            kinds.append("file capabilities")
        return ", ".join(kinds)


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Whom a ``USER`` value means, as numbers."""

    uid: int
    gid: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageFacts(Observation):
    """An image, read whole without starting it."""

    id: str
    user: str
    """As configured; empty means root."""
    working_directory: str
    settings: ContainerSettings
    """What the image itself says: entry point, command, HEALTHCHECK."""
    users: tuple[tuple[str, int, int], ...]
    """Name, uid and first gid of each line of its /etc/passwd."""
    groups: tuple[tuple[str, int], ...]
    """Name and gid of each line of its /etc/group."""
    privileged_files: tuple[PrivilegedFile, ...]
    directories: tuple[str, ...]
    """Every directory, absolute, sorted."""
    open_directories: tuple[str, ...]
    """Those that everybody may write into."""
    shells: tuple[str, ...]
    files: int
    """How many files and directories were read."""

    def resolve(self, user: str) -> Identity | None:
        """Return the numbers that a ``user[:group]`` value comes to in this image, as the engine resolves it.

        Returns nothing for a name that the image does not know. Numbers may be padded; a lone number that is no user of the
        image has gid 0.
        """
        name, _, group = (user or "0").partition(":")
        names = {entry[0]: entry for entry in reversed(self.users)}
        numbers = {entry[1]: entry for entry in reversed(self.users)}
        if name in names:
            uid, gid = names[name][1:]
        elif _is_number(name):
            uid = int(name)
            gid = numbers[uid][2] if uid in numbers else 0
        else:
            return None
        if group:
            known = dict(reversed(self.groups))
            if group not in known and not _is_number(group):
                return None
            gid = known[group] if group in known else int(group)
        return Identity(uid=uid, gid=gid)


def read_image(engine: Engine, run: Run, image_id: str, substrate: Substrate) -> ImageFacts:
    """Read an image's configuration and its whole file list, from a container that is never started.

    Raises:
        ObservationError: if the engine has no such image, or what it sends is no archive.
    """
    from docker.errors import DockerException, ImageNotFound

    try:
        image = engine.client.images.get(image_id)
        container = engine.client.containers.create(image_id, command=["-"], labels=run.labels, network_mode="none")
        try:
            seen = _read_files(TarStream(cast("Iterable[bytes]", container.export())))
        finally:
            container.remove(v=True, force=True)
    except ImageNotFound as error:
        raise ObservationError(
            image_id, got="no such image", expected="the image that was built", action="Run the gate again."
        ) from error
    except (DockerException, tarfile.TarError, OSError) as error:
        raise ObservationError(
            image_id, got=f"can't be read: {error}", expected="an archive of its files", action="Try `docker export`."
        ) from error
    config = image.attrs["Config"]
    return ImageFacts(
        substrate=substrate,
        id=str(image.id),
        user=config.get("User") or "",
        working_directory=config.get("WorkingDir") or "/",
        settings=_own_settings(image),
        users=tuple(_passwd(seen.passwd)),
        groups=tuple(_group(seen.group)),
        privileged_files=tuple(sorted(seen.privileged, key=lambda file: file.path)),
        directories=tuple(sorted(seen.directories)),
        open_directories=tuple(sorted(seen.open_directories)),
        shells=tuple(sorted(seen.shells)),
        files=seen.count,
    )


class _Seen:
    def __init__(self) -> None:
        self.count = 0
        self.privileged: list[PrivilegedFile] = []
        self.directories: list[str] = []
        self.open_directories: list[str] = []
        self.shells: list[str] = []
        self.passwd = self.group = b""


_SHELLS = frozenset({"sh", "bash", "dash", "ash", "busybox", "zsh", "ksh"})


def _read_files(stream: TarStream) -> _Seen:
    seen = _Seen()
    with tarfile.open(fileobj=stream, mode="r|") as archive:  # type: ignore[call-overload]
        for member in archive:
            seen.count += 1
            path = "/" + member.name.strip("/")
            capabilities = member.pax_headers.get(_CAPABILITY_ATTRIBUTE, "").encode("utf-8", "surrogateescape")
            if member.isdir():
                seen.directories.append(path)
                if member.mode & _OTHERS_WRITE:
                    seen.open_directories.append(path)
            elif _is_privileged(member) or capabilities:
                mode = member.mode & 0o7777
                seen.privileged.append(
                    PrivilegedFile(path=path, uid=member.uid, gid=member.gid, mode=mode, capabilities=capabilities)
                )
            if path.rpartition("/")[2] in _SHELLS and "bin/" in path and not member.isdir():
                seen.shells.append(path)
            if path in ("/etc/passwd", "/etc/group") and member.isfile() and member.size <= _SMALL_FILE_BYTES:
                extracted = archive.extractfile(member)
                content = extracted.read() if extracted else b""
                setattr(seen, path.rpartition("/")[2], content)
    stream.refuse_a_missing_end()
    return seen


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit()


def _is_privileged(member: tarfile.TarInfo) -> bool:
    return (member.isfile() or member.islnk()) and bool(member.mode & (_SETUID | _SETGID))


class TarStream:
    """A file object over the chunks that an engine sends, for tarfile's streaming mode."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = iter(chunks)
        self._rest = b""
        self._end = b""

    def read(self, size: int) -> bytes:
        """Return the next `size` bytes; fewer only at the end."""
        parts, length = [self._rest], len(self._rest)
        while length < size:
            chunk = next(self._chunks, b"")
            if not chunk:
                break
            parts.append(chunk)
            length += len(chunk)
        data = b"".join(parts)
        self._rest = data[size:]
        self._end = (self._end + data[:size])[-_END_OF_ARCHIVE_BYTES:]
        return data[:size]

    def refuse_a_missing_end(self) -> None:
        """Read what is left, and make sure that the archive's end was among it: tarfile takes a cut one for a whole one.

        Raises:
            tarfile.ReadError: if the last two blocks are not of zeros.
        """
        while self.read(tarfile.RECORDSIZE):
            pass
        if self._end != bytes(_END_OF_ARCHIVE_BYTES):
            raise tarfile.ReadError("it ends before its end")


def _own_settings(image: Image) -> ContainerSettings:
    config: dict[str, Any] = image.attrs["Config"]
    health = config.get("Healthcheck") or {}
    return ContainerSettings(
        user=config.get("User") or "",
        entrypoint=tuple(config.get("Entrypoint") or ()) or None,
        command=tuple(config.get("Cmd") or ()) or None,
        working_directory=config.get("WorkingDir") or "",
        health_check=HealthCheck(
            command=tuple(health["Test"]),
            interval_s=(health.get("Interval") or 30 * _NANOSECONDS) / _NANOSECONDS,
            timeout_s=(health.get("Timeout") or 30 * _NANOSECONDS) / _NANOSECONDS,
            retries=health.get("Retries") or 3,
            start_period_s=(health.get("StartPeriod") or 0) / _NANOSECONDS,
        )
        if health.get("Test")
        else None,
    )


def _passwd(content: bytes) -> Iterator[tuple[str, int, int]]:
    for line in content.decode("utf-8", "replace").splitlines():
        fields = line.split(":")
        if len(fields) >= 4 and _is_number(fields[2]) and _is_number(fields[3]):  # noqa: PLR2004
            yield fields[0], int(fields[2]), int(fields[3])


def _group(content: bytes) -> Iterator[tuple[str, int]]:
    for line in content.decode("utf-8", "replace").splitlines():
        fields = line.split(":")
        if len(fields) >= 3 and _is_number(fields[2]):  # noqa: PLR2004
            yield fields[0], int(fields[2])
