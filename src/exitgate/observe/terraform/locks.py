"""What the code of each stack is made of that is locked to no one version. Read from the files alone: no plan is needed for it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from exitgate.assurance import Assurance
from exitgate.errors import PrerequisiteMissing
from exitgate.observation import Observation, Substrate
from exitgate.observe.terraform.blocks import read_modules
from exitgate.target import Target

LOCK_FILE: Final = ".terraform.lock.hcl"
_PROVIDER: Final = re.compile(r'^provider "([^"]+)" \{(.*?)^\}', re.MULTILINE | re.DOTALL)
_VERSION: Final = re.compile(r'^\s*version\s*=\s*"=?\s*\d+\.\d+\.\d+"', re.MULTILINE)
_COMMIT: Final = re.compile(r"[?&]ref=(v?\d+\.\d+\.\d+|[0-9a-f]{40})$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Unlocked:
    """Something that may change by itself."""

    location: str
    what: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Locks(Observation):
    """What the code of all stacks leaves open."""

    roots: tuple[str, ...]
    unlocked: tuple[Unlocked, ...]


def read_locks(target: Target) -> Locks:
    """Read the lock files and the calls of modules of every stack.

    Raises:
        PrerequisiteMissing: if the target has no stack.
    """
    code = target.configuration.infrastructure
    if code is None:
        raise PrerequisiteMissing(
            "exitgate.toml", got="no [infrastructure]", expected="a stack to look at", action="Add [infrastructure]."
        )
    roots = tuple(sorted({stack.path for stack in code.stack}))
    found = [each for root in roots for each in (*_providers(target, root), *_modules(target, root))]
    return Locks(
        substrate=Substrate(assurance=Assurance.DECLARED, name=f"files of {', '.join(roots)}"),
        roots=roots,
        unlocked=tuple(dict.fromkeys(found)),
    )


def _providers(target: Target, root: str) -> Iterator[Unlocked]:
    path = target.directory / root / LOCK_FILE
    if not path.is_file():
        yield Unlocked(location=root, what=f"its providers, as there is no {LOCK_FILE}")
        return
    text = path.read_text(encoding="utf-8", errors="replace")
    for each in _PROVIDER.finditer(text):
        if not re.search(r'"(h1|zh):', each.group(2)):
            line = text.count("\n", 0, each.start()) + 1
            yield Unlocked(
                location=f"{root}/{LOCK_FILE}:{line}", what=f"provider {each.group(1)}, which has no checksum"
            )


def _modules(target: Target, root: str) -> Iterator[Unlocked]:
    for _, blocks in read_modules(target.directory, target.directory / root):
        for address, block in blocks.items():
            source = block.source
            if source and not source.startswith(".") and not _VERSION.search(block.text) and not _COMMIT.search(source):
                yield Unlocked(
                    location=f"{block.path}:{block.line}",
                    what=f"{address} from {source.partition('?')[0].rpartition('@')[2]}",
                )
