"""Base images made from this machine's own files, for where no registry answers. Whoever uses one is told so in the record."""

from __future__ import annotations

import hashlib
import io
import os
import re
import shutil
import tarfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from exitgate.errors import PrerequisiteMissing
from exitgate.process import run_tool, scrubbed_environment
from exitgate.provision.dpkg import package_records
from exitgate.provision.engine import Engine

CACHE_LABEL = "exitgate.cache"
"""On images that outlive a run because making them is expensive; `exitgate sweep --cache` removes them."""
REPOSITORY = "exitgate-substitute"
"""Under which the engine knows them."""
_CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt"
_RUNTIME_NODE = "/nodejs/bin/node"
_BUILD_TOOLS = (
    "sh",
    "env",
    "cat",
    "cp",
    "mv",
    "rm",
    "ln",
    "ls",
    "mkdir",
    "chmod",
    "chown",
    "touch",
    "find",
    "sed",
    "grep",
    "tar",
    "gzip",
    "id",
    "test",
    "true",
    "false",
    "sleep",
    "head",
    "tail",
    "sort",
    "xargs",
    "uname",
    "date",
    "pwd",
    "dirname",
    "basename",
)
_C_LIBRARIES = (
    "libanl.so.1",
    "libdl.so.2",
    "libnss_dns.so.2",
    "libnss_files.so.2",
    "libpthread.so.0",
    "libresolv.so.2",
    "librt.so.1",
    "libutil.so.1",
)
"""Of the C library beside those that Node.js itself loads: native modules are linked with them."""
_LIBRARY = re.compile(r"(?:=> )?(/\S+) \(0x")


