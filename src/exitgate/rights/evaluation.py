"""Whether a request is allowed, by the order in which AWS asks its policies.

An explicit refusal in any policy decides. Then what the resource's own policy grants, and to whom exactly, decides whether the
identity's policies are needed, and whether its boundary and session limit it.

Sources: IAM user guide, "Policy evaluation logic", "Permissions boundaries for IAM entities", "Cross-account policy evaluation
logic"; AWS KMS developer guide, "Key policies", "Grants in AWS KMS".
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Enum

from exitgate.rights.conditions import holds
from exitgate.rights.context import Context
from exitgate.rights.documents import Document, Statement
from exitgate.rights.patterns import like_action, like_resource
from exitgate.rights.principals import Principal, Reach, reach_of
from exitgate.rights.truth import Truth, all_of, any_of, opposite


class Verdict(Enum):
    """What becomes of a request."""

    ALLOWED = "allowed"
    DENIED = "denied"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """Who asks for what."""

    principal: Principal
    action: str
    resource: str
    """An ARN, or ``*`` for an action that has no resource."""
    context: Context = field(default_factory=Context)
    account: str = ""
    """The account of the resource; empty for the principal's own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Policies:
    """All policies that may have a say in a request."""

    identity: tuple[Document, ...] = ()
    boundary: tuple[Document, ...] | None = None
    """None where there is no boundary."""
    session: tuple[Document, ...] | None = None
    resource: tuple[Document, ...] = ()
    organisation: tuple[tuple[Document, ...], ...] = ()
    """Service control policies, level by level: each level has to allow."""
    guarded: bool = False
    """Whether nobody is allowed anything without the resource's own policy: KMS keys, and taking on roles."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What becomes of a request, and by which statements."""

    verdict: Verdict
    statements: tuple[str, ...] = ()
    """The names of those that allow or refuse, or on which an unknown hangs."""
    explicit: bool = False
    """Whether a statement refuses, rather than none allowing."""


def decide(request: Request, policies: Policies) -> Decision:
    """Evaluate a request.

    1. A refusal anywhere decides.
    2. Each level of the organisation has to allow.
    3. The resource's policy, the identity's, the boundary and the session are put together, by account.
    """
    refusing = _refusing(request, policies)
    sure = [name for name, met in refusing if met]
    if sure:
        return Decision(verdict=Verdict.DENIED, statements=tuple(sure), explicit=True)
    allowing: list[tuple[str, Truth]] = []
    allowed = _allowed(request, policies, allowing)
    if allowed is False:
        return Decision(verdict=Verdict.DENIED)
    doubts = [name for name, met in (*refusing, *allowing) if met is None]
    if allowed is None or refusing:
        return Decision(verdict=Verdict.UNKNOWN, statements=tuple(dict.fromkeys(doubts)))
    granting = tuple(dict.fromkeys(name for name, met in allowing if met))
    return Decision(verdict=Verdict.ALLOWED, statements=granting)


def _allowed(request: Request, policies: Policies, told: list[tuple[str, Truth]]) -> Truth:
    """Say whether a request is allowed where nothing refuses it; `told` gets the statements that have a part in that."""
    by_identity: list[tuple[str, Truth]] = []
    by_reach: dict[Reach, list[tuple[str, Truth]]] = {reach: [] for reach in Reach}
    identity = _any(request, policies.identity, by_identity)
    limits = all_of(
        (
            True if policies.boundary is None else _any(request, policies.boundary, []),
            True if policies.session is None else _any(request, policies.session, []),
        )
    )
    by = {reach: _granted(request, policies.resource, reach, by_reach[reach]) for reach in Reach}
    organisation = all_of(_any(request, level, []) for level in policies.organisation)
    if request.principal.service:
        told += by_reach[Reach.ITSELF]
        return by[Reach.ITSELF]
    grant = any_of(by.values())
    if request.account not in ("", request.principal.account):
        # In another account's resource both sides have to allow.
        told += [*by_identity, *(each for names in by_reach.values() for each in names)]
        return all_of((identity, grant, limits, organisation))
    limited = policies.boundary is not None or policies.session is not None
    # Of everybody's grant AWS does not say whether a boundary limits it.
    everybody = all_of((by[Reach.EVERYBODY], limits if not limited else True if limits else None))
    own = all_of((identity, by[Reach.ACCOUNT])) if policies.guarded else identity
    # What leaves it to the account's own policies grants nothing where those don't, and is not told as what does.
    told += [] if own is False else [*by_identity, *(by_reach[Reach.ACCOUNT] if policies.guarded else ())]
    told += [each for reach in Reach if reach is not Reach.ACCOUNT for each in by_reach[reach]]
    return all_of(
        (
            any_of((all_of((any_of((own, by[Reach.ROLE])), limits)), by[Reach.ITSELF], everybody)),
            organisation,
        )
    )


def _refusing(request: Request, policies: Policies) -> list[tuple[str, Truth]]:
    own = (*policies.identity, *(policies.boundary or ()), *(policies.session or ()))
    own += tuple(document for level in policies.organisation for document in level)
    found = [
        (statement.name, _applies(statement, request))
        for document in own
        for statement in document.statements
        if not statement.allow
    ]
    for document in policies.resource:
        for statement in document.statements:
            if not statement.allow:
                named = any_of(reach_of(statement, request.principal, reach, refusing=True) for reach in Reach)
                found.append((statement.name, all_of((named, _applies(statement, request)))))
    return [(name, met) for name, met in found if met is not False]


def _any(request: Request, documents: Iterable[Document], told: list[tuple[str, Truth]]) -> Truth:
    found = [
        (statement.name, _applies(statement, request))
        for document in documents
        for statement in document.statements
        if statement.allow
    ]
    told += [(name, met) for name, met in found if met is not False]
    return any_of(met for _, met in found)


def _granted(request: Request, documents: tuple[Document, ...], reach: Reach, told: list[tuple[str, Truth]]) -> Truth:
    found = [
        (
            statement.name,
            all_of((reach_of(statement, request.principal, reach, refusing=False), _applies(statement, request))),
        )
        for document in documents
        for statement in document.statements
        if statement.allow
    ]
    told += [(name, met) for name, met in found if met is not False]
    return any_of(met for _, met in found)


def _applies(statement: Statement, request: Request) -> Truth:
    """Say whether a statement is about a request: its action, its resource and every condition."""
    if statement.not_actions:
        action = opposite(any_of(like_action(each, request.action) for each in statement.not_actions))
    else:
        action = any_of(like_action(each, request.action) for each in statement.actions)
    if action is False:
        return False
    context = request.context if statement.variables else None
    if statement.not_resources:
        resource = opposite(any_of(like_resource(each, request.resource, context) for each in statement.not_resources))
    else:
        resource = any_of(like_resource(each, request.resource, context) for each in statement.resources)
    if resource is False:
        return False
    conditions = (holds(each, request.context, variables=statement.variables) for each in statement.conditions)
    return all_of((action, resource, *conditions))
