"""What takes part in an apply and stands in no plan: programs, answers of others, time and chance.

Sources: Terraform's internals, "JSON Output Format" (`configuration`); Terraform's language, "Functions".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from exitgate.errors import PrerequisiteMissing

_ASKED: Final = {
    "external": "a program",
    "http": "an address on the network",
    "terraform_remote_state": "the state of another root module",
}
"""Data sources that answer with what no code of the target's says."""
_FUNCTION: Final = re.compile(r"\b(timestamp|plantimestamp|uuid|bcrypt)\s*\(")
_QUOTED: Final = re.compile(r'"(?:\\.|\$\{[^}]*\}|[^"\\])*"')
_TEMPLATE: Final = re.compile(r"[$%]\{([^}]*)\}")
_HEREDOC: Final = re.compile(r"<<[-~]?([A-Za-z_]\w*)\s*$")

Find = Callable[[Mapping[str, Any]], tuple[str, int]]
"""Returns the file and the line of a block that has a module's address, a mode, a type and a name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Escape:
    """Something whose part in an apply no plan shows."""

    address: str
    """The block's; of a function, its own name."""
    what: str
    location: str
    is_program: bool = False
    """Whether something of the target's choice is run on the machine that applies, in its environment."""


def refuse_programs(outside: Iterable[Escape], account: str) -> None:
    """Refuse code that would run programs of its own beside the credentials of a real account.

    Raises:
        PrerequisiteMissing: for the first.
    """
    for each in outside:
        if each.is_program:
            raise PrerequisiteMissing(
                f"{each.address}, {each.location}",
                got=f"{each.what}, which would be run with the credentials for account {account}",
                expected="code that runs no program of its own, where a real account is named",
                action="Take it out, or apply to an emulator, which has no credentials.",
            )


def outside_of(configuration: Mapping[str, Any], find: Find, prefix: str = "") -> Iterator[Escape]:
    """Yield the provisioners, and the data sources that ask others, of a module and of those that it calls."""
    for block in configuration.get("resources", ()):
        address = f"{prefix}{block['address']}"
        path, line = find({**block, "module_address": prefix.removesuffix(".")})
        for each in block.get("provisioners", ()):
            yield Escape(
                address=address, what=f"a provisioner {each['type']}", location=f"{path}:{line}", is_program=True
            )
        if block.get("mode") == "data" and block["type"] in _ASKED:
            what, is_program = f"an answer of {_ASKED[block['type']]}", block["type"] == "external"
            yield Escape(address=address, what=what, location=f"{path}:{line}", is_program=is_program)
    for name, call in configuration.get("module_calls", {}).items():
        yield from outside_of(call.get("module", {}), find, f"{prefix}module.{name}.")


def folders_of(configuration: Mapping[str, Any], folder: Path, prefix: str = "") -> Iterator[tuple[Path | None, str]]:
    """Yield the folders of a module and of those that it calls, with their addresses; no folder where one lies elsewhere."""
    yield folder, prefix.removesuffix(".")
    for name, call in configuration.get("module_calls", {}).items():
        source = str(call.get("source", ""))
        if source.startswith("."):
            yield from folders_of(call.get("module", {}), folder / source, f"{prefix}module.{name}.")
        else:
            yield None, f"{prefix}module.{name}"


def chances_in(root: Path, folder: Path) -> Iterator[Escape]:
    """Yield the calls of functions that give another value each time, in the files of a module."""
    for path in sorted((*folder.glob("*.tf"), *folder.glob("*.tofu"))):
        if path.name.startswith("zz_exitgate"):
            continue
        name = path.resolve().relative_to(root.resolve()).as_posix()
        for number, code in _code_of(path.read_text(encoding="utf-8", errors="replace")):
            for each in _FUNCTION.finditer(code):
                yield Escape(
                    address=f"{each.group(1)}()", what="another value with each plan", location=f"{name}:{number}"
                )


def _code_of(text: str) -> Iterator[tuple[int, str]]:
    """Yield each line's number and what of it is code: no comments, and of texts only the expressions inside."""
    end, commented = "", False
    for number, line in enumerate(text.splitlines(), start=1):
        if end:
            end = "" if line.strip() == end else end
            yield number, " ".join(_TEMPLATE.findall(line))
            continue
        if commented or line.lstrip().startswith("/*"):
            commented = "*/" not in line
            continue
        inside = " ".join(part for each in _QUOTED.findall(line) for part in _TEMPLATE.findall(each))
        plain = _QUOTED.sub('""', line).partition("#")[0].partition("//")[0]
        if document := _HEREDOC.search(plain):
            end = document.group(1)
        yield number, f"{plain} {inside}"
