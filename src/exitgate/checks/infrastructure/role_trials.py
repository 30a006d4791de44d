"""3.3.C.3 where IAM is enforced: a service's roles get what it needs and nothing else, and nobody else gets the roles.

Sources: the plan of 3.3.C; IAM user guide, "Policy evaluation logic".
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Final

from exitgate.errors import PrerequisiteMissing, one_line
from exitgate.finding import Finding
from exitgate.observe.applied import RoleTrials, TriedRole, Try
from exitgate.target import Workload

_ANSWERED: Final = "answered"
_REFUSED: Final = "refused"
_SHOWN: Final = 3
_LONGEST: Final = 300


def refused_needs(trials: RoleTrials, service: Workload) -> list[Finding]:
    """Name each need of a service that its role is refused, though one who is allowed exactly that is answered.

    Raises:
        PrerequisiteMissing: if nothing is refused and a need can't be tried, or none can be told.
    """
    roles = _roles(trials, service)
    needs = [(role, each) for role in roles for each in role.tries if each.needed]
    told = [(role, each) for role, each in needs if each.enforced and each.granted == _ANSWERED]
    found = [
        Finding(
            location=trials.place(role),
            message=f"{_name(role)} is refused {each.action} on {each.resource}",
            expected=f"an answer: {each.why}",
            got=each.role,
            remedy="Allow it on this resource, or take it from the policy's needs; a boundary or a deny may be in the way.",
        )
        for role, each in told
        if each.role != _ANSWERED
    ]
    if not found:
        _refuse_untried(trials, [each for _, each in needs])
        if not told:
            raise _nothing(trials, f"need of {service.name} that the emulator enforces")
    return found


def answered_beyond_need(trials: RoleTrials, service: Workload) -> list[Finding]:
    """Name what a service's roles are answered beside its needs, role by role.

    Raises:
        PrerequisiteMissing: if nothing is, and a policy can't be read, what it speaks of can't be tried, or nothing can be told.
    """
    roles = _roles(trials, service)
    found, told, untried = [], 0, []
    for role in roles:
        others = [each for each in role.tries if not each.needed]
        untried += [each for each in others if each.origin == "given"]
        enforced = [each for each in others if each.enforced]
        told += len(enforced)
        got: dict[str, list[str]] = defaultdict(list)
        for each in enforced:
            # Another error than a refusal is an answer of what is behind IAM.
            if each.role != _REFUSED:
                got[each.role].append(f"{each.action} on {each.resource}")
        for answer, several in got.items():
            more = f" and {len(several) - _SHOWN} calls more" if len(several) > _SHOWN else ""
            found.append(
                Finding(
                    location=trials.place(role),
                    message=one_line(f"{_name(role)} is let through to {', '.join(several[:_SHOWN])}{more}", _LONGEST),
                    expected="a refusal: [[policy.infrastructure.need]] does not list it",
                    got=answer,
                    remedy="Take away what allows it: a policy of the role, or one of the resource itself.",
                )
            )
    if not found:
        for role in roles:
            if role.unread:
                raise PrerequisiteMissing(
                    f"policy {role.unread[0]} of {role.name}",
                    got="it can't be read",
                    expected="its statements, to try what they are about",
                    action="Write it in the code, or have it assessed by other means.",
                )
        _refuse_untried(trials, untried)
        if not told:
            raise _nothing(trials, f"action outside the needs of {service.name} that the emulator enforces")
    return found


def taken_roles(trials: RoleTrials, service: Workload) -> list[Finding]:
    """Name who gets a role of a service beside ECS.

    Raises:
        PrerequisiteMissing: if no stranger's attempt says anything.
    """
    roles = _roles(trials, service)
    if not trials.telling or not all(trials.telling & role.taken.keys() for role in roles):
        raise _nothing(trials, "stranger who gets a role that trusts it, and no other")
    return [
        Finding(
            location=trials.place(role),
            message=f"{_name(role)} is taken on by {who}",
            expected="a refusal: tasks of the service alone have the role",
            got="its credentials",
            remedy="Name ecs-tasks.amazonaws.com alone in the trust policy, with conditions on this account.",
        )
        for role in roles
        for who, got in sorted(role.taken.items())
        if got and who in trials.telling
    ]


def _roles(trials: RoleTrials, service: Workload) -> Sequence[TriedRole]:
    found = trials.of(service.name)
    if not found:
        raise _nothing(trials, f"role of a task definition of {service.name}")
    return found


def _refuse_untried(trials: RoleTrials, tries: Sequence[Try]) -> None:
    actions = list(dict.fromkeys(_untried(tries)))
    if actions:
        raise PrerequisiteMissing(
            f"stack {trials.stack}",
            got=f"no harmless call is known for {', '.join(actions[:_SHOWN])}",
            expected="one for each action that a need or a policy of the role names",
            action="Have it assessed by other means, or report it: a call can be added.",
        )


def _untried(tries: Sequence[Try]) -> Iterator[str]:
    yield from (each.action for each in tries if not each.known)


def _name(role: TriedRole) -> str:
    return role.address or f"the {role.kind} role {role.name}"


def _nothing(trials: RoleTrials, what: str) -> PrerequisiteMissing:
    return PrerequisiteMissing(
        f"stack {trials.stack}",
        got=f"no {what}",
        expected="something to look at",
        action="See the limits of this observation in the record: they name what the emulator does not tell.",
    )
