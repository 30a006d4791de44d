"""Where the code says what of a stack that was applied: the place of a resource, and the attributes that its block sets."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from exitgate.observe.terraform.stacks import Folders

_STEP: Final = re.compile(r'([A-Za-z_][\w-]*)\.([A-Za-z_][\w-]*)(?:\[(?:"(?:[^"\\]|\\.)*"|\d+)\])?')
"""A step of an address: ``module.service["orders"]``, ``aws_ecs_service.this``."""


def places_of(folders: Folders, changes: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Return the place of each resource as ``{address: "file:line"}``."""
    places = {}
    for change in changes:
        path, line = folders.place(dict(change))
        places[str(change["address"])] = f"{path}:{line}"
    return places


def block_of(address: str, configuration: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Return the block of a resource in the configuration of a plan; None where none is found."""
    module: Mapping[str, Any] = configuration
    steps = _STEP.findall(address)
    for kind, name in steps[:-1]:
        module = module.get("module_calls", {}).get(name, {}).get("module", {}) if kind == "module" else module
    local = ".".join(steps[-1]) if steps else ""
    return next((each for each in module.get("resources", ()) if each.get("address") == local), None)


def written_attributes(address: str, configuration: Mapping[str, Any]) -> frozenset[str]:
    """Return the arguments and nested blocks that the code sets of a resource."""
    block = block_of(address, configuration)
    return frozenset(block.get("expressions", ())) if block else frozenset()
