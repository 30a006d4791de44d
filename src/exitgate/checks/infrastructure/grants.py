"""What a role is granted: by policies inside it, policies of its own, policies attached to it, and lists of either."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from exitgate.checks.infrastructure.judging import Judgement
from exitgate.observe.terraform import Reference, Resource, Stack, Value
from exitgate.observe.terraform.resources import parsed

_ATTACHMENTS: Final = {
    "aws_iam_role_policy_attachment": ("role", "policy_arn"),
    "aws_iam_policy_attachment": ("roles", "policy_arn"),
    "aws_iam_role_policy_attachments_exclusive": ("role_name", "policy_arns"),
}
"""What attaches managed policies, with its keys of roles and of policies."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """Something that a role is granted."""

    owner: Resource
    """What grants it."""
    statement: Mapping[str, object]
    """A statement of a policy; empty where a policy is granted whose statements the code does not have."""
    whole: str = ""
    """That policy."""


def grants_of(stack: Stack, role: Resource, judgement: Judgement) -> Iterator[Grant]:
    """Yield all that a role is granted; what can't be told is said."""
    yield from _inside(stack, role, judgement)
    for policy in stack.of("aws_iam_role_policy"):
        if _is_of(policy, "role", role, judgement):
            yield from _of_document(policy, policy.get("policy"), "policy", judgement)
    for kind, (roles, policies) in _ATTACHMENTS.items():
        for each in stack.of(kind):
            if _is_of(each, roles, role, judgement):
                yield from _managed(stack, each, policies, judgement)
    yield from _kept(stack, role, judgement)


def _kept(stack: Stack, role: Resource, judgement: Judgement) -> Iterator[Grant]:
    """Yield inline policies that are kept by name alone: one that the code does not have was written by hand, and stays."""
    known = {each.get("name") for each in stack.of("aws_iam_role_policy")}
    for each in stack.of("aws_iam_role_policies_exclusive"):
        if _is_of(each, "role_name", role, judgement):
            for name in _several(each.get("policy_names")):
                if isinstance(name, str) and name not in known:
                    yield Grant(
                        owner=each, statement={}, whole=f"the inline policy {name}, which the code does not have"
                    )
                elif not isinstance(name, str | Reference):
                    judgement.open(each, "policy_names")


def statements_of(document: object) -> list[Mapping[str, object]] | None:
    """Return the statements of a policy's document; None where there is none to read."""
    if not isinstance(document, Mapping):
        return None
    found = document.get("Statement")
    return [each for each in (found if isinstance(found, list) else [found]) if isinstance(each, Mapping)]


def _inside(stack: Stack, role: Resource, judgement: Judgement) -> Iterator[Grant]:
    """Yield what stands in the role itself. Both are computed, so they are unknown where the code does not write them."""
    written = dict(role.lines)
    blocks = role.blocks("inline_policy")
    if blocks is None and "inline_policy" in written:
        judgement.open(role, "inline_policy")
    for block in blocks or ():
        if block.get("policy") not in (None, ""):
            yield from _of_document(role, block.get("policy"), "inline_policy", judgement)
    if "managed_policy_arns" in written or isinstance(role.get("managed_policy_arns"), tuple):
        yield from _managed(stack, role, "managed_policy_arns", judgement)


def _managed(stack: Stack, owner: Resource, key: str, judgement: Judgement) -> Iterator[Grant]:
    for arn in _several(owner.get(key)):
        policy = stack.find(arn.address) if isinstance(arn, Reference) else None
        if policy is not None and policy.type == "aws_iam_policy":
            yield from _of_document(policy, policy.get("policy"), "policy", judgement)
        elif isinstance(arn, str):
            yield Grant(owner=owner, statement={}, whole=f"the managed policy {arn}")
        else:
            judgement.open(owner, key)


def _of_document(owner: Resource, text: Value, key: str, judgement: Judgement) -> Iterator[Grant]:
    statements = statements_of(parsed(text))
    if statements is None:
        judgement.open(owner, key)
    for each in statements or ():
        yield Grant(owner=owner, statement=each)


def _is_of(owner: Resource, key: str, role: Resource, judgement: Judgement) -> bool:
    """Say whether one of the roles that something names is this one."""
    named = _several(owner.get(key))
    if any(
        each == role.get("name")
        if isinstance(each, str)
        else isinstance(each, Reference) and each.address == role.address
        for each in named
    ):
        return True
    if not all(isinstance(each, str | Reference) for each in named):
        judgement.open(owner, key)
    return False


def _several(value: Value) -> tuple[Value, ...]:
    return value if isinstance(value, tuple) else () if value in (None, "") else (value,)
