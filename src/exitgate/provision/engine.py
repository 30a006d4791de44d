"""The Docker engine that answers, and the client that can build with BuildKit on it. Neither is ever installed here."""

from __future__ import annotations

import functools
import math
import os
import re
import shutil
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from exitgate.errors import PrerequisiteMissing
from exitgate.process import run_tool, scrubbed_environment
from exitgate.provenance import Tool

if TYPE_CHECKING:
    from docker import DockerClient

DEFAULT_ADDRESS = "unix:///var/run/docker.sock"
_ANSWER_TIMEOUT_S = 10.0
_CALL_TIMEOUT_S = 120
_CLIENTS = ("docker", "/usr/bin/docker", "/usr/local/bin/docker")
_BUILT_IN_BUILDKIT_BEFORE = 23
"""Docker's client had BuildKit built in up to version 20.10; from 23.0 on it needs the buildx plugin."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Engine:
    """An engine that answered."""

    client: DockerClient
    address: str
    version: str
    local: bool
    """True where it is reached by a socket of this machine; whether its processes are ours to see, /proc decides."""

    @property
    def tool(self) -> Tool:
        """The engine as a line of the record."""
        return Tool(name="docker engine", version=self.version)


@dataclass(frozen=True, slots=True, kw_only=True)
class Builder:
    """A command line client that can build with BuildKit."""

    executable: str
    version: str

    @property
    def tool(self) -> Tool:
        """The builder as a line of the record."""
        return Tool(name="docker build (BuildKit)", version=self.version)


def engine_address(environment: Mapping[str, str]) -> str:
    """Return where the engine is to be found: DOCKER_HOST, else the client's current context, else the default socket."""
    if environment.get("DOCKER_HOST"):
        return environment["DOCKER_HOST"]
    from docker.context import ContextAPI
    from docker.errors import DockerException

    try:
        context = ContextAPI.get_current_context()
        host = context.Host if context else None
    except (DockerException, OSError, ValueError):
        host = None
    return str(host or DEFAULT_ADDRESS).replace("http+unix://", "unix://")


@contextmanager
def connect(address: str, *, answer_timeout_s: float = _ANSWER_TIMEOUT_S) -> Iterator[Engine]:
    """Connect to an engine.

    Raises:
        PrerequisiteMissing: if nothing answers there in time, or what answers is no Docker engine.
    """
    import docker
    import requests
    from docker.errors import DockerException

    client = None
    try:
        if address.startswith("unix://"):
            _knock(address.removeprefix("unix://"), answer_timeout_s)
        client = docker.DockerClient(base_url=address, timeout=max(1, math.ceil(answer_timeout_s)))
        version = str(client.version()["Version"])
        client.api.timeout = _CALL_TIMEOUT_S
    except (DockerException, requests.RequestException, OSError, ValueError, KeyError, TypeError) as error:
        if client is not None:
            client.close()
        raise PrerequisiteMissing(
            f"Docker engine at {address}",
            got=_why(error),
            expected=f"an engine that answers within {answer_timeout_s:.0f} s",
            action="Start Docker, or name another engine by DOCKER_HOST; `make gate` sets one up where it may.",
        ) from error
    try:
        yield Engine(client=client, address=address, version=version, local=address.startswith("unix://"))
    finally:
        client.close()


def _knock(path: str, timeout_s: float) -> None:
    # The SDK (7.2) leaves a Unix socket that could not connect to the garbage collector, which warns.
    with socket.socket(socket.AF_UNIX) as visitor:
        visitor.settimeout(timeout_s)
        visitor.connect(path)


def _why(error: BaseException) -> str:
    text = str(error)
    for sign, word in (
        ("timed out", "it accepts and does not answer"),
        ("Permission denied", "this user may not use it"),
        ("No such file", "nothing there"),
        ("Connection refused", "nothing listens there"),
        ("ConnectionRefused", "nothing listens there"),
    ):
        if sign in text:
            return word
    return f"no answer ({type(error).__name__}: {text})"


@functools.lru_cache(maxsize=1)
def find_builder() -> Builder:
    """Find the first client on this machine that can build with BuildKit.

    Raises:
        PrerequisiteMissing: if there is none.
    """
    tried: list[str] = []
    for candidate in dict.fromkeys(shutil.which(name) or "" for name in _CLIENTS):
        if not candidate:
            continue
        version = _client_version(candidate)
        if version is None:
            tried.append(f"{candidate} says no version")
        elif version[0] < _BUILT_IN_BUILDKIT_BEFORE or _has_buildx(candidate):
            return Builder(executable=candidate, version=".".join(map(str, version)))
        else:
            tried.append(f"{candidate} {'.'.join(map(str, version))} has no buildx")
    raise PrerequisiteMissing(
        "docker command line client",
        got="; ".join(tried) or "none on PATH",
        expected="one that can build with BuildKit",
        action="Install docker-ce-cli with docker-buildx-plugin, or Debian's docker.io.",
    )


def client_environment(address: str) -> dict[str, str]:
    """Return the environment for the client: it may use the user's registry logins; the builds that it asks for can't."""
    own = {name: os.environ[name] for name in ("HOME", "DOCKER_CONFIG") if name in os.environ}
    return scrubbed_environment({**own, "DOCKER_HOST": address, "DOCKER_BUILDKIT": "1"})


def _client_version(executable: str) -> tuple[int, ...] | None:
    # Docker's client 20.10 asks the engine even for this, and hangs with one that hangs: it gets none to ask.
    environment = scrubbed_environment({"DOCKER_HOST": "unix:///nowhere"})
    completed = run_tool([executable, "--version"], timeout_s=10, environment=environment)
    found = re.search(r"version (\d+)\.(\d+)\.(\d+)", completed.stdout)
    return tuple(int(part) for part in found.groups()) if found else None


def _has_buildx(executable: str) -> bool:
    own = {name: os.environ[name] for name in ("HOME", "DOCKER_CONFIG") if name in os.environ}
    environment = scrubbed_environment(own)
    return run_tool([executable, "buildx", "version"], timeout_s=10, environment=environment).exit_code == 0
