"""Who asks, and how closely a statement of a resource's policy means them.

Source: IAM user guide, "AWS JSON policy elements: Principal".
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from typing import Final

from exitgate.rights.documents import Statement
from exitgate.rights.patterns import HIDDEN_START
from exitgate.rights.truth import Truth, any_of, opposite

_ROOT: Final = re.compile(r"^(?:arn:aws[a-z-]*:iam::)?(\d{12})(?::root)?$")


class Reach(Enum):
    """How closely a principal is meant."""

    ITSELF = "the session, user or service itself"
    ROLE = "its role"
    ACCOUNT = "its account, which then decides by its own policies"
    EVERYBODY = "everybody"


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """Who asks."""

    arn: str = ""
    """Of a role or user; empty for a service."""
    session: str = ""
    """Of a role's session: ``arn:aws:sts::ACCOUNT:assumed-role/NAME/SESSION``."""
    account: str = ""
    service: str = ""
    """E.g. ``ecs-tasks.amazonaws.com``."""
    federated: str = ""

    @property
    def is_role(self) -> bool:
        """Whether it is a role's session."""
        return ":role/" in self.arn


def reach_of(statement: Statement, principal: Principal, reach: Reach, *, refusing: bool) -> Truth:
    """Say whether a statement means a principal in a way.

    Args:
        refusing: Whether it is a refusal, of which ``NotPrincipal`` means everybody else.
    """
    if statement.not_principals:
        spared = _spared(statement, principal)
        # An allowance to all others is one to everybody that is not named.
        return opposite(spared) if refusing or reach is Reach.EVERYBODY else False
    return any_of(_means(kind, value, principal, reach) for kind, value in statement.principals)


def _spared(statement: Statement, principal: Principal) -> Truth:
    """Say whether ``NotPrincipal`` names a principal: its account, role and session together, or a part of it stays meant.

    Source: "AWS JSON policy elements: NotPrincipal".
    """
    named = [
        any_of(_means(kind, value, principal, reach) for kind, value in statement.not_principals) for reach in Reach
    ]
    itself, role, account, everybody = named
    needed = [itself] if principal.service else [itself, role, account] if principal.is_role else [itself, account]
    if everybody or all(needed):
        return True
    return False if not any(each is not False for each in named) else None


def _means(kind: str, value: str, principal: Principal, reach: Reach) -> Truth:
    own = {"Service": principal.service, "Federated": principal.federated}
    if kind in own:
        return reach is Reach.ITSELF and value == own[kind] != ""
    if kind != "AWS":
        return False
    if HIDDEN_START in value:
        return None if reach is Reach.ROLE and not principal.service else False
    return _means_identity(value, principal, reach)


def _means_identity(value: str, principal: Principal, reach: Reach) -> bool:
    if value == "*":
        # Services are meant by "*" too.
        return reach is (Reach.ITSELF if principal.service else Reach.EVERYBODY)
    if principal.service:
        return False
    if account := _ROOT.match(value):
        return reach is Reach.ACCOUNT and account.group(1) == principal.account
    if value == principal.arn:
        return reach is (Reach.ROLE if principal.is_role else Reach.ITSELF)
    return reach is Reach.ITSELF and value == principal.session != ""
