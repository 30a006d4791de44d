"""Yarn's lockfiles, of version 1 and of later ones. Source: @yarnpkg/lockfile and Yarn's own documentation.

They lock ranges, and do not tell development's from others: that stands in the manifests alone.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import yaml

from exitgate.observe.lockfiles.graph import Graph, Importer, Locked, Node

_RUNTIME = ("dependencies", "optionalDependencies", "peerDependencies")
_VERSION = re.compile(r'^  version "?([^"]*)"?$')
_REQUIRED = re.compile(r'^    "?([^"\s]+)"? "?([^"]*)"?$')


def parse_yarn(text: str, folder: Path) -> Graph:
    """Parse a lockfile of Yarn, with the manifests of the workspaces in its folder.

    Raises:
        ValueError: if it is none, or a manifest can't be read.
    """
    entries = _later(text) if "\n__metadata:" in f"\n{text}" else _first(text)
    if not entries:
        raise ValueError("it locks nothing")
    graph = Graph()
    known: dict[str, str] = {}
    for keys, entry in entries:
        identity = keys[0]
        known |= dict.fromkeys(keys, identity)
        graph.nodes[identity] = Node(package=entry[0])
    for keys, entry in entries:
        graph.nodes[keys[0]].requires = [
            found for name, wanted in entry[1] if (found := _find(known, name, wanted)) is not None
        ]
    manifests = _manifests(folder)
    folders = {str(manifest.get("name")): place for place, manifest in manifests.items()}
    for place, manifest in manifests.items():
        graph.importers[place] = _importer(manifest, known, folders)
        if manifest.get("name") and place != ".":
            package = Locked(name=str(manifest["name"]), version=str(manifest.get("version", "")))
            graph.nodes[place] = Node(package=package)
    return graph


_Entry = tuple[Locked, list[tuple[str, str]]]


def _later(text: str) -> list[tuple[list[str], _Entry]]:
    try:
        data = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506
    except yaml.YAMLError as error:
        raise ValueError(f"it is no YAML ({error})") from error
    found: list[tuple[list[str], _Entry]] = []
    for key, entry in data.items():
        resolution = str(entry.get("resolution", ""))
        if key == "__metadata" or "@workspace:" in resolution:
            continue
        name = resolution.rpartition("@npm:")[0] or resolution.rpartition("@")[0]
        requires = [
            (str(each), str(wanted))
            for kind in ("dependencies", "optionalDependencies")
            for each, wanted in (entry.get(kind) or {}).items()
        ]
        keys = [part.strip() for part in str(key).split(",")]
        found.append((keys, (Locked(name=name, version=str(entry["version"])), requires)))
    return found


def _first(text: str) -> list[tuple[list[str], _Entry]]:
    blocks: list[list[str]] = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        if line.startswith(" ") and blocks:
            blocks[-1].append(line)
        elif line.endswith(":"):
            blocks.append([line])
        else:
            raise ValueError(f"line {number} is no entry: {line[:60]}")
    return [_block(head, lines) for head, *lines in blocks]


def _block(head: str, lines: list[str]) -> tuple[list[str], _Entry]:
    keys = [part.strip().strip('"') for part in head[:-1].split(",")]
    version, requires, inside = "", list[tuple[str, str]](), False
    for line in lines:
        if not line.startswith("    "):
            inside = line.strip() in ("dependencies:", "optionalDependencies:")
            version = match[1] if (match := _VERSION.match(line)) else version
        elif inside and (match := _REQUIRED.match(line)):
            requires.append((match[1], match[2]))
    if not version:
        raise ValueError(f"{keys[0]} has no version")
    return keys, (Locked(name=_name(keys[0]), version=version), requires)


def _name(key: str) -> str:
    """Return the package that a key like ``@s/a@^1`` or ``alias@npm:real@^1`` locks."""
    alias, _, wanted = key[1:].partition("@")
    if wanted.startswith("npm:") and "@" in wanted[5:]:
        return wanted[4] + wanted[5:].partition("@")[0]
    return key[0] + alias


def _find(known: dict[str, str], name: str, wanted: str) -> str | None:
    return known.get(f"{name}@{wanted}") or known.get(f"{name}@npm:{wanted}")


def _importer(manifest: dict[str, Any], known: dict[str, str], folders: dict[str, str]) -> Importer:
    importer = Importer()
    for kinds, ids in ((_RUNTIME, importer.runtime), (("devDependencies",), importer.development)):
        for kind in kinds:
            for name, wanted in (manifest.get(kind) or {}).items():
                found = _find(known, str(name), str(wanted))
                if found is not None:
                    ids.append(found)
                elif name in folders and ids is importer.runtime:
                    importer.workspaces.append(folders[name])
    return importer


def _manifests(folder: Path) -> dict[str, dict[str, Any]]:
    root = _manifest(folder / "package.json")
    workspaces = root.get("workspaces") or []
    patterns = workspaces.get("packages") or [] if isinstance(workspaces, dict) else workspaces
    found = {".": root}
    for pattern in patterns:
        for path in sorted(folder.glob(f"{pattern}/package.json")):
            found[path.parent.relative_to(folder).as_posix()] = _manifest(path)
    return found


def _manifest(path: Path) -> dict[str, Any]:
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ValueError(f"{path.name} beside it can't be read ({error})") from error
    if not isinstance(data, dict):
        raise ValueError(f"{path.name} beside it is no object")
    return data
