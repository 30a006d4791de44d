"""Tries what the roles of an applied stack may do, where an emulator enforces IAM: calls, answers and refusals, and no opinion.

Each call is made by three: the role, a user of ours who is allowed exactly that, and one who is allowed nothing. Only where the
second is answered and the third refused does the first one's answer say anything.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from itertools import count
from typing import Any, Final

from exitgate.errors import PrerequisiteMissing
from exitgate.provision.account_answers import read_policy
from exitgate.provision.emulator.endpoint import SPARE
from exitgate.provision.role_trials.calls import CALLS, LISTINGS
from exitgate.provision.role_trials.identities import (
    ANSWERED,
    PREFIX,
    REFUSED,
    Connect,
    Identity,
    allow,
    allowed,
    policy,
    session_of,
    throwaway_role,
    throwaway_user,
)
from exitgate.rights import MalformedPolicyError, read_document
from exitgate.rights.attempts import Attempt, accounts_in, attempts
from exitgate.rights.documents import Document

_ASSUME: Final = "sts:AssumeRole"
_TASKS: Final = {"Effect": "Allow", "Principal": {"Service": "ecs-tasks.amazonaws.com"}, "Action": _ASSUME}
_KINDS: Final = ("execution", "task")


@dataclass(frozen=True, slots=True, kw_only=True)
class Needed:
    """An action that a role of a workload needs."""

    workload: str
    kind: str
    """``execution`` or ``task``."""
    action: str
    resource: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Role:
    workload: str
    kind: str
    arn: str
    address: str


def try_roles(
    connect: Connect,
    account: str,
    region: str,
    resources: Sequence[Mapping[str, Any]],
    containers: Mapping[str, str],
    needs: Sequence[Needed],
    elsewhere: str = SPARE[2],
) -> dict[str, Any]:
    """Try both roles of each workload, and return plain data.

    Args:
        connect: Makes clients, by account or by credentials.
        account: Where the stack stands.
        region: In which region.
        resources: The stack's managed resources, as its state has them.
        containers: Workload to the name of its container in task definitions.
        needs: What the policy lists.
        elsewhere: Another account that nothing else uses.

    Raises:
        PrerequisiteMissing: if the needs name several accounts, so that nobody knows which of them this one stands for.
        ObservationError: if credentials of a role can't be had.
    """
    own = accounts_in(each.resource for each in needs)
    if len(own) > 1:
        raise PrerequisiteMissing(
            "[[policy.infrastructure.need]]",
            got=f"ARNs of {len(own)} accounts: {', '.join(sorted(own))}",
            expected="those of one, for which the emulator's stands in",
            action="Have rights on resources of other accounts assessed by other means.",
        )
    with ExitStack() as kept:
        holder, granted, nobody = (
            kept.enter_context(throwaway_user(connect, account, f"{PREFIX}-{name}", *statements))
            for name, statements in (
                ("holder", (allowed(_ASSUME, "*"),)),
                ("granted", ()),
                ("nobody", ()),
            )
        )
        strangers = dict(_strangers(kept, connect, account, elsewhere, holder))
        trial = _Trial(connect=connect, account=account, granted=granted, nobody=nobody)
        standing = [each["ARN"] for each in _all(connect("secretsmanager", account), "list_secrets", "SecretList")]
        found = []
        for role in _roles(resources, containers):
            # By its own trust first: a session is had by another.
            taken = {who: _taken(stranger, role.arn) for who, stranger in strangers.items()}
            session = session_of(connect, account, role.arn, holder)
            mine = {(each.action, each.resource): each.why for each in needs if _is_of(each, role)}
            others = {(each.action, each.resource): each.why for each in needs if not _is_of(each, role)}
            given, unread = _given(connect("iam", account), role.arn.rpartition("/")[2])
            tries = attempts(mine, others, given, LISTINGS, standing, account=account, region=region)
            found.append(
                {
                    **asdict(role),
                    "taken": taken,
                    "unread": unread,
                    "tries": [trial.outcome(each, session) for each in tries],
                }
            )
        return {"roles": found, "strangers": _calibrated(kept, connect, account, strangers)}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Trial:
    connect: Connect
    account: str
    granted: Identity
    nobody: Identity

    def outcome(self, attempt: Attempt, session: Identity) -> dict[str, Any]:
        """Make a call by the three, and return what came of it; empty answers where no call is known."""
        told = {name: getattr(attempt, name) for name in ("action", "resource", "origin", "why")}
        call = CALLS.get(attempt.action)
        if call is None:
            return {**told, "role": "", "granted": "", "nobody": ""}
        allow(self.connect, self.account, self.granted.name, allowed(attempt.action, attempt.pattern))
        answers = {}
        for who, identity in (("nobody", self.nobody), ("granted", self.granted), ("role", session)):
            answers[who] = identity.answer(call, attempt.resource.replace("?", _letter()))
        return {**told, **answers}


_LETTERS: Final = count()


def _letter() -> str:
    """Return a letter, another one each time: what one has made, the next one can't make again."""
    return "abcdefghijklmnopqrstuvwxyz"[next(_LETTERS) % 26]


