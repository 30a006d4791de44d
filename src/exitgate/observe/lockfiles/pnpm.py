"""pnpm's lockfile, versions 6 and 9. Source: the type definitions of pnpm's lockfile.types package."""

from __future__ import annotations

import json
import posixpath
import re
from pathlib import Path
from typing import Any

import yaml

from exitgate.observe.lockfiles.graph import Graph, Importer, Locked, Node

_PEERS = re.compile(r"\(.*$")
_KINDS = (("dependencies", True), ("optionalDependencies", True), ("devDependencies", False))


def parse_pnpm(text: str, folder: Path) -> Graph:
    """Parse a lockfile of pnpm, with the manifests of the workspaces in its folder: it does not tell their names.

    Raises:
        ValueError: if it is none, or of a version that is not known here.
    """
    try:
        data = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506
    except yaml.YAMLError as error:
        raise ValueError(f"it is no YAML ({error})") from error
    version = str(data.get("lockfileVersion", "")) if isinstance(data, dict) else ""
    if not version.startswith(("6", "9")):
        raise ValueError(f"it is of version {version or 'unknown'}, and 6 and 9 are known here")
    graph = Graph()
    importers = data.get("importers") or {".": data}
    for place, entry in importers.items():
        graph.importers[str(place)] = _importer(str(place), entry or {})
        package = _workspace(folder / str(place))
        if package and str(place) != ".":
            # `pnpm deploy` packs a workspace into the node_modules of another, under its own name.
            graph.nodes[str(place)] = Node(package=package, requires=graph.importers[str(place)].runtime)
    described = data.get("packages") or {}
    for key, entry in (data.get("snapshots") or described).items():
        told = entry or {}
        graph.nodes[_id(str(key))] = Node(
            package=_locked(str(key), described.get(_PEERS.sub("", str(key))) or {}),
            requires=[
                _reference(str(name), str(value))
                for kind in ("dependencies", "optionalDependencies")
                for name, value in (told.get(kind) or {}).items()
            ],
        )
    return graph


def _importer(folder: str, entry: dict[str, Any]) -> Importer:
    importer = Importer()
    for kind, at_runtime in _KINDS:
        for name, value in (entry.get(kind) or {}).items():
            version = str(value["version"] if isinstance(value, dict) else value)
            if version.startswith("link:"):
                if at_runtime:
                    importer.workspaces.append(
                        posixpath.normpath(posixpath.join(folder, version.removeprefix("link:")))
                    )
                continue
            (importer.runtime if at_runtime else importer.development).append(_reference(str(name), version))
    return importer


def _id(key: str) -> str:
    return key.removeprefix("/")


def _reference(name: str, version: str) -> str:
    """Return the id that a dependency's value names: a version, or another package's name and version."""
    bare = _PEERS.sub("", version)
    return (
        _id(version)
        if version.startswith("/") or ("@" in bare.lstrip("@") and not bare[:1].isdigit())
        else f"{name}@{version}"
    )


def _locked(key: str, described: dict[str, Any]) -> Locked:
    bare = _PEERS.sub("", _id(key))
    name, _, version = bare[1:].partition("@")
    # What comes from elsewhere than a registry is locked at an address, and its version stands beside it.
    return Locked(name=bare[:1] + name, version=str(described.get("version") or version))


def _workspace(folder: Path) -> Locked | None:
    try:
        manifest = json.loads((folder / "package.json").read_text(encoding="utf-8"))
    except OSError:
        return None
    return (
        Locked(name=str(manifest["name"]), version=str(manifest.get("version", ""))) if manifest.get("name") else None
    )
