"""The seventeen assertions of the peer comparison, as data that both sides read, and the image that they are about."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.samples import Part, modules
from exitgate.process import run_tool, scrubbed_environment

RUNTIME = "/usr/local/bin/runtime"
_RUNTIME_BYTES = 95_000_000
"""About that of Node.js. The file is `uname` with something behind it, which no loader looks at."""
_MODULE_FILES, _MODULE_BYTES = 9_000, 18_000
_PROGRAMS = ("sh", "cat", "id", "ls", "sleep", "uname")
_OS_RELEASE = b'PRETTY_NAME="Benchmark Linux 12"\nNAME="Benchmark Linux"\nID=benchmark\nVERSION_ID="12"\n'
_PASSWD = b"root:x:0:0:root:/root:/bin/sh\napp:x:10001:10001:app:/app:/usr/sbin/nologin\n"
_SETTINGS = b"log-level = info\nport = 8080\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A command, and a regular expression that its output has."""

    name: str
    words: tuple[str, ...]
    output: str


@dataclass(frozen=True, slots=True, kw_only=True)
class There:
    """A path with its permissions, as ``ls`` writes them, and owner; no permissions where nothing may be."""

    path: str
    permissions: str
    uid: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Holds:
    """A file, and a regular expression that its content has."""

    path: str
    content: str


COMMANDS = (
    Command(name="runtime runs", words=("runtime", "-s"), output="^Linux"),
    Command(name="user exists", words=("id", "-u", "app"), output="^10001"),
    Command(name="settings are readable", words=("cat", "/etc/app.conf"), output="port = 8080"),
    Command(name="shell finds the code", words=("sh", "-c", "cd /app && ls"), output="node_modules"),
)
PATHS = (
    There(path=RUNTIME, permissions="-rwxr-xr-x"),
    There(path="/app", permissions="drwxr-xr-x"),
    There(path="/etc/app.conf", permissions="-rw-r-----"),
    There(path="/app/node_modules/package-0/package.json", permissions="-rw-r--r--"),
    There(path="/root/.npmrc", permissions=""),
)
CONTENTS = (
    Holds(path="/etc/passwd", content="app:x:10001:10001"),
    Holds(path="/etc/os-release", content="VERSION_ID=.12"),
    Holds(path="/etc/app.conf", content="log-level = info"),
)
ENVIRONMENT = ("APP_ENV", "production")
PORT = "8080/tcp"
CONFIGURATION: dict[str, Any] = {
    "Env": ["PATH=/usr/local/bin:/usr/bin:/bin", "=".join(ENVIRONMENT)],
    "Entrypoint": ["/usr/local/bin/runtime"],
    "Cmd": ["-a"],
    "WorkingDir": "/app",
    "ExposedPorts": {PORT: {}},
}
"""Five assertions: a variable, the entry point, the command, the working directory, the port. The peer counts them as one test."""


def layers() -> tuple[Iterator[Part], ...]:
    """Return the layers of the image that is asserted about: about 263 MB, with a shell and some core tools of this machine.

    Raises:
        SystemExit: if this machine has no such tools.
    """
    return _system(), modules(_MODULE_FILES, _MODULE_BYTES, seed=17), _application()


def peer_document() -> dict[str, Any]:
    """Return the assertions as container-structure-test 1.19 takes them (schema 2.0.0)."""
    return {
        "schemaVersion": "2.0.0",
        "commandTests": [
            {"name": each.name, "command": each.words[0], "args": list(each.words[1:]), "expectedOutput": [each.output]}
            for each in COMMANDS
        ],
        "fileExistenceTests": [
            {
                "name": each.path,
                "path": each.path,
                "shouldExist": True,
                "permissions": each.permissions,
                "uid": each.uid,
            }
            if each.permissions
            else {"name": each.path, "path": each.path, "shouldExist": False}
            for each in PATHS
        ],
        "fileContentTests": [
            {"name": each.path, "path": each.path, "expectedContents": [each.content]} for each in CONTENTS
        ],
        "metadataTest": {
            "envVars": [{"key": ENVIRONMENT[0], "value": ENVIRONMENT[1]}],
            "entrypoint": CONFIGURATION["Entrypoint"],
            "cmd": CONFIGURATION["Cmd"],
            "workdir": CONFIGURATION["WorkingDir"],
            "exposedPorts": [PORT.partition("/")[0]],
        },
    }


def _system() -> Iterator[Part]:
    programs = {name: shutil.which(name, path="/usr/bin:/bin") for name in _PROGRAMS}
    if missing := [name for name, path in programs.items() if path is None]:
        raise SystemExit(f"this machine has no {', '.join(missing)}, of which the image is made")
    libraries: set[Path] = set()
    for name, found in programs.items():
        content = Path(str(found)).resolve().read_bytes()
        yield Part(f"bin/{name}", content, 0o755)
        if name == "uname":
            yield Part(RUNTIME.lstrip("/"), content + bytes(_RUNTIME_BYTES - len(content)), 0o755)
        words = run_tool(["ldd", str(found)], timeout_s=10, environment=scrubbed_environment()).stdout.split()
        libraries |= {Path(word) for word in words if word.startswith("/")}
    for path in sorted(libraries):
        yield Part(str(path).lstrip("/"), path.resolve().read_bytes(), 0o755)
    yield Part("etc/passwd", _PASSWD)
    yield Part("etc/os-release", _OS_RELEASE)
    yield Part("root", mode=0o700)
    yield Part("tmp", mode=0o1777)


def _application() -> Iterator[Part]:
    yield Part("app", mode=0o755)
    yield Part("etc/app.conf", _SETTINGS, 0o640)
