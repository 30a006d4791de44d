"""What a target's lockfile locks, seen from one of its workspaces."""

from __future__ import annotations

import fnmatch
import posixpath
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from exitgate.dockerfile import Dockerfile
from exitgate.errors import ObservationError, PrerequisiteMissing, one_line
from exitgate.observation import Observation, Substrate
from exitgate.observe.lockfiles.graph import Graph, Locked
from exitgate.observe.lockfiles.npm import parse_npm
from exitgate.observe.lockfiles.pnpm import parse_pnpm
from exitgate.observe.lockfiles.yarn import parse_yarn

__all__ = ["Locked", "Lockfile", "read_lockfile", "refuse_decoys"]

_PARSERS: dict[str, Callable[[str, Path], Graph]] = {
    "npm-shrinkwrap.json": parse_npm,
    "package-lock.json": parse_npm,
    "pnpm-lock.yaml": parse_pnpm,
    "yarn.lock": parse_yarn,
}
"""In the order in which npm itself prefers its own two."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lockfile(Observation):
    """A lockfile, and what of it one workspace needs."""

    path: str
    """Relative to the target."""
    locked: frozenset[Locked]
    """All that it locks, workspaces with their own versions among them."""
    needed: frozenset[Locked]
    """What the workspace needs when it runs."""
    only_for_development: frozenset[Locked]
    """What the workspace does not need when it runs, nor any other one: the lockfile reaches it by development alone."""


def read_lockfile(root: Path, folder: str, substrate: Substrate) -> Lockfile:
    """Read the lockfile that governs a folder of the target: the nearest, from the folder upwards.

    Raises:
        PrerequisiteMissing: if there is none.
        ObservationError: if it can't be read, or does not know the folder's package.
    """
    place = (root / folder).resolve()
    while True:
        there = [name for name in _PARSERS if (place / name).is_file()]
        if len(there) > 1:
            raise ObservationError(
                (place / there[0]).relative_to(root.resolve()).as_posix(),
                got=f"{' and '.join(there)} in one folder",
                expected="one lockfile: what is installed by another than the one that is judged, nobody judges",
                action="Remove those of the package managers that the build does not use.",
            )
        if there:
            return _read(root, place / there[0], _PARSERS[there[0]], (root / folder).resolve(), substrate)
        if place == root.resolve() or place == place.parent:
            raise PrerequisiteMissing(
                folder,
                got="no lockfile in it or above it",
                expected=f"one of {', '.join(_PARSERS)}",
                action="Commit the lockfile; for a workload without npm packages declare the control not applicable.",
            )
        place = place.parent


def refuse_decoys(lockfile: Lockfile, root: Path, context: str, dockerfile: Dockerfile) -> None:
    """Make sure that a Dockerfile that copies lockfiles by name copies the one that is judged.

    Raises:
        ObservationError: if it copies others alone.
    """
    copied = []
    for instruction in dockerfile.instructions:
        if instruction.name != "COPY" or any(flag == "from" for flag, _ in instruction.flags):
            continue
        for word in instruction.words[:-1]:
            folder, _, pattern = posixpath.normpath(posixpath.join(context, word.lstrip("/"))).rpartition("/")
            found = [posixpath.join(folder, name) for name in _PARSERS if fnmatch.fnmatchcase(name, pattern)]
            copied += [(path, instruction.line) for path in found if pattern != "*" and (root / path).is_file()]
    if copied and lockfile.path not in {path for path, _ in copied}:
        path, line = copied[0]
        raise ObservationError(
            f"{dockerfile.path}:{line}",
            got=f"{path}, while {lockfile.path} is the nearest one to the workload",
            expected="an image that is built from the lockfile that governs the workload",
            action="Copy that one, and remove the other.",
        )


def _read(root: Path, file: Path, parse: Callable[[str, Path], Graph], package: Path, substrate: Substrate) -> Lockfile:
    path = file.relative_to(root.resolve()).as_posix()
    try:
        graph = parse(file.read_text(encoding="utf-8"), file.parent)
    except (OSError, ValueError, TypeError, LookupError, AttributeError, RecursionError, NotImplementedError) as error:
        raise ObservationError(
            path,
            got=f"no lockfile that can be read: {one_line(str(error), 160)}",
            expected="one as its package manager writes it",
            action="Make it anew with the package manager, and commit it.",
        ) from error
    workspace = package.relative_to(file.parent).as_posix()
    if workspace not in graph.importers:
        raise ObservationError(
            path,
            got=f"no entry for {workspace}",
            expected="every workspace of the target in its lockfile",
            action="Run the package manager's install, and commit the lockfile.",
        )
    needed = graph.needed_by(workspace)
    runtime = graph.packages(graph.needed_by_any())
    return Lockfile(
        substrate=substrate,
        path=path,
        locked=graph.packages(graph.nodes),
        needed=graph.packages(needed),
        only_for_development=graph.packages(graph.needed_by_developers()) - runtime - graph.packages(needed),
    )
