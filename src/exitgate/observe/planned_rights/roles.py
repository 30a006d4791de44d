"""Planned roles, with every policy that has a say in what they may do, and the policies of planned resources."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from exitgate.observe.planned_rights.arns import Arns
from exitgate.observe.planned_rights.managed import MANAGED
from exitgate.observe.terraform import Reference, Resource, Stack, Unknown, Value
from exitgate.rights import Document, MalformedPolicyError, read_document


@dataclass(frozen=True, slots=True, kw_only=True)
class Role:
    """A planned role."""

    address: str
    arn: str
    name: str
    policies: tuple[Document, ...]
    boundary: tuple[Document, ...] | None
    trust: tuple[Document, ...]
    unknown: tuple[str, ...]
    """What of it is not known, as ``address: what``."""


@dataclass(slots=True, kw_only=True)
class PlannedRights:
    """Who is allowed what in a stack, as its plan has it."""

    stack: Stack
    arns: Arns
    roles: dict[str, Role] = field(default_factory=dict)
    """By address."""
    resources: dict[str, tuple[Document, ...]] = field(default_factory=dict)
    """ARN of a resource to its own policies."""
    unknown: list[str] = field(default_factory=list)
    """Policies of resources that are not known."""

    def locate(self, name: str) -> str:
        """Return where a statement stands, by the name that decisions tell."""
        owner = self.stack.find(name.partition(" statement ")[0].removesuffix(" (trust)"))
        key = "assume_role_policy" if "(trust)" in name else "policy"
        return owner.locate(key) if owner else name


_RESOURCE_POLICIES: Mapping[str, tuple[str, str]] = {
    # Type: the key of the resource that its policy is for, empty for its own, and the key of the policy.
    "aws_kms_key": ("", "policy"),
    "aws_kms_key_policy": ("key_id", "policy"),
    "aws_secretsmanager_secret": ("", "policy"),
    "aws_secretsmanager_secret_policy": ("secret_arn", "policy"),
    "aws_sqs_queue": ("", "policy"),
    "aws_sqs_queue_policy": ("queue_url", "policy"),
    "aws_sns_topic": ("", "policy"),
    "aws_sns_topic_policy": ("arn", "policy"),
    "aws_s3_bucket_policy": ("bucket", "policy"),
    "aws_ecr_repository_policy": ("repository", "policy"),
}


def read_planned_rights(stack: Stack) -> PlannedRights:
    """Read the roles and policies of a stack's plan."""
    rights = PlannedRights(stack=stack, arns=Arns(stack))
    if not stack.named:
        rights.unknown.append(f"stack {stack.name}: what refers to what ({stack.why_not_named or 'no named plan'})")
    attached = _attached(rights)
    for role in stack.of("aws_iam_role"):
        rights.roles[role.address] = _role(rights, role, attached)
    found: dict[str, list[Document]] = defaultdict(list)
    for each in stack.of(*_RESOURCE_POLICIES):
        key, policy = _RESOURCE_POLICIES[each.type]
        owner = _owner(rights, each, key)
        value = each.get(policy)
        if owner is None or value in (None, "") or (isinstance(value, Unknown) and policy not in dict(each.lines)):
            continue
        arn = rights.arns.of(owner)
        found[arn] += _document(rights, each, value, each.address, rights.unknown)
    for grant in stack.of("aws_kms_grant"):
        owner = _owner(rights, grant, "key_id")
        if owner:
            found[rights.arns.of(owner)] += _grant(rights, grant)
    rights.resources = {arn: tuple(documents) for arn, documents in found.items()}
    return rights


def _owner(rights: PlannedRights, each: Resource, key: str) -> Resource | None:
    if not key:
        return each
    value = each.get(key)
    if isinstance(value, Reference):
        return rights.stack.find(value.address)
    found = next(
        (
            owner
            for owner in rights.stack.resources
            if isinstance(value, str) and value in (owner.get("name"), owner.get("bucket"))
        ),
        None,
    )
    if found is None:
        rights.unknown.append(f"{each.address}: {key}")
    return found


