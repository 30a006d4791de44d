"""The projects of a target's repository, what each needs, and how far a change of one reaches.

Told by their package.json and project.json, not by Nx: what Nx makes of them is what is tried.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from exitgate.provision.git import git, succeeded

_DEPENDENCIES = ("dependencies", "devDependencies", "peerDependencies", "optionalDependencies")
_INTEGRATION_WEIGHT = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """A folder with a package.json of its own."""

    folder: str
    """From the root."""
    name: str
    """By which the others and Nx call it."""
    targets: frozenset[str]
    """Scripts and targets of Nx."""
    needs: frozenset[str]
    """Folders of the projects that it depends on directly."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Workspace:
    """All projects, by folder."""

    projects: Mapping[str, Project]

    def dependents(self, folder: str) -> frozenset[str]:
        """Return the folders of all projects that depend on one, directly or not."""
        found, new = frozenset[str](), frozenset({folder})
        while new:
            new = frozenset(each for each in self.projects if self.projects[each].needs & new) - found - {folder}
            found |= new
        return found

    def needed(self, folders: frozenset[str]) -> frozenset[str]:
        """Return the folders of all projects that some depend on, directly or not, without those themselves."""
        found: frozenset[str] = frozenset()
        new = folders
        while new:
            new = frozenset(need for each in new for need in self.projects[each].needs) - found
            found |= new
        return found - folders

    def names(self, folders: frozenset[str]) -> tuple[str, ...]:
        """Return the names of projects, sorted."""
        return tuple(sorted(self.projects[each].name for each in folders))

    @property
    def by_reach(self) -> tuple[str, ...]:
        """All folders, those first whose changes reach least; integration tests cost more than others."""

        def reach(folder: str) -> tuple[int, str]:
            reached = {folder, *self.dependents(folder)}
            weights = (1 + _INTEGRATION_WEIGHT * ("integration" in self.projects[each].targets) for each in reached)
            return sum(weights), folder

        return tuple(sorted(self.projects, key=reach))


def read_workspace(root: Path) -> Workspace:
    """Read every committed package.json below the root, and the project.json beside it."""
    listed = succeeded(git(root, "ls-files", "-z", "--", "*/package.json"), root).stdout.split("\0")
    folders = sorted(Path(name).parent.as_posix() for name in listed if name and "node_modules" not in name)
    said = {folder: said_by(root / folder / "package.json") for folder in folders}
    nx = {folder: (part_of(said[folder], "nx"), said_by(root / folder / "project.json")) for folder in folders}
    names = {
        folder: next((str(each["name"]) for each in (*reversed(nx[folder]), said[folder]) if each.get("name")), folder)
        for folder in folders
    }
    packages = {str(each.get("name", "")): folder for folder, each in said.items()} | {n: f for f, n in names.items()}
    return Workspace(
        projects={
            folder: Project(
                folder=folder,
                name=names[folder],
                targets=frozenset(
                    (
                        *part_of(said[folder], "scripts"),
                        *(target for each in nx[folder] for target in part_of(each, "targets")),
                    )
                ),
                needs=frozenset(
                    packages[name] for name in _needed(said[folder], nx[folder]) if packages.get(name, folder) != folder
                ),
            )
            for folder in folders
        }
    )


def projects(root: Path) -> tuple[str, ...]:
    """Return the folders below the root that have a committed package.json, those first whose changes reach least."""
    return read_workspace(root).by_reach


def said_by(file: Path) -> dict[str, object]:
    """Return what a package.json or project.json says; nothing where it is not there or no object."""
    try:
        data = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return data if isinstance(data, dict) else {}


def part_of(said: dict[str, object], key: str) -> dict[str, object]:
    """Return an object in it; an empty one where it is not there or something else."""
    part = said.get(key)
    return part if isinstance(part, dict) else {}


def _needed(said: dict[str, object], nx: tuple[dict[str, object], ...]) -> set[str]:
    found = {name for key in _DEPENDENCIES for name in part_of(said, key)}
    for each in nx:
        implicit = each.get("implicitDependencies")
        found |= {str(name) for name in implicit} if isinstance(implicit, list) else set()
    return found
