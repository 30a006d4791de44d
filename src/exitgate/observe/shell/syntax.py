"""The parts of a shell script that decide what becomes of a failure; frozen, with lines."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True, slots=True)
class Text:
    """Characters that stand for themselves."""

    value: str


@dataclass(frozen=True, slots=True)
class Variable:
    """``$NAME``, ``${NAME}``, ``${NAME[INDEX]}``, ``${#NAME[@]}``, ``${NAME:-DEFAULT}``."""

    name: str
    index: str = ""
    counted: bool = False
    default: Word | None = None
    opaque: bool = False
    """Changed on the way by an operator whose result is not followed."""


@dataclass(frozen=True, slots=True)
class Substitution:
    """``$(…)``, backquotes, or ``<(…)``: commands whose output is taken."""

    body: Block
    process: bool = False


@dataclass(frozen=True, slots=True)
class Sum:
    """``$((…))``."""

    expression: Expression


Part = Text | Variable | Substitution | Sum


@dataclass(frozen=True, slots=True)
class Word:
    """One word of a command."""

    parts: tuple[Part, ...]
    text: str
    """As it stands in the script."""

    @property
    def constant(self) -> str | None:
        """What it says whatever happens; nothing where that depends."""
        values = [part.value for part in self.parts if isinstance(part, Text)]
        return "".join(values) if len(values) == len(self.parts) else None


@dataclass(frozen=True, slots=True)
class Expression:
    """An operator with its operands, of ``[[ ]]``, ``[ ]``, ``(( ))`` and ``$(( ))``; a leaf has a word and no operator."""

    operator: str
    operands: tuple[Expression, ...] = ()
    word: Word | None = None


@dataclass(frozen=True, slots=True)
class Assignment:
    """``NAME=VALUE``; an array has `items`."""

    name: str
    value: Word | None
    items: tuple[Word, ...] | None = None
    adds: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Simple:
    """A command with its words, or assignments alone."""

    place: tuple[int, ...]
    """Where it starts, in bytes, in each text that encloses it: names it within its script."""
    line: int
    words: tuple[Word, ...] = ()
    assignments: tuple[Assignment, ...] = ()
    declares: str = ""
    """``export``, ``local`` and the like, which succeed whatever the substitutions in their values do."""
    beside: tuple[Word, ...] = ()
    """Words of redirections."""
    text: str = ""


@dataclass(frozen=True, slots=True)
class Pipeline:
    """Commands joined by ``|``; of more than one, each runs in a shell of its own."""

    commands: tuple[Node, ...]
    negated: bool = False


@dataclass(frozen=True, slots=True)
class AndOr:
    """``LEFT && RIGHT``, ``LEFT || RIGHT``."""

    left: Node
    operator: str
    right: Node


@dataclass(frozen=True, slots=True)
class Background:
    """``COMMAND &``."""

    command: Node


@dataclass(frozen=True, slots=True)
class Block:
    """Commands one after the other; ``{ …; }`` too."""

    commands: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Subshell:
    """``( … )``."""

    body: Block


@dataclass(frozen=True, slots=True)
class Redirected:
    """A compound command with redirections."""

    command: Node
    beside: tuple[Word, ...]


@dataclass(frozen=True, slots=True)
class If:
    """``if``: each arm a condition and what follows; the condition of ``else`` is nothing."""

    arms: tuple[tuple[Block | None, Block], ...]


@dataclass(frozen=True, slots=True)
class While:
    """``while`` and ``until``."""

    kind: Literal["while", "until"]
    condition: Block
    body: Block


@dataclass(frozen=True, slots=True)
class For:
    """``for NAME in WORDS``; of ``for ((…))`` the name is empty."""

    name: str
    words: tuple[Word, ...]
    body: Block


@dataclass(frozen=True, slots=True)
class Case:
    """``case WORD in``: each arm its patterns and what follows."""

    word: Word
    arms: tuple[tuple[tuple[Word, ...], Block], ...]


@dataclass(frozen=True, slots=True)
class Function:
    """A function's definition."""

    name: str
    body: Node


@dataclass(frozen=True, slots=True)
class Question:
    """``[ … ]``, ``[[ … ]]``, ``(( … ))``: fails where the answer is no."""

    expression: Expression
    arithmetic: bool = False


Node = (
    Simple
    | Pipeline
    | AndOr
    | Background
    | Block
    | Subshell
    | Redirected
    | If
    | While
    | For
    | Case
    | Function
    | Question
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """A script as it was parsed."""

    body: Block
    here_documents: dict[str, tuple[str, int]] = field(default_factory=dict)
    """Name that stands for it in the parsed text to the text of a here-document and its first line."""
    mistake_line: int = 0
    """The first line that could not be parsed; 0 where all could."""
