"""Condition operators: what each compares, and what each makes of keys that are absent or have several values.

Sources: IAM user guide, "Condition operators", "Multivalued context keys", "Null condition operator".
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from datetime import UTC, datetime

from exitgate.rights.context import Context, Missing
from exitgate.rights.documents import Condition
from exitgate.rights.patterns import like, like_arn, literal
from exitgate.rights.truth import Truth, all_of, any_of, opposite

_Compare = Callable[[str, str, Context | None], Truth]
"""The policy's value, the request's, and the context in which variables are resolved."""


def holds(condition: Condition, context: Context, *, variables: bool) -> Truth:
    """Say whether a condition is met; None where that hangs on something unknown."""
    values = context.get(condition.key)
    if condition.operator == "null":
        return _null(condition, values)
    negated = "not" in condition.operator
    if values is Missing.UNKNOWN:
        return None
    if values is Missing.ABSENT:
        return _absent(condition, negated=negated)
    compare = _COMPARISONS[condition.operator.replace("not", "")]
    resolving = context if variables else None

    def one(value: str) -> Truth:
        met = any_of(compare(expected, value, resolving) for expected in condition.values)
        return opposite(met) if negated else met

    if condition.quantifier == "forallvalues":
        return all_of(one(value) for value in values)
    if condition.quantifier == "foranyvalue":
        return any_of(one(value) for value in values)
    # A key of several values without a quantifier: AWS says not to, and not what happens.
    return one(values[0]) if len(values) == 1 else None


def _absent(condition: Condition, *, negated: bool) -> bool:
    if condition.if_exists or condition.quantifier == "forallvalues":
        return True
    # What is not there is not equal; but there is no value that any could be.
    return negated and condition.quantifier != "foranyvalue"


def _null(condition: Condition, values: tuple[str, ...] | Missing) -> Truth:
    if values is Missing.UNKNOWN:
        return None
    absent = "true" if values is Missing.ABSENT else "false"
    return any(each.lower() == absent for each in condition.values)


def _ignoring_case(expected: str, value: str, context: Context | None) -> Truth:
    return literal(expected, value, context, ignore_case=True)


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _moment(text: str) -> float | None:
    """Return seconds since 1970 of an ISO 8601 date or of a number of them."""
    if (seconds := _number(text)) is not None:
        return seconds
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()


def _ordered(read: Callable[[str], float | None], test: Callable[[float, float], bool]) -> _Compare:
    def compare(expected: str, value: str, _: Context | None) -> bool:
        one, other = read(value), read(expected)
        return one is not None and other is not None and test(one, other)

    return compare


def _same_flag(expected: str, value: str, _: Context | None) -> bool:
    return expected.lower() == value.lower()


def _same(expected: str, value: str, _: Context | None) -> bool:
    return expected == value


def _in_range(expected: str, value: str, _: Context | None) -> bool:
    try:
        return ipaddress.ip_address(value) in ipaddress.ip_network(expected, strict=False)
    except ValueError:
        return False


_TESTS: dict[str, Callable[[float, float], bool]] = {
    "equals": lambda one, other: one == other,
    "lessthan": lambda one, other: one < other,
    "lessthanequals": lambda one, other: one <= other,
    "greaterthan": lambda one, other: one > other,
    "greaterthanequals": lambda one, other: one >= other,
}
_COMPARISONS: dict[str, _Compare] = {
    "stringequals": literal,
    "stringequalsignorecase": _ignoring_case,
    "stringlike": like,
    "bool": _same_flag,
    "binaryequals": _same,
    "ipaddress": _in_range,
    # "ArnEquals and ArnLike behave identically."
    "arnequals": like_arn,
    "arnlike": like_arn,
    **{f"numeric{name}": _ordered(_number, test) for name, test in _TESTS.items()},
    **{f"date{name}": _ordered(_moment, test) for name, test in _TESTS.items()},
}
