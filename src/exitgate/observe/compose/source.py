"""A YAML file as Compose reads it, with the place of everything in it: YAML 1.2's words for scalars, anchors, merge keys."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from exitgate.errors import ObservationError, one_line

_TAG = "tag:yaml.org,2002:"
_MERGE, _NULL, _BOOL, _INT, _FLOAT = (f"{_TAG}{name}" for name in ("merge", "null", "bool", "int", "float"))
_OWN_TAGS = frozenset(f"{_TAG}{name}" for name in ("str", "map", "seq", "merge", "null", "bool", "int", "float"))
_EXPECTED = "a Compose file"
_ACTION = "Mend that file; `docker compose config` says what it makes of it."

Scalar = str | int | float | bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """A value of a YAML file."""

    value: Scalar | tuple[Node, ...] | dict[str, Node]
    place: str
    """``path:line`` of its key, or of itself where it has none."""
    tag: str = ""
    """One that YAML does not know, e.g. ``!reset``."""

    @property
    def mapping(self) -> dict[str, Node]:
        """What it holds by name; nothing where it is no mapping."""
        return self.value if isinstance(self.value, dict) else {}

    @property
    def items(self) -> tuple[Node, ...]:
        """What it holds in order; itself where it is a scalar, since Compose takes one for a list of one."""
        if isinstance(self.value, tuple):
            return self.value
        return () if self.value is None or isinstance(self.value, dict) else (self,)


class _Loader(yaml.SafeLoader):
    """Knows scalars as Compose does: `yes` is a word, and `22:22` no number (YAML 1.1 has both otherwise)."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012


for _name, _pattern, _first in (
    (_MERGE, r"<<", "<"),
    (_NULL, r"~|null|Null|NULL|", "~nN\0"),
    (_BOOL, r"true|True|TRUE|false|False|FALSE", "tTfF"),
    (_INT, r"[-+]?(?:0b[01_]+|0o?[0-7_]+|0x[0-9a-fA-F_]+|0|[1-9][0-9_]*)", "-+0123456789"),
    (
        _FLOAT,
        r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN)",
        "-+.0123456789",
    ),
):
    _Loader.add_implicit_resolver(
        _name, re.compile(rf"^(?:{_pattern})$", re.ASCII), ["" if each == "\0" else each for each in _first]
    )


def read_yaml(root: Path, path: str) -> tuple[str, Node]:
    """Read a file of the target.

    Returns:
        Its text, and all that it holds.

    Raises:
        ObservationError: if it can't be read, is no YAML, says a key twice or holds itself.
    """
    try:
        text = (root / path).read_text(encoding="utf-8")
        top = yaml.compose(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        line = f":{error.problem_mark.line + 1}" if error.problem_mark else ""
        raise ObservationError(
            f"{path}{line}", got=one_line(str(error.problem or error)), expected=_EXPECTED, action=_ACTION
        ) from error
    except (OSError, ValueError, yaml.YAMLError, RecursionError) as error:
        raise ObservationError(path, got=one_line(str(error), 200), expected=_EXPECTED, action=_ACTION) from error
    if not isinstance(top, yaml.MappingNode):
        raise ObservationError(path, got="no mapping", expected=_EXPECTED, action=_ACTION)
    try:
        return text, Node(value=_Reading(path=path).value(top), place=f"{path}:1")
    except RecursionError as error:
        raise ObservationError(path, got="endless depth", expected=_EXPECTED, action=_ACTION) from error


@dataclass(slots=True, kw_only=True)
class _Reading:
    path: str
    done: dict[int, Scalar | tuple[Node, ...] | dict[str, Node]] = field(default_factory=dict)
    """By the identity of the YAML node: what many aliases name is read once, however often they multiply it."""
    under_way: set[int] = field(default_factory=set)

    def place(self, node: yaml.Node) -> str:
        return f"{self.path}:{node.start_mark.line + 1}"

    def refuse(self, node: yaml.Node, got: str, expected: str) -> ObservationError:
        return ObservationError(self.place(node), got=got, expected=expected, action="Mend that line.")

    def value(self, node: yaml.Node) -> Scalar | tuple[Node, ...] | dict[str, Node]:
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node)
        if id(node) in self.under_way:
            raise self.refuse(node, "an anchor that holds its own alias", "an end")
        if id(node) not in self.done:
            self.under_way.add(id(node))
            if isinstance(node, yaml.MappingNode):
                self.done[id(node)] = self._mapping(node)
            else:
                self.done[id(node)] = tuple(self.node(each, each) for each in node.value)
            self.under_way.discard(id(node))
        return self.done[id(node)]

    def node(self, node: yaml.Node, at: yaml.Node) -> Node:
        return Node(value=self.value(node), place=self.place(at), tag="" if node.tag in _OWN_TAGS else str(node.tag))

    def _mapping(self, node: yaml.MappingNode) -> dict[str, Node]:
        own: dict[str, Node] = {}
        merged: list[yaml.Node] = []
        for key, value in node.value:
            if key.tag == _MERGE:
                merged += value.value if isinstance(value, yaml.SequenceNode) else [value]
                continue
            if not isinstance(key, yaml.ScalarNode):
                raise self.refuse(key, "a key that is no word", "a name")
            if key.value in own:
                raise self.refuse(key, f"{key.value!r} for the second time", "each key once")
            own[key.value] = self.node(value, key)
        for each in merged:
            if not isinstance(each, yaml.MappingNode):
                raise self.refuse(each, "a merge of what is no mapping", "a mapping under <<")
            for name, value in Node(value=self.value(each), place="").mapping.items():
                own.setdefault(name, value)
        return own

    def _scalar(self, node: yaml.ScalarNode) -> Scalar:
        text = str(node.value)
        try:
            match node.tag:
                case tag if tag == _NULL:
                    return None
                case tag if tag == _BOOL:
                    return text.lower() == "true"
                case tag if tag == _INT:
                    return _integer(text.replace("_", ""))
                case tag if tag == _FLOAT:
                    return float(text.lower().replace(".inf", "inf").replace(".nan", "nan"))
                case _:
                    return text
        except ValueError as error:
            raise self.refuse(node, f"{one_line(text, 60)!r}", "a number") from error


def _integer(text: str) -> int:
    sign, digits = (-1 if text.startswith("-") else 1), text.lstrip("+-")
    octal = len(digits) > 1 and digits.startswith("0") and digits.isdigit()
    return sign * int(f"0o{digits[1:]}" if octal else digits, 0)


def text_of(value: Scalar) -> str:
    """Return a scalar as Compose writes it where it needs text."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and math.isfinite(value) and value == int(value) and abs(value) < 1e21:  # noqa: PLR2004
        return str(int(value))
    return "" if value is None else str(value)
