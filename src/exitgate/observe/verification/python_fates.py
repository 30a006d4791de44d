"""What becomes of a failing command in a Python script: by how it is called, and by what is made of the answer.

Source: https://docs.python.org/3/library/subprocess.html
"""

from __future__ import annotations

import ast
import shlex
from collections.abc import Iterator

from exitgate.observe.shell import CommandFate, Fate, Loss

_RAISES = frozenset({"check_call", "check_output"})
_RETURNS = frozenset({"run", "call", "Popen", "system", "getoutput", "getstatusoutput"})
_MODULES = frozenset({"subprocess", "os", "sp"})


def python_fates(text: str, first_line: int) -> Iterator[CommandFate]:
    """Tell the fate of every command that a script calls by `subprocess` or `os.system`; none of one that is no Python."""
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError):
        return
    yield from _of(tree, (), first_line)


def _of(node: ast.AST, above: tuple[ast.AST, ...], first_line: int) -> Iterator[CommandFate]:
    if isinstance(node, ast.Call) and (name := _called(node)):
        words = _words(node)
        if words:
            fate, loss = _fate(node, name, above)
            yield CommandFate(
                line=first_line + node.lineno - 1,
                text=shlex.join(words),
                words=words,
                environment=(),
                fate=fate,
                loss=loss,
            )
    for child in ast.iter_child_nodes(node):
        yield from _of(child, (*above, node), first_line)


def _called(node: ast.Call) -> str:
    """Return the name of a function that starts a program; nothing of any other."""
    match node.func:
        case ast.Attribute(value=ast.Name(id=module), attr=name) if module in _MODULES:
            return name if name in _RAISES | _RETURNS else ""
        case ast.Name(id=name) if name in _RAISES | {"call", "Popen", "run"}:
            return name
    return ""


def _words(node: ast.Call) -> tuple[str, ...]:
    """Return a command's words; what is not constant stands as it is written."""
    match node.args[:1]:
        case [ast.List(elts=parts) | ast.Tuple(elts=parts)]:
            return tuple(each.value if _is_text(each) else ast.unparse(each) for each in parts)  # type: ignore[attr-defined]
        case [ast.Constant(value=str(text))]:
            try:
                return tuple(shlex.split(text))
            except ValueError:
                return tuple(text.split())
        case [ast.Call(func=ast.Attribute(value=ast.Constant(value=str(text)), attr="split"))]:
            return tuple(text.split())
    return ()


def _is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def _fate(node: ast.Call, name: str, above: tuple[ast.AST, ...]) -> tuple[Fate, Loss]:
    checked = name in _RAISES or any(
        each.arg == "check" and isinstance(each.value, ast.Constant) and each.value.value is True
        for each in node.keywords
    )
    if checked:
        return (Fate.SOMETIMES, Loss.EXCEPT) if _caught(node, above) else (Fate.REACHES, Loss.NONE)
    parent = above[-1] if above else None
    if isinstance(parent, ast.Attribute) and parent.attr == "check_returncode":
        return Fate.REACHES, Loss.NONE
    if isinstance(parent, ast.Expr):
        return Fate.LOST, Loss.UNCHECKED
    # Somebody looks at the answer: what they make of it is theirs to say, and not told here.
    return Fate.REACHES, Loss.NONE


def _caught(node: ast.Call, above: tuple[ast.AST, ...]) -> bool:
    """Say whether a raised error may be swallowed: by a handler that neither raises nor exits."""
    inside: ast.AST = node
    for each in reversed(above):
        if isinstance(each, ast.Try) and inside in each.body:
            for handler in each.handlers:
                last = handler.body[-1]
                exits = isinstance(last, ast.Expr) and "exit" in ast.unparse(last)
                if not isinstance(last, ast.Raise) and not exits:
                    return True
        inside = each
    return False
