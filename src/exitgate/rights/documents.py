"""Policy documents, read from JSON as IAM reads them.

Source: IAM user guide, "Grammar of the IAM JSON policy language".
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

_OPERATOR: Final = re.compile(
    r"^(?:(ForAllValues|ForAnyValue):)?"
    r"(String(?:Not)?(?:Equals|EqualsIgnoreCase|Like)|Numeric(?:Not)?Equals|Numeric(?:Less|Greater)Than(?:Equals)?|"
    r"Date(?:Not)?Equals|Date(?:Less|Greater)Than(?:Equals)?|Bool|BinaryEquals|(?:Not)?IpAddress|"
    r"Arn(?:Not)?(?:Equals|Like)|Null)(IfExists)?$",
    re.IGNORECASE,
)
_VERSIONS: Final = ("2012-10-17", "2008-10-17")


class MalformedPolicyError(ValueError):
    """A document that IAM would refuse, or that says nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """One key of one operator of a condition block."""

    quantifier: str
    """``forallvalues``, ``foranyvalue`` or empty."""
    operator: str
    """In lower case, e.g. ``stringnotlike``."""
    if_exists: bool
    key: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """A statement. Of each pair exactly one is given."""

    name: str
    """Document and Sid, or number: how findings call it."""
    allow: bool
    actions: tuple[str, ...] = ()
    not_actions: tuple[str, ...] = ()
    resources: tuple[str, ...] = ()
    not_resources: tuple[str, ...] = ()
    principals: tuple[tuple[str, str], ...] = ()
    """Kind and value, e.g. ``("AWS", "*")``; empty in policies of identities."""
    not_principals: tuple[tuple[str, str], ...] = ()
    conditions: tuple[Condition, ...] = ()
    variables: bool = True
    """Whether ``${…}`` means something: since version 2012-10-17."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A policy."""

    name: str
    statements: tuple[Statement, ...]


def read_document(name: str, body: object) -> Document:
    """Read a policy from parsed JSON.

    Raises:
        MalformedPolicyError: if IAM would refuse it, with the reason.
    """
    if not isinstance(body, Mapping):
        raise MalformedPolicyError(f"{name}: no object")
    version = str(body.get("Version", _VERSIONS[1]))
    if version not in _VERSIONS:
        raise MalformedPolicyError(f"{name}: version {version}")
    found = body.get("Statement")
    statements = found if isinstance(found, list) else [found]
    return Document(
        name=name,
        statements=tuple(
            _statement(f"{name} {_label(each, index)}", each, variables=version == _VERSIONS[0])
            for index, each in enumerate(statements)
        ),
    )


def _label(told: object, index: int) -> str:
    sid = told.get("Sid") if isinstance(told, Mapping) else None
    return f"statement {sid or index + 1}"


def _statement(name: str, told: object, *, variables: bool) -> Statement:
    if not isinstance(told, Mapping) or told.get("Effect") not in ("Allow", "Deny"):
        raise MalformedPolicyError(f"{name}: no Effect of Allow or Deny")
    if ("Action" in told) == ("NotAction" in told):
        raise MalformedPolicyError(f"{name}: expected one of Action and NotAction")
    if "Resource" in told and "NotResource" in told:
        raise MalformedPolicyError(f"{name}: expected one of Resource and NotResource")
    if "Principal" in told and "NotPrincipal" in told:
        raise MalformedPolicyError(f"{name}: expected one of Principal and NotPrincipal")
    # Trust policies have no resource: they are about the role that they belong to.
    resources = _texts(name, told.get("Resource")) if "NotResource" in told or "Resource" in told else ("*",)
    return Statement(
        name=name,
        allow=told["Effect"] == "Allow",
        actions=_texts(name, told.get("Action")),
        not_actions=_texts(name, told.get("NotAction")),
        resources=resources,
        not_resources=_texts(name, told.get("NotResource")),
        principals=_principals(name, told.get("Principal")),
        not_principals=_principals(name, told.get("NotPrincipal")),
        conditions=_conditions(name, told.get("Condition")),
        variables=variables,
    )


def _texts(name: str, value: object) -> tuple[str, ...]:
    if value is None:
        return ()
    several = value if isinstance(value, list) else [value]
    if not all(isinstance(each, str) for each in several):
        raise MalformedPolicyError(f"{name}: expected texts, got {value!r}")
    return tuple(several)


def _principals(name: str, value: object) -> tuple[tuple[str, str], ...]:
    if value is None:
        return ()
    if value == "*":
        return (("AWS", "*"),)
    if not isinstance(value, Mapping):
        raise MalformedPolicyError(f"{name}: principal {value!r}")
    return tuple((str(kind), each) for kind, several in value.items() for each in _texts(name, several))


def _conditions(name: str, block: object) -> tuple[Condition, ...]:
    if block is None:
        return ()
    if not isinstance(block, Mapping):
        raise MalformedPolicyError(f"{name}: condition {block!r}")
    found = []
    for operator, keys in block.items():
        match = _OPERATOR.match(str(operator))
        if match is None or not isinstance(keys, Mapping):
            raise MalformedPolicyError(f"{name}: condition operator {operator}")
        quantifier, word, if_exists = match.groups()
        if word.lower() == "null" and if_exists:
            raise MalformedPolicyError(f"{name}: Null with IfExists")
        found += [
            Condition(
                quantifier=(quantifier or "").lower(),
                operator=word.lower(),
                if_exists=bool(if_exists),
                key=str(key),
                values=tuple(_scalar(name, each) for each in _listed(values)),
            )
            for key, values in keys.items()
        ]
    return tuple(found)


def _listed(value: object) -> Sequence[object]:
    return value if isinstance(value, list) else [value]


def _scalar(name: str, value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str | int | float):
        return str(value)
    raise MalformedPolicyError(f"{name}: condition value {value!r}")
