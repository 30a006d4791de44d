"""The legs of a matrix, and what GitHub calls each.

Source: https://docs.github.com/en/actions/how-tos/write-workflows/choose-what-workflows-do/run-job-variations
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from exitgate.github.evaluation import (
    Array,
    Contexts,
    Object,
    Unknown,
    Value,
    as_text,
    evaluate,
    hangs_on,
    value_of,
)
from exitgate.github.expressions import parse_template
from exitgate.github.node import Node, text_of
from exitgate.github.workflow import Job

_LONGEST_NAME = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Leg:
    """One job of a matrix; of a job without one, the job."""

    values: Mapping[str, Value]
    """What ``matrix.`` holds, by name."""

    @property
    def words(self) -> str:
        """Its values as GitHub appends them to a name, e.g. ``20, ubuntu``; empty where there are none."""
        return ", ".join(_leaves(self.values.values()))


def legs(job: Job, contexts: Contexts) -> tuple[Leg, ...] | Unknown:
    """Return a job's legs after includes and excludes: none where excludes leave none.

    Raises:
        BadExpression: if its matrix is an expression that fails for sure.
    """
    if job.matrix is None:
        return (Leg(values={}),)
    whole = resolved(job.matrix, contexts)
    if isinstance(whole, Unknown) or not isinstance(whole, Object) or whole.path:
        return Unknown(hangs_on(whole) or frozenset({"matrix"}))
    if unknown := hangs_on(whole):
        return Unknown(unknown)
    properties = dict(whole.properties)
    include, exclude = (_listed(properties.pop(key, None)) for key in ("include", "exclude"))
    axes = {name: value.items for name, value in properties.items() if isinstance(value, Array)}
    combined: list[dict[str, Value]] = [
        dict(zip(axes, values, strict=True)) for values in itertools.product(*axes.values()) if axes
    ]
    kept = [each for each in combined if not any(_agree(each, out) for out in exclude)]
    originals = [dict(each) for each in kept]
    added: list[dict[str, Value]] = []
    for extra in include:
        fits = [
            number
            for number, original in enumerate(originals)
            if all(_same(original[key], value) for key, value in extra.items() if key in original)
        ]
        for number in fits:
            kept[number].update(extra)
        if not fits:
            added.append(dict(extra))
    return tuple(Leg(values=each) for each in (*kept, *added))


def check_names(job: Job, contexts: Contexts) -> tuple[str, ...] | Unknown:
    """Return the names under which GitHub reports a job, one a leg.

    A name that is written without expression gets the leg's values in parentheses; one with an expression does not.

    Raises:
        BadExpression: if an expression in it fails for sure.
    """
    found = legs(job, contexts)
    if isinstance(found, Unknown):
        return found
    names = [name_of(job, leg, contexts) for leg in found]
    unknown = [each for each in names if isinstance(each, Unknown)]
    return unknown[0] if unknown else tuple(each for each in names if isinstance(each, str))


def name_of(job: Job, leg: Leg, contexts: Contexts) -> str | Unknown:
    """Return the name under which GitHub reports one leg of a job."""
    written = job.name.text if job.name else ""
    if "${{" in written:
        inside = contexts.but(matrix=Object(leg.values), strategy=Object({}, path="strategy"))
        name = as_text(evaluate(parse_template(written), inside))
        if isinstance(name, Unknown):
            return name
    else:
        name = f"{written or job.id} ({leg.words})" if leg.words else written or job.id
    return name if len(name) <= _LONGEST_NAME else name[: _LONGEST_NAME - 3] + "..."


def resolved(node: Node, contexts: Contexts) -> Value:
    """Return what a part of a file comes to, with the expressions in it evaluated."""
    if isinstance(node.value, tuple):
        return Array(tuple(resolved(each, contexts) for each in node.value))
    if isinstance(node.value, Mapping):
        return Object({name.lower(): resolved(each, contexts) for name, each in node.value.items()})
    if isinstance(node.value, str) and "${{" in node.value:
        return evaluate(parse_template(node.value), contexts)
    return value_of(node)


def _listed(value: Value) -> list[Mapping[str, Value]]:
    return [each.properties for each in value.items if isinstance(each, Object)] if isinstance(value, Array) else []


def _agree(combination: Mapping[str, Value], wanted: Mapping[str, Value]) -> bool:
    return bool(wanted) and all(key in combination and _same(combination[key], value) for key, value in wanted.items())


def _same(left: Value, right: Value) -> bool:
    if isinstance(left, Object) and isinstance(right, Object):
        return left.properties.keys() >= right.properties.keys() and all(
            _same(left.properties[key], value) for key, value in right.properties.items()
        )
    if isinstance(left, Array) and isinstance(right, Array):
        return len(left.items) == len(right.items) and all(map(_same, left.items, right.items))
    if isinstance(left, Object | Array | Unknown) or isinstance(right, Object | Array | Unknown):
        return False
    return text_of(left) == text_of(right)


def _leaves(values: object) -> Iterator[str]:
    for value in values:  # type: ignore[attr-defined]
        match value:
            case Object(properties=properties):
                yield from _leaves(properties.values())
            case Array(items=items):
                yield from _leaves(items)
            case Unknown():
                yield "?"
            case _:
                yield text_of(value)
