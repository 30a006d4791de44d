"""The Node.js versions that this machine has, for the legs of a matrix."""

from __future__ import annotations

import functools
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


@functools.cache
def find_nodes() -> tuple[Node, ...]:
    """Return the installed versions that any user can reach, newest first."""
    first = shutil.which("node")
    folders = [Path(first).resolve().parent, Path(first).parent] if first else []
    folders += [folder for pattern in _PLACES for folder in sorted(Path("/").glob(pattern.lstrip("/")))]
    return nodes_in(folders)


def nodes_in(folders: Iterable[Path]) -> tuple[Node, ...]:
    """Return what of Node.js is in folders, one of each version, newest first; without npm it serves nobody."""
    found: dict[tuple[int, int, int], Node] = {}
    for folder in folders:
        program = folder / "node"
        if not (folder / "npm").exists() or not _reachable(program):
            continue
        try:
            said = run_tool([str(program), "--version"], timeout_s=_TIMEOUT_S, environment=scrubbed_environment())
        except (ObservationError, PrerequisiteMissing):
            continue
        if match := _VERSION.search(said.stdout):
            version = (int(match[1]), int(match[2]), int(match[3]))
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
                action="Install it where any user reaches it, e.g. below /opt/node-22.",
            )
        found[version] = fits[0]
    return found


def _reachable(program: Path) -> bool:
    """Say whether any user may run a program: it and every folder above it are open to others."""
    try:
        whole = program.resolve(strict=True)
        return all(each.stat().st_mode & 0o001 for each in (whole, *whole.parents)) and os.access(whole, os.X_OK)
    except OSError:
        return False
