"""What a lockfile locks, whichever package manager wrote it: packages, what each requires, and which workspace asks for what."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Locked:
    """A package at its locked version."""

    name: str
    version: str

    def __str__(self) -> str:
        return f"{self.name}@{self.version}"


@dataclass(slots=True, kw_only=True)
class Node:
    """An entry of the lockfile."""

    package: Locked
    requires: list[str] = field(default_factory=list)
    """Ids of the entries that it needs when it runs, optional and peer dependencies included."""


@dataclass(slots=True, kw_only=True)
class Importer:
    """A workspace, or the only package there is."""

    runtime: list[str] = field(default_factory=list)
    """Ids of what it needs when it runs."""
    development: list[str] = field(default_factory=list)
    """Ids of what only its developers need."""
    workspaces: list[str] = field(default_factory=list)
    """Folders of other workspaces that it needs when it runs."""


@dataclass(slots=True, kw_only=True)
class Graph:
    """All of a lockfile."""

    nodes: dict[str, Node] = field(default_factory=dict)
    importers: dict[str, Importer] = field(default_factory=dict)
    """By folder, relative to the lockfile's; its own folder is ``.``."""

    def packages(self, ids: Iterable[str]) -> frozenset[Locked]:
        """Return the packages of entries."""
        return frozenset(self.nodes[each].package for each in ids if each in self.nodes)

    def needed_by(self, folder: str) -> frozenset[str]:
        """Return the ids of all that a workspace needs when it runs, through the workspaces that it takes in."""
        folders, at = {folder}, [folder]
        while at:
            for other in self.importers.get(at.pop(), Importer()).workspaces:
                if other not in folders:
                    folders.add(other)
                    at.append(other)
        runtime = [each for one in folders for each in self.importers.get(one, Importer()).runtime]
        # Where a workspace has an entry of its own, its folder is the entry's id.
        return self._closure([*runtime, *folders])

    def needed_by_any(self) -> frozenset[str]:
        """Return the ids of all that some workspace needs when it runs."""
        return self._closure(each for importer in self.importers.values() for each in importer.runtime)

    def needed_by_developers(self) -> frozenset[str]:
        """Return the ids of all that some workspace's development needs."""
        return self._closure(each for importer in self.importers.values() for each in importer.development)

    def _closure(self, roots: Iterable[str]) -> frozenset[str]:
        found: set[str] = set()
        at = list(roots)
        while at:
            each = at.pop()
            if each not in found and each in self.nodes:
                found.add(each)
                at += self.nodes[each].requires
        return frozenset(found)
