"""A planned resource: its values, with what is unknown, what is secret and what refers to another told apart, and its place.

Source: Terraform's internals, "JSON Output Format".
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from exitgate.observe.terraform.escapes import Escape
from exitgate.observe.terraform.providers import Provider


@dataclass(frozen=True, slots=True)
class Unknown:
    """A value that is not known before an apply."""


@dataclass(frozen=True, slots=True)
class Sensitive:
    """A value that the code or the provider marks as a secret. What it is was dropped when the plan was read."""

    known: bool
    """Whether it stands in the plan."""


@dataclass(frozen=True, slots=True)
class Reference:
    """A value that another resource will have: which one, and what of it."""

    address: str
    attribute: str


UNKNOWN = Unknown()
Value = None | bool | int | float | str | Unknown | Sensitive | Reference | tuple["Value", ...] | Mapping[str, "Value"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """A resource as it would be after an apply."""

    address: str
    """With the keys of modules and instances, e.g. ``module.service["orders"].aws_ecs_service.this``."""
    type: str
    values: Mapping[str, Value]
    path: str
    """The file of its block, relative to the target."""
    line: int
    lines: tuple[tuple[str, int], ...] = ()
    """The line of each argument and nested block that stands in its block itself."""
    ignores: tuple[str, ...] = ()
    """The attributes whose changes the code ignores; ``all`` for all of them."""
    literals: frozenset[str] = frozenset()
    """Credentials that are written in the code, e.g. ``user.username``; what they are is not kept."""
    stand_ins: frozenset[str] = frozenset()
    """Attributes whose values come from variables that ``exitgate.toml`` sets for planning, and from nowhere else."""

    def get(self, *keys: str | int) -> Value:
        """Return a value below the given keys; None where there is none, unknown where something on the way is."""
        found: Value = self.values
        for key in keys:
            if isinstance(found, Unknown | Sensitive | Reference):
                return found
            if isinstance(found, Mapping) and isinstance(key, str):
                found = found.get(key)
            elif isinstance(found, tuple) and isinstance(key, int):
                found = found[key] if key < len(found) else None
            else:
                return None
        return found

    def blocks(self, name: str) -> tuple[Mapping[str, Value], ...] | None:
        """Return the nested blocks of a name; None where they are unknown."""
        found = self.get(name)
        if isinstance(found, Unknown):
            return None
        return tuple(each for each in found if isinstance(each, Mapping)) if isinstance(found, tuple) else ()

    def references(self, *keys: str | int) -> tuple[str, ...] | None:
        """Return the addresses that a value, or a list of them, refers to; None where something of it is unknown."""
        found = self.get(*keys)
        several = found if isinstance(found, tuple) else (found,)
        if any(isinstance(each, Unknown) for each in several):
            return None
        return tuple(each.address for each in several if isinstance(each, Reference))

    def locate(self, key: str = "") -> str:
        """Return ``file:line`` of an argument, or of the block where it has none."""
        return f"{self.path}:{dict(self.lines).get(key, self.line)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Variable:
    """A variable of the root module that is no secret."""

    name: str
    default: str
    """A simple one, as Python writes it, e.g. ``False``; empty where there is none or it is not simple."""
    value: str
    """What it is in the plan, in the same way."""
    location: str
    """``file:line``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stack:
    """What one stack plans."""

    name: str
    resources: tuple[Resource, ...]
    named: bool
    """Whether what refers to what is known."""
    why_not_named: str = ""
    variables: tuple[Variable, ...] = ()
    """The root module's, secrets left out."""
    outside: tuple[Escape, ...] = ()
    """Provisioners, and data sources that ask others."""
    providers: tuple[Provider, ...] = ()
    """Of AWS, by which something is made."""
    chances: tuple[Escape, ...] = ()
    """Calls of functions that give another value each time."""
    unread: tuple[str, ...] = ()
    """Modules whose code lies outside of the target, so that nobody looked for such calls in it."""
    names: Mapping[str, tuple[str, str]] = field(default_factory=dict, compare=False)
    """What stands in texts for what is not known: name to the address and attribute that it means."""

    def of(self, *types: str) -> tuple[Resource, ...]:
        """Return all resources of the given types."""
        return tuple(each for each in self.resources if each.type in types)

    def find(self, address: str) -> Resource | None:
        """Return a resource by its address."""
        return next((each for each in self.resources if each.address == address), None)


def merged(after: object, unknown: object, sensitive: object, named: object, names: Names) -> Value:
    """Return a planned value, with its unknowns named where the second plan has names for them."""
    if sensitive is True:
        return Sensitive(known=after is not None and not _hides(unknown))
    if unknown is True:
        return _named(named, names)
    if isinstance(after, dict):
        keys = {*after, *(unknown if isinstance(unknown, dict) else ())}
        return {
            key: merged(after.get(key), _part(unknown, key), _part(sensitive, key), _part(named, key), names)
            for key in sorted(keys)
        }
    if isinstance(after, list):
        # A set's order may differ between the two plans, so its unknown members are read from the second one as a whole.
        if isinstance(unknown, list) and any(each is True for each in unknown) and isinstance(named, list):
            return tuple(_named(each, names) for each in named)
        return tuple(
            merged(each, _part(unknown, index), _part(sensitive, index), _part(named, index), names)
            for index, each in enumerate(after)
        )
    if after is None or isinstance(after, bool | int | float | str):
        return after
    return UNKNOWN


Names = Mapping[str, tuple[str, str]]


def _named(value: object, names: Names) -> Value:
    if isinstance(value, str):
        if value in names:
            return Reference(*names[value])
        # Text around a name, such as a policy with ARNs in it, is as good as known.
        return value if any(name in value for name in names if name in value) else UNKNOWN
    if isinstance(value, list) and value:
        parts = tuple(_named(each, names) for each in value)
        return UNKNOWN if all(isinstance(each, Unknown) for each in parts) else parts
    return UNKNOWN


def _hides(unknown: object) -> bool:
    """Say whether anything inside is unknown: of a block with a secret in it the whole is marked as one."""
    if isinstance(unknown, dict):
        return any(_hides(each) for each in unknown.values())
    return any(_hides(each) for each in unknown) if isinstance(unknown, list) else unknown is True


def _part(whole: object, key: object) -> object:
    if isinstance(whole, dict):
        return whole.get(key)
    if isinstance(whole, list) and isinstance(key, int) and key < len(whole):
        return whole[key]
    return whole if whole is True else None


def parsed(value: Value) -> object | None:
    """Return what JSON in a text says; None where it is unknown or no JSON."""
    try:
        return json.loads(value) if isinstance(value, str) else None
    except ValueError:
        return None


def texts(value: Value) -> Iterator[str]:
    """Yield every text inside a value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from texts(each)
    elif isinstance(value, Sequence):
        for each in value:
            yield from texts(each)
