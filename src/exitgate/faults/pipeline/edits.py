"""How faults of this criterion are put into a clone: edits of its workflow, its ruleset and its rules."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from exitgate.errors import TargetError
from exitgate.faults.fault import Fault, FaultSite, Inject
from exitgate.target import CONFIGURATION_FILE

WORKFLOWS = ".github/workflows/"


def workflow(site: FaultSite) -> str:
    """Return the path of the workflow that validates changes."""
    return site.target.configuration.pipeline.workflows[0]


def edit(pattern: str, replacement: str, path: str = "", *, count: int = 1) -> Inject:
    """Return what puts one text in the place of another, in the workflow where no other file is named.

    Args:
        pattern: A regular expression; ``^`` and ``$`` are ends of lines.
        count: How often at most; 0 is everywhere.
    """

    def inject(site: FaultSite) -> None:
        name = path or workflow(site)
        file = site.root / name
        text, found = re.subn(pattern, replacement, file.read_text(encoding="utf-8"), count=count, flags=re.MULTILINE)
        if not found:
            raise TargetError(
                name,
                got=f"nothing like {pattern!r}",
                expected="text that the fault can change",
                action="Prove the gate on a target that has it, e.g. the reference.",
            )
        file.write_text(text, encoding="utf-8")

    return inject


def edit_policy(pattern: str, replacement: str) -> Inject:
    """Return what changes the target's rules."""
    return edit(pattern, replacement, CONFIGURATION_FILE)


def add(path: str, text: str) -> Inject:
    """Return what adds a file."""

    def inject(site: FaultSite) -> None:
        (site.root / path).parent.mkdir(parents=True, exist_ok=True)
        (site.root / path).write_text(text, encoding="utf-8")

    return inject


def edit_ruleset(change: Callable[[dict[str, Any]], object]) -> Inject:
    """Return what changes the first exported ruleset."""

    def inject(site: FaultSite) -> None:
        path = site.root / site.target.configuration.pipeline.rulesets[0]
        data = json.loads(path.read_text(encoding="utf-8"))
        change(data)
        path.write_text(json.dumps(data, indent=2) + "\n", encoding="utf-8")

    return inject


def rule(data: dict[str, Any], kind: str) -> dict[str, Any]:
    """Return a rule's parameters."""
    found: dict[str, Any] = next(each for each in data["rules"] if each["type"] == kind)["parameters"]
    return found


def without(kind: str) -> Inject:
    """Return what takes a rule out of the ruleset."""
    return edit_ruleset(lambda data: data.update(rules=[each for each in data["rules"] if each["type"] != kind]))


def faults(control: str, *made: tuple[str, str, str, str, str, Inject], also: dict[str, set[str]]) -> tuple[Fault, ...]:
    """Return faults of one control, of tuples of id, title, check, location, message and injection.

    Args:
        also: Fault id to other controls that it rightly may turn red.
    """
    return tuple(
        Fault(
            id=name,
            title=title,
            control=control,
            check=check,
            location=location,
            message=message,
            inject=inject,
            also=frozenset(also.get(name, ())),
        )
        for name, title, check, location, message, inject in made
    )
