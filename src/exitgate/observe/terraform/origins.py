"""Where a credential's value comes from: written in the code, or given by a variable that is set for planning alone.

Source: Terraform's internals, "JSON Output Format": `configuration` has each argument's constant value, or what it refers to.
Locals are not in it, so what goes through one can't be followed.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

_MODULE: Final = re.compile(r'module\.([^.\[]+)(?:\[(?:"(?:[^"\\]|\\.)*"|\d+)\])?')
CREDENTIALS: Final = ("auth_token", "user", "password", "master_password", "username", "master_username")
"""Arguments, and blocks of arguments, that hold credentials."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Origins:
    """What is known of where the credentials of a resource come from."""

    literals: frozenset[str] = frozenset()
    """Arguments that are written where they are used, or handed down to there: ``auth_token``, ``user.username``."""
    stand_ins: frozenset[str] = frozenset()
    """Arguments, or blocks of them, all of whose values come from variables that are set for planning alone."""


def origins_of(root: Mapping[str, Any], change: Mapping[str, Any], given: Collection[str]) -> Origins:
    """Return where a planned resource's credentials come from.

    Args:
        root: The root module of a plan's ``configuration``.
        change: A member of its ``resource_changes``.
        given: The names of the root module's variables that are set for planning.
    """
    names = _MODULE.findall(change.get("module_address", ""))
    calls: list[Mapping[str, Any]] = []
    module = root
    for name in names:
        call = module.get("module_calls", {}).get(name, {})
        calls.append(call.get("expressions", {}))
        module = call.get("module", {})
    for resource in module.get("resources", ()):
        if (resource.get("mode"), resource.get("type"), resource.get("name")) == (
            *("managed",),
            *(change.get("type"), change.get("name")),
        ):
            return _of_arguments(resource.get("expressions", {}), calls, given)
    return Origins()


def _of_arguments(
    expressions: Mapping[str, Any], calls: Sequence[Mapping[str, Any]], given: Collection[str]
) -> Origins:
    literals: set[str] = set()
    stand_ins: set[str] = set()
    for key in CREDENTIALS:
        found = expressions.get(key)
        if isinstance(found, list):
            parts = [(f"{key}.{name}", each) for block in found for name, each in block.items() if name in CREDENTIALS]
        else:
            parts = [(key, found)] if isinstance(found, dict) else []
        traced = {name: _trace(each, calls, given) for name, each in parts}
        literals |= {name for name, origin in traced.items() if origin == "literal"}
        if traced and all(origin == "given" for origin in traced.values()):
            stand_ins.add(key)
    return Origins(literals=frozenset(literals), stand_ins=frozenset(stand_ins))


def _trace(expression: Mapping[str, Any], calls: Sequence[Mapping[str, Any]], given: Collection[str]) -> str:
    """Return ``literal``, ``given`` or nothing, following variables up through the calls of modules."""
    if "constant_value" in expression:
        return "literal" if expression["constant_value"] not in (None, "") else ""
    references = {each.split(".")[1].partition("[")[0] for each in expression.get("references", ()) if "." in each}
    if len(references) != 1 or not all(each.startswith("var.") for each in expression["references"]):
        return ""
    (name,) = references
    if not calls:
        return "given" if name in given else ""
    above = calls[-1].get(name)
    return _trace(above, calls[:-1], given) if isinstance(above, dict) else ""
