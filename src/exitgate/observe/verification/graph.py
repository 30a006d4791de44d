"""Where a task runner is told to leave verification out: targets that no workflow runs, dependencies that are cut.

Sources: https://nx.dev/docs/reference/project-configuration and https://nx.dev/docs/reference/nx-json
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from exitgate.observe.json_source import line_of_key
from exitgate.observe.verification.sources import NamedScript, Repository

_EXPECTED_OF_CI = frozenset(
    {"lint", "test", "unit", "typecheck", "type-check", "types", "build", "integration", "integration-test"}
)
"""What CI runs if a project has it. Others, such as e2e, may have their own time and place."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DroppedTarget:
    """A target of projects that verifies and that no workflow runs."""

    name: str
    place: str
    """Where the first project has it."""
    projects: int
    beside: tuple[str, ...]
    """Targets that are run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CutDependency:
    """A dependency between projects that the task runner is told to forget."""

    place: str
    text: str


def dropped_targets(
    repository: Repository, scripts: Mapping[str, list[NamedScript]], run: frozenset[str]
) -> Iterator[DroppedTarget]:
    """Yield the targets that are dropped, where a task runner runs others.

    Args:
        scripts: Scripts and targets of all projects, by name.
        run: Names of targets that workflows run by a task runner.
    """
    if not run:
        return
    reached = _with_dependencies(repository, run)
    for name in sorted(set(scripts) & _EXPECTED_OF_CI - reached):
        # The root's scripts are what people type; what projects have is what the task runner runs.
        own = [each for each in scripts[name] if each.path not in {"package.json", "project.json"}]
        if own:
            first = own[0]
            projects = len({each.path.rpartition("/")[0] for each in own})
            yield DroppedTarget(
                name=name, place=f"{first.path}:{first.line}", projects=projects, beside=tuple(sorted(run))
            )


def cut_dependencies(repository: Repository) -> Iterator[CutDependency]:
    """Yield what takes a dependency out of the graph that Nx found by itself: ``implicitDependencies: ["!name"]``."""
    for path in repository.named("project.json", "package.json"):
        data, text = repository.json(path)
        within: tuple[str, ...] = ("nx",) if path.endswith("package.json") else ()
        table: Any = data.get("nx") if within else data
        listed = table.get("implicitDependencies") if isinstance(table, dict) else None
        for each in listed if isinstance(listed, list) else []:
            if isinstance(each, str) and each.startswith("!"):
                line = line_of_key(text, (*within, "implicitDependencies"))
                yield CutDependency(place=f"{path}:{line}", text=each)


def _with_dependencies(repository: Repository, run: frozenset[str]) -> frozenset[str]:
    """Return the targets that run, those that others depend on among them."""
    edges: dict[str, set[str]] = {}
    for path in repository.named("nx.json", "turbo.json", "project.json", "package.json"):
        data, _ = repository.json(path)
        nested = data.get("nx")
        tables = [data.get(key) for key in ("targetDefaults", "targets", "tasks", "pipeline")]
        tables += [nested.get("targets")] if isinstance(nested, dict) else []
        for table in tables:
            for name, target in table.items() if isinstance(table, dict) else ():
                wanted = target.get("dependsOn") if isinstance(target, dict) else None
                for each in wanted if isinstance(wanted, list) else []:
                    given = each.get("target") if isinstance(each, dict) else each
                    if isinstance(given, str):
                        edges.setdefault(str(name), set()).add(given.lstrip("^").rpartition("#")[2])
    found, waiting = set(run), list(run)
    while waiting:
        for name in edges.get(waiting.pop(), set()) - found:
            found.add(name)
            waiting.append(name)
    return frozenset(found)
