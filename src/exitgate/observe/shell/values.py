"""What is known of a shell's variables and statuses while one command is taken to fail."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Vague(Enum):
    """Values of which not all is known."""

    FAILING = "a number that is not 0"
    UNKNOWN = "anything"
    FILLED = "some text"


@dataclass(frozen=True, slots=True)
class Job:
    """``$!``: a command in the background, by the status that waiting for it gives."""

    status: Status


Value = str | Vague | Job
Status = str | Vague
"""``"0"`` is success."""
FAILING, UNKNOWN, FILLED = Vague.FAILING, Vague.UNKNOWN, Vague.FILLED
OK, NOT_OK = "0", "1"


def combined(left: Value, operator: str, right: Value) -> Value:
    """Return what an arithmetic operator makes of two values; ``"1"`` and ``"0"`` are yes and no."""
    a, b = _number(left), _number(right)
    if a is not None and b is not None:
        return _computed(a, operator, b)
    if operator in {"&&", "||"}:
        return _joined(left, operator, right)
    if FAILING in {left, right} and (a is not None or b is not None):
        other = b if a is None else a
        if operator == "|" or (operator == "+" and other is not None and other >= 0):
            return FAILING
        if other == 0:
            return _against_zero(operator if left is FAILING else _MIRRORED.get(operator, operator))
        if other == 1 and left is FAILING and operator in {"<", ">="}:
            return str(int(operator == ">="))
    return UNKNOWN


_MIRRORED = {"<": ">", ">": "<", "<=": ">=", ">=": "<="}


def _against_zero(operator: str) -> Value:
    """Exit statuses are never negative."""
    answers = {"==": "0", "!=": "1", ">": "1", "<=": "0", ">=": "1", "<": "0", "*": "0", "&": "0"}
    return answers.get(operator, UNKNOWN)


def _joined(left: Value, operator: str, right: Value) -> Value:
    truths = (truth(left), truth(right))
    decided = operator == "||"
    if decided in truths:
        return str(int(decided))
    return UNKNOWN if None in truths else str(int(not decided))


def truth(value: Value) -> bool | None:
    """Say whether a number is not 0; nothing where that is not known."""
    if value is FAILING:
        return True
    number = _number(value)
    return None if number is None else number != 0


def _number(value: Value) -> int | None:
    if not isinstance(value, str):
        return None
    try:
        return int(value.strip() or "0")
    except ValueError:
        return None


def _computed(a: int, operator: str, b: int) -> Value:
    answers = {
        "+": a + b,
        "-": a - b,
        "*": a * b if abs(a) < _BIG and abs(b) < _BIG else 0,
        "|": a | b,
        "&": a & b,
        "==": int(a == b),
        "!=": int(a != b),
        "<": int(a < b),
        ">": int(a > b),
        "<=": int(a <= b),
        ">=": int(a >= b),
        "&&": int(bool(a) and bool(b)),
        "||": int(bool(a) or bool(b)),
    }
    return str(answers[operator]) if operator in answers else UNKNOWN


_BIG = 2**62
