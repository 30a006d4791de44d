"""Reads what stood in an account right after the apply, beside the plan of what stands there: facts without secrets."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from exitgate.assurance import Assurance
from exitgate.evidence_folder import EvidenceFolder
from exitgate.observation import Substrate
from exitgate.observe.applied.changes import known_gaps, marked
from exitgate.observe.applied.places import places_of, written_attributes
from exitgate.observe.applied.read_back import Planned, PlannedTask, ReadBack, ReadResource, side_by_side, written_down
from exitgate.observe.applied.reading import BESIDE_AWS
from exitgate.observe.applied.translating import WORDS, read_containers
from exitgate.observe.terraform.stacks import Folders
from exitgate.provenance import Tool
from exitgate.provision.stack_files import StackLife, resources_of
from exitgate.provision.terraform import TerraformTool
from exitgate.target import Target


def read_standing(target: Target, tool: TerraformTool, life: StackLife, keep: EvidenceFolder) -> ReadBack:
    """Read what was planned for the first account, and what the API told of it before anybody changed it.

    Args:
        keep: Where what was compared is written down.

    Raises:
        ObservationError: if a file of the stack's life can't be read, or answers can't be told apart.
    """
    told, again, answers = life.read("told"), life.read("again"), life.read("standing")
    code = target.configuration.infrastructure
    declared = next(each for each in (code.stack if code else ()) if each.name == told["stack"])
    configuration = again["configuration"]["root_module"]
    folders = Folders(target.directory, target.directory / declared.path, configuration)
    first = {each["address"]: each["values"] for each in resources_of(life.read("first"))}
    changes = again.get("resource_changes", ())
    planned = [*_planned(changes, first, configuration, folders)]
    emulator = told["emulator"]
    resources = side_by_side(planned, answers, known_gaps(emulator["name"], emulator["version"]))
    evidence = keep.keep(f"read-back-{told['stack']}.txt", written_down(resources))
    return ReadBack(
        evidence=(evidence,),
        substrate=Substrate(
            assurance=Assurance.parse(told["assurance"]),
            name=f"{emulator['name']} {emulator['version']} {told['place']}, stack {told['stack']} read through the API of AWS",
            limits=_limits(told, planned, resources),
            tools=(tool.tool, Tool(name=emulator["name"], version=emulator["version"])),
        ),
        stack=told["stack"],
        places=places_of(folders, changes),
        root=declared.path,
        resources=resources,
        tasks=tuple(
            PlannedTask(
                arn=str(each.values.get("arn")),
                containers=tuple(read_containers(each.values.get("container_definitions"))),
                execution_role=str(each.values.get("execution_role_arn") or ""),
                task_role=str(each.values.get("task_role_arn") or ""),
            )
            for each in planned
            if each.type == "aws_ecs_task_definition"
        ),
    )


def _planned(
    changes: Sequence[Mapping[str, Any]],
    first: Mapping[str, Mapping[str, Any]],
    configuration: Mapping[str, Any],
    folders: Folders,
) -> Iterator[Planned]:
    for told in changes:
        change, address = told["change"], str(told["address"])
        if told.get("mode") != "managed" or change.get("after") is None:
            continue
        values, sensitive = dict(change["after"]), change.get("after_sensitive") or {}
        # Of what the code ignores a plan has what stands there; what was applied has the state.
        ignored = folders.find(dict(told)).ignores
        for name in first.get(address, {}) if "all" in ignored else ignored:
            values[name] = first.get(address, {}).get(name, values.get(name))
        # What would be made anew has no ids in the plan; what it goes by now stands in the state.
        for name in [name for name, later in (change.get("after_unknown") or {}).items() if later is True]:
            values[name] = first.get(address, {}).get(name)
        yield Planned(
            address=address,
            type=str(told["type"]),
            values=values,
            written=written_attributes(address, configuration),
            secret=frozenset(name for name in values if isinstance(sensitive, Mapping) and marked(sensitive.get(name))),
        )


def _limits(
    told: Mapping[str, Any],
    planned: Sequence[Planned],
    resources: Sequence[ReadResource],
) -> tuple[str, ...]:
    gaps = {gap for each in resources for gap in each.gaps}
    unwritten = {
        f"{each.type}.{attribute}"
        for each in planned
        if each.type in WORDS
        for attribute in WORDS[each.type].attributes.keys() - each.written
    }
    secret = {
        f"{each.type}.{attribute}"
        for each in planned
        if each.type in WORDS
        for attribute in WORDS[each.type].attributes.keys() & each.secret & each.written
    }
    beside = {
        f"{each.type}.{attribute}"
        for each in planned
        if each.type in WORDS
        for attribute in each.written - WORDS[each.type].attributes.keys()
    }
    return (
        *BESIDE_AWS[told["assurance"]],
        "of attached policies it is compared which ones are attached, and not what they allow",
        *told["limits"],
        *(f"not applied as it stands: {name} is set for it" for name in told["variables"]),
        *(f"gap of the emulator: {gap}" for gap in sorted(gaps, key=str)),
        *(f"compared by whether there is one, for it is a secret: {name}" for name in sorted(secret)),
        *([f"not compared where the code does not set it: {', '.join(sorted(unwritten))}"] if unwritten else ()),
        *([f"set by the code, and not compared: {', '.join(sorted(beside))}"] if beside else ()),
    )
