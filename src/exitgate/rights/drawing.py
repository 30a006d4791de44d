"""Requests outside of what is needed: drawn at random, and made out of each allowing statement.

Random requests alone would miss a narrow grant, so each statement is asked for what it allows itself: its wildcards filled with
names that nobody has. A statement that allows more than is needed then shows by construction.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from random import Random
from typing import Final

from exitgate.rights.actions import ACTIONS, ALL_ACTIONS
from exitgate.rights.documents import Document, Statement
from exitgate.rights.patterns import HIDDEN_START, like_action, like_resource

_FILLER: Final = "exitgate-drawn"
_ARN_PARTS: Final = 6

Asked = tuple[str, str]
"""An action and a resource."""


def made_of(documents: Iterable[Document], *, account: str, region: str) -> Iterator[Asked]:
    """Yield requests that the allowing statements of some policies are about, whatever their conditions."""
    for document in documents:
        for statement in document.statements:
            if statement.allow:
                yield from _made_of(statement, account, region)


def at_random(arns: Iterable[str], *, account: str, region: str, seed: int, count: int) -> Iterator[Asked]:
    """Yield requests drawn from the listed actions, on their own kind of resource or on a planned one of their service."""
    # No secret: the same for the same seed, so that a finding can be seen again.
    draw = Random(seed)  # noqa: S311
    generic = {
        action: resource.format(account=account, region=region)
        for resource, actions in ACTIONS.items()
        for action in actions
    }
    planned = sorted(arns)
    for _ in range(count):
        action = draw.choice(ALL_ACTIONS)
        yield action, draw.choice(_places(action, planned, generic[action]))


def outside(asked: Asked, needs: Iterable[Asked]) -> bool:
    """Say whether no need is for a request. A need's ``?`` stands for one character."""
    action, resource = asked
    return not any(
        # What is needed on * can't be limited to anything, so any resource is *.
        like_action(needed, action) and like_resource(on, resource, None)
        for needed, on in needs
    )


def made_for(documents: Iterable[Document], arn: str) -> Iterator[Asked]:
    """Yield requests that the allowing statements of a resource's own policies are about."""
    for document in documents:
        for statement in document.statements:
            if statement.allow:
                yield from ((action, arn) for action in _actions(statement))


def places(documents: Iterable[Document], action: str, arns: Iterable[str], *, account: str, region: str) -> list[str]:
    """Return resources on which an action could be allowed: what statements name, what is planned, and a made-up one."""
    named = [
        resource
        for document in documents
        for statement in document.statements
        if statement.allow and (statement.not_actions or any(like_action(each, action) for each in statement.actions))
        for resource in _resources(statement, action, account, region)
        if HIDDEN_START not in resource and "${" not in resource
    ]
    generic = _generic(action).format(account=account, region=region)
    return list(dict.fromkeys([*_places(action, arns, generic), *named]))


def _places(action: str, arns: Iterable[str], generic: str) -> list[str]:
    if generic == "*":
        return [generic]
    service = "iam" if action == "sts:AssumeRole" else action.partition(":")[0]
    return [*(arn for arn in arns if _service(arn) == service), generic]


def _generic(action: str) -> str:
    found = next((each for each, actions in ACTIONS.items() if action in actions), None)
    return found or f"arn:aws:{action.partition(':')[0]}:{{region}}:{{account}}:{_FILLER}"


def filled(pattern: str, *, account: str, region: str) -> str:
    """Return a resource that a pattern is about: wildcards filled, parts that are left out completed."""
    if pattern == "*":
        return pattern
    parts = pattern.split(":", _ARN_PARTS - 1)
    parts += ["*"] * (_ARN_PARTS - len(parts))
    by_place = ("arn", "aws", "s3", region, account, _FILLER)
    made = [_without(part, by_place[place]) for place, part in enumerate(parts)]
    return ":".join(made)


def _without(part: str, whole: str) -> str:
    if part == "*":
        return whole
    return part.replace("*", _FILLER).replace("?", "x")


def _made_of(statement: Statement, account: str, region: str) -> Iterator[Asked]:
    for action in _actions(statement):
        for resource in _resources(statement, action, account, region):
            if HIDDEN_START not in resource and "${" not in resource:
                yield action, resource


def _actions(statement: Statement) -> Iterator[str]:
    if statement.not_actions:
        yield from (
            action for action in ALL_ACTIONS if not any(like_action(each, action) for each in statement.not_actions)
        )
        return
    for pattern in statement.actions:
        if "*" not in pattern and "?" not in pattern:
            yield pattern
            continue
        yield from (action for action in ALL_ACTIONS if like_action(pattern, action))
        if ":" in pattern:
            # An action that AWS may add tomorrow.
            yield pattern.replace("*", "ExitgateDrawn").replace("?", "X")


def _resources(statement: Statement, action: str, account: str, region: str) -> Iterator[str]:
    made_up = _generic(action).format(account=account, region=region)
    if statement.not_resources:
        yield made_up
        return
    for pattern in statement.resources:
        if pattern == "*":
            yield made_up
        else:
            yield filled(pattern, account=account, region=region)


def _service(arn: str) -> str:
    parts = arn.split(":")
    return parts[2] if len(parts) > 2 else ""  # noqa: PLR2004 - arn:partition:service
