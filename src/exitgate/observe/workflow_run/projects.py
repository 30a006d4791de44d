"""The projects of a target's repository, and how far a change of one reaches."""

from __future__ import annotations

import json
from pathlib import Path

from exitgate.provision.git import git, succeeded

_DEPENDENCIES = ("dependencies", "devDependencies", "peerDependencies", "optionalDependencies")


def projects(root: Path) -> tuple[str, ...]:
    """Return the folders below the root that have a committed package.json, those first whose changes reach least.

    A change reaches every project that depends on the one that it touches, directly or not, and integration tests cost
    more than others.
    """
    listed = succeeded(git(root, "ls-files", "-z", "--", "*/package.json"), root).stdout.split("\0")
    folders = sorted(Path(name).parent.as_posix() for name in listed if name and "node_modules" not in name)
    said = {folder: _said(root / folder / "package.json") for folder in folders}
    names = {str(each.get("name", "")): folder for folder, each in said.items()}
    needs = {folder: {names[name] for name in _needed(each) if name in names} for folder, each in said.items()}

    def reach(folder: str) -> tuple[int, str]:
        found, new = {folder}, {folder}
        while new:
            new = {each for each in folders if needs[each] & new} - found
            found |= new
        return sum(1 + 10 * ("integration" in _part(said[each], "scripts")) for each in found), folder

    return tuple(sorted(folders, key=reach))


def _said(file: Path) -> dict[str, object]:
    try:
        data = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return data if isinstance(data, dict) else {}


def _part(said: dict[str, object], key: str) -> dict[str, object]:
    part = said.get(key)
    return part if isinstance(part, dict) else {}


def _needed(said: dict[str, object]) -> set[str]:
    return {name for key in _DEPENDENCIES for name in _part(said, key)}
