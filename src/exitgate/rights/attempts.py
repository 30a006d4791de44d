"""Which requests show what a role may do: its needs, and outside of them what others need, what shows most, what it is given.

An applied account has other ids than a policy speaks of, so a need is looked for there: another account's number, the ARN of a
secret with its last characters.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from exitgate.rights.documents import Document
from exitgate.rights.drawing import Asked, made_of, outside
from exitgate.rights.patterns import like_resource

_ACCOUNT: Final = re.compile(r"^(arn:[^:]*:[^:]*:[^:]*:)(\d{12})(:)")
_READ_SECRET: Final = "secretsmanager:GetSecretValue"  # noqa: S105 - an action


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """A request that a role makes."""

    action: str
    resource: str
    """An ARN, or ``*``; a ``?`` left in it stands for any one character."""
    origin: str
    """``need`` of the role; ``given`` by its policies and not needed; ``other`` is what is tried of everybody."""
    why: str
    """Why the role needs it, or why it is tried although it does not."""
    pattern: str
    """The resource by which an identity is allowed exactly this."""


def accounts_in(resources: Iterable[str]) -> frozenset[str]:
    """Return the numbers of accounts that stand in ARNs."""
    return frozenset(found.group(2) for each in resources if (found := _ACCOUNT.match(each)))


def in_account(resource: str, account: str) -> str:
    """Return an ARN as it would be in another account."""
    return _ACCOUNT.sub(rf"\g<1>{account}\g<3>", resource)


def attempts(
    needs: Mapping[Asked, str],
    foreign: Mapping[Asked, str],
    given: Sequence[Document],
    listings: Iterable[str],
    standing: Sequence[str],
    *,
    account: str,
    region: str,
) -> tuple[Attempt, ...]:
    """Return what to try, needs first, each request once.

    Args:
        needs: What the role needs, as action and resource, each with the reason.
        foreign: The same of other roles.
        given: The policies that the role has.
        listings: Actions that show a whole account, and are about no resource.
        standing: ARNs of what is there, e.g. of every secret.
        account: The account in which it is tried.
        region: The region.
    """
    found: dict[Asked, Attempt] = {}
    for attempt in (
        *_needed(needs, standing, account),
        *_beyond(needs, foreign, given, listings, standing, account=account, region=region),
    ):
        found.setdefault((attempt.action, attempt.resource), attempt)
    return tuple(found.values())


def _needed(needs: Mapping[Asked, str], standing: Sequence[str], account: str) -> Iterator[Attempt]:
    for (action, resource), why in needs.items():
        pattern = in_account(resource, account)
        yield Attempt(action=action, resource=_at(pattern, standing), origin="need", why=why, pattern=pattern)


def _beyond(
    needs: Mapping[Asked, str],
    foreign: Mapping[Asked, str],
    given: Sequence[Document],
    listings: Iterable[str],
    standing: Sequence[str],
    *,
    account: str,
    region: str,
) -> Iterator[Attempt]:
    drawn: dict[Asked, tuple[str, str, str]] = {}
    for action, resource in made_of(given, account=account, region=region):
        drawn.setdefault((action, _at(resource, standing)), ("given", "its own policies speak of it", resource))
    for arn in standing:
        if ":secretsmanager:" in arn:
            drawn.setdefault((_READ_SECRET, arn), ("other", "a secret of the account", arn))
    for action, resource in foreign:
        pattern = in_account(resource, account)
        drawn.setdefault((action, _at(pattern, standing)), ("other", "another role needs it", pattern))
    for action in listings:
        drawn.setdefault((action, "*"), ("other", "it shows the whole account", "*"))
    own = [(action, in_account(resource, account)) for action, resource in needs]
    for (action, resource), (origin, why, pattern) in drawn.items():
        if outside((action, resource), own):
            yield Attempt(action=action, resource=resource, origin=origin, why=why, pattern=pattern)


def _at(pattern: str, standing: Sequence[str]) -> str:
    """Return what stands there and is meant by a pattern; the pattern itself where nothing is."""
    return next((arn for arn in standing if pattern != "*" and like_resource(pattern, arn, None)), pattern)
