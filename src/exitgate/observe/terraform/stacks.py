"""Reads the plans of all stacks of a target. Secrets are dropped on the way in."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from exitgate.assurance import Assurance
from exitgate.errors import ObservationError
from exitgate.observation import Observation, Substrate
from exitgate.observe.terraform.blocks import Block, read_blocks
from exitgate.observe.terraform.escapes import chances_in, folders_of, outside_of
from exitgate.observe.terraform.origins import Origins, origins_of
from exitgate.observe.terraform.providers import providers_of
from exitgate.observe.terraform.resources import Names, Resource, Stack, Variable, merged
from exitgate.provision.stack_plan import StackPlan
from exitgate.provision.terraform import TerraformTool
from exitgate.provision.variables import declared_variables
from exitgate.target import Stack as DeclaredStack
from exitgate.target import Target

_MODULE: Final = re.compile(r'module\.([^.\[]+)(?:\[(?:"(?:[^"\\]|\\.)*"|\d+)\])?\.')


@dataclass(frozen=True, slots=True, kw_only=True)
class Infrastructure(Observation):
    """What the target's code plans, stack by stack."""

    stacks: tuple[Stack, ...]
    left_out: tuple[str, ...] = ()
    """Declared stacks that were not planned, because the command line names others: nothing is met without them."""


def read_infrastructure(target: Target, tool: TerraformTool, plans: Sequence[StackPlan]) -> Infrastructure:
    """Read the plans of declared stacks; those of which there is no plan are told as left out, so that nothing is met.

    Raises:
        ObservationError: if a plan can't be read, or is of no declared stack.
    """
    code = target.configuration.infrastructure
    everything = code.stack if code else ()
    names = [each.stack for each in plans]
    declared = [each for each in everything if each.name in names]
    if [each.name for each in declared] != names:
        raise ObservationError(
            "the target's stacks",
            got=f"plans of {', '.join(names) or 'none'}",
            expected=", ".join(each.name for each in everything),
            action="This is a mistake of exitgate's: report it.",
        )
    stacks = tuple(_stack(target, one, plan) for one, plan in zip(declared, plans, strict=True))
    return Infrastructure(
        substrate=Substrate(
            assurance=Assurance.DECLARED,
            name=f"plan by {tool.name} {tool.version} without an account, of {', '.join(each.name for each in stacks)}",
            limits=(
                "nothing is asked of AWS: what stands there already is not looked at",
                *(f"stack {each.name}: {each.why_not_named}" for each in stacks if each.why_not_named),
                *(
                    f"{each} was left out: a state in a repository is anybody's to read"
                    for each in _states(target, declared)
                ),
            ),
            tools=(tool.tool,),
        ),
        stacks=stacks,
        left_out=tuple(each.name for each in everything if each not in declared),
    )


def _states(target: Target, declared: Sequence[DeclaredStack]) -> Iterator[str]:
    """Yield the files of states that lie in the folders of stacks: they hold what the resources hold, secrets in the clear."""
    for root in dict.fromkeys(each.path for each in declared):
        folder = target.directory / root
        for path in sorted({*folder.glob("*.tfstate*"), *folder.glob("terraform.tfstate.d/*/*.tfstate*")}):
            if path.is_file():
                yield _relative(target.directory, path)


