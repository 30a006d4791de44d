"""pnpm's lockfile, versions 6 and 9. Source: the type definitions of pnpm's lockfile.types package."""

from __future__ import annotations

import posixpath
import re
from typing import Any

import yaml

from exitgate.observe.lockfiles.graph import Graph, Importer, Locked, Node

_PEERS = re.compile(r"\(.*$")
_KINDS = (("dependencies", True), ("optionalDependencies", True), ("devDependencies", False))


def parse_pnpm(text: str) -> Graph:
    """Parse a lockfile of pnpm.

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
    for folder, entry in importers.items():
        graph.importers[str(folder)] = _importer(str(folder), entry or {})
    for key, entry in (data.get("snapshots") or data.get("packages") or {}).items():
        told = entry or {}
        graph.nodes[_id(str(key))] = Node(
            package=_locked(str(key)),
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


def _locked(key: str) -> Locked:
    name, _, version = _PEERS.sub("", _id(key)).rpartition("@")
    return Locked(name=name, version=version)
