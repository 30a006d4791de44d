"""Tests that are committed switched off, or that switch off all others; parsed, so that words in strings and comments are none."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass

import tree_sitter_typescript
from tree_sitter import Language, Node, Parser

_TEST_FILE = re.compile(r"(?:\.(?:test|spec|e2e|cy)\.[cm]?[jt]sx?|(?:^|/)__tests__/.+\.[cm]?[jt]sx?)$")
_BASES = {"describe", "it", "test", "suite", "context", "specify"}
_PREFIXED = {
    "fit": "only",
    "fdescribe": "only",
    "xit": "skip",
    "xdescribe": "skip",
    "xtest": "skip",
    "xcontext": "skip",
}
_SWITCHES = {"only", "skip", "todo", "fixme", "failing", "fails"}
_FUNCTIONS = {"arrow_function", "function_expression", "function"}


@dataclass(frozen=True, slots=True, kw_only=True)
class SwitchedTest:
    """A test or suite that is run alone or not at all."""

    path: str
    line: int
    switch: str
    """``only``, ``skip``, ``todo``, ``fixme``, ``failing``."""
    text: str


@functools.cache
def _parser(*, with_jsx: bool) -> Parser:
    grammar = tree_sitter_typescript.language_tsx() if with_jsx else tree_sitter_typescript.language_typescript()
    return Parser(Language(grammar))


def is_test_file(path: str) -> bool:
    """Say whether a path is what test runners take for tests."""
    return bool(_TEST_FILE.search(path)) and "node_modules/" not in path


def switched_tests(path: str, source: str) -> Iterator[SwitchedTest]:
    """Yield the tests in a file that are focused or switched off, whatever runs them."""
    if not re.search(r"only|skip|todo|fixme|fail|fit|fdescribe|xit|xdescribe|xtest|xcontext", source):
        return
    data = source.encode()
    waiting = [_parser(with_jsx=path.endswith(("x", ".js"))).parse(data).root_node]
    while waiting:
        node = waiting.pop()
        waiting.extend(reversed(node.children))
        if node.type != "call_expression":
            continue
        switch = _switch_of(node)
        if switch:
            text = (node.text or b"").decode("utf-8", "replace").splitlines()[0]
            yield SwitchedTest(path=path, line=node.start_point.row + 1, switch=switch, text=text[:80])


def _switch_of(call: Node) -> str:
    function, arguments = call.child_by_field_name("function"), call.child_by_field_name("arguments")
    if function is None or arguments is None:
        return ""
    given = [child for child in arguments.children if child.is_named and child.type != "comment"]
    has_body = any(each.type in _FUNCTIONS for each in given)
    chain = (function.text or b"").decode("utf-8", "replace").split(".")
    if function.type == "identifier" and chain[0] in _PREFIXED:
        return _PREFIXED[chain[0]] if given and given[0].type in {"string", "template_string"} else ""
    named = bool(given) and given[0].type in {"string", "template_string"}
    if function.type == "member_expression" and chain[0] in _BASES and named:
        switch = next((each for each in chain[1:] if each in _SWITCHES), "")
        # A promise of a test hides nothing; a test that is run and not counted does.
        return "" if switch == "todo" and not has_body else switch
    if chain[0] in _BASES and named and function.type == "identifier":
        for each in given:
            if each.type == "object":
                return _option_of(each)
    return ""


def _option_of(options: Node) -> str:
    """Read the options of Node's own test runner."""
    for pair in options.children:
        key, value = pair.child_by_field_name("key"), pair.child_by_field_name("value")
        if pair.type != "pair" or key is None or value is None:
            continue
        name = (key.text or b"").decode().strip("'\"")
        if name in _SWITCHES and value.type in {"true", "string"}:
            return name
    return ""
