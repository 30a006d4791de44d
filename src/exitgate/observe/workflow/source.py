"""A YAML file as GitHub Actions reads it, with the place of everything in it: YAML 1.2's words for scalars, anchors, no merge keys.

Source: https://docs.github.com/en/actions/reference/workflows-and-actions/reusing-workflow-configurations#yaml-anchors-and-aliases
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

import yaml

from exitgate.errors import one_line
from exitgate.github.node import Node, Scalar
from exitgate.github.workflow import Problem

_TAG = "tag:yaml.org,2002:"
_NULL, _BOOL, _INT, _FLOAT = (f"{_TAG}{name}" for name in ("null", "bool", "int", "float"))
_KNOWN_TAGS = frozenset(f"{_TAG}{name}" for name in ("str", "map", "seq", "null", "bool", "int", "float"))
_MOST_VALUES = 50_000
"""About what GitHub stops at; an alias counts with all that it stands for."""

# libyaml reads a workflow in about a millisecond, PyYAML's own reader in twenty.
_Base = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Loader(_Base):  # type: ignore[misc, valid-type]
    """Knows scalars as GitHub does: `on` and `yes` are words, and so is `22:22` (YAML 1.1 has it otherwise)."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012


for _name, _pattern, _first in (
    (_NULL, r"~|null|Null|NULL|", "~nN\0"),
    (_BOOL, r"true|True|TRUE|false|False|FALSE", "tTfF"),
    (_INT, r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+", "-+0123456789"),
    (
        _FLOAT,
        r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)",
        "-+.0123456789",
    ),
):
    _Loader.add_implicit_resolver(
        _name, re.compile(rf"^(?:{_pattern})$", re.ASCII), ["" if each == "\0" else each for each in _first]
    )


class Unreadable(Exception):
    """A file that GitHub can't read as YAML; holds why."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.got)
        self.problem = problem


def parse_yaml(text: str, path: str) -> Node:
    """Read the text of a workflow or an action.

    Raises:
        Unreadable: if it is no YAML, no mapping, says a key twice, merges, holds itself, or more than GitHub reads.
    """
    loader = None
    try:
        loader = _Loader(text)
        top = loader.get_single_node()
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise _unreadable(f"{path}:{line}", f"no YAML: {one_line(str(error.problem or error), 160)}") from error
    except (ValueError, yaml.YAMLError, RecursionError) as error:
        raise _unreadable(f"{path}:1", f"no YAML: {one_line(str(error), 160)}") from error
    finally:
        if loader is not None:
            loader.dispose()
    if not isinstance(top, yaml.MappingNode):
        raise _unreadable(f"{path}:1", "an empty file" if top is None else "no mapping")
    try:
        return _Reading(path=path).node(top, top)
    except RecursionError as error:
        raise _unreadable(f"{path}:1", "more levels than anybody reads") from error


def _unreadable(place: str, got: str, expected: str = "a YAML file with keys and values") -> Unreadable:
    return Unreadable(Problem(place=place, got=got, expected=expected))


@dataclass(slots=True, kw_only=True)
class _Reading:
    path: str
    done: dict[int, tuple[Scalar | tuple[Node, ...] | Mapping[str, Node], int]] = field(default_factory=dict)
    """Value and size by the identity of the YAML node: what many aliases name is read once."""
    under_way: set[int] = field(default_factory=set)

    def node(self, node: yaml.Node, at: yaml.Node) -> Node:
        block = isinstance(node, yaml.ScalarNode) and node.style in {"|", ">"}
        return Node(
            value=self.value(node)[0],
            path=self.path,
            line=at.start_mark.line + 1,
            first_line=node.start_mark.line + 1 + block,
        )

    def refused(self, node: yaml.Node, got: str, expected: str) -> Unreadable:
        return _unreadable(f"{self.path}:{node.start_mark.line + 1}", got, expected)

    def value(self, node: yaml.Node) -> tuple[Scalar | tuple[Node, ...] | Mapping[str, Node], int]:
        if node.tag not in _KNOWN_TAGS:
            raise self.refused(node, f"the tag {one_line(str(node.tag), 40)}", "no tags")
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node), 1
        if id(node) in self.under_way:
            raise self.refused(node, "an anchor that holds its own alias", "an end")
        if id(node) not in self.done:
            self.under_way.add(id(node))
            mapping = isinstance(node, yaml.MappingNode)
            self.done[id(node)] = self._mapping(node) if mapping else self._sequence(node)
            self.under_way.discard(id(node))
        found = self.done[id(node)]
        if found[1] > _MOST_VALUES:
            raise self.refused(node, "aliases that multiply", f"at most {_MOST_VALUES} values")
        return found

    def _sequence(self, node: yaml.Node) -> tuple[tuple[Node, ...], int]:
        size = 1 + sum(self.value(each)[1] for each in node.value)
        return tuple(self.node(each, each) for each in node.value), size

    def _mapping(self, node: yaml.Node) -> tuple[Mapping[str, Node], int]:
        own: dict[str, Node] = {}
        lower: set[str] = set()
        size = 1
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise self.refused(key, "a key that is no word", "a name")
            name = str(key.value)
            if name == "<<" and not key.style:
                raise self.refused(
                    key, "a merge key, which GitHub does not know", "the keys themselves, or a plain alias"
                )
            if name.lower() in lower:
                raise self.refused(key, f"{name!r} for the second time", "each key once")
            lower.add(name.lower())
            own[name] = self.node(value, key)
            size += self.value(value)[1]
        return own, size

    def _scalar(self, node: yaml.ScalarNode) -> Scalar:
        text = str(node.value)
        try:
            match node.tag:
                case tag if tag == _NULL:
                    return None
                case tag if tag == _BOOL:
                    return text.lower() == "true"
                case tag if tag == _INT:
                    return float(int(text, 0)) if text[:2] in {"0o", "0x"} else float(text)
                case tag if tag == _FLOAT:
                    return float(text.lower().replace(".inf", "inf").replace(".nan", "nan"))
                case _:
                    return text
        except (ValueError, OverflowError) as error:
            raise self.refused(node, f"{one_line(text, 60)!r}", "a number") from error
