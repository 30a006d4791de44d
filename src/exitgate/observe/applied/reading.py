"""Reads what a stack's life on the emulator left: facts without secrets, each with its place in the code."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from exitgate.assurance import Assurance
from exitgate.observation import Observation, Substrate
from exitgate.observe.applied.changes import AttributeChange, Gap, beside_gaps, changes_of, closed_gaps, known_gaps
from exitgate.observe.applied.normalising import Difference, differences
from exitgate.observe.applied.places import places_of, written_attributes
from exitgate.observe.terraform.stacks import Folders
from exitgate.provenance import Tool
from exitgate.provision.outside_changes import REQUIRED, Change
from exitgate.provision.stack_files import StackLife, resources_of
from exitgate.provision.terraform import TerraformTool
from exitgate.target import OwnedElsewhere, Target

_APPLIED: Final = {False: "in two accounts that were empty", True: "applied once"}
BESIDE_AWS: Final[Mapping[str, tuple[str, ...]]] = {
    Assurance.EMULATED.label: ("what the emulator takes and gives back is not what AWS would refuse",),
    Assurance.LIVE.label: (),
}
"""What is said of everything that was seen at a level."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Destroyed:
    """What came of taking a stack down."""

    step: str
    """How far it went: ``lift`` where protection could not be lifted, else ``destroy``."""
    error: str
    """What it ended with; empty where it ended without one."""
    in_state: tuple[str, ...]
    """Addresses that the state still had."""
    in_account: tuple[str, ...]
    """What the account had that it did not have before the apply, e.g. ``rds DBSnapshotIdentifier orders-final``."""
    unended: str = ""
    """What is known of a destroy that did not end in its time; empty where it ended."""
    twins: tuple[str, ...] = ()
    """What the emulator had made twice, e.g. ``SubnetId subnet-2 beside subnet-1``; where there is any, nothing was destroyed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied(Observation):
    """A stack that was applied to two empty accounts of an emulator, changed by hand in one and destroyed in the other."""

    stack: str
    places: Mapping[str, str]
    """Address to ``file:line``."""
    root: str
    """The folder of the root module: the place of what has no address."""
    counts: tuple[int, int]
    """How many resources each account had."""
    differences: tuple[Difference, ...]
    """Between two accounts; none where there was one alone, which says nothing."""
    again: tuple[AttributeChange, ...]
    """What a plan straight after the apply would change, known gaps apart."""
    quiet: tuple[AttributeChange, ...]
    """What differs from the state although nobody changed anything, known gaps apart, and what AWS adds by itself."""
    drift: tuple[AttributeChange, ...]
    """What differs from the state after the changes by hand."""
    changes: tuple[Change, ...]
    ignored: frozenset[tuple[str, str]] = frozenset()
    """Addresses and attributes whose changes the code ignores, what another system owns apart: no plan would take them back."""
    required: tuple[str, ...] = REQUIRED
    is_alone: bool = False
    """Whether it was applied to one account alone, so that there is nothing to compare it with."""
    destroyed: Destroyed

    def place(self, address: str) -> str:
        """Return where a resource's block is; the root module where nobody knows."""
        return self.places.get(address, self.root)


def read_applied(target: Target, tool: TerraformTool, life: StackLife) -> Applied:
    """Read the life of a stack.

    Raises:
        ObservationError: if a file of it can't be read.
    """
    told = life.read("told")
    code = target.configuration.infrastructure
    declared = next(each for each in (code.stack if code else ()) if each.name == told["stack"])
    again, quiet, drift = (life.read(name) for name in ("again", "quiet", "drift"))
    first, second = ([*resources_of(life.read(name))] for name in ("first", "second"))
    is_alone = len(told["accounts"]) == 1
    emulator = told["emulator"]
    gaps = known_gaps(emulator["name"], emulator["version"])
    unwanted, seen = beside_gaps(changes_of(again.get("resource_changes", ())), gaps)
    configuration = again["configuration"]["root_module"]
    # Right after the apply, what the code says nothing of may differ: AWS adds it, and the state takes it in by then.
    told_twice = [*changes_of(quiet.get("resource_drift", ()))]
    told_twice += _written(changes_of(again.get("resource_drift", ())), configuration)
    unrest, also = beside_gaps(told_twice, gaps)
    folders = Folders(target.directory, target.directory / declared.path, configuration)
    return Applied(
        substrate=Substrate(
            assurance=Assurance.parse(told["assurance"]),
            name=f"{emulator['name']} {emulator['version']} {told['place']}, stack {told['stack']} {_APPLIED[is_alone]}",
            limits=_limits(
                told,
                frozenset({*seen, *also}),
                closed_gaps(gaps, seen, frozenset(each["type"] for each in first)),
                told["variables"],
            ),
            tools=(tool.tool, Tool(name=emulator["name"], version=emulator["version"])),
        ),
        stack=told["stack"],
        places=places_of(folders, again.get("resource_changes", ())),
        root=declared.path,
        counts=(len(first), len(second)),
        is_alone=is_alone,
        differences=() if is_alone else differences(first, second, life.read("schema"), tuple(told["accounts"])),
        again=unwanted,
        quiet=tuple(dict.fromkeys(unrest)),
        drift=changes_of(drift.get("resource_drift", ())),
        changes=tuple(Change(**each) for each in told["changes"]),
        ignored=_ignored(folders, again.get("resource_changes", ()), code.elsewhere if code else ()),
        destroyed=Destroyed(
            step=told["destroy"]["step"],
            error=told["destroy"]["error"],
            unended=told["destroy"].get("unended", ""),
            twins=tuple(told["destroy"].get("twins", ())),
            in_state=tuple(told["destroy"]["left"]),
            in_account=tuple(sorted({*told["after"]} - {*told["before"]})),
        ),
    )


def _ignored(
    folders: Folders, changes: Sequence[Mapping[str, Any]], elsewhere: Sequence[OwnedElsewhere]
) -> frozenset[tuple[str, str]]:
    owned = {(each.type, each.attribute) for each in elsewhere}
    return frozenset(
        (str(change["address"]), attribute)
        for change in changes
        for attribute in folders.find(dict(change)).ignores
        if (change["type"], attribute) not in owned
    )


def _written(changes: Sequence[AttributeChange], configuration: Mapping[str, Any]) -> Iterator[AttributeChange]:
    """Yield the changes of attributes that the code itself sets."""
    for change in changes:
        if not change.attribute or change.attribute in written_attributes(change.address, configuration):
            yield change


def _limits(
    told: Mapping[str, Any], gaps: frozenset[Gap], closed: Sequence[Gap], variables: Sequence[str]
) -> tuple[str, ...]:
    seconds = sum(value for name, value in told["seconds"].items() if name.startswith("apply"))
    unseen = [each for each in told["changes"] if each["kind"] not in REQUIRED and not each["landed"]]
    return (
        *BESIDE_AWS[told["assurance"]],
        *told["limits"],
        *(f"not applied as it stands: {name} is set for it" for name in variables),
        *(f"gap of the emulator: {gap}" for gap in sorted(gaps, key=str)),
        *(f"gap of the emulator that is listed and did not show: {gap.type}.{gap.attribute}" for gap in closed),
        *(
            f"not tried as drift: {each['kind']} ({each['refusal'] or 'nothing there that it suits'})"
            for each in unseen
        ),
        "a key of KMS that waits for its deletion counts as gone",
        f"the two applies took {seconds:.0f} s together, most of it the provider's own waiting",
    )
