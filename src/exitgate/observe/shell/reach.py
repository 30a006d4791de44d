"""Where in a script the command that fails can be met, and what its parts leave behind."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from typing import Any

from exitgate.observe.shell import syntax
from exitgate.observe.shell.syntax import Simple

_LASTING = {"set", "shopt", "trap", "exec", "eval", "source", ".", "return", "break", "continue", "read", "mapfile"}

_FIELDS: dict[type, tuple[str, ...]] = {}
"""By class: `dataclasses.fields` is asked once, a script's parts are walked often."""


class Reach:
    """Answers about parts of a script, each found out once."""

    def __init__(self, script: syntax.Script, target: tuple[int, ...]) -> None:
        self._target = target
        bodies = {each.name: each.body for each in parts_of(script.body) if isinstance(each, syntax.Function)}
        self._calls: set[str] = set()
        while True:
            more = {name for name, body in bodies.items() if name not in self._calls and self._meets(body)}
            if not more:
                break
            self._calls |= more
        self.assigned_anywhere = frozenset(self.assigned(script.body))
        self._seen: dict[int, bool] = {}

    def has_target(self, node: syntax.Node) -> bool:
        """Say whether the command stands in it, or in a function or text that it runs."""
        if id(node) not in self._seen:
            self._seen[id(node)] = self._meets(node)
        return self._seen[id(node)]

    def _meets(self, node: syntax.Node) -> bool:
        return any(
            isinstance(each, Simple)
            and (
                each.place == self._target[: len(each.place)] or (each.words and each.words[0].constant in self._calls)
            )
            for each in parts_of(node)
        )

    @staticmethod
    def has_effects(node: syntax.Node) -> bool:
        """Say whether it changes more than variables."""
        return any(
            isinstance(each, syntax.Function | syntax.Background)
            or (isinstance(each, Simple) and each.words and each.words[0].constant in _LASTING - {"read", "mapfile"})
            for each in parts_of(node)
        )

    @staticmethod
    def assigned(node: syntax.Node) -> set[str]:
        """Return the variables that it gives a value."""
        names = {each.name for each in parts_of(node) if isinstance(each, syntax.Assignment)}
        names |= {each.name for each in parts_of(node) if isinstance(each, syntax.For)}
        for each in parts_of(node):
            if isinstance(each, syntax.Expression) and each.operator.startswith(("=", "+=", "|=", "++", "--", "-=")):
                names |= {operand.word.text for operand in each.operands[:1] if operand.word and each.operator != "=="}
        return names


def parts_of(node: object) -> Iterator[Any]:
    """Yield a part of a script and all that it holds."""
    waiting: list[object] = [node]
    while waiting:
        each = waiting.pop()
        if isinstance(each, tuple):
            waiting.extend(each)
        elif names := _fields_of(type(each)):
            yield each
            waiting.extend([getattr(each, name) for name in names])


def _fields_of(kind: type) -> tuple[str, ...]:
    """Return what a part of a script holds, by name; nothing of what is none."""
    if kind not in _FIELDS:
        _FIELDS[kind] = tuple(item.name for item in fields(kind)) if is_dataclass(kind) else ()
    return _FIELDS[kind]
