"""What ARG and ENV give to the instructions after them.

Source: https://docs.docker.com/reference/dockerfile/#arg, and BuildKit's frontend/dockerfile/dockerfile2llb/convert.go.
"""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from exitgate.dockerfile.lines import Instruction
from exitgate.dockerfile.words import Expanded, MalformedWordError, Scope, expand, split_words
from exitgate.errors import ObservationError

PLATFORM_ARGUMENTS = tuple(
    f"{side}{part}" for side in ("BUILD", "TARGET") for part in ("PLATFORM", "OS", "ARCH", "VARIANT")
)
"""Set by BuildKit itself, ahead of the first FROM. The values differ from builder to builder."""
_SET_BY_BUILDER = "is set by the builder, each to its own"
_NOT_KNOWN = "is not known: "


def global_scope(
    path: str, instructions: Iterable[Instruction], build_args: Mapping[str, str], escape: str = "\\"
) -> Scope:
    """Return what FROM sees: the arguments declared before the first FROM, and the builder's own.

    A build argument that no ARG declares is not seen.

    Raises:
        ObservationError: if a declaration has a quote that is not closed.
    """
    values = {name: build_args[name] for name in PLATFORM_ARGUMENTS if name in build_args}
    unknown = {name: _SET_BY_BUILDER for name in PLATFORM_ARGUMENTS if name not in build_args}
    for instruction in instructions:
        if instruction.name == "FROM":
            break
        if instruction.name != "ARG":
            continue
        try:
            pairs = _pairs(instruction, escape)
            for name, written in pairs:
                if name in build_args:
                    found = Expanded(text=build_args[name])
                elif written is None:
                    continue
                else:
                    found = expand(written, Scope(values=values, unknown=unknown), escape)
                _put(name, found, values, unknown)
        except MalformedWordError as error:
            raise ObservationError(
                f"{path}:{instruction.line}",
                got=f"an ARG with {error}",
                expected="quotes in pairs",
                action="Mend the instruction.",
            ) from error
    return Scope(values=values, unknown=unknown)


@dataclass(slots=True, kw_only=True)
class Variables:
    """The variables of a stage while its instructions are read one by one."""

    outer: Scope
    """What ARG without a default takes over."""
    build_args: Mapping[str, str]
    escape: str = "\\"
    open_because: str = ""
    """Why other names may have a value: the base image has variables of its own."""
    arguments: dict[str, str] = field(default_factory=dict)
    environment: dict[str, str] = field(default_factory=dict)
    unknown: dict[str, str] = field(default_factory=dict)
    settled: set[str] = field(default_factory=set)
    """Names that an ENV has given a value, known or not: no ARG changes them any more."""

    @property
    def scope(self) -> Scope:
        """What the next instruction sees. ENV goes before ARG."""
        values = ChainMap(self.environment, self.arguments)
        return Scope(values=values, unknown=self.unknown, open_because=self.open_because)

    def take(self, instruction: Instruction) -> None:
        """Heed an ARG or an ENV. One that no builder accepts changes nothing."""
        try:
            if instruction.name == "ARG":
                for name, written in _pairs(instruction, self.escape):
                    self._declare(name, written)
            elif instruction.name == "ENV":
                # All of one ENV's values see the variables as they were ahead of it.
                found = [
                    (name, expand(written, self.scope, self.escape))
                    for name, written in _assignments(instruction, self.escape)
                ]
                for name, value in found:
                    self.settled.add(name)
                    self.arguments.pop(name, None)
                    _put(name, value, self.environment, self.unknown)
        except MalformedWordError:
            return

    def expand(self, text: str) -> Expanded:
        """Return text with its variables put in; one that can't be read has that as its gap."""
        try:
            return expand(text, self.scope, self.escape)
        except MalformedWordError as error:
            return Expanded(text=text, gaps=(f"it has {error}",))

    def _declare(self, name: str, written: str | None) -> None:
        if name in self.settled:
            return
        if name in self.build_args:
            found = Expanded(text=self.build_args[name])
        elif written is not None:
            found = expand(written, self.scope, self.escape)
        elif name in self.outer.values:
            found = Expanded(text=self.outer.values[name])
        elif name in self.outer.unknown:
            found = Expanded(text="", gaps=(self.outer.unknown[name],))
        else:
            return
        _put(name, found, self.arguments, self.unknown)


def _put(name: str, found: Expanded, values: dict[str, str], unknown: dict[str, str]) -> None:
    values.pop(name, None)
    unknown.pop(name, None)
    if found.gaps:
        reason = found.gaps[0]
        # The first reason of a chain of variables is the one that tells something.
        _, is_chain, first = reason.partition(_NOT_KNOWN)
        unknown[name] = reason if reason == _SET_BY_BUILDER else _NOT_KNOWN + (first if is_chain else reason)
    else:
        values[name] = found.text


def _pairs(instruction: Instruction, escape: str) -> list[tuple[str, str | None]]:
    """Return the names that an ARG declares, each with its default as it is written, or nothing where it has none."""
    words = (word.partition("=") for word in split_words(instruction.rest, escape))
    return [(name, value if equals else None) for name, equals, value in words if name]


def _assignments(instruction: Instruction, escape: str) -> list[tuple[str, str]]:
    """Return names and values, as they are written, of an ENV in either form."""
    words = split_words(instruction.rest, escape)
    if words and "=" not in words[0]:
        name, *value = instruction.rest.split(maxsplit=1)
        return [(name, value[0])] if value else []
    pairs = (word.partition("=") for word in words)
    return [(name, value) for name, equals, value in pairs if name and equals]
