"""Runs a shell script in thought, with one command failing and the others succeeding, after bash's rules.

Where the script asks what nobody can know, both answers are followed. Tried against bash and dash themselves.

Source: Bash Reference Manual: "The Set Builtin" (-e, pipefail), "Bourne Shell Builtins" (trap), "Command Execution Environment".
"""

from __future__ import annotations

from collections.abc import Callable

from exitgate.observe.shell import syntax
from exitgate.observe.shell.parser import UnreadableScript, parse_script
from exitgate.observe.shell.reach import Reach
from exitgate.observe.shell.reckoner import Reckoner, Shell
from exitgate.observe.shell.syntax import Block, Simple, Word
from exitgate.observe.shell.values import FAILING, FILLED, NOT_OK, OK, UNKNOWN, Job, Status, Value
from exitgate.observe.shell.words import is_question, nested_script, question_in_words, swallows, unwrapped

_MOST_ROUNDS = 3
_DEEPEST_CALL = 40


class Exits(Exception):
    """The shell ends with a status."""

    def __init__(self, status: Status) -> None:
        super().__init__(status)
        self.status = status


class _Leaves(Exception):
    def __init__(self, word: str, status: Status = OK, levels: int = 1) -> None:
        super().__init__(word)
        self.word, self.status, self.levels = word, status, levels


class Endless(Exception):
    """The script goes on for ever, or longer than is followed."""


