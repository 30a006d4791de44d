"""Where blocks of Terraform's language stand: a scan for the heads of blocks and the arguments inside, brackets counted.

It reads what `terraform fmt` writes: a block's head on a line of its own. Values are never read here; the plan has them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_HEAD: Final = re.compile(r'^\s*(resource|data|module)\s+"([^"]+)"(?:\s+"([^"]+)")?\s*\{')
_ARGUMENT: Final = re.compile(r'^\s*(?:dynamic\s+")?([A-Za-z_]\w*)"?\s*(?:=(?!=)|\{)')
_STRING: Final = re.compile(r'"(?:\\.|\$\{[^}]*\}|[^"\\])*"')
_SOURCE: Final = re.compile(r'^\s*source\s*=\s*"([^"]*)"', re.MULTILINE)
_IGNORED: Final = re.compile(r"ignore_changes\s*=\s*(\[[^\]]*\]|all)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A block of a resource, data source or module."""

    name: str = ""
    """Its address inside its module."""
    path: str
    line: int
    lines: tuple[tuple[str, int], ...]
    ignores: tuple[str, ...]
    text: str

    @property
    def source(self) -> str:
        """Where the code of a module comes from; empty of everything else."""
        found = _SOURCE.search(self.text) if self.name.startswith("module.") else None
        return found.group(1) if found else ""


def read_modules(root: Path, folder: Path) -> Iterator[tuple[Path, dict[str, Block]]]:
    """Yield a root module's folder and those of the modules that it calls by a path, each once, with their blocks."""
    waiting, seen = [folder], set[Path]()
    while waiting:
        here = waiting.pop()
        if here.resolve() in seen:
            continue
        seen.add(here.resolve())
        blocks = read_blocks(root, here)
        yield here, blocks
        waiting += [here / each.source for each in blocks.values() if each.source.startswith(".")]


def read_blocks(root: Path, folder: Path) -> dict[str, Block]:
    """Return the blocks of a module's folder by address, e.g. ``aws_vpc.this``, ``data.aws_region.here``, ``module.network``."""
    blocks: dict[str, Block] = {}
    for path in sorted((*folder.glob("*.tf"), *folder.glob("*.tofu"))):
        if path.name.startswith("zz_exitgate"):
            continue
        try:
            text = path.read_text(encoding="utf-8")
            name = path.resolve().relative_to(root.resolve()).as_posix()
        except (OSError, UnicodeDecodeError, ValueError):
            continue
        blocks.update(_blocks_of(name, text.splitlines()))
    return blocks


def _blocks_of(path: str, lines: list[str]) -> dict[str, Block]:
    blocks: dict[str, Block] = {}
    number = 0
    while number < len(lines):
        head = _HEAD.match(lines[number])
        if head is None:
            number += 1
            continue
        end, arguments = _extent(lines, number)
        body = lines[number : end + 1]
        kind, first, second = head.groups()
        address = {"resource": f"{first}.{second}", "data": f"data.{first}.{second}"}.get(kind, f"module.{first}")
        plain = "\n".join(line.partition("#")[0] for line in body)
        ignored = _IGNORED.search(plain)
        blocks[address] = Block(
            name=address,
            path=path,
            line=number + 1,
            lines=tuple(arguments.items()),
            ignores=tuple(re.findall(r"[a-z_]\w*", ignored.group(1))) if ignored else (),
            text=plain,
        )
        number = end + 1
    return blocks


def _extent(lines: list[str], start: int) -> tuple[int, dict[str, int]]:
    depth = 0
    arguments: dict[str, int] = {}
    for number in range(start, len(lines)):
        plain = _STRING.sub('""', lines[number])
        plain = plain.partition("#")[0].partition("//")[0]
        if number > start and (found := _ARGUMENT.match(plain if depth > 1 else lines[number])):
            arguments.setdefault(found.group(1), number + 1)
        depth += sum(plain.count(each) for each in "{[(") - sum(plain.count(each) for each in "}])")
        if depth <= 0:
            return number, arguments
    return len(lines) - 1, arguments
