"""Takes secrets out of what Terraform and its providers say, before any of it gets into a message.

What counts as one: values of variables that are marked as secrets, values that are given under a name of secrets, wherever they
stand in the code, and all that a plan marks. Terraform hides what it knows to be a secret; a provider that quotes a value does not,
nor does Terraform where it shows the line of code that an error is about.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from exitgate.provision.variables import declared_variables

HIDDEN: Final = "(secret)"
_SECRET_NAME: Final = re.compile(r"pass(word|wd|phrase)?|secret|token|credential|private_?key|api_?key", re.IGNORECASE)
_ASSIGNMENT: Final = re.compile(r'^[ \t]*"?([A-Za-z_][\w-]*)"?[ \t]*[=:][ \t]*', re.MULTILINE)
_TEXT: Final = re.compile(r'"((?:\\.|[^"\\\n])*)"')
_HEREDOC: Final = re.compile(r"<<[-~]?([A-Za-z_]\w*)\n(.*?)\n[ \t]*\1\b", re.DOTALL)
_URL: Final = re.compile(r"(?<=://)[^/\s:@\"]*:[^/\s@\"]+(?=@)")
_KEY_ID: Final = re.compile(r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b")
_SHORTEST: Final = 4
"""A shorter value is in every other word, and no secret."""
_HARMLESS: Final = frozenset(
    {"true", "false", "null", "none", "enabled", "disabled", "string", "number", "bool", "object", "list", "default"}
)
_CODE: Final = ("*.tf", "*.tofu", "*.tf.json", "*.tfvars", "*.tfvars.json", "*.auto.tfvars")
_LARGEST_BYTES: Final = 2_000_000


@dataclass(frozen=True, slots=True)
class Redaction:
    """Secrets that must not be told."""

    secrets: frozenset[str] = frozenset()

    def __call__(self, text: str) -> str:
        """Return a text without them, in the ways in which they may be written: as they are, and inside JSON as Go writes it."""
        ways = {way for secret in self.secrets for way in _ways(secret)}
        if ways:
            text = re.compile("|".join(map(re.escape, sorted(ways, key=len, reverse=True)))).sub(HIDDEN, text)
        return _KEY_ID.sub(HIDDEN, _URL.sub(HIDDEN, text))

    def with_more(self, secrets: Iterable[str]) -> Redaction:
        """Return one that hides these as well."""
        return Redaction(self.secrets | frozenset(_worth_hiding(secrets)))

    def __repr__(self) -> str:
        """Say nothing of what is hidden: not in a traceback either."""
        return f"Redaction({len(self.secrets)} secrets)"


def redaction_of(tree: Path, root: Path, values: Mapping[str, str]) -> Redaction:
    """Return what hides the secrets of a copy of the target.

    Args:
        tree: The copy; all of its code is looked at, modules and files of variables alike.
        root: The root module, whose variables say which of them are secrets.
        values: The stack's own values of variables.
    """
    declared = {
        name: each
        for folder in sorted({path.parent for path in tree.rglob("*.tf*") if path.is_file()} | {root})
        for name, each in declared_variables(folder).items()
        if each.sensitive
    }
    found: set[str] = set()
    for path in _code_of(tree):
        found.update(_assigned(path.read_text(encoding="utf-8", errors="replace"), frozenset(declared)))
    for block in declared.values():
        found.update(_assigned(block.text, frozenset({"default"})))
    for name, value in values.items():
        if name in declared or _SECRET_NAME.search(name):
            found.update((value, *value.splitlines(), *_texts(value)))
    return Redaction().with_more(found)


def secrets_of_plan(plan: Mapping[str, Any]) -> Iterator[str]:
    """Yield all that a plan marks as a secret: values of variables, and of attributes before and after."""
    declared = plan.get("configuration", {}).get("root_module", {}).get("variables", {})
    for name, told in plan.get("variables", {}).items():
        if declared.get(name, {}).get("sensitive"):
            yield from _leaves(told.get("value"))
    for change in plan.get("resource_changes", ()):
        for when in ("before", "after"):
            told = change.get("change", {})
            yield from _marked(told.get(when), told.get(f"{when}_sensitive"))


def _marked(value: object, mark: object) -> Iterator[str]:
    if mark is True:
        yield from _leaves(value)
    elif isinstance(mark, dict) and isinstance(value, dict):
        for key, each in mark.items():
            yield from _marked(value.get(key), each)
    elif isinstance(mark, list) and isinstance(value, list):
        for one, each in zip(value, mark, strict=False):
            yield from _marked(one, each)


def _leaves(value: object) -> Iterator[str]:
    if isinstance(value, dict | list):
        for each in value.values() if isinstance(value, dict) else value:
            yield from _leaves(each)
    elif isinstance(value, str):
        yield value
        yield from value.splitlines()


def _code_of(tree: Path) -> Iterator[Path]:
    for pattern in _CODE:
        for path in sorted(tree.rglob(pattern)):
            if path.is_file() and ".terraform" not in path.parts and path.stat().st_size <= _LARGEST_BYTES:
                yield path


def _assigned(text: str, names: frozenset[str]) -> Iterator[str]:
    """Yield the texts that are given to what is called like a secret, or is one of the names."""
    for each in _ASSIGNMENT.finditer(text):
        if each.group(1) in names or _SECRET_NAME.search(each.group(1)):
            value = _value_at(text, each.end())
            yield from _texts(value)
            for document in _HEREDOC.finditer(value):
                yield from (line.strip() for line in document.group(2).splitlines())


def _value_at(text: str, start: int) -> str:
    """Return the value that starts there: to the end of its line, of its brackets or of its document."""
    document = _HEREDOC.match(text, start)
    if document:
        return document.group()
    depth, end = 0, start
    for line in text[start:].splitlines(keepends=True):
        plain = _TEXT.sub("", line)
        depth += sum(map(plain.count, "{[(")) - sum(map(plain.count, "}])"))
        end += len(line)
        if depth <= 0:
            break
    return text[start:end]


def _texts(value: str) -> Iterator[str]:
    for each in _TEXT.finditer(value):
        try:
            read = json.loads(each.group())
        except ValueError:
            read = each.group(1)
        # What is put together of parts is hidden part by part.
        yield from re.split(r"\$\{[^}]*\}", str(read))


def _worth_hiding(secrets: Iterable[str]) -> Iterator[str]:
    for each in secrets:
        if len(each.strip()) >= _SHORTEST and each.strip().lower() not in _HARMLESS:
            yield each.strip()


def _ways(secret: str) -> Iterator[str]:
    yield secret
    plain = json.dumps(secret, ensure_ascii=False)[1:-1]
    yield plain
    yield json.dumps(secret)[1:-1]
    yield plain.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
    yield " ".join(secret.split())
