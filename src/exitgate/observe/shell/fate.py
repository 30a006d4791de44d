"""What becomes of each command's failure in a script: whether the script fails with it, and if not, what swallows it."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass, replace
from enum import StrEnum

from exitgate.observe.shell import syntax
from exitgate.observe.shell.machine import Endless, Machine
from exitgate.observe.shell.parser import UnreadableScript, parse_script
from exitgate.observe.shell.reach import parts_of
from exitgate.observe.shell.syntax import Simple
from exitgate.observe.shell.values import OK, Status
from exitgate.observe.shell.words import name_of, nested_script, swallows, unwrapped

_MOST_WAYS = 400
_MOST_COMMANDS = 600
_FLOW = {"exit", "return", "break", "continue", "set", "shopt", "trap", "true", "false", ":", "local", "shift", "eval"}
_FLOW |= {"wait", "let", "test", "[", "cd", "echo", "printf", "unset", "export", "source", "."}


class Fate(StrEnum):
    """What becomes of a command's failure."""

    REACHES = "reaches"
    """The script fails."""
    LOST = "lost"
    """The script succeeds all the same."""
    SOMETIMES = "sometimes"
    """It depends on what nobody can know from the text."""
    NEVER = "never"
    """The command does not run."""
    UNKNOWN = "unknown"
    """There are more ways through the script than were followed."""


class Loss(StrEnum):
    """What swallows a failure; a rule's public name ends in this."""

    NONE = ""
    OR = "or-list"
    AND = "and-list"
    BACKGROUND = "background"
    PIPELINE = "pipeline"
    SUBSTITUTION = "substitution"
    CONDITION = "condition"
    NEGATED = "negated"
    TRAP = "trap"
    ERREXIT_OFF = "errexit-off"
    FIND_EXEC = "find-exec"
    LOOP = "loop"
    EXIT_ZERO = "exit-status"
    NOT_REACHED = "not-reached"
    UNCHECKED = "unchecked-call"
    EXCEPT = "except"


