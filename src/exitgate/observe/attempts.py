"""What a workload is refused: writes, other identities, raw sockets, devices and mounts, each tried for real.

The attempts are made in a container of the same image, user and settings, by a probe of ours (`escape_probe`), so nothing runs
inside the workload itself. The probe lies in a copy of the image, and takes the place of each privileged file there, with the
same path, owner and mode: what the kernel grants to the file, it grants to the probe.
"""

from __future__ import annotations

import errno
import io
import json
import tarfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import PurePosixPath

from exitgate.errors import ObservationError, PrerequisiteMissing, one_line
from exitgate.evidence_folder import EvidenceFolder
from exitgate.observation import Observation, Substrate
from exitgate.observe.escape_probe import MACHINE, Call, assemble, in_words, read_answers
from exitgate.observe.image import Identity, ImageFacts, PrivilegedFile
from exitgate.provision.containers import throwaway_container
from exitgate.provision.engine import Engine
from exitgate.run import Run
from exitgate.settings import ContainerSettings, Locations

_PROBE_PATH = "/exitgate-probe"
_LEFTOVER = ".exitgate-attempt"
_MOST_DIRECTORIES = 4000
_PROBE_TIMEOUT_S = 30
_NOT_OF_THE_IMAGE = ("/proc", "/sys", "/dev")

# System call numbers of x86-64: arch/x86/entry/syscalls/syscall_64.tbl
_SOCKET, _GETEUID, _GETEGID, _SETUID, _SETGID, _SETGROUPS, _SETRESUID = 41, 107, 108, 105, 106, 116, 117
_MKNOD, _MOUNT, _OPENAT, _UNSHARE = 133, 165, 257, 272
_AT_FDCWD, _O_CREATE_NEW, _O_READ_WRITE = -100, 0o301, 0o2
_BLOCK_DEVICE, _FIRST_DISK = 0o060600, 8 << 8
_CLONE_NEWNS, _CLONE_NEWUSER = 0x00020000, 0x10000000
_REFUSALS = frozenset({errno.EPERM, errno.EACCES, errno.EROFS, errno.ENOSYS, errno.ENOENT, errno.ENXIO, errno.ENODEV})
_NOT_EXECUTABLE = ("permission denied", "operation not permitted", "no such file or directory")
"""The last where a mount of the settings' own hides a file of the image's."""
_GROUP_LIST_OF_ROOT = b"\0\0\0\0"


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """Something that was tried, and the kernel's answer."""

    kind: str
    """``root-filesystem``, ``privilege-escalation``, ``raw-socket``, ``device`` or ``mount``."""
    what: str
    """In words, e.g. ``create a file in /etc``."""
    where: str
    """The path that it is about, if it is about one."""
    refused: bool
    answer: str
    """In words, e.g. ``EPERM``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempts(Observation):
    """Everything that was tried with a workload's own user and settings."""

    locations: Locations
    attempts: tuple[Attempt, ...]
    settings: ContainerSettings
    """With which everything was tried."""

    def of(self, kind: str) -> tuple[Attempt, ...]:
        """Return the attempts of a kind.

        Raises:
            ObservationError: if there was none, so that no check is met by silence.
        """
        found = tuple(attempt for attempt in self.attempts if attempt.kind == kind)
        if not found:
            raise ObservationError(kind, got="no attempt", expected="at least one", action="Report a bug.")
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class _Try:
    kind: str
    what: str
    call: Call
    where: str = ""


def read_attempts(
    engine: Engine,
    run: Run,
    image: ImageFacts,
    settings: ContainerSettings,
    locations: Locations,
    substrate: Substrate,
    keep: EvidenceFolder,
    name: str,
) -> Attempts:
    """Try everything once.

    Raises:
        PrerequisiteMissing: if the image is not for x86-64, or no container starts with these settings.
        ObservationError: if the probe did not run to its end, or the kernel's answer is neither a success nor a refusal.
        ProvisionError: if the engine refuses to make the container.
    """
    architecture = str(engine.client.images.get(image.id).attrs["Architecture"])
    if architecture != "amd64":
        raise PrerequisiteMissing(
            "attempts inside the container",
            got=f"an image for {architecture}",
            expected=f"{MACHINE}, the one machine that the probe speaks to",
            action="Run the gate on an x86-64 machine.",
        )
    tries = _tries(image, settings)
    probe = assemble([each.call for each in tries])
    escalations = image.privileged_files
    identity = (Call(number=_GETEUID, arguments=()), Call(number=_GETEGID, arguments=()), *_escalation_calls())
    with _image_with_probe(engine, run, image, probe, assemble(identity), escalations) as probed:
        answers = _run_probe(engine, run, probed, settings, _PROBE_PATH, len(tries), f"{name}-attempts")
        attempts = [_judge(each, answer) for each, answer in zip(tries, answers or (), strict=True)]
        own = image.resolve(settings.user or image.user)
        for alike in _alike(escalations):
            for file in alike:
                words = _run_probe(engine, run, probed, settings, file.path, len(identity), f"{name}-setuid")
                attempts.append(_judge_escalation(file, words, own))
                if words is not None:
                    break
    dump = json.dumps([asdict(attempt) for attempt in attempts], indent=1)
    return Attempts(
        substrate=replace(
            substrate,
            limits=(*substrate.limits, "attempts are made in a copy of the image with exitgate's own probe added"),
        ),
        evidence=(keep.keep(f"attempts-{name}.json", dump),),
        locations=locations,
        attempts=tuple(attempts),
        settings=settings,
    )


