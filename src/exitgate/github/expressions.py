"""Expressions, read: ``${{ … }}`` and conditions as trees.

Source: https://docs.github.com/en/actions/reference/workflows-and-actions/expressions
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass

from exitgate.github.node import Scalar


class BadExpression(ValueError):
    """An expression that GitHub does not read; says why."""


@dataclass(frozen=True, slots=True)
class Literal:
    """A value that is written down."""

    value: Scalar


@dataclass(frozen=True, slots=True)
class Name:
    """A context, e.g. ``github``."""

    name: str


@dataclass(frozen=True, slots=True)
class Index:
    """A property or an element."""

    of: Expression
    key: Expression


@dataclass(frozen=True, slots=True)
class Each:
    """``.*``: all elements."""

    of: Expression


@dataclass(frozen=True, slots=True)
class Call:
    """A function with its arguments."""

    name: str
    arguments: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """Negation."""

    of: Expression


@dataclass(frozen=True, slots=True)
class Binary:
    """Two sides and what stands between them."""

    operator: str
    left: Expression
    right: Expression


Expression = Literal | Name | Index | Each | Call | Not | Binary

STATUS_FUNCTIONS = frozenset({"success", "failure", "always", "cancelled"})
_ARITIES = {
    "contains": (2, 2),
    "startswith": (2, 2),
    "endswith": (2, 2),
    "format": (1, 255),
    "join": (1, 2),
    "tojson": (1, 1),
    "fromjson": (1, 1),
    "hashfiles": (1, 255),
    "case": (3, 255),
    "success": (0, 255),
    "failure": (0, 255),
    "always": (0, 0),
    "cancelled": (0, 0),
}
_TOKEN = re.compile(
    r"""\s*(?:(?P<number>[+-]?(?:0x[0-9a-fA-F]+|0o[0-7]+|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)(?![\w.]))
    |(?P<text>'(?:[^']|'')*')
    |(?P<name>[A-Za-z_][A-Za-z0-9_-]*)
    |(?P<operator>&&|\|\||==|!=|<=|>=|[<>!().,*\[\]]))""",
    re.VERBOSE,
)
_WORDS: dict[str, Scalar] = {"true": True, "false": False, "null": None, "NaN": float("nan"), "Infinity": float("inf")}
_DEEPEST = 50
_LEVELS = (("||",), ("&&",), ("==", "!="), ("<", "<=", ">", ">="))


@functools.lru_cache(maxsize=4096)
def parse(text: str) -> Expression:
    """Read what stands between ``${{`` and ``}}``.

    Raises:
        BadExpression: if GitHub would not read it.
    """
    reading = _Reading(list(_tokens(text)))
    found = reading.level(0, 0)
    if reading.tokens[reading.at][0] != "end":
        raise BadExpression(f"{reading.tokens[reading.at][1]!r} where the expression should end")
    return found


@functools.lru_cache(maxsize=4096)
def parse_template(text: str) -> Expression:
    """Read a text with expressions in it as one: a lone ``${{ … }}`` keeps its type, anything else becomes text.

    Raises:
        BadExpression: if GitHub would not read it.
    """
    parts = list(_parts(text))
    if len(parts) == 1:
        return parts[0]
    return Call("join", (Call("array", tuple(parts)), Literal("")))


def parse_condition(text: str) -> Expression:
    """Read an ``if:``: as a whole an expression, ``${{`` or not. With other text around braces it is text, which is always true.

    Raises:
        BadExpression: if GitHub would not read it.
    """
    return parse_template(text) if "${{" in text else parse(text)


@functools.lru_cache(maxsize=4096)
def functions(expression: Expression) -> frozenset[str]:
    """Return the names of all functions that an expression calls, in lower case."""
    match expression:
        case Call(name=name, arguments=arguments):
            return frozenset({name}).union(*(functions(each) for each in arguments))
        case Index(of=of, key=key):
            return functions(of) | functions(key)
        case Each(of=of) | Not(of=of):
            return functions(of)
        case Binary(left=left, right=right):
            return functions(left) | functions(right)
        case _:
            return frozenset()


def paths(expression: Expression) -> Iterator[str]:
    """Yield what an expression reads of contexts, dotted and in lower case, e.g. ``needs.*.result`` and ``secrets.token``."""
    match expression:
        case Name() | Index() | Each():
            yield dotted(expression)
            if isinstance(expression, Index) and not isinstance(expression.key, Literal):
                yield from paths(expression.key)
            if isinstance(expression, Index | Each) and not isinstance(expression.of, Name | Index | Each):
                yield from paths(expression.of)
        case Call(arguments=arguments):
            for each in arguments:
                yield from paths(each)
        case Not(of=of):
            yield from paths(of)
        case Binary(left=left, right=right):
            yield from paths(left)
            yield from paths(right)
        case _:
            return


def dotted(expression: Expression) -> str:
    """Return a path as it is written with dots; ``…`` for what is computed."""
    match expression:
        case Name(name=name):
            return name.lower()
        case Index(of=of, key=Literal(value=str(key))):
            return f"{dotted(of)}.{key.lower()}"
        case Index(of=of):
            return f"{dotted(of)}.…"
        case Each(of=of):
            return f"{dotted(of)}.*"
        case _:
            return "…"


def expressions_in(text: str) -> Iterator[Expression]:
    """Yield the expressions that stand in a text.

    Raises:
        BadExpression: if GitHub would not read one.
    """
    return (each for each in _parts(text) if not isinstance(each, Literal))


def _parts(text: str) -> Iterator[Expression]:
    position = 0
    while (start := text.find("${{", position)) >= 0:
        if start > position:
            yield Literal(text[position:start])
        end = _end_of(text, start + 3)
        yield parse(text[start + 3 : end])
        position = end + 2
    if position < len(text) or not text:
        yield Literal(text[position:])


def _end_of(text: str, position: int) -> int:
    quoted = False
    while position < len(text):
        if text[position] == "'":
            quoted = not quoted
        elif not quoted and text.startswith("}}", position):
            return position
        position += 1
    raise BadExpression("${{ without }}")


def _tokens(text: str) -> Iterator[tuple[str, str]]:
    position = 0
    while position < len(text.rstrip()):
        found = _TOKEN.match(text, position)
        if found is None:
            rest = text[position:].lstrip()
            hint = "; text stands between single quotes" if rest.startswith('"') else ""
            raise BadExpression(f"{rest[:20]!r} in an expression{hint}")
        kind = str(found.lastgroup)
        yield kind, found.group(kind)
        position = found.end()
    yield "end", "the end"


@dataclass(slots=True)
class _Reading:
    tokens: list[tuple[str, str]]
    at: int = 0

    def take(self, *wanted: str) -> str:
        kind, text = self.tokens[self.at]
        if kind == "operator" and text in wanted:
            self.at += 1
            return text
        return ""

    def need(self, wanted: str) -> None:
        if not self.take(wanted):
            raise BadExpression(f"{self.tokens[self.at][1]!r} where {wanted!r} should stand")

    def level(self, level: int, depth: int) -> Expression:
        if level == len(_LEVELS):
            return self.unary(depth)
        found = self.level(level + 1, depth)
        while operator := self.take(*_LEVELS[level]):
            found = Binary(operator, found, self.level(level + 1, depth))
        return found

    def unary(self, depth: int) -> Expression:
        if depth > _DEEPEST:
            raise BadExpression(f"more than {_DEEPEST} levels")
        if self.take("!"):
            return Not(self.unary(depth + 1))
        return self.steps(self.primary(depth), depth)

    def primary(self, depth: int) -> Expression:
        if self.take("("):
            found = self.level(0, depth + 1)
            self.need(")")
            return found
        kind, text = self.tokens[self.at]
        self.at += 1
        if kind == "number":
            return Literal(_number(text))
        if kind == "text":
            return Literal(text[1:-1].replace("''", "'"))
        if kind != "name":
            raise BadExpression(f"{text!r} where a value should stand")
        if text in _WORDS:
            return Literal(_WORDS[text])
        return self.call(text.lower(), depth) if self.take("(") else Name(text.lower())

    def call(self, name: str, depth: int) -> Expression:
        arguments: list[Expression] = []
        while not self.take(")"):
            if arguments:
                self.need(",")
            arguments.append(self.level(0, depth + 1))
        if name not in _ARITIES:
            raise BadExpression(f"an unknown function, {name!r}")
        least, most = _ARITIES[name]
        if not least <= len(arguments) <= most:
            raise BadExpression(f"{len(arguments)} arguments of {name}")
        return Call(name, tuple(arguments))

    def steps(self, found: Expression, depth: int) -> Expression:
        while operator := self.take(".", "["):
            if operator == "[":
                found = Each(found) if self.take("*") else Index(found, self.level(0, depth + 1))
                self.need("]")
            elif self.take("*"):
                found = Each(found)
            else:
                kind, text = self.tokens[self.at]
                if kind != "name":
                    raise BadExpression(f"{text!r} after a dot")
                self.at += 1
                found = Index(found, Literal(text))
        return found


def _number(text: str) -> float:
    sign, digits = (-1 if text[0] == "-" else 1), text.lstrip("+-")
    return sign * (float(int(digits, 0)) if digits[:2] in {"0x", "0o"} else float(digits))
