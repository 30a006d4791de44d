"""Requests of planned roles, put to the model of IAM with what AWS would know of them."""

from __future__ import annotations

from exitgate.observe.planned_rights.roles import PlannedRights, Role
from exitgate.rights import Context, Decision, Policies, Principal, Request, decide, read_document

_ABSENT = frozenset(
    {
        *("aws:multifactorauthpresent", "aws:username", "aws:sourcearn", "aws:sourceaccount", "kms:viaservice"),
        *("aws:calledvia", "aws:federatedprovider", "sts:externalid"),
    }
)
"""What a request that a task makes by itself never has."""
_ACCOUNT_PART = 4
_ANYTHING = read_document("anything", {"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}})


def asked(
    rights: PlannedRights, role: Role, action: str, resource: str, *, via: str = "", passed_to: str = ""
) -> Decision:
    """Decide a request of a role.

    Args:
        via: The service that makes it for the role, e.g. ``secretsmanager``; empty where the role asks itself.
        passed_to: The service that a role is handed to, of ``iam:PassRole``.
    """
    own = rights.arns.account
    account = _account(resource) or own
    # Of a key that is not planned the policy is not known, and taken for one that leaves it to IAM.
    guarded = action.lower().startswith("kms:") and resource in rights.resources
    return decide(
        Request(
            principal=principal(rights, role),
            action=action,
            resource=resource,
            context=_context(rights, role, account, via, passed_to),
            account=account,
        ),
        Policies(
            identity=role.policies,
            boundary=role.boundary,
            resource=rights.resources.get(resource, ()),
            guarded=guarded,
        ),
    )


def takes_on(rights: PlannedRights, role: Role, principal_: Principal, context: Context) -> Decision:
    """Decide whether somebody that has no policies of ours may take on a role: a service, or another account's identity."""
    own = rights.arns.account
    return decide(
        Request(principal=principal_, action="sts:AssumeRole", resource=role.arn, context=context, account=own),
        # What another account lets its own identities do is not ours to know: the worst is taken.
        Policies(identity=(_ANYTHING,), resource=role.trust, guarded=True),
    )


def takes_on_as(rights: PlannedRights, taker: Role, role: Role) -> Decision:
    """Decide whether one planned role may take on another."""
    return decide(
        Request(
            principal=principal(rights, taker),
            action="sts:AssumeRole",
            resource=role.arn,
            context=_context(rights, taker, rights.arns.account),
        ),
        Policies(identity=taker.policies, boundary=taker.boundary, resource=role.trust, guarded=True),
    )


def principal(rights: PlannedRights, role: Role) -> Principal:
    """Return a role as who asks."""
    session = f"arn:aws:sts::{rights.arns.account}:assumed-role/{role.name}/exitgate"
    return Principal(arn=role.arn, session=session, account=rights.arns.account)


def _context(rights: PlannedRights, role: Role, account: str, via: str = "", passed_to: str = "") -> Context:
    own = rights.arns.account
    values = {
        "aws:principalaccount": (own,),
        "aws:principalarn": (role.arn,),
        "aws:principaltype": ("AssumedRole",),
        "aws:principalisawsservice": ("false",),
        "aws:resourceaccount": (account,),
        "aws:requestedregion": (rights.arns.region,),
        "aws:securetransport": ("true",),
        "aws:viaawsservice": ("true" if via else "false",),
        "kms:calleraccount": (own,),
    }
    if passed_to:
        values["iam:passedtoservice"] = (passed_to,)
    if via:
        values["kms:viaservice"] = (f"{via}.{rights.arns.region}.amazonaws.com",)
    return Context(values=values, complete=False, absent=_ABSENT)


def _account(arn: str) -> str:
    parts = arn.split(":")
    return parts[_ACCOUNT_PART] if len(parts) > _ACCOUNT_PART and parts[_ACCOUNT_PART].isdigit() else ""
