"""What the target's package.json files say: Node.js versions, the package manager, and its lockfile."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from exitgate.assurance import Assurance
from exitgate.errors import ObservationError, one_line
from exitgate.observation import Observation, Substrate
from exitgate.observe.json_source import line_of_key
from exitgate.provision.git import git, succeeded

LOCKFILES = {
    "npm": ("package-lock.json", "npm-shrinkwrap.json"),
    "pnpm": ("pnpm-lock.yaml",),
    "yarn": ("yarn.lock",),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Packages(Observation):
    """The committed packages of a target."""

    engines: Mapping[str, str]
    """Place to the range of Node.js versions that a package.json asks for."""
    lockfiles: tuple[str, ...]
    """Committed lockfiles of every kind."""
    manager: str
    """``npm``, ``pnpm`` or ``yarn``, as the root's package.json says; empty where it does not."""
    manifests: tuple[str, ...]
    has_nx: bool


def read_packages(root: Path) -> Packages:
    """Read every committed package.json of a clone, and which lockfiles there are.

    Raises:
        ObservationError: if one is no JSON.
    """
    tracked = succeeded(git(root, "ls-files", "-z", "--cached"), root).stdout.split("\0")
    manifests = sorted(each for each in tracked if Path(each).name == "package.json" and "node_modules/" not in each)
    engines: dict[str, str] = {}
    manager = ""
    for path in manifests:
        text, data = _json(root, path)
        given = data.get("engines")
        if isinstance(given, dict) and isinstance(given.get("node"), str):
            engines[f"{path}:{line_of_key(text, ('engines', 'node'))}"] = given["node"]
        if path == "package.json":
            manager = str(data.get("packageManager", "")).partition("@")[0]
    names = {name for each in LOCKFILES.values() for name in each}
    return Packages(
        substrate=Substrate(assurance=Assurance.DECLARED, name="the package files"),
        engines=engines,
        lockfiles=tuple(each for each in tracked if Path(each).name in names),
        manager=manager,
        manifests=tuple(manifests),
        has_nx="nx.json" in tracked,
    )


def _json(root: Path, path: str) -> tuple[str, dict[str, object]]:
    try:
        text = (root / path).read_text(encoding="utf-8-sig")
        data = json.loads(text)
    except (OSError, ValueError, RecursionError) as error:
        raise ObservationError(
            path, got=one_line(str(error), 120), expected="a package.json", action="Mend that file."
        ) from error
    return text, data if isinstance(data, dict) else {}
