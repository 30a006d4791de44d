"""What refers to whose database: settings of workloads, schemas of services."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from exitgate.observation import Observation
from exitgate.observe.json_source import line_of_key
from exitgate.observe.migrations.files import FILES
from exitgate.target import Service, Target, Workload


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """Something by which a workload names a database."""

    workload: str
    what: str
    """In words, e.g. ``its variable DATABASE_URL``."""
    value: str
    location: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseOwnership(Observation):
    """A service's own names for its database, and all that others name."""

    service: str
    own: tuple[Reference, ...]
    others: tuple[Reference, ...]


def read_ownership(target: Target, service: Service) -> DatabaseOwnership:
    """Gather what each workload's settings say of databases."""
    settings = service.migrations
    variable = settings.database if settings else ""
    own, others = [], []
    for workload in target.workloads:
        for reference in _references(target, workload):
            if workload.name != service.name:
                others.append(reference)
            elif reference.what.endswith(f" {variable}") or reference.what in ("its schema", "its migrations"):
                own.append(reference)
    return DatabaseOwnership(substrate=FILES, service=service.name, own=tuple(own), others=tuple(others))


def _references(target: Target, workload: Workload) -> list[Reference]:
    found = []
    index = next((i for i, each in enumerate(target.configuration.service) if each.name == workload.name), None)
    for name, use in workload.backing.items():
        kind = next((backing.kind for backing in target.backings if backing.name == use.backing), "")
        if kind == "postgres":
            place = ("service", index, "backing", name) if index is not None else ("frontend",)
            found.append(
                Reference(
                    workload=workload.name,
                    what=f"its variable {name}",
                    value=f"{use.backing}/{use.part}",
                    location=target.locate(*place),
                )
            )
    if isinstance(workload, Service) and workload.migrations:
        for what, value in (
            ("its schema", workload.migrations.schema_file),
            ("its migrations", workload.migrations.folder),
        ):
            if value is not None and index is not None:
                where = target.locate("service", index, "migrations")
                found.append(Reference(workload=workload.name, what=what, value=value, location=where))
    return [*found, *_of_task_definition(target.directory, workload)]


def _of_task_definition(root: Path, workload: Workload) -> list[Reference]:
    path = workload.task_definition
    if path is None:
        return []
    try:
        source = (root / path).read_text(encoding="utf-8")
        containers = json.loads(source)["containerDefinitions"]
    except (OSError, ValueError, KeyError, TypeError):
        # Whoever reads the workload's settings says what is wrong with them.
        return []
    found = []
    for position, container in enumerate(containers):
        for table, key in (("environment", "value"), ("secrets", "valueFrom")):
            for index, entry in enumerate(container.get(table) or ()):
                line = line_of_key(source, ("containerDefinitions", position, table, index))
                found.append(
                    Reference(
                        workload=workload.name,
                        what=f"its task definition's {entry.get('name')}",
                        value=str(entry.get(key)),
                        location=f"{path}:{line}",
                    )
                )
    return found
