"""npm's lockfile, versions 1 to 3. Source: package-lock.json in npm's documentation."""

from __future__ import annotations

import json
import posixpath
from pathlib import Path
from typing import Any

from exitgate.observe.lockfiles.graph import Graph, Importer, Locked, Node

_RUNTIME = ("dependencies", "optionalDependencies", "peerDependencies")


def parse_npm(text: str, folder: Path) -> Graph:
    """Parse a lockfile of npm, and make sure that it tells development's dependencies as the manifests in its folder do.

    ``npm ci`` installs by the lockfile's versions and by the manifests' kinds, and compares the former alone.

    Raises:
        ValueError: if it is none, or has what is for development in a manifest among what is needed when the package runs.
    """
    data = json.loads(text)
    if not isinstance(data, dict):
        raise ValueError("it is no object")
    if isinstance(data.get("packages"), dict):
        for place, entry in data["packages"].items():
            if "node_modules/" not in place and not entry.get("link"):
                _refuse_another_kind(place, entry, folder)
        return _by_location(data["packages"])
    if isinstance(data.get("dependencies"), dict):
        return _by_flags(data["dependencies"])
    raise ValueError("it has neither packages nor dependencies")


def _refuse_another_kind(place: str, entry: dict[str, Any], folder: Path) -> None:
    try:
        manifest = json.loads((folder / place / "package.json").read_text(encoding="utf-8"))
    except OSError:
        return
    wrong = {*_names(entry, _RUNTIME)} & {*_names(manifest, ("devDependencies",))} - {*_names(manifest, _RUNTIME)}
    if wrong:
        at = posixpath.join(place, "package.json")
        raise ValueError(
            f"it says that {at} needs {min(wrong)} when it runs, and that file has it among devDependencies"
        )


def _by_location(packages: dict[str, dict[str, Any]]) -> Graph:
    graph = Graph()
    links = {place: str(entry["resolved"]) for place, entry in packages.items() if entry.get("link")}
    for place, entry in packages.items():
        if entry.get("link"):
            continue
        if "node_modules/" in place:
            name = str(entry.get("name") or place.rpartition("node_modules/")[2])
            requires = [found for each in _names(entry, _RUNTIME) if (found := _resolve(place, each, packages))]
            graph.nodes[place] = Node(
                package=Locked(name=name, version=str(entry.get("version", ""))),
                requires=[links.get(each, each) for each in requires],
            )
        else:
            graph.importers[place or "."] = _importer(place, entry, packages, links)
            if entry.get("name") and place:
                # A workspace can be packed into an image too, under its own name.
                graph.nodes[place] = Node(
                    package=Locked(name=str(entry["name"]), version=str(entry.get("version", ""))),
                    requires=graph.importers[place].runtime,
                )
    return graph


def _importer(place: str, entry: dict[str, Any], packages: dict[str, Any], links: dict[str, str]) -> Importer:
    importer = Importer()
    for kinds, ids in ((_RUNTIME, importer.runtime), (("devDependencies",), importer.development)):
        for name in _names(entry, kinds):
            found = _resolve(place, name, packages)
            if found is None:
                continue
            ids.append(links.get(found, found))
            if found in links and ids is importer.runtime:
                importer.workspaces.append(links[found])
    return importer


def _names(entry: dict[str, Any], kinds: tuple[str, ...]) -> list[str]:
    return [name for kind in kinds for name in entry.get(kind) or {}]


def _resolve(place: str, name: str, packages: dict[str, Any]) -> str | None:
    """Return where Node.js finds a package that the one at `place` takes in: its own node_modules, then those above it."""
    at = place.lstrip("/")
    while True:
        candidate = posixpath.join(at, "node_modules", name)
        if candidate in packages:
            return candidate
        if not at:
            return None
        at = posixpath.dirname(at)
        if posixpath.basename(at) == "node_modules":
            at = posixpath.dirname(at)


def _by_flags(dependencies: dict[str, dict[str, Any]]) -> Graph:
    """Read version 1, which says of each entry whether only development needs it, and not which package asks for it."""
    graph, importer = Graph(), Importer()
    graph.importers["."] = importer

    def take(inside: str, entries: dict[str, dict[str, Any]]) -> None:
        for name, entry in entries.items():
            place = posixpath.join(inside, "node_modules", name)
            version = str(entry.get("version", ""))
            real, at, rest = version.removeprefix("npm:").rpartition("@")
            package = (
                Locked(name=real, version=rest)
                if version.startswith("npm:") and at
                else Locked(name=name, version=version)
            )
            graph.nodes[place] = Node(package=package)
            (importer.development if entry.get("dev") else importer.runtime).append(place)
            take(place, entry.get("dependencies") or {})

    take("", dependencies)
    return graph