class Machine:
    """One way through a script.

    Args:
        target: The place of the command that fails.
        choose: Asked where the answer is not known.
        once: Whether the command fails the first time alone: of a loop over projects, one may fail.
    """

    def __init__(
        self, script: syntax.Script, target: tuple[int, ...], choose: Callable[[], bool], *, once: bool, posix: bool
    ) -> None:
        self.script, self.target, self.choose, self.once, self.posix = script, target, choose, once, posix
        self.reach = Reach(script, target)
        self.reckoner = Reckoner(self.reach.assigned_anywhere)
        self.runs = 0
        """How often the command ran."""
        self.here = dict(script.here_documents)

    def run(self, *, errexit: bool, pipefail: bool) -> Status:
        """Return the status that the whole script ends with.

        Raises:
            Endless: if it does not end.
        """
        return self._in_new_shell(Shell(errexit=errexit, pipefail=pipefail), self.script.body)

    def _in_new_shell(self, shell: Shell, body: syntax.Node) -> Status:
        try:
            status = self._node(shell, body)
        except Exits as end:
            status = end.status
        except _Leaves as left:
            status = left.status
        if "EXIT" in shell.traps or "0" in shell.traps:
            text = shell.traps.get("EXIT", shell.traps.get("0", ""))
            shell.traps = {}
            shell.status = status
            shell.shielded += 1  # Whatever fails in the trap does not change the status, but for its own exit.
            try:
                self._text(shell, text, 0, (-1,))
            except Exits as end:
                status = end.status
            except _Leaves:
                pass
        return status

    def _text(self, shell: Shell, text: str, line: int, within: tuple[int, ...]) -> Status:
        try:
            script = parse_script(text, line, within)
        except UnreadableScript as error:
            raise Endless from error
        self.here.update(script.here_documents)
        return self._node(shell, script.body)

    # ---- Commands

    def _node(self, shell: Shell, node: syntax.Node) -> Status:
        status = self._executed(shell, node)
        shell.status = status
        return status

    def _executed(self, shell: Shell, node: syntax.Node) -> Status:  # noqa: C901, PLR0911, PLR0912 - one arm a kind
        match node:
            case Simple():
                return self._checked(shell, self._simple(shell, node))
            case Block():
                status: Status = OK if not node.commands else shell.status
                for each in node.commands:
                    status = self._node(shell, each)
                return status
            case syntax.AndOr():
                left = self._shielded(shell, node.left)
                succeeded = self._decided(left)
                return self._node(shell, node.right) if succeeded == (node.operator == "&&") else left
            case syntax.Pipeline():
                return self._pipeline(shell, node)
            case syntax.Background():
                self._background(shell, node)
                return OK
            case syntax.Subshell():
                return self._checked(shell, self._in_new_shell(shell.copy(), node.body))
            case syntax.Redirected():
                self._aside(shell, node.beside)
                return self._node(shell, node.command)
            case syntax.Question():
                return self._checked(shell, self.reckoner.answer(shell, node))
            case syntax.Function():
                shell.functions[node.name] = node.body
                return OK
            case syntax.If():
                return self._if(shell, node)
            case syntax.While():
                return self._while(shell, node)
            case syntax.For():
                return self._for(shell, node)
            case syntax.Case():
                return self._case(shell, node)

    def _checked(self, shell: Shell, status: Status) -> Status:
        """End the shell where a failure does that."""
        if status == OK or shell.shielded:
            return status
        if status is UNKNOWN and self.choose():
            return OK
        if "ERR" in shell.traps:
            text = shell.traps.pop("ERR")
            shell.status = status
            self._text(shell, text, 0, (-2,))
            shell.traps.setdefault("ERR", text)
        if shell.errexit:
            raise Exits(status)
        return status

    def _shielded(self, shell: Shell, node: syntax.Node) -> Status:
        shell.shielded += 1
        try:
            return self._node(shell, node)
        finally:
            shell.shielded -= 1

    def _decided(self, status: Status) -> bool:
        return self.choose() if status is UNKNOWN else status == OK

    def _pipeline(self, shell: Shell, node: syntax.Pipeline) -> Status:
        if len(node.commands) == 1:
            if not node.negated:
                return self._node(shell, node.commands[0])
            return NOT_OK if self._decided(self._shielded(shell, node.commands[0])) else OK
        shell.shielded += node.negated
        statuses = [self._in_new_shell(shell.copy(), each) for each in node.commands]
        shell.shielded -= node.negated
        shell.lists["PIPESTATUS"] = tuple(statuses)
        failed = [status for status in statuses if status != OK]
        status = (failed[-1] if failed else OK) if shell.pipefail else statuses[-1]
        if node.negated:
            return NOT_OK if self._decided(status) else OK
        return self._checked(shell, status)

    def _background(self, shell: Shell, node: syntax.Background) -> None:
        shell.variables["!"] = Job(self._in_new_shell(shell.copy(), node.command))

    def _if(self, shell: Shell, node: syntax.If) -> Status:
        for index, (condition, body) in enumerate(node.arms):
            if condition is None:
                return self._node(shell, body)
            asked = self._shielded(shell, condition)
            elsewhere = all(other is None or not self.reach.has_target(other) for other, _ in node.arms[index + 1 :])
            if asked is UNKNOWN and elsewhere and self._passed_by(shell, *(arm for _, arm in node.arms[index:])):
                return OK
            if self._decided(asked):
                return self._node(shell, body)
        return OK

    def _passed_by(self, shell: Shell, *bodies: Block) -> bool:
        """Leave out what can't matter: before the command has failed, where it does not stand and nothing lasting is done."""
        if self.runs or any(self.reach.has_target(body) or self.reach.has_effects(body) for body in bodies):
            return False
        for name in (name for body in bodies for name in self.reach.assigned(body)):
            shell.variables[name] = UNKNOWN
            shell.lists.pop(name, None)
        return True

    def _case(self, shell: Shell, node: syntax.Case) -> Status:
        value = self.reckoner.value(shell, node.word)
        if not isinstance(value, str) and self._passed_by(shell, *(body for _, body in node.arms)):
            return OK
        for patterns, body in node.arms:
            if any(pattern.constant == "*" for pattern in patterns):
                return self._node(shell, body)
            if isinstance(value, str) and all(self._plain(pattern) for pattern in patterns):
                if value in [pattern.constant for pattern in patterns]:
                    return self._node(shell, body)
            elif value is FAILING and [pattern.constant for pattern in patterns] == ["0"]:
                continue
            elif self.choose():
                return self._node(shell, body)
        return OK

    @staticmethod
    def _plain(pattern: Word) -> bool:
        return pattern.constant is not None and not set(pattern.constant) & set("*?[")

    # ---- Loops

    def _while(self, shell: Shell, node: syntax.While) -> Status:
        if not self.runs and not self.reach.has_target(node) and not self.reach.has_effects(node):
            for name in self.reach.assigned(node):
                shell.variables[name] = UNKNOWN
            return OK
        status: Status = OK
        for _ in range(_MOST_ROUNDS):
            asked = self._decided(self._shielded(shell, node.condition))
            if asked == (node.kind == "until"):
                return status
            status, leaves = self._round(shell, node.body)
            if leaves:
                return status
        if self.reach.has_target(node.condition):
            raise Endless
        return status

    def _for(self, shell: Shell, node: syntax.For) -> Status:
        values = [value for word in node.words for value in self.reckoner.values(shell, word)]
        known = bool(node.words) and all(isinstance(value, (str, Job)) for value in values)
        plain = all(not isinstance(value, str) or not set(value) & set("*?[{") for value in values)
        rounds: list[Value] = values[:_MOST_ROUNDS] if known and plain else [UNKNOWN, UNKNOWN]
        status: Status = OK
        for value in rounds:
            shell.variables[node.name] = value
            status, leaves = self._round(shell, node.body)
            if leaves:
                break
        return status

    def _round(self, shell: Shell, body: Block) -> tuple[Status, bool]:
        try:
            return self._node(shell, body), False
        except _Leaves as left:
            if left.word == "return":
                raise
            if left.levels > 1:
                left.levels -= 1
                raise
            return OK, left.word == "break"

    # ---- One command

    def _simple(self, shell: Shell, node: Simple) -> Status:
        self._aside(shell, node.beside)
        substituted: Status = OK
        for given in node.assignments:
            substituted = self._assign(shell, given, keep=not node.words or bool(node.declares)) or substituted
        if not node.words:
            return OK if node.declares else substituted
        self._aside(shell, node.words)
        words = unwrapped(node.words)
        if not words:
            return OK
        if node.place == self.target:
            self.runs += 1
            if self.once and self.runs > 1:
                return OK
            return self._replaced(node, OK if swallows(node.words) else FAILING)
        name = words[0].constant
        if name in shell.functions and node.words[0].constant == name:
            return self._call(shell, shell.functions[name], len(words) - 1)
        return self._replaced(node, self._builtin(shell, node, words))

    @staticmethod
    def _replaced(node: Simple, status: Status) -> Status:
        """End the shell where the command took its place."""
        if node.words[0].constant == "exec":
            raise Exits(status)
        return status

    def _call(self, shell: Shell, body: syntax.Node, arguments: int) -> Status:
        if shell.depth > _DEEPEST_CALL:
            raise Endless
        shell.depth += 1
        before, shell.arguments = shell.arguments, arguments
        trap = None if shell.errtrace else shell.traps.pop("ERR", None)
        try:
            return self._node(shell, body)
        except _Leaves as left:
            if left.word != "return":
                raise
            return left.status
        finally:
            shell.depth -= 1
            shell.arguments = before
            if trap is not None:
                shell.traps.setdefault("ERR", trap)

    def _builtin(self, shell: Shell, node: Simple, words: tuple[Word, ...]) -> Status:  # noqa: C901, PLR0911, PLR0912 - a table of builtins
        given = [self.reckoner.value(shell, word) for word in words[1:]]
        first = given[0] if given else None
        match words[0].constant:
            case "true" | ":":
                return OK
            case "false":
                return NOT_OK
            case "exit":
                raise Exits(self._as_status(shell.status if first is None else first))
            case "return" if not shell.depth and not self.posix:
                return NOT_OK  # bash refuses it outside of functions, and goes on.
            case "return":
                raise _Leaves("return", self._as_status(shell.status if first is None else first))
            case "break" | "continue" as word:
                raise _Leaves(word, levels=int(first) if isinstance(first, str) and first.isdigit() else 1)
            case "set" | "shopt" as word:
                return self._options(shell, word, given)
            case "trap":
                return self._trap(shell, given)
            case "wait":
                return self._wait(shell, given)
            case "eval":
                text = " ".join(value for value in given if isinstance(value, str))
                if len([value for value in given if isinstance(value, str)]) != len(given):
                    return OK
                return self._text(shell, text, node.line, node.place)
            case "let":
                return UNKNOWN
            case "test" | "[":
                return self.reckoner.said(self.reckoner.asked(shell, question_in_words(words[1:])))
            case "die" | "fatal" | "abort" | "bail":
                # Defined elsewhere, and known by its name all over the world.
                raise Exits(NOT_OK)
        inner = nested_script(node, self.here)
        if inner is not None:
            return self._nested(node, inner.text, inner.line, inner.flags)
        return UNKNOWN if is_question(words) else OK

    def _nested(self, node: Simple, text: str, line: int, flags: frozenset[str]) -> Status:
        try:
            script = parse_script(text, line, node.place)
        except UnreadableScript:
            return UNKNOWN
        self.here.update(script.here_documents)
        shell = Shell(errexit="e" in flags, pipefail="pipefail" in flags)
        status = self._in_new_shell(shell, script.body)
        return OK if swallows(node.words) else status

    @staticmethod
    def _as_status(value: Value) -> Status:
        if isinstance(value, Job) or value is FILLED:
            return UNKNOWN
        if isinstance(value, str):
            return OK if not value.strip() or not value.strip().lstrip("-").isdigit() else str(int(value) % 256)
        return value

    def _options(self, shell: Shell, name: str, given: list[Value]) -> Status:
        texts = [value for value in given if isinstance(value, str)]
        if name == "shopt":
            if "inherit_errexit" in texts:
                shell.inherit_errexit = "-s" in texts
            return OK
        waiting = iter(texts)
        for text in waiting:
            if text == "--" or text[:1] not in {"-", "+"}:
                break
            turned_on = text[0] == "-"
            if "e" in text[1:]:
                shell.errexit = turned_on
            if "E" in text[1:]:
                shell.errtrace = turned_on
            if text.endswith("o"):
                option = next(waiting, "")
                if option in {"errexit", "pipefail", "errtrace"}:
                    setattr(shell, option, turned_on)
        return OK

    def _trap(self, shell: Shell, given: list[Value]) -> Status:
        texts = [value if isinstance(value, str) else "" for value in given if value != "--"]
        if len(texts) > 1:
            for signal in texts[1:]:
                key = signal.removeprefix("SIG")
                if texts[0] == "-":
                    shell.traps.pop(key, None)
                else:
                    shell.traps[key] = texts[0]
        return OK

    def _wait(self, shell: Shell, given: list[Value]) -> Status:
        if any(value == "-n" for value in given):
            last = shell.variables.get("!")
            return last.status if isinstance(last, Job) else OK
        last = given[-1] if given else None
        if isinstance(last, Job):
            return last.status
        return UNKNOWN if last is UNKNOWN else OK

    # ---- Words

    def _aside(self, shell: Shell, words: tuple[Word, ...]) -> None:
        """Run what stands in words: its status is lost."""
        for word in words:
            for part in word.parts:
                if isinstance(part, syntax.Substitution):
                    self._substituted(shell, part)

    def _substituted(self, shell: Shell, part: syntax.Substitution) -> Status:
        inner = shell.copy()
        if not (self.posix or shell.inherit_errexit):
            inner.errexit = False
        return self._in_new_shell(inner, part.body)

    def _assign(self, shell: Shell, given: syntax.Assignment, *, keep: bool) -> Status | None:
        """Return the status of the substitution in it, where there is one."""
        status: Status | None = None
        for part in given.value.parts if given.value else ():
            if isinstance(part, syntax.Substitution):
                status = self._substituted(shell, part)
        if not keep:
            return status
        if given.items is not None:
            own = tuple(value for word in given.items for value in self.reckoner.values(shell, word))
            shell.lists[given.name] = (*shell.lists.get(given.name, ()), *own) if given.adds else own
            return status
        value = self.reckoner.value(shell, given.value) if given.value else ""
        if given.adds:
            before = shell.variables.get(given.name, "")
            if isinstance(before, str) and isinstance(value, str):
                value = before + value
            else:
                value = FILLED if (before and before is not UNKNOWN) or (value and value is not UNKNOWN) else UNKNOWN
        shell.variables[given.name] = value
        return status
