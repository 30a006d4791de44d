"""Parses shell scripts, by tree-sitter's grammar of bash, into the parts that decide what becomes of a failure."""

from __future__ import annotations

import functools
import re
from typing import Literal

import tree_sitter_bash
from tree_sitter import Language, Node, Parser

from exitgate.observe.shell import syntax
from exitgate.observe.shell.syntax import Expression, Word

_EXPRESSION = re.compile(r"\$\{\{.*?\}\}", re.DOTALL)
_HERE = "__exitgate_here_{}__"
_SEPARATORS = {";", "\n", "&", ";;", ";&", ";;&", "comment", "heredoc_body", "heredoc_end"}
_MOST_HERE_DOCUMENTS = 50
_DEEPEST = 200


class UnreadableScript(ValueError):
    """A script that the grammar does not know; its argument is the line."""


@functools.cache
def _parser() -> Parser:
    return Parser(Language(tree_sitter_bash.language()))


@functools.lru_cache(maxsize=2048)
def parse_script(text: str, first_line: int = 1, within: tuple[int, ...] = ()) -> syntax.Script:
    """Parse a script.

    GitHub replaces ``${{ … }}`` before any shell sees the text; here a word stands for each.

    Args:
        first_line: The line of its file on which the text starts.
        within: The place of the command that holds this text as a word, where one does.

    Raises:
        UnreadableScript: if it can't be parsed.
    """
    source = _EXPRESSION.sub(lambda match: "__github__" + "\n" * match.group().count("\n"), text)
    source, here = _lift_here_documents(source.replace("\r\n", "\n"), first_line)
    root = _parser().parse(source.encode()).root_node
    if root.has_error:
        raise UnreadableScript(first_line + _first_error(root))
    reader = _Reader(first_line, within)
    try:
        return syntax.Script(body=reader.block(root.children, 0), here_documents=here)
    except RecursionError as error:
        raise UnreadableScript(first_line) from error


def _first_error(root: Node) -> int:
    node = root
    while True:
        worse = [child for child in node.children if child.has_error or child.is_error or child.is_missing]
        if not worse or node.is_error:
            return node.start_point.row
        node = worse[0]


def _lift_here_documents(text: str, first_line: int) -> tuple[str, dict[str, tuple[str, int]]]:
    """Put a word in the place of each here-document: the grammar reads what follows one on its line in ways of its own."""
    found: dict[str, tuple[str, int]] = {}
    for number in range(_MOST_HERE_DOCUMENTS):
        data = text.encode()
        node = _first_of_kind(_parser().parse(data).root_node, "heredoc_redirect")
        if node is None:
            return text, found
        start = next(child for child in node.children if child.type == "heredoc_start")
        body = next((child for child in node.children if child.type == "heredoc_body"), None)
        end = next((child for child in node.children if child.type == "heredoc_end"), None)
        name = _HERE.format(number)
        if end is None or not data[end.start_byte : end.end_byte].strip():
            raise UnreadableScript(first_line + start.start_point.row)
        # Without a body the text starts on the line after the operator.
        first = body.start_byte if body else end.start_byte
        content = data[first : end.start_byte].decode("utf-8", "replace")
        found[name] = (content, first_line + data[:first].count(b"\n"))
        blank = b"\n" * data[first : end.end_byte].count(b"\n")
        operator = data[: node.start_byte] + b"<<< " + name.encode()
        text = (operator + data[start.end_byte : first] + blank + data[end.end_byte :]).decode("utf-8", "replace")
    raise UnreadableScript(first_line)


def _first_of_kind(node: Node, kind: str) -> Node | None:
    waiting = [node]
    while waiting:
        each = waiting.pop()
        if each.type == kind:
            return each
        waiting.extend(reversed(each.children))
    return None


def _raw(node: Node) -> str:
    return (node.text or b"").decode("utf-8", "replace")