def _stack(target: Target, declared: DeclaredStack, files: StackPlan) -> Stack:
    plan = _load(files.plan, declared.name)
    changes = _load(files.named, declared.name) if files.named else {}
    named = {each["address"]: each["change"].get("after") for each in changes.get("resource_changes", ())}
    configuration = plan["configuration"]["root_module"]
    folders = Folders(target.directory, target.directory / declared.path, configuration)
    modules = list(folders_of(configuration, target.directory / declared.path))
    inside = target.directory.resolve()
    read = {folder.resolve(): address for folder, address in modules if folder}
    own = [folder for folder in read if folder.is_relative_to(inside)]
    return Stack(
        name=declared.name,
        resources=tuple(
            _resource(
                change,
                named.get(change["address"]),
                files.names,
                folders,
                origins_of(configuration, change, declared.variables.keys()),
            )
            for change in plan.get("resource_changes", ())
            if change.get("mode") == "managed" and change["change"]["actions"] != ["delete"]
        ),
        named=files.named is not None,
        why_not_named=files.why_not_named,
        variables=tuple(_variables(target, declared, plan)),
        outside=tuple(outside_of(configuration, folders.place)),
        chances=tuple(each for folder in own for each in chances_in(target.directory, folder)),
        providers=tuple(providers_of(plan, target.directory, target.directory / declared.path, declared.variables)),
        unread=tuple(address for folder, address in modules if folder is None or folder.resolve() not in own),
        names=files.names if files.named else {},
    )


def _variables(target: Target, declared: DeclaredStack, plan: dict[str, Any]) -> Iterator[Variable]:
    root = target.directory / declared.path
    places = declared_variables(root)
    given = plan.get("variables", {})
    for name, told in sorted(plan["configuration"]["root_module"].get("variables", {}).items()):
        if told.get("sensitive") or told.get("ephemeral"):
            continue
        place = places.get(name)
        yield Variable(
            name=name,
            default=_simple(told.get("default")),
            value=_simple(given.get(name, {}).get("value")),
            location=f"{_relative(target.directory, place.path)}:{place.line}" if place else declared.path,
        )


def _simple(value: object) -> str:
    return str(value) if isinstance(value, str | bool | int | float) else ""


def _load(path: Path, stack: str) -> dict[str, Any]:
    try:
        loaded: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ObservationError(
            f"the plan of stack {stack}", got=str(error), expected="JSON", action="Run `plan` by hand to see more."
        ) from error
    return loaded


def _resource(change: dict[str, Any], named: object, names: Names, folders: Folders, origins: Origins) -> Resource:
    told = change["change"]
    values = merged(told.get("after"), told.get("after_unknown"), told.get("after_sensitive"), named, names)
    block = folders.find(change)
    return Resource(
        address=change["address"],
        type=change["type"],
        values=values if isinstance(values, dict) else {},
        path=block.path,
        line=block.line,
        lines=block.lines,
        ignores=block.ignores,
        literals=origins.literals,
        stand_ins=origins.stand_ins,
    )


class Folders:
    """The folders of modules, and the blocks in them."""

    def __init__(self, root: Path, folder: Path, configuration: dict[str, Any]) -> None:
        self._root = root
        self._folder = folder
        self._configuration = configuration
        self._read: dict[Path, dict[str, Block]] = {}

    def find(self, change: dict[str, Any]) -> Block:
        """Return the block of a resource; of a module that lies elsewhere, the block of its call."""
        folder, configuration = self._folder, self._configuration
        nearest = Block(path=_relative(self._root, folder), line=1, lines=(), ignores=(), text="")
        for name in _MODULE.findall(change.get("module_address", "") + "."):
            call = configuration.get("module_calls", {}).get(name, {})
            nearest = self._blocks(folder).get(f"module.{name}", nearest)
            source = str(call.get("source", ""))
            if not source.startswith("."):
                return nearest
            folder, configuration = (folder / source).resolve(), call.get("module", {})
        kind = "data." if change.get("mode") == "data" else ""
        return self._blocks(folder).get(f"{kind}{change['type']}.{change['name']}", nearest)

    def place(self, block: Mapping[str, Any]) -> tuple[str, int]:
        """Return the file and the line of a block of a plan's configuration."""
        found = self.find(dict(block))
        return found.path, found.line

    def _blocks(self, folder: Path) -> dict[str, Block]:
        if folder not in self._read:
            self._read[folder] = read_blocks(self._root, folder)
        return self._read[folder]


def _relative(root: Path, folder: Path) -> str:
    try:
        return folder.resolve().relative_to(root.resolve()).as_posix()
    except ValueError:
        return folder.name