def _tries(image: ImageFacts, settings: ContainerSettings) -> list[_Try]:
    writes = [
        _Try(
            kind="root-filesystem",
            what=f"create a file in {directory}",
            where=directory,
            call=Call(number=_OPENAT, arguments=(_AT_FDCWD, _inside(directory), _O_CREATE_NEW, 0o600)),
        )
        for directory in _directories(image, settings)
    ]
    raw = [
        _Try(kind="raw-socket", what="open a raw ICMP socket", call=Call(number=_SOCKET, arguments=(2, 3, 1))),
        _Try(kind="raw-socket", what="open a packet socket", call=Call(number=_SOCKET, arguments=(17, 3, 0x0300))),
    ]
    devices = [
        _Try(
            kind="device",
            what=f"make a block device at {path}",
            where=path,
            call=Call(number=_MKNOD, arguments=(path.encode(), _BLOCK_DEVICE, _FIRST_DISK)),
        )
        for path in (f"/dev/{_LEFTOVER}", f"/dev/shm/{_LEFTOVER}", f"/tmp/{_LEFTOVER}.device")  # noqa: S108
    ] + [
        _Try(
            kind="device",
            what=f"open {path} for writing",
            where=path,
            call=Call(number=_OPENAT, arguments=(_AT_FDCWD, path.encode(), _O_READ_WRITE, 0)),
        )
        for path in ("/dev/mem", "/dev/kmsg", "/dev/sda", "/dev/vda", "/dev/nvme0n1", "/dev/xvda")
    ]
    mounts = [
        _Try(
            kind="mount",
            what=f"mount a tmpfs on {path}",
            where=path,
            call=Call(number=_MOUNT, arguments=(b"none", path.encode(), b"tmpfs", 0, 0)),
        )
        for path in ("/", "/dev/shm")  # noqa: S108
    ] + [
        _Try(
            kind="mount",
            what="enter a mount namespace of its own",
            call=Call(number=_UNSHARE, arguments=(_CLONE_NEWNS,)),
        ),
    ]
    names = ("become uid 0", "become gid 0", "become uid 0 in all three ids", "add group 0")
    escalations = [
        _Try(kind="privilege-escalation", what=what, call=call)
        for what, call in zip(names, _escalation_calls(), strict=True)
    ]
    namespace = _Try(
        kind="mount",
        what="enter a user namespace of its own",
        call=Call(number=_UNSHARE, arguments=(_CLONE_NEWUSER,)),
    )
    # Becoming somebody else comes late: what is tried after it would be tried as somebody else. The user namespace comes after
    # even that: whoever is inside can't become uid 0, for there is none (EINVAL).
    return [*writes, *raw, *devices, *mounts, *escalations, namespace]


def _escalation_calls() -> tuple[Call, ...]:
    return (
        Call(number=_SETUID, arguments=(0,)),
        Call(number=_SETGID, arguments=(0,)),
        Call(number=_SETRESUID, arguments=(0, 0, 0)),
        Call(number=_SETGROUPS, arguments=(1, _GROUP_LIST_OF_ROOT)),
    )


def _directories(image: ImageFacts, settings: ContainerSettings) -> list[str]:
    """Return where to try a write: everything of the image, the root, nothing that is a mount of its own."""
    mounted = (*_NOT_OF_THE_IMAGE, *settings.writable_paths)

    def of_the_image(path: str) -> bool:
        return not any(path == mount or path.startswith(mount.rstrip("/") + "/") for mount in mounted)

    nearest = sorted({"/", *image.directories}, key=lambda path: (path.count("/"), path))[:_MOST_DIRECTORIES]
    return sorted({path for path in (*nearest, *image.open_directories) if of_the_image(path)})