@dataclass(frozen=True, slots=True, kw_only=True)
class SubstituteImage:
    """A base image of our own making."""

    tag: str
    description: str
    """For the record: what it is, in place of what."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _File:
    path: str
    content: Path | bytes
    mode: int


def substitute_image(engine: Engine, kind: str, replaced: str) -> SubstituteImage:
    """Return the substitute of a kind, made if there is none of the same content yet.

    Args:
        kind: ``node-build`` (Node.js, npm, a shell, core tools) or ``node-runtime`` (Node.js alone, no shell).
        replaced: The image whose place it takes, for the record.

    Raises:
        PrerequisiteMissing: if this machine has no Node.js to make it of.
    """
    from docker.errors import ImageNotFound

    node = _node(replaced)
    digest = hashlib.sha256(f"{kind} {_describe(node)} {_certificates_digest()} 5".encode()).hexdigest()[:12]
    tag = f"{REPOSITORY}:{kind}-{digest}"
    try:
        engine.client.images.get(tag)
    except ImageNotFound:
        _KINDS[kind](engine, node, tag)
    version = run_tool([str(node), "--version"], timeout_s=10, environment=scrubbed_environment()).stdout.strip()
    return SubstituteImage(tag=tag, description=f"{replaced} → {kind} made of this machine's Node.js {version}")


def _node(replaced: str) -> Path:
    found = shutil.which("node")
    if not found:
        raise PrerequisiteMissing(
            f"base image {replaced}",
            got="no registry answers, and this machine has no Node.js to make a substitute of",
            expected="one of the two",
            action="Connect to a registry, `docker load` the image, or install Node.js.",
        )
    return Path(found).resolve()


def _describe(path: Path) -> str:
    status = path.stat()
    return f"{path} {status.st_size} {status.st_mtime_ns}"


def _certificates_digest() -> str:
    path = Path(_CERTIFICATES)
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "none"


def _make_runtime(engine: Engine, node: Path, tag: str) -> None:
    files = [_File(path=_RUNTIME_NODE, content=node, mode=0o755), *_libraries(node), *_certificates()]
    files += _identities(
        [("root", 0, 0, "/root"), ("nobody", 65534, 65534, "/nonexistent"), ("nonroot", 65532, 65532, "/home/nonroot")]
    )
    files += _packages(files)
    changes = [
        f'ENTRYPOINT ["{_RUNTIME_NODE}"]',
        "ENV PATH=/nodejs/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        f"ENV SSL_CERT_FILE={_CERTIFICATES}",
        "WORKDIR /home/nonroot",
        "USER 65532",
    ]
    _import(engine, tag, files, ["/home/nonroot", "/root", "/var/tmp"], changes)  # noqa: S108


def _make_build(engine: Engine, node: Path, tag: str) -> None:
    files = [_File(path="/usr/local/bin/node", content=node, mode=0o755), *_libraries(node), *_certificates()]
    for name in _BUILD_TOOLS:
        if found := shutil.which(name, path="/usr/bin:/bin"):
            files.append(_File(path=f"/usr/bin/{name}", content=Path(found).resolve(), mode=0o755))
            files += _libraries(Path(found).resolve())
    files += [_File(path=f"/bin/{name}", content=Path(f"/bin/{name}").resolve(), mode=0o755) for name in ("sh",)]
    npm = _npm_folder(node)
    for path in sorted(npm.rglob("*")):
        if path.is_file():
            inner = path.relative_to(npm).as_posix()
            files.append(
                _File(
                    path=f"/usr/local/lib/node_modules/npm/{inner}",
                    content=path.resolve(),
                    mode=0o755 if os.access(path, os.X_OK) else 0o644,
                )
            )
    for name in ("npm", "npx"):
        launcher = f'#!/bin/sh\nexec /usr/local/bin/node /usr/local/lib/node_modules/npm/bin/{name}-cli.js "$@"\n'
        files.append(_File(path=f"/usr/local/bin/{name}", content=launcher.encode(), mode=0o755))
    files += _identities(
        [("root", 0, 0, "/root"), ("node", 1000, 1000, "/home/node"), ("nobody", 65534, 65534, "/nonexistent")]
    )
    files += _packages(files)
    changes = [
        'CMD ["node"]',
        "ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        f"ENV NODE_EXTRA_CA_CERTS={_CERTIFICATES}",
    ]
    _import(engine, tag, files, ["/root", "/home/node", "/var/tmp"], changes)  # noqa: S108


_KINDS: dict[str, Callable[[Engine, Path, str], None]] = {"node-build": _make_build, "node-runtime": _make_runtime}


def _npm_folder(node: Path) -> Path:
    for candidate in (
        Path(shutil.which("npm") or "/nowhere").resolve().parent.parent,
        node.parent.parent / "lib/node_modules/npm",
    ):
        if (candidate / "bin/npm-cli.js").is_file():
            return candidate
    raise PrerequisiteMissing(
        "npm",
        got="not found beside Node.js",
        expected="npm's own folder, for a substitute base image",
        action="Install npm.",
    )


def _libraries(executable: Path) -> Iterator[_File]:
    """Yield the shared libraries of an executable, the loader and all of the C library included, where it looks for them."""
    completed = run_tool(["ldd", str(executable)], timeout_s=10, environment=scrubbed_environment())
    for match in _LIBRARY.finditer(completed.stdout):
        path = Path(match.group(1))
        yield _File(path=str(path), content=path.resolve(), mode=0o755)
        if path.name == "libc.so.6":
            for other in (path.with_name(name) for name in _C_LIBRARIES):
                if other.is_file():
                    yield _File(path=str(other), content=other.resolve(), mode=0o755)


def _certificates() -> list[_File]:
    path = Path(_CERTIFICATES)
    return [_File(path=_CERTIFICATES, content=path.read_bytes(), mode=0o644)] if path.is_file() else []


def _packages(files: list[_File]) -> list[_File]:
    """Return what says which of this machine's packages the files come from, as far as that can be said."""
    copied = {file.path: file.content for file in files if isinstance(file.content, Path)}
    return [_File(path=path, content=content, mode=0o644) for path, content in package_records(copied)]


def _identities(users: list[tuple[str, int, int, str]]) -> list[_File]:
    passwd = "".join(f"{name}:x:{uid}:{gid}:{name}:{home}:/sbin/nologin\n" for name, uid, gid, home in users)
    group = "".join(f"{name}:x:{gid}:\n" for name, _, gid, _ in users)
    return [
        _File(path="/etc/passwd", content=passwd.encode(), mode=0o644),
        _File(path="/etc/group", content=group.encode(), mode=0o644),
        _File(path="/etc/nsswitch.conf", content=b"hosts: files dns\n", mode=0o644),
    ]


def _import(engine: Engine, tag: str, files: list[_File], directories: list[str], changes: list[str]) -> None:
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for path, mode in [("/tmp", 0o1777), *((path, 0o755) for path in directories)]:  # noqa: S108
            member = tarfile.TarInfo(path.lstrip("/"))
            member.type, member.mode = tarfile.DIRTYPE, mode
            tar.addfile(member)
        for file in {file.path: file for file in files}.values():
            content = file.content if isinstance(file.content, bytes) else file.content.read_bytes()
            member = tarfile.TarInfo(file.path.lstrip("/"))
            member.size, member.mode = len(content), file.mode
            tar.addfile(member, io.BytesIO(content))
    changes = [*changes, f"LABEL {CACHE_LABEL}=substitute"]
    name, _, version = tag.partition(":")
    parameters: dict[str, Any] = {"repository": name, "tag": version, "changes": changes}
    engine.client.api.import_image_from_data(archive.getvalue(), **parameters)
