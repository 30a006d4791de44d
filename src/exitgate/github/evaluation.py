"""Expressions, evaluated in three values: what GitHub alone knows stays unknown, and says what it hangs on.

Source: https://docs.github.com/en/actions/reference/workflows-and-actions/expressions
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from exitgate.github.expressions import (
    BadExpression,
    Binary,
    Call,
    Each,
    Expression,
    Index,
    Literal,
    Name,
    Not,
    dotted,
    paths,
)
from exitgate.github.node import Node, Scalar, text_of


@dataclass(frozen=True, slots=True)
class Unknown:
    """A value that is not known here."""

    of: frozenset[str]
    """The paths that it hangs on, e.g. ``github.event.pull_request.title``."""
    truth: bool | None = None
    """Whether it is true as a condition, where at least that is known."""


@dataclass(frozen=True, slots=True, eq=False)
class Object:
    """A value with properties."""

    properties: Mapping[str, Value]
    """By name in lower case."""
    path: str = ""
    """Where it is one that holds more than is known: a property that is not there is unknown then, and else null."""

    def get(self, name: str) -> Value:
        """Return a property."""
        key = name.lower()
        if key in self.properties:
            return self.properties[key]
        return Unknown(frozenset({f"{self.path}.{key}"})) if self.path else None


@dataclass(frozen=True, slots=True, eq=False)
class Array:
    """Values in order."""

    items: tuple[Value, ...]
    filtered: bool = False
    """Whether ``.*`` made it: a property of it is then that of each of its elements."""


Value = Scalar | Unknown | Object | Array


@dataclass(frozen=True, slots=True, kw_only=True)
class Contexts:
    """What expressions are evaluated in."""

    values: Mapping[str, Value]
    """Contexts by name; one that is not there is unknown as a whole."""
    status: Mapping[str, bool | Unknown] = field(default_factory=dict)
    """What the status functions say; ``always`` is true."""

    def but(self, **values: Value) -> Contexts:
        """Return the same with other contexts."""
        return Contexts(values={**self.values, **values}, status=self.status)


def evaluate(expression: Expression, contexts: Contexts) -> Value:  # noqa: PLR0911 - one for each kind of expression
    """Return an expression's value.

    Raises:
        BadExpression: if it fails for sure, e.g. `fromJSON` of what is no JSON.
    """
    match expression:
        case Literal(value=value):
            return value
        case Name(name=name):
            if name in contexts.values:
                return contexts.values[name]
            return Object({}, path=name)
        case Index(of=of, key=key):
            return _element(evaluate(of, contexts), evaluate(key, contexts), expression)
        case Each(of=of):
            return _each(evaluate(of, contexts))
        case Not(of=of):
            inner = evaluate(of, contexts)
            known = truth(inner)
            return (not known) if known is not None else Unknown(_hangs_on(inner))
        case Binary(operator="&&" | "||" as operator, left=left, right=right):
            return _logical(operator, evaluate(left, contexts), lambda: evaluate(right, contexts))
        case Binary(operator=operator, left=left, right=right):
            return _compared(operator, evaluate(left, contexts), evaluate(right, contexts))
        case Call():
            return _called(expression, contexts)


def truth(value: Value) -> bool | None:
    """Return whether a value is true as a condition; nothing where that is unknown."""
    if isinstance(value, Unknown):
        return value.truth
    if isinstance(value, Object | Array):
        return True
    if isinstance(value, float) and math.isnan(value):
        return False
    return bool(value)


def hangs_on(value: Value) -> frozenset[str]:
    """Return what a value that is not wholly known hangs on."""
    return _hangs_on(value)


def value_of(node: Node) -> Value:
    """Return what a file holds as a value."""
    if isinstance(node.value, tuple):
        return Array(tuple(value_of(each) for each in node.value))
    if isinstance(node.value, Mapping):
        return Object({name.lower(): value_of(each) for name, each in node.value.items()})
    return node.value


def as_text(value: Value) -> str | Unknown:
    """Return a value as text."""
    match value:
        case Unknown():
            return value
        case Object():
            return Unknown(frozenset({value.path})) if value.path else "Object"
        case Array():
            return "Array"
        case _:
            return text_of(value)


def _hangs_on(*values: Value) -> frozenset[str]:
    found: frozenset[str] = frozenset()
    for value in values:
        match value:
            case Unknown(of=of):
                found |= of
            case Object(path=path) if path:
                found |= {path}
            case Object(properties=properties):
                found |= _hangs_on(*properties.values())
            case Array(items=items):
                found |= _hangs_on(*items)
            case _:
                pass
    return found


def _element(of: Value, key: Value, expression: Index) -> Value:
    if isinstance(of, Unknown):
        name = dotted(expression)
        return Unknown(of.of if name.startswith("…") else frozenset({name}))
    if isinstance(key, Unknown):
        return Unknown(key.of)
    if isinstance(of, Object):
        return of.get(text_of(key)) if not isinstance(key, Object | Array) else None
    if isinstance(of, Array):
        if of.filtered:
            found = [_element(each, key, expression) for each in of.items]
            return Array(tuple(each for each in found if each is not None), filtered=True)
        if isinstance(key, int | float) and not isinstance(key, bool) and 0 <= key < len(of.items):
            return of.items[int(key)]
    return None


def _each(of: Value) -> Value:
    match of:
        case Unknown():
            return of
        case Object(path=path) if path:
            return Unknown(frozenset({f"{path}.*"}))
        case Object(properties=properties):
            return Array(tuple(properties.values()), filtered=True)
        case Array(items=items, filtered=False):
            return Array(items, filtered=True)
        case Array(items=items):
            inner = [_each(each) for each in items]
            return Array(tuple(x for each in inner if isinstance(each, Array) for x in each.items), filtered=True)
        case _:
            return Array((), filtered=True)


def _logical(operator: str, left: Value, right: Callable[[], Value]) -> Value:
    known = truth(left)
    decides = operator == "||"
    if known is not None:
        # Of an operand whose truth is all that is known, the value is still unknown.
        return left if known is decides else right()
    other = right()
    return Unknown(_hangs_on(left, other), truth=decides if truth(other) is decides else None)


def _number(value: Value) -> float:
    match value:
        case None:
            return 0.0
        case bool() | int() | float():
            return float(value)
        case str():
            text = value.strip()
            if not text:
                return 0.0
            if re.fullmatch(r"0x[0-9a-fA-F]+|0o[0-7]+", text):
                return float(int(text, 0))
            return float(text) if re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", text) else math.nan
        case _:
            return math.nan


def _compared(operator: str, left: Value, right: Value) -> Value:
    if isinstance(left, Unknown) or isinstance(right, Unknown):
        return Unknown(_hangs_on(left, right))
    if operator in {"==", "!="}:
        return _equal(left, right) is (operator == "==")
    if isinstance(left, str) and isinstance(right, str):
        pair: tuple[str, str] | tuple[float, float] = left.upper(), right.upper()
    else:
        pair = _number(left), _number(right)
    a, b = pair
    match operator:
        case "<":
            return a < b  # type: ignore[operator]
        case "<=":
            return a <= b  # type: ignore[operator]
        case ">":
            return a > b  # type: ignore[operator]
        case _:
            return a >= b  # type: ignore[operator]


def _equal(left: Value, right: Value) -> bool:
    if isinstance(left, Object | Array) or isinstance(right, Object | Array):
        return left is right
    if isinstance(left, str) and isinstance(right, str):
        return left.upper() == right.upper()
    if left is None and right is None:
        return True
    return _number(left) == _number(right)


def _called(call: Call, contexts: Contexts) -> Value:  # noqa: PLR0911 - one for each function
    match call.name:
        case "always":
            return True
        case "success" | "failure" | "cancelled":
            return contexts.status.get(call.name, Unknown(frozenset({f"{call.name}()"})))
        case "hashfiles":
            return Unknown(frozenset({"hashFiles()"}))
        case "case":
            return _case(call, contexts)
        case "array":
            return Array(tuple(evaluate(each, contexts) for each in call.arguments))
    arguments = [evaluate(each, contexts) for each in call.arguments]
    match call.name:
        case "contains":
            return _contains(arguments[0], arguments[1])
        case "tojson":
            return _to_json(arguments[0])
        case "join":
            return _joined(arguments)
        case _:
            texts = [as_text(each) for each in arguments]
            known = [each for each in texts if isinstance(each, str)]
            if len(known) < len(texts):
                return Unknown(_hangs_on(*arguments) or frozenset(paths(call)))
            return _of_texts(call.name, known)


def _of_texts(name: str, texts: list[str]) -> Value:
    match name:
        case "startswith":
            return texts[0].upper().startswith(texts[1].upper())
        case "endswith":
            return texts[0].upper().endswith(texts[1].upper())
        case "fromjson":
            try:
                return _from_json(json.loads(texts[0]))
            except ValueError as error:
                raise BadExpression(f"fromJSON of {texts[0][:40]!r}, which is no JSON") from error
        case _:
            return _formatted(texts)


def _case(call: Call, contexts: Contexts) -> Value:
    *pairs, default = call.arguments
    if len(pairs) % 2:
        raise BadExpression("case() without a default")
    for predicate, then in zip(pairs[::2], pairs[1::2], strict=True):
        value = evaluate(predicate, contexts)
        known = truth(value)
        if known is None:
            return Unknown(_hangs_on(value))
        if known:
            return evaluate(then, contexts)
    return evaluate(default, contexts)


def _contains(search: Value, item: Value) -> Value:
    match search:
        case Array(items=items):
            results = [_compared("==", each, item) for each in items]
            if True in results:
                return True
            unknown = [each for each in results if isinstance(each, Unknown)]
            return Unknown(_hangs_on(*unknown)) if unknown else False
        case Object():
            return False
        case _:
            text, part = as_text(search), as_text(item)
            if isinstance(text, Unknown) or isinstance(part, Unknown):
                return Unknown(_hangs_on(search, item))
            return part.upper() in text.upper()


def _joined(arguments: list[Value]) -> Value:
    what, separator = arguments[0], as_text(arguments[1]) if len(arguments) > 1 else ","
    items = what.items if isinstance(what, Array) else (what,)
    texts = [as_text(each) for each in items]
    known = [each for each in texts if isinstance(each, str)]
    if len(known) < len(texts) or isinstance(separator, Unknown):
        some = any(known)  # Text that holds something is true, whatever the rest is.
        return Unknown(_hangs_on(*items, separator), truth=True if some else None)
    return separator.join(known)


def _formatted(texts: list[str]) -> str:
    pattern, *values = texts

    def put(found: re.Match[str]) -> str:
        if found.group() in {"{{", "}}"}:
            return found.group()[0]
        number = int(found.group(1))
        if number >= len(values):
            raise BadExpression(f"format() without a value for {found.group()}")
        return values[number]

    return re.sub(r"\{\{|\}\}|\{(\d+)\}", put, pattern)


def _to_json(value: Value) -> Value:
    if unknown := _hangs_on(value):
        return Unknown(unknown, truth=True)
    return json.dumps(_plain(value), indent=2, ensure_ascii=False)


def _plain(value: Value) -> object:
    match value:
        case Object(properties=properties):
            return {name: _plain(each) for name, each in properties.items()}
        case Array(items=items):
            return [_plain(each) for each in items]
        case float() if value == int(value):
            return int(value)
        case _:
            return value


def _from_json(data: object) -> Value:
    match data:
        case dict():
            return Object({str(name).lower(): _from_json(each) for name, each in data.items()})
        case list():
            return Array(tuple(_from_json(each) for each in data))
        case bool() | str() | None:
            return data
        case _:
            return float(str(data))