@dataclass(frozen=True, slots=True, kw_only=True)
class ShellOptions:
    """How the shell that runs a script is started."""

    errexit: bool
    pipefail: bool
    posix: bool = False
    """Whether it is ``sh``, which on GitHub's runners is dash."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandFate:
    """A command of a script and what becomes of its failure."""

    line: int
    text: str
    words: tuple[str, ...]
    """Without what wraps it; a word that is not constant stands as it is written."""
    environment: tuple[str, ...]
    """Names of the variables that are set for it alone."""
    fate: Fate
    loss: Loss


@dataclass(frozen=True, slots=True, kw_only=True)
class ScriptFates:
    """All commands of a script."""

    commands: tuple[CommandFate, ...]
    unreadable_line: int = 0
    """The line that could not be parsed; 0 where all could."""


@functools.lru_cache(maxsize=4096)
def read_script(text: str, first_line: int, options: ShellOptions) -> ScriptFates:
    """Tell the fate of every command's failure.

    Args:
        first_line: The line of its file on which the text starts.
    """
    fates = _read(text, options)
    return ScriptFates(
        commands=tuple(replace(each, line=each.line + first_line - 1) for each in fates.commands),
        unreadable_line=fates.unreadable_line + first_line - 1 if fates.unreadable_line else 0,
    )


@functools.lru_cache(maxsize=4096)
def _read(text: str, options: ShellOptions) -> ScriptFates:
    """Do so for a text that starts a file: the same script stands in many jobs."""
    try:
        script = parse_script(text)
        found = list(_commands(script, ()))
    except UnreadableScript as error:
        return ScriptFates(commands=(), unreadable_line=int(error.args[0]))
    return ScriptFates(commands=tuple(_judged(script, node, above, options) for node, above in found[:_MOST_COMMANDS]))


def _judged(
    script: syntax.Script, node: Simple, above: tuple[syntax.Node | syntax.Substitution, ...], options: ShellOptions
) -> CommandFate:
    fate = fate_of(script, node.place, options)
    words = unwrapped(node.words)
    return CommandFate(
        line=node.line,
        text=node.text,
        words=tuple(word.constant if word.constant is not None else word.text for word in words),
        environment=tuple(each.name for each in node.assignments),
        fate=fate,
        loss=Loss.NONE if fate in {Fate.REACHES, Fate.UNKNOWN} else _loss(node, above, fate, script),
    )


def fate_of(script: syntax.Script, place: tuple[int, ...], options: ShellOptions) -> Fate:
    """Follow every way through a script on which the command runs and fails."""
    fates = {_followed(script, place, options, once=False)}
    if fates == {Fate.REACHES} and _goes_on(script, place):
        fates.add(_followed(script, place, options, once=True))
    for worst in (Fate.LOST, Fate.SOMETIMES, Fate.UNKNOWN, Fate.NEVER):
        if worst in fates:
            return worst
    return Fate.REACHES


def _followed(  # noqa: C901 - one loop over all ways
    script: syntax.Script, place: tuple[int, ...], options: ShellOptions, *, once: bool
) -> Fate:
    results: set[bool] = set()
    answers: list[bool] = []
    for _ in range(_MOST_WAYS):
        asked = 0

        def choose() -> bool:
            nonlocal asked
            asked += 1
            if asked > len(answers):
                answers.append(True)
            return answers[asked - 1]

        machine = Machine(script, place, choose, once=once, posix=options.posix)
        try:
            status: Status = machine.run(errexit=options.errexit, pipefail=options.pipefail)
        except Endless:
            status = "endless"
        if machine.runs:
            if status == OK:
                results |= {True}
            elif isinstance(status, str) or status.name == "FAILING":
                results |= {False}
            else:
                results |= {True, False}
        del answers[asked:]
        while answers and not answers[-1]:
            answers.pop()
        if not answers:
            break
        answers[-1] = False
    else:
        return Fate.SOMETIMES if results == {True, False} else Fate.UNKNOWN
    if not results:
        return Fate.NEVER
    return {frozenset({True}): Fate.LOST, frozenset({False}): Fate.REACHES}.get(frozenset(results), Fate.SOMETIMES)


def _goes_on(script: syntax.Script, place: tuple[int, ...]) -> bool:
    """Say whether the command stands in a loop over different things, of which one may fail; a loop that tries again is none."""
    for each in parts_of(script.body):
        if isinstance(each, syntax.For) and each.name and _stands_in(each.body, place) and _uses(each.body, each.name):
            return True
        if isinstance(each, syntax.While) and _stands_in(each.body, place):
            asked = [node for node in parts_of(each.condition) if isinstance(node, Simple)]
            if any(name_of(node.words) == "read" for node in asked):
                return True
    return False


def _stands_in(node: syntax.Node, place: tuple[int, ...]) -> bool:
    return any(isinstance(each, Simple) and each.place == place for each in parts_of(node))


def _uses(node: syntax.Node, name: str) -> bool:
    return any(isinstance(each, syntax.Variable) and each.name == name for each in parts_of(node))


_Above = tuple["syntax.Node | syntax.Substitution", ...]


def _commands(script: syntax.Script, above: _Above) -> Iterator[tuple[Simple, _Above]]:
    """Yield the commands whose failure is worth asking about, each with what encloses it, from the outside in."""
    functions = {each.name for each in parts_of(script.body) if isinstance(each, syntax.Function)}
    for node, around in _walked(script.body, above):
        words = unwrapped(node.words)
        inner = nested_script(node, script.here_documents)
        if inner is not None:
            try:
                nested = parse_script(inner.text, inner.line, node.place)
            except UnreadableScript:
                yield node, around
                continue
            yield from _commands(nested, (*around, node))
            continue
        name = words[0].constant if words else None
        if name == "eval" and len(words) > 1 and all(word.constant is not None for word in words[1:]):
            text = " ".join(word.constant or "" for word in words[1:])
            yield from _commands(parse_script(text, node.line, node.place), (*around, node))
        elif words and name not in _FLOW and name not in functions:
            yield node, around


def _walked(node: object, above: _Above) -> Iterator[tuple[Simple, _Above]]:
    if isinstance(node, Simple):
        yield node, above
        inner: tuple[object, ...] = (node.assignments, node.words, node.beside)
        for each in inner:
            yield from _walked_inside(each, (*above, node))
    else:
        yield from _walked_inside(node, above)


def _walked_inside(node: object, above: _Above) -> Iterator[tuple[Simple, _Above]]:
    if isinstance(node, tuple):
        for each in node:
            yield from _walked(each, above)
    elif is_dataclass(node) and not isinstance(node, type):
        for item in fields(node):
            yield from _walked(getattr(node, item.name), (*above, node))  # type: ignore[arg-type]


def _loss(node: Simple, above: _Above, fate: Fate, script: syntax.Script) -> Loss:  # noqa: C901, PLR0911, PLR0912 - one arm for each way
    if fate is Fate.NEVER:
        return Loss.NOT_REACHED
    if swallows(node.words):
        return Loss.FIND_EXEC
    inside: object = node
    for each in reversed(above):
        match each:
            case syntax.Background():
                return Loss.BACKGROUND
            case syntax.Substitution():
                return Loss.SUBSTITUTION
            case syntax.Pipeline() if len(each.commands) > 1 and inside is not each.commands[-1]:
                return Loss.PIPELINE
            case syntax.Pipeline() if each.negated:
                return Loss.NEGATED
            case syntax.AndOr() if inside is each.left or _within(each.left, inside):
                return Loss.OR if each.operator == "||" else Loss.AND
            case syntax.If() if any(condition is not None and _within(condition, inside) for condition, _ in each.arms):
                return Loss.CONDITION
            case syntax.While() if _within(each.condition, inside):
                return Loss.CONDITION
        inside = each
    for function in (each for each in above if isinstance(each, syntax.Function)):
        for call, around in _walked(script.body, ()):
            if call.words and call.words[0].constant == function.name and function not in around:
                found = _loss(call, around, fate, script)
                if found is not Loss.ERREXIT_OFF:
                    return found
    if any(isinstance(each, Simple) and name_of(each.words) == "trap" for each in parts_of(script.body)):
        return Loss.TRAP
    if any(isinstance(each, syntax.For | syntax.While) for each in above):
        return Loss.LOOP
    return Loss.ERREXIT_OFF


def _within(whole: object, part: object) -> bool:
    return any(each is part for each in parts_of(whole))
