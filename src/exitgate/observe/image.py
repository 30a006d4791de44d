"""What an image is: its configuration, its users and groups, and the files in it that carry privileges."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from exitgate.observation import Observation
from exitgate.observe.contents import ImageContents
from exitgate.observe.layers import Entry, Kind
from exitgate.settings import ContainerSettings, HealthCheck

_SETUID, _SETGID, _STICKY, _OTHERS_WRITE = 0o4000, 0o2000, 0o1000, 0o002
_NANOSECONDS = 1_000_000_000


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
    sticky_directories: tuple[str, ...]
    """Those in which only the owner of a file may remove it."""
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


def image_facts(contents: ImageContents) -> ImageFacts:
    """Return what of an image's contents says who may do what in it."""
    config = contents.configuration
    seen = [entry for entry, _ in contents.entries.values()]
    directories = sorted(entry.path for entry in seen if entry.kind is Kind.DIRECTORY)
    return ImageFacts(
        substrate=contents.substrate,
        id=contents.id,
        user=config.get("User") or "",
        working_directory=config.get("WorkingDir") or "/",
        settings=_own_settings(config),
        users=tuple(_passwd(contents.texts.get("/etc/passwd", b""))),
        groups=tuple(_group(contents.texts.get("/etc/group", b""))),
        privileged_files=tuple(
            sorted(
                (
                    PrivilegedFile(
                        path=entry.path, uid=entry.uid, gid=entry.gid, mode=entry.mode, capabilities=entry.capabilities
                    )
                    for entry in seen
                    if _is_privileged(entry)
                ),
                key=lambda file: file.path,
            )
        ),
        directories=tuple(directories),
        open_directories=tuple(path for path in directories if contents.entries[path][0].mode & _OTHERS_WRITE),
        sticky_directories=tuple(path for path in directories if contents.entries[path][0].mode & _STICKY),
        shells=tuple(sorted(entry.path for entry in seen if _is_shell(entry))),
        files=len(seen),
    )


_SHELLS = frozenset({"sh", "bash", "dash", "ash", "busybox", "zsh", "ksh"})


def _is_shell(entry: Entry) -> bool:
    return entry.name in _SHELLS and "bin/" in entry.path and entry.kind is not Kind.DIRECTORY


def _is_privileged(entry: Entry) -> bool:
    if entry.kind not in (Kind.FILE, Kind.HARD_LINK):
        return False
    return bool(entry.capabilities) or bool(entry.mode & (_SETUID | _SETGID))


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit()


def _own_settings(config: dict[str, Any]) -> ContainerSettings:
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
