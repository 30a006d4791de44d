"""The variables that a root module declares, and the file by which a stack's own values for them are given.

A value on a command line is there for every user of the machine to read; a file of mode 0600 is not. Values are meant as on the
command line: text for a variable of text, a number or a flag, an expression of the language for every other type.

Sources: Terraform's language, "Input Variables"; "Strings and Templates", for what has to be escaped.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from exitgate.errors import ObservationError

_HEAD: Final = re.compile(r'^[ \t]*variable\s+"?([A-Za-z_][\w-]*)"?\s*\{', re.MULTILINE)
_TYPE: Final = re.compile(r"^\s*type\s*=\s*(\S.*)$", re.MULTILINE)
_SENSITIVE: Final = re.compile(r"^\s*(?:sensitive|ephemeral)\s*=\s*true\b", re.MULTILINE)
_TEXT: Final = re.compile(r'"(?:\\.|[^"\\\n])*"')
_PRIMITIVES: Final = ("string", "number", "bool")
_ESCAPES: Final = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Declaration:
    """A ``variable`` block."""

    name: str
    path: Path
    line: int
    text: str
    """The block, with its braces."""
    type: str
    """As it is written; empty where it is not."""
    sensitive: bool
    """Whether it is marked as a secret, or as one that is kept nowhere."""

    @property
    def takes_text(self) -> bool:
        """Whether a value of it on the command line is taken as it is, and not as an expression."""
        return self.type in ("", *_PRIMITIVES)


def declared_variables(folder: Path) -> dict[str, Declaration]:
    """Return the variables that a module declares, by name; what can't be read declares none."""
    found: dict[str, Declaration] = {}
    for path in sorted((*folder.glob("*.tf"), *folder.glob("*.tofu"))):
        text = path.read_text(encoding="utf-8", errors="replace")
        for head in _HEAD.finditer(text):
            block = text[head.end() - 1 : end_of_block(text, head.end() - 1)]
            kind = _TYPE.search(block)
            found[head.group(1)] = Declaration(
                name=head.group(1),
                path=path,
                line=text.count("\n", 0, head.start()) + 1,
                text=block,
                type=kind.group(1).partition("#")[0].partition("//")[0].strip() if kind else "",
                sensitive=_SENSITIVE.search(block) is not None,
            )
    for path in sorted((*folder.glob("*.tf.json"), *folder.glob("*.tofu.json"))):
        found.update({each.name: each for each in _declared_in_json(path)})
    return found


def write_values(path: Path, values: Mapping[str, str], declared: Mapping[str, Declaration]) -> None:
    """Write a stack's own values of variables as a file that nobody else reads.

    Raises:
        ObservationError: if a variable is declared nowhere.
    """
    lines = []
    for name, value in values.items():
        if name not in declared:
            raise ObservationError(
                f"variable {name} of [[infrastructure.stack]] variables",
                got="no such variable in the root module",
                expected=f"one of {', '.join(sorted(declared)) or 'those that it declares: it declares none'}",
                action="Correct its name, or take it out.",
            )
        lines.append(f"{name} = {_quoted(value) if declared[name].takes_text else value}\n")
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.writelines(lines)


def _quoted(value: str) -> str:
    """Return a text as a literal of the language, in which nothing is evaluated."""
    escaped = "".join(
        _ESCAPES.get(each) or (each if each.isprintable() or each == " " else f"\\U{ord(each):08X}") for each in value
    )
    return '"' + escaped.replace("${", "$${").replace("%{", "%%{") + '"'


def end_of_block(text: str, start: int) -> int:
    """Return where the block whose brace opens at `start` is over."""
    plain = _TEXT.sub(lambda each: "_" * len(each.group()), text[start:])
    plain = re.sub(r"(?:#|//)[^\n]*", lambda each: "_" * len(each.group()), plain)
    depth = 0
    for index, each in enumerate(plain):
        depth += (each == "{") - (each == "}")
        if depth == 0:
            return start + index + 1
    return len(text)


def _declared_in_json(path: Path) -> Iterator[Declaration]:
    try:
        read = json.loads(path.read_text(encoding="utf-8", errors="replace"))
        blocks = read.get("variable", {})
        several = blocks if isinstance(blocks, list) else [blocks]
        pairs = [pair for each in several for pair in each.items()]
    except (ValueError, AttributeError):
        return
    for name, block in pairs:
        told = block[0] if isinstance(block, list) and block else block
        if isinstance(told, dict):
            yield Declaration(
                name=name,
                path=path,
                line=1,
                text=json.dumps(told),
                type=str(told.get("type", "")),
                sensitive=told.get("sensitive") is True or told.get("ephemeral") is True,
            )