def _role(rights: PlannedRights, role: Resource, attached: Mapping[str, list[tuple[Resource, Value]]]) -> Role:
    unknown: list[str] = []
    policies: list[Document] = []
    for each in rights.stack.of("aws_iam_role_policy"):
        owner = each.get("role")
        if isinstance(owner, Unknown):
            unknown.append(f"{each.address}: role")
        elif (owner.address if isinstance(owner, Reference) else owner) in (role.address, role.get("name")):
            policies += _document(rights, each, each.get("policy"), each.address, unknown)
    for block in role.blocks("inline_policy") or ():
        if block.get("policy") is not None and not isinstance(block.get("policy"), Unknown):
            policies += _document(rights, role, block.get("policy"), role.address, unknown)
        elif "inline_policy" in dict(role.lines):
            unknown.append(f"{role.address}: inline_policy")
    # Both are computed where the code does not give them.
    unknown += [
        f"{role.address}: {key}"
        for key in ("inline_policy", "managed_policy_arns")
        if isinstance(role.get(key), Unknown) and key in dict(role.lines)
    ]
    listed = role.get("managed_policy_arns")
    given = [(role, arn) for arn in listed] if isinstance(listed, tuple) else []
    for holder, arn in (*given, *attached.get(role.address, ()), *attached.get("", ())):
        policies += _by_arn(rights, holder, arn, unknown)
    boundary = role.get("permissions_boundary")
    return Role(
        address=role.address,
        arn=rights.arns.of(role),
        name=rights.arns.name(role),
        policies=tuple(policies),
        boundary=None if boundary in (None, "") else tuple(_by_arn(rights, role, boundary, unknown)),
        trust=tuple(_document(rights, role, role.get("assume_role_policy"), f"{role.address} (trust)", unknown)),
        unknown=tuple(dict.fromkeys(unknown)),
    )


def _attached(rights: PlannedRights) -> dict[str, list[tuple[Resource, Value]]]:
    """Return attachments by the role's address; under no address those whose role is not known."""
    by_name = {each.get("name"): each.address for each in rights.stack.of("aws_iam_role")}
    found: dict[str, list[tuple[Resource, Value]]] = defaultdict(list)
    for each in rights.stack.of("aws_iam_role_policy_attachment", "aws_iam_policy_attachment"):
        value = each.get("role") if each.type == "aws_iam_role_policy_attachment" else each.get("roles")
        for owner in value if isinstance(value, tuple) else (value,):
            if isinstance(owner, Reference):
                found[owner.address].append((each, each.get("policy_arn")))
            elif isinstance(owner, Unknown):
                found[""].append((each, each.get("policy_arn")))
            elif owner in by_name:
                found[by_name[owner]].append((each, each.get("policy_arn")))
    return found


def _by_arn(rights: PlannedRights, holder: Resource, arn: Value, unknown: list[str]) -> Iterator[Document]:
    if isinstance(arn, Reference):
        policy = rights.stack.find(arn.address)
        if policy and policy.type == "aws_iam_policy":
            yield from _document(rights, policy, policy.get("policy"), policy.address, unknown)
            return
    text = rights.arns.text(arn)
    if text in MANAGED:
        yield read_document(holder.address, MANAGED[text])
        return
    unknown.append(f"{holder.address}: what {text or 'a policy'} allows")


def _document(
    rights: PlannedRights, holder: Resource, value: Value, name: str, unknown: list[str]
) -> Iterator[Document]:
    text = rights.arns.text(value)
    try:
        if text is not None:
            yield read_document(name, json.loads(text))
            return
        why = "policy"
    except MalformedPolicyError as error:
        why = f"a policy that IAM refuses, {error}"
    except ValueError:
        why = "a policy that is no JSON"
    unknown.append(f"{holder.address}: {why}")


def _grant(rights: PlannedRights, grant: Resource) -> Iterator[Document]:
    grantee = rights.arns.text(grant.get("grantee_principal"))
    operations = grant.get("operations")
    if grantee is None or not isinstance(operations, tuple):
        rights.unknown.append(f"{grant.address}: grantee and operations")
        return
    conditions: dict[str, dict[str, object]] = defaultdict(dict)
    for block in grant.blocks("constraints") or ():
        for kind in ("encryption_context_equals", "encryption_context_subset"):
            told = block.get(kind)
            for key, value in told.items() if isinstance(told, Mapping) else ():
                conditions["StringEquals"][f"kms:EncryptionContext:{key}"] = str(value)
            if kind == "encryption_context_equals" and isinstance(told, Mapping) and told:
                conditions["ForAllValues:StringEquals"]["kms:EncryptionContextKeys"] = list(told)
    yield read_document(
        grant.address,
        {
            "Version": "2012-10-17",
            "Statement": {
                "Effect": "Allow",
                "Principal": {"AWS": grantee},
                "Action": [f"kms:{each}" for each in operations],
                "Resource": "*",
                **({"Condition": dict(conditions)} if conditions else {}),
            },
        },
    )