def _inside(directory: str) -> bytes:
    return str(PurePosixPath(directory) / _LEFTOVER).encode("utf-8", "surrogateescape")


def _alike(files: Sequence[PrivilegedFile]) -> tuple[tuple[PrivilegedFile, ...], ...]:
    """Group files by their way of being privileged: once executed, the kernel looks at owner, mode and capabilities alone.

    One that was executed speaks for its group. One that was not speaks for itself: it may be its folder that is closed.
    """
    groups: dict[tuple[int, int, int, bytes], list[PrivilegedFile]] = {}
    for file in files:
        groups.setdefault((file.uid, file.gid, file.mode, file.capabilities), []).append(file)
    return tuple(tuple(group) for group in groups.values())


@contextmanager
def _image_with_probe(
    engine: Engine,
    run: Run,
    image: ImageFacts,
    probe: bytes,
    identity_probe: bytes,
    privileged: Sequence[PrivilegedFile],
) -> Iterator[str]:
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w", format=tarfile.PAX_FORMAT) as tar:
        _add(tar, _PROBE_PATH, probe, 0o755, 0, 0, b"")
        for file in privileged:
            _add(tar, file.path, identity_probe, file.mode, file.uid, file.gid, file.capabilities)
    container = engine.client.containers.create(image.id, command=["-"], labels=run.labels, network_mode="none")
    try:
        container.put_archive("/", archive.getvalue())
        copy = container.commit(repository=f"exitgate-{run.id}", tag=f"probe-{container.short_id}")
    finally:
        container.remove(v=True, force=True)
    try:
        yield str(copy.id)
    finally:
        engine.client.images.remove(str(copy.id), force=True)


def _add(tar: tarfile.TarFile, path: str, content: bytes, mode: int, uid: int, gid: int, capabilities: bytes) -> None:
    member = tarfile.TarInfo(path.lstrip("/"))
    member.size, member.mode, member.uid, member.gid = len(content), mode, uid, gid
    if capabilities:
        member.pax_headers = {"SCHILY.xattr.security.capability": capabilities.decode("utf-8", "surrogateescape")}
    tar.addfile(member, io.BytesIO(content))


def _run_probe(
    engine: Engine, run: Run, image: str, settings: ContainerSettings, executable: str, answers: int, name: str
) -> tuple[int, ...] | None:
    """Run one probe and return the kernel's answers; nothing where the kernel refused to execute it at all."""
    from docker.errors import APIError

    with throwaway_container(
        engine, run, image, replace(settings, health_check=None), name=name, entrypoint=(executable,)
    ) as container:
        try:
            container.start()
        except APIError as error:
            words = str(error.explanation)
            if executable != _PROBE_PATH and any(sign in words for sign in _NOT_EXECUTABLE):
                return None
            raise PrerequisiteMissing(
                "attempts inside the container",
                got=f"the engine can't start one with these settings: {one_line(words, 200)}",
                expected="a container that starts",
                action="Mend the settings that production runs it with first.",
                blocked_by="3.2.B.2.2",
            ) from error
        code = container.wait(timeout=_PROBE_TIMEOUT_S)["StatusCode"]
        output = container.logs(stdout=True, stderr=False)
    try:
        return read_answers(output, answers)
    except ValueError as error:
        raise ObservationError(
            f"probe {executable}",
            got=f"exit code {code}, {error}",
            expected="an answer to every call",
            action="Run the gate again; if it stays so, report a bug.",
        ) from error


def _judge(tried: _Try, answer: int) -> Attempt:
    if answer < 0 and -answer not in _REFUSALS:
        raise ObservationError(
            tried.what, got=in_words(answer), expected="a success or a refusal", action="Report a bug with this line."
        )
    return Attempt(kind=tried.kind, what=tried.what, where=tried.where, refused=answer < 0, answer=in_words(answer))


def _judge_escalation(file: PrivilegedFile, answers: tuple[int, ...] | None, own: Identity | None) -> Attempt:
    what = f"gain privileges through {file.path} ({file.kind})"
    kind = "privilege-escalation"
    if answers is None:
        return Attempt(kind=kind, what=what, where=file.path, refused=True, answer="not executable")
    uid, gid, *calls = answers
    gained = [f"uid {uid}"] if own is None or uid != own.uid else []
    gained += [f"gid {gid}"] if own is None or gid != own.gid else []
    gained += [f"call {index} succeeded" for index, answer in enumerate(calls) if answer >= 0]
    word = "ran as " + ", ".join(gained) if gained else "nothing gained"
    return Attempt(kind=kind, what=what, where=file.path, refused=not gained, answer=word)