class _Reader:
    """Turns tree-sitter's nodes into ours."""

    def __init__(self, first_line: int, within: tuple[int, ...]) -> None:
        self.first_line, self.within = first_line, within

    def block(self, nodes: list[Node], depth: int) -> syntax.Block:
        if depth > _DEEPEST:
            raise RecursionError
        commands: list[syntax.Node] = []
        for node in nodes:
            if node.type == "&" and commands:
                commands[-1] = syntax.Background(commands[-1])
            elif node.is_named and node.type not in _SEPARATORS:
                commands.append(self.command(node, depth + 1))
        return syntax.Block(tuple(commands))

    def command(self, node: Node, depth: int) -> syntax.Node:  # noqa: C901, PLR0911, PLR0912 - one arm for each kind of command
        children = node.children
        match node.type:
            case "command":
                return self.simple(node)
            case "variable_assignment" | "variable_assignments" | "declaration_command" | "unset_command":
                return self.assignments(node)
            case "pipeline":
                parts = [self.command(child, depth + 1) for child in children if child.is_named]
                negated = isinstance(parts[0], syntax.Pipeline) and parts[0].negated
                if negated and isinstance(parts[0], syntax.Pipeline):
                    parts[0] = parts[0].commands[0]
                return syntax.Pipeline(tuple(parts), negated)
            case "negated_command":
                return syntax.Pipeline((self.command(children[-1], depth + 1),), negated=True)
            case "list":
                named = [child for child in children if child.is_named and child.type not in _SEPARATORS]
                operator = next(child.type for child in children if child.type in {"&&", "||"})
                return syntax.AndOr(self.command(named[0], depth + 1), operator, self.command(named[1], depth + 1))
            case "redirected_statement":
                return self.redirected(node, depth)
            case "compound_statement":
                if children[0].type == "((":
                    inner = [child for child in children if child.is_named]
                    return syntax.Question(self.expression(inner[-1]), arithmetic=True)
                return self.block(children[1:-1], depth)
            case "subshell":
                return syntax.Subshell(self.block(children[1:-1], depth))
            case "if_statement":
                return self.conditional(node, depth)
            case "while_statement":
                body = next(child for child in children if child.type == "do_group")
                kind: Literal["until", "while"] = "until" if children[0].type == "until" else "while"
                condition = self.block([child for child in children[1:] if child != body], depth)
                return syntax.While(kind, condition, self.block(body.children[1:-1], depth))
            case "for_statement" | "c_style_for_statement":
                return self.loop(node, depth)
            case "case_statement":
                return self.case(node, depth)
            case "function_definition":
                body = children[-1]
                name = node.child_by_field_name("name")
                return syntax.Function(_raw(name) if name else "", self.command(body, depth + 1))
            case "test_command":
                inner = [child for child in children if child.is_named]
                arithmetic = children[0].type == "(("
                return syntax.Question(self.expression(inner[0]) if inner else Expression(""), arithmetic)
        raise UnreadableScript(self.first_line + node.start_point.row)

    def simple(self, node: Node) -> syntax.Simple:
        words: list[Word] = []
        given: list[syntax.Assignment] = []
        beside: list[Word] = []
        for child in node.children:
            if child.type == "command_name":
                words.append(self.word(child.children[0] if child.children else child))
            elif child.type == "variable_assignment":
                given.append(self.assignment(child))
            elif child.type.endswith("_redirect"):
                beside += self.redirection(child)
            elif child.is_named or child.type not in {"&", ";"}:
                words.append(self.word(child))
        return self.made(node, words=tuple(words), assignments=tuple(given), beside=tuple(beside))

    def assignments(self, node: Node) -> syntax.Simple:
        if node.type == "variable_assignment":
            return self.made(node, assignments=(self.assignment(node),))
        given = tuple(self.assignment(child) for child in node.children if child.type == "variable_assignment")
        declares = node.children[0].type if node.type in {"declaration_command", "unset_command"} else ""
        return self.made(node, assignments=given, declares=declares)

    def made(
        self,
        node: Node,
        *,
        words: tuple[Word, ...] = (),
        assignments: tuple[syntax.Assignment, ...] = (),
        declares: str = "",
        beside: tuple[Word, ...] = (),
    ) -> syntax.Simple:
        return syntax.Simple(
            place=(*self.within, node.start_byte),
            line=self.first_line + node.start_point.row,
            words=words,
            assignments=assignments,
            declares=declares,
            beside=beside,
            text=" ".join(_raw(node).replace("\\\n", " ").split()),
        )

    def assignment(self, node: Node) -> syntax.Assignment:
        name = node.child_by_field_name("name")
        value = node.child_by_field_name("value")
        plain = _raw(name) if name else ""
        if name is not None and name.type == "subscript":
            plain = plain.partition("[")[0]
        adds = any(child.type == "+=" for child in node.children)
        if value is not None and value.type == "array":
            items = tuple(self.word(child) for child in value.children if child.is_named)
            return syntax.Assignment(plain, None, items, adds)
        return syntax.Assignment(plain, self.word(value) if value is not None else None, None, adds)

    def redirected(self, node: Node, depth: int) -> syntax.Node:
        body = node.child_by_field_name("body")
        beside = tuple(
            word for child in node.children if child.type.endswith("_redirect") for word in self.redirection(child)
        )
        if body is None:
            return self.made(node, beside=beside)
        command = self.command(body, depth + 1)
        if isinstance(command, syntax.Simple):
            return syntax.Simple(
                place=command.place,
                line=command.line,
                words=command.words,
                assignments=command.assignments,
                declares=command.declares,
                beside=(*command.beside, *beside),
                text=command.text,
            )
        return syntax.Redirected(command, beside)

    def redirection(self, node: Node) -> list[Word]:
        return [self.word(child) for child in node.children if child.is_named and child.type != "file_descriptor"]

    def conditional(self, node: Node, depth: int) -> syntax.If:
        arms: list[tuple[syntax.Block | None, syntax.Block]] = []

        def read(children: list[Node]) -> None:
            then = next(index for index, child in enumerate(children) if child.type == "then")
            own = [child for child in children[then + 1 :] if child.type not in {"elif_clause", "else_clause", "fi"}]
            arms.append((self.block(children[1:then], depth), self.block(own, depth)))

        read(node.children)
        for child in node.children:
            if child.type == "elif_clause":
                read(child.children)
            elif child.type == "else_clause":
                arms.append((None, self.block(child.children[1:], depth)))
        return syntax.If(tuple(arms))

    def loop(self, node: Node, depth: int) -> syntax.For:
        body = next(child for child in node.children if child.type in {"do_group", "compound_statement"})
        block = self.block(body.children[1:-1], depth)
        name = node.child_by_field_name("variable")
        words = tuple(self.word(child) for child in node.children_by_field_name("value") if child.is_named)
        return syntax.For(_raw(name) if name else "", words, block)

    def case(self, node: Node, depth: int) -> syntax.Case:
        value = node.child_by_field_name("value")
        arms = []
        for item in (child for child in node.children if child.type == "case_item"):
            patterns = item.children_by_field_name("value")
            rest = [child for child in item.children if child not in patterns and child.type not in {")", "(", "|"}]
            arms.append((tuple(self.word(each) for each in patterns), self.block(rest, depth)))
        return syntax.Case(self.word(value) if value else Word((), ""), tuple(arms))

    def word(self, node: Node) -> Word:
        return Word(tuple(self.parts(node)), _raw(node))

    def parts(self, node: Node) -> list[syntax.Part]:  # noqa: PLR0911 - one arm for each kind of part
        match node.type:
            case "string" | "translated_string":
                return self.quoted(node)
            case "concatenation":
                return [part for child in node.children for part in self.parts(child)]
            case "raw_string":
                return [syntax.Text(_raw(node)[1:-1])]
            case "ansi_c_string":
                return [syntax.Text(_raw(node)[2:-1])]
            case "simple_expansion":
                return [syntax.Variable(_raw(node).strip().lstrip("$"))]
            case "expansion":
                return [self.expansion(node)]
            case "command_substitution" | "process_substitution":
                inner = [child for child in node.children if child.type not in {"$(", ")", "`", "<(", ">("}]
                return [syntax.Substitution(self.block(inner, 0), node.type == "process_substitution")]
            case "arithmetic_expansion":
                inner = [child for child in node.children if child.is_named]
                return [syntax.Sum(self.expression(inner[0]) if inner else Expression(""))]
            case "number" if node.children:
                return [part for child in node.children for part in self.parts(child)]
        return [syntax.Text(re.sub(r"\\(\n)?(.?)", r"\2", _raw(node)))]

    def quoted(self, node: Node) -> list[syntax.Part]:
        parts: list[syntax.Part] = []
        place = node.start_byte + 1
        whole = node.text or b""
        for child in node.children:
            if child.is_named and child.type != "string_content":
                # The grammar counts white space before a variable to the variable.
                blank = len(child.text or b"") - len((child.text or b"").lstrip())
                gap = whole[place - node.start_byte : child.start_byte + blank - node.start_byte]
                parts += [syntax.Text(_unescaped(gap))] if gap else []
                parts += self.parts(child)
                place = child.end_byte
        gap = whole[place - node.start_byte : -1]
        return [*parts, syntax.Text(_unescaped(gap))] if gap or not parts else parts

    def expansion(self, node: Node) -> syntax.Variable:
        kinds = [child.type for child in node.children]
        named = [child for child in node.children if child.is_named]
        if not named:
            return syntax.Variable(_raw(node).strip("${}"), opaque=True)
        name, _, index = _raw(named[0]).partition("[")
        operator = next((kind for kind in kinds if kind in {":-", "-", ":=", "="}), "")
        counted = kinds[1] == "#"
        rest = [child for child in named[1:] if child.type != "special_variable_name"]
        default = None
        if operator:
            parts = tuple(part for child in rest for part in self.parts(child))
            default = Word(parts, "".join(map(_raw, rest)))
        opaque = not operator and not counted and len(kinds) > 3  # noqa: PLR2004 - more than ${, the name and }
        return syntax.Variable(name, index.rstrip("]"), counted, default, opaque)

    def expression(self, node: Node) -> Expression:
        children = node.children
        match node.type:
            case "parenthesized_expression":
                return self.expression(next(child for child in children if child.is_named))
            case "binary_expression" if len(children) >= 3:  # noqa: PLR2004 - two operands and what is between them
                operator = _raw(children[1])
                return Expression(operator, (self.expression(children[0]), self.expression(children[-1])))
            case "unary_expression" | "postfix_expression":
                operands = [child for child in children if child.is_named and child.type != "test_operator"]
                operator = next((_raw(c) for c in children if not c.is_named or c.type == "test_operator"), "?")
                if operands:
                    where = "after" if node.type == "postfix_expression" else ""
                    return Expression(operator + where, (self.expression(operands[-1]),))
            case "negated_command":
                return Expression("!", (self.expression(children[-1]),))
            case "variable_assignment":
                value = node.child_by_field_name("value")
                name = node.child_by_field_name("name")
                operator = next((child.type for child in children if child.type in {"=", "+="}), "=")
                if name is not None and value is not None:
                    return Expression(operator, (self.expression(name), self.expression(value)))
            case "ternary_expression":
                return Expression("?:", tuple(self.expression(child) for child in children if child.is_named))
        return Expression("", (), self.word(node))


def _unescaped(raw: bytes) -> str:
    return re.sub(r'\\([$`"\\\n])', r"\1", raw.decode("utf-8", "replace"))
