"""The state of a shell, and what its words and questions come to in it, as far as that is known."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from exitgate.observe.shell import syntax
from exitgate.observe.shell.syntax import Expression, Word
from exitgate.observe.shell.values import FAILING, FILLED, NOT_OK, OK, UNKNOWN, Status, Value, combined, truth


@dataclass
class Shell:
    """The state of one shell; a subshell gets a copy."""

    errexit: bool = False
    pipefail: bool = False
    errtrace: bool = False
    inherit_errexit: bool = False
    shielded: int = 0
    """Above 0 where a failure is being looked at: in a condition, before ``&&``, after ``!``."""
    variables: dict[str, Value] = field(default_factory=dict)
    lists: dict[str, tuple[Value, ...]] = field(default_factory=dict)
    functions: dict[str, syntax.Node] = field(default_factory=dict)
    traps: dict[str, str] = field(default_factory=dict)
    status: Status = OK
    depth: int = 0
    arguments: int = 0

    def copy(self) -> Shell:
        """Return what a subshell starts with: everything but traps."""
        return replace(
            self,
            variables=dict(self.variables),
            lists=dict(self.lists),
            functions=dict(self.functions),
            traps={"ERR": self.traps["ERR"]} if self.errtrace and "ERR" in self.traps else {},
        )


class Reckoner:
    """Says what words and questions come to.

    Args:
        assigned: The variables that the script gives a value anywhere.
    """

    def __init__(self, assigned: frozenset[str]) -> None:
        self.assigned = assigned

    def values(self, shell: Shell, word: Word) -> tuple[Value, ...]:
        """Return the words that a word becomes."""
        part = word.parts[0] if len(word.parts) == 1 else None
        if isinstance(part, syntax.Variable) and part.index in {"@", "*"} and not part.counted and not part.opaque:
            return shell.lists.get(part.name, (UNKNOWN,))
        value = self.value(shell, word)
        if isinstance(value, str) and any(not isinstance(part, syntax.Text) for part in word.parts):
            return tuple(value.split())
        return (value,)

    def value(self, shell: Shell, word: Word) -> Value:
        """Return what a word comes to, taken as one."""
        values = [self._part(shell, part) for part in word.parts]
        if len(values) == 1:
            return values[0]
        texts = [value for value in values if isinstance(value, str)]
        if len(texts) == len(values):
            return "".join(texts)
        return FILLED if any(texts) or FAILING in values or FILLED in values else UNKNOWN

    def _part(self, shell: Shell, part: syntax.Part) -> Value:
        match part:
            case syntax.Text():
                return part.value
            case syntax.Substitution():
                return UNKNOWN
            case syntax.Sum():
                return self._number(shell, part.expression)
        if part.opaque:
            return UNKNOWN
        if part.index:
            return self._indexed(shell, part)
        value = self._variable(shell, part.name)
        if part.default is not None and value == "":
            return self.value(shell, part.default)
        return value

    def _indexed(self, shell: Shell, part: syntax.Variable) -> Value:
        if part.name not in shell.lists:
            # A list that the script fills somewhere is empty until then.
            return "0" if part.counted and part.name in self.assigned else UNKNOWN
        values = shell.lists[part.name]
        if part.counted:
            return str(len(values))
        if part.index.isdigit() and int(part.index) < len(values):
            return values[int(part.index)]
        if part.index in {"@", "*"}:
            texts = [value for value in values if isinstance(value, str)]
            return " ".join(texts) if len(texts) == len(values) else UNKNOWN
        return UNKNOWN

    def _variable(self, shell: Shell, name: str) -> Value:
        if name == "?":
            return shell.status
        if name in shell.variables:
            return shell.variables[name]
        if name in shell.lists:
            return shell.lists[name][0] if shell.lists[name] else ""
        # What the script gives a value somewhere has none before that; anything else comes from outside.
        return "" if name in self.assigned else UNKNOWN

    # ---- Questions

    def answer(self, shell: Shell, node: syntax.Question) -> Status:
        """Return the status of a question."""
        if node.arithmetic:
            return self.said(truth(self._number(shell, node.expression)))
        return self.said(self.asked(shell, node.expression))

    @staticmethod
    def said(answer: bool | None) -> Status:  # noqa: FBT001 - it is the subject
        """Return the status that says yes, no, or that it is not known."""
        return UNKNOWN if answer is None else OK if answer else NOT_OK

    def asked(self, shell: Shell, expression: Expression) -> bool | None:
        """Return the answer to an expression of ``[ ]``; nothing where it is not known."""
        operands = expression.operands
        match expression.operator:
            case "" if expression.word is not None:
                return self._is_filled(self.value(shell, expression.word))
            case "!":
                inner = self.asked(shell, operands[0])
                return None if inner is None else not inner
            case "&&" | "||" | "-a" | "-o" as operator if len(operands) > 1:
                decided = operator in {"||", "-o"}
                left, right = self.asked(shell, operands[0]), self.asked(shell, operands[1])
                if decided in {left, right}:
                    return decided
                return None if left is None or right is None else not decided
            case "-n" | "-z" as operator if operands[0].word is not None:
                filled = self._is_filled(self.value(shell, operands[0].word))
                return None if filled is None else filled == (operator == "-n")
        if len(operands) == 1 + 1 and operands[0].word is not None and operands[1].word is not None:
            left_value, right_value = self.value(shell, operands[0].word), self.value(shell, operands[1].word)
            return self._compared(left_value, expression.operator, right_value)
        return None

    @staticmethod
    def _compared(left: Value, operator: str, right: Value) -> bool | None:
        named = {"-eq": "==", "-ne": "!=", "-lt": "<", "-gt": ">", "-le": "<=", "-ge": ">="}
        if operator in named:
            return truth(combined(left, named[operator], right))
        if operator in {"=", "==", "!="}:
            equal = None
            if isinstance(left, str) and isinstance(right, str):
                equal = left == right if not set(right) & set("*?[") else None
            elif (FAILING in {left, right} and {"0", ""} & {left, right}) or (
                FILLED in {left, right} and "" in {left, right}
            ):
                equal = False
            return None if equal is None else equal == (operator != "!=")
        return None

    @staticmethod
    def _is_filled(value: Value) -> bool | None:
        return None if value is UNKNOWN else value != ""

    def _number(self, shell: Shell, expression: Expression) -> Value:
        operands = expression.operands
        if expression.word is not None:
            text = expression.word.constant
            if text is None:
                return self.value(shell, expression.word)
            return text if text.lstrip("-").isdigit() else self._variable(shell, text)
        operator = expression.operator
        if operator in {"++", "--", "++after", "--after"} and operands[0].word is not None:
            before = self._number(shell, operands[0])
            after = combined(before, operator[0], "1")
            shell.variables[operands[0].word.text] = after
            return before if operator.endswith("after") else after
        if operator == "!" and operands:
            answer = truth(self._number(shell, operands[0]))
            return UNKNOWN if answer is None else str(int(not answer))
        if len(operands) != 1 + 1:
            return UNKNOWN
        right = self._number(shell, operands[1])
        if operator in {"=", "+=", "|=", "-="} and operands[0].word is not None:
            name = operands[0].word.text
            value = right if operator == "=" else combined(self._variable(shell, name), operator[0], right)
            shell.variables[name] = value
            return value
        return combined(self._number(shell, operands[0]), operator, right)