def _is_of(need: Needed, role: _Role) -> bool:
    return (need.workload, need.kind) == (role.workload, role.kind)


def _taken(stranger: Identity, role: str) -> str:
    return REFUSED if stranger.assume(role) is None else ANSWERED


def _strangers(
    kept: ExitStack, connect: Connect, account: str, elsewhere: str, user: Identity
) -> Iterator[tuple[str, Identity]]:
    """Yield who should get nobody's role, each allowed to take on any that lets it in."""
    yield "a user of the account", user
    ours = policy({"Effect": "Allow", "Principal": {"AWS": user.arn}, "Action": _ASSUME})
    role = kept.enter_context(throwaway_role(connect, account, f"{PREFIX}-stranger", ours, allowed(_ASSUME, "*")))
    session = user.assume(role)
    if session is not None:
        yield "another role of the account", session
    yield (
        "a user of another account",
        kept.enter_context(throwaway_user(connect, elsewhere, f"{PREFIX}-elsewhere", allowed(_ASSUME, "*"))),
    )


def _calibrated(
    kept: ExitStack, connect: Connect, account: str, strangers: Mapping[str, Identity]
) -> dict[str, dict[str, str]]:
    """Return what each stranger gets of a role that trusts it by name, and of one that trusts ECS alone."""
    named = [stranger.arn for stranger in strangers.values()]
    trusts = {
        "open": policy({"Effect": "Allow", "Principal": {"AWS": named}, "Action": _ASSUME}),
        "closed": policy(_TASKS),
    }
    roles = {
        name: kept.enter_context(throwaway_role(connect, account, f"{PREFIX}-{name}", trust))
        for name, trust in trusts.items()
    }
    return {who: {name: _taken(stranger, arn) for name, arn in roles.items()} for who, stranger in strangers.items()}


def _roles(resources: Sequence[Mapping[str, Any]], containers: Mapping[str, str]) -> Iterator[_Role]:
    """Yield the roles of each workload's task definition."""
    addresses = {each["values"].get("arn"): each["address"] for each in resources if each["type"] == "aws_iam_role"}
    for workload, container in containers.items():
        for each in resources:
            values = each["values"]
            if each["type"] != "aws_ecs_task_definition" or container not in _containers(values):
                continue
            for kind in _KINDS:
                arn = values.get(f"{kind}_role_arn")
                if arn:
                    yield _Role(workload=workload, kind=kind, arn=arn, address=addresses.get(arn, ""))


def _containers(values: Mapping[str, Any]) -> list[str]:
    return [str(each.get("name")) for each in json.loads(values.get("container_definitions") or "[]")]


def _given(iam: Any, role: str) -> tuple[list[Document], list[str]]:
    """Return the policies that a role has, as they stand, and the names of those that can't be read."""
    from botocore.exceptions import ClientError

    found, unread = [], []
    bodies: list[tuple[str, Any]] = [
        (name, iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"])
        for name in _all(iam, "list_role_policies", "PolicyNames", RoleName=role)
    ]
    for each in _all(iam, "list_attached_role_policies", "AttachedPolicies", RoleName=role):
        arn = each["PolicyArn"]
        try:
            version = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
            told = iam.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]["Document"]
        except ClientError:
            unread.append(arn)
            continue
        bodies.append((arn, told))
    for name, body in bodies:
        try:
            found.append(read_document(name, read_policy(body)))
        except MalformedPolicyError:
            unread.append(name)
    return found, unread


def _all(client: Any, operation: str, key: str, **arguments: Any) -> Iterator[Any]:
    for page in client.get_paginator(operation).paginate(**arguments):
        yield from page.get(key) or ()
