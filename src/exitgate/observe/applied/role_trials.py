"""Reads what the roles of an applied stack were answered and refused where an emulator enforces IAM."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from exitgate.assurance import Assurance
from exitgate.evidence_folder import EvidenceFolder
from exitgate.observation import Observation, Substrate
from exitgate.observe.applied.changes import known_decision_gaps
from exitgate.observe.applied.places import places_of
from exitgate.observe.terraform.stacks import Folders
from exitgate.provenance import Tool
from exitgate.provision.stack_files import StackLife
from exitgate.provision.terraform import TerraformTool
from exitgate.target import Target

ANSWERED: Final = "answered"
REFUSED: Final = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Try:
    """A call that a role made, and two others beside it: ``answered``, ``refused`` by IAM, or the code of another error."""

    action: str
    resource: str
    origin: str
    """``need`` of the role; ``given`` by its policies and not needed; ``other`` is what is tried of everybody."""
    why: str
    role: str
    """What the role got; empty where no call is known by which the action could be tried."""
    granted: str
    """What one got who is allowed exactly this."""
    nobody: str
    """What one got who is allowed nothing."""

    @property
    def needed(self) -> bool:
        """Whether the policy lists it for the role."""
        return self.origin == "need"

    @property
    def known(self) -> bool:
        """Whether it was tried."""
        return bool(self.role)

    @property
    def enforced(self) -> bool:
        """Whether the emulator tells those two apart, so that what the role got says something."""
        return self.nobody == REFUSED and self.granted not in (REFUSED, "")


@dataclass(frozen=True, slots=True, kw_only=True)
class TriedRole:
    """A role of a workload's task definition, and what it got."""

    workload: str
    kind: str
    """``execution`` or ``task``."""
    name: str
    address: str
    """Empty where no block of the code is known to make it."""
    tries: tuple[Try, ...]
    taken: Mapping[str, bool]
    """Who else tried to take it on, in words, to whether it got the role."""
    unread: tuple[str, ...]
    """Policies of it that could not be read, so that nobody knows what they are about."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleTrials(Observation):
    """What roles may do, seen by calls with their own credentials."""

    stack: str
    places: Mapping[str, str]
    root: str
    roles: tuple[TriedRole, ...]
    telling: frozenset[str]
    """The strangers who get a role that trusts them, and none that does not: what the others get says nothing."""

    def of(self, workload: str) -> tuple[TriedRole, ...]:
        """Return the roles of a workload."""
        return tuple(each for each in self.roles if each.workload == workload)

    def place(self, role: TriedRole) -> str:
        """Return where a role's block is; the root module where nobody knows."""
        return self.places.get(role.address, self.root)


def read_role_trials(target: Target, tool: TerraformTool, life: StackLife, keep: EvidenceFolder) -> RoleTrials:
    """Read what was tried in the second account, before it was taken down.

    Args:
        keep: Where each call and its answers are written down.

    Raises:
        ExitgateError: of what kept the roles from being tried.
    """
    told, again, rights = life.read("told"), life.read("again"), life.rights()
    code = target.configuration.infrastructure
    declared = next(each for each in (code.stack if code else ()) if each.name == told["stack"])
    folders = Folders(target.directory, target.directory / declared.path, again["configuration"]["root_module"])
    emulator = told["emulator"]
    roles = tuple(_role(each) for each in rights["roles"])
    telling = frozenset(
        who for who, got in rights["strangers"].items() if (got["open"], got["closed"]) == (ANSWERED, REFUSED)
    )
    substrate = Substrate(
        assurance=Assurance.EMULATED,
        name=f"{emulator['name']} {emulator['version']} {told['place']} with IAM enforced, stack {told['stack']}",
        limits=(
            *told["limits"],
            *_limits(roles, rights["strangers"].keys() - telling),
            *_decisions(emulator["name"], emulator["version"]),
        ),
        tools=(tool.tool, Tool(name=emulator["name"], version=emulator["version"])),
    )
    evidence = keep.keep(f"role-trials-{told['stack']}.txt", "".join(f"{line}\n" for line in _lines(roles)))
    return RoleTrials(
        substrate=substrate,
        evidence=(evidence,),
        stack=told["stack"],
        places=places_of(folders, again.get("resource_changes", ())),
        root=declared.path,
        roles=roles,
        telling=telling,
    )


def _role(told: Mapping[str, Any]) -> TriedRole:
    return TriedRole(
        workload=told["workload"],
        kind=told["kind"],
        name=told["arn"].rpartition("/")[2],
        address=told["address"],
        tries=tuple(Try(**each) for each in told["tries"]),
        taken={who: got == ANSWERED for who, got in told["taken"].items()},
        unread=tuple(told["unread"]),
    )


def _limits(roles: Sequence[TriedRole], silent: Collection[str]) -> Iterator[str]:
    yield "what an emulator allows is not what AWS would refuse: policies of organisations and of VPC endpoints take no part"
    yield "a role's credentials were had by a user of ours whom it trusted for that moment: nobody can be ECS"
    yield "the emulator does not ask the key whether a secret's reader may decrypt"
    tries = [each for role in roles for each in role.tries]
    for action in sorted({each.action for each in tries if each.known and not each.enforced}):
        yield f"not enforced by the emulator, and not assessed: {action} on the resources that were asked for"
    unmet = {each.action for each in tries if each.needed and each.enforced and each.granted != ANSWERED}
    for action in sorted(unmet):
        yield f"not assessed: {action}, whose resource is not there on the emulator"
    for action in sorted({each.action for each in tries if not each.known and each.origin == "other"}):
        yield f"not tried of roles that do not need it, for want of a harmless call: {action}"
    for who in sorted(silent):
        yield f"not assessed, as it gets no role that trusts it either, or any: {who}"


def _decisions(name: str, version: str) -> Iterator[str]:
    """Yield where what an emulator decides is known not to be what IAM decides."""
    gaps = known_decision_gaps(name, version)
    if gaps is None:
        yield f"decisions of {name} {version} were compared with the model's by nobody"
    for gap in gaps or ():
        yield f"decided otherwise by the emulator: {gap.why}"


def _lines(roles: Sequence[TriedRole]) -> Iterator[str]:
    for role in roles:
        yield f"{role.kind} role of {role.workload}, {role.name}"
        for who, got in sorted(role.taken.items()):
            yield f"  taken on by {who}: {'yes' if got else 'refused'}"
        for each in role.tries:
            answers = f"role {each.role}, allowed exactly this {each.granted}, allowed nothing {each.nobody}"
            asked = f"{'needed' if each.needed else each.why}: {each.action} on {each.resource}"
            yield f"  {asked}: {answers if each.known else 'not tried'}"
