"""What a plan on what stands there would change, or found changed, by attribute; and the gaps of the emulator among it.

An exit code says nothing here: tags that were never set read back as none. What is empty in whatever
way, off or zero is the same: a provider can't tell it from what was never set.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

_GAPS: Final = Path(__file__).parent / "gaps.toml"
_DECISIONS: Final = Path(__file__).parent / "decision_gaps.toml"
_LATER: Final = "(known after the apply)"


@dataclass(frozen=True, slots=True, kw_only=True)
class AttributeChange:
    """An attribute of a resource that a plan names."""

    address: str
    type: str
    attribute: str
    """Of the resource itself; empty where all of it is new, or is gone."""
    before: str
    after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """What an emulator is known not to keep."""

    type: str
    attribute: str
    why: str

    def __str__(self) -> str:
        return f"{self.type}.{self.attribute}: {self.why}"


def known_gaps(name: str, version: str) -> tuple[Gap, ...]:
    """Return the gaps of an emulator in exactly this version; another one's are unknown, and excuse nothing."""
    told = tomllib.loads(_GAPS.read_text(encoding="utf-8"))
    if (told["name"], told["version"]) != (name, version):
        return ()
    return tuple(
        Gap(type=each["type"], attribute=attribute, why=each["why"])
        for each in told["gap"]
        for attribute in each["attributes"]
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionGap:
    """A kind of policies by which an emulator decides otherwise than IAM does."""

    case: str
    answer: str
    """Of the emulator: ``answered`` or ``refused``."""
    why: str


def known_decision_gaps(name: str, version: str) -> tuple[DecisionGap, ...] | None:
    """Return where an emulator is known to decide otherwise in exactly this version; None where nobody compared it."""
    told = tomllib.loads(_DECISIONS.read_text(encoding="utf-8"))
    if (told["name"], told["version"]) != (name, version):
        return None
    return tuple(DecisionGap(**each) for each in told["gap"])


def beside_gaps(
    changes: Sequence[AttributeChange], gaps: Sequence[Gap]
) -> tuple[tuple[AttributeChange, ...], tuple[Gap, ...]]:
    """Return the changes that no gap explains, and the gaps that were seen."""
    known = {(each.type, each.attribute): each for each in gaps}
    seen = {(each.type, each.attribute) for each in changes} & known.keys()
    left = tuple(each for each in changes if (each.type, each.attribute) not in known)
    return left, tuple(gap for place, gap in known.items() if place in seen)


def closed_gaps(gaps: Sequence[Gap], seen: Sequence[Gap], types: frozenset[str]) -> tuple[Gap, ...]:
    """Return the gaps that did not show though something of their type was applied: the list is older than the emulator."""
    return tuple(gap for gap in gaps if gap.type in types and gap not in seen)


def changes_of(told: Sequence[Mapping[str, Any]]) -> tuple[AttributeChange, ...]:
    """Return what ``resource_changes`` or ``resource_drift`` of a plan name, attribute by attribute."""
    return tuple(each for change in told if change.get("mode") == "managed" for each in _changes(change))


def _changes(resource: Mapping[str, Any]) -> Iterator[AttributeChange]:
    change, actions = resource["change"], resource["change"]["actions"]
    if actions in (["no-op"], ["read"]):
        return
    before, after = change.get("before"), change.get("after")
    if not isinstance(before, Mapping) or not isinstance(after, Mapping):
        words = ("it is not there", "it is there")
        yield AttributeChange(
            address=resource["address"],
            type=resource["type"],
            attribute="",
            before=words[before is not None],
            after=words[after is not None],
        )
        return
    unknown = change.get("after_unknown") or {}
    # What is made anew has no values yet; what is changed in place to a value that nobody knows yet is changed at every plan.
    later = _LATER if actions == ["update"] else None
    secret = [change.get("before_sensitive") or {}, change.get("after_sensitive") or {}]
    for name in sorted({*before, *after, *unknown}):
        marks = unknown.get(name)
        if marks is True and later is None:
            continue
        one = _known(before.get(name), None if later else marks, None)
        other = _known(after.get(name), marks, later)
        if one == other:
            continue
        hidden = any(isinstance(marks, Mapping) and marked(marks.get(name)) for marks in secret)
        yield AttributeChange(
            address=resource["address"],
            type=resource["type"],
            attribute=name,
            before="(secret)" if hidden else _shown(one),
            after="(secret)" if hidden else _shown(other),
        )


def marked(marks: Any) -> bool:
    """Say whether anything in a value is marked as a secret."""
    if isinstance(marks, Mapping):
        return any(marked(each) for each in marks.values())
    return any(marked(each) for each in marks) if isinstance(marks, list) else marks is True


def _known(value: Any, unknown: Any, later: str | None) -> Any:
    """Return a value without what is empty in it, with text that is JSON read, and with ``later`` for what is unknown."""
    if unknown is True:
        return later
    if isinstance(value, Mapping) or (value is None and isinstance(unknown, Mapping)):
        told, marks = value or {}, unknown if isinstance(unknown, Mapping) else {}
        found = {key: _known(told.get(key), marks.get(key), later) for key in {*told, *marks}}
        return {key: each for key, each in found.items() if each is not None} or None
    if isinstance(value, list):
        inner = unknown if isinstance(unknown, list) else []
        return [
            _known(each, inner[index] if index < len(inner) else None, later) for index, each in enumerate(value)
        ] or None
    if isinstance(value, bool | int | float):
        return value or None
    if isinstance(value, str):
        if value[:1] in ("{", "["):
            try:
                return json.loads(value)
            except ValueError:
                return value
        return value or None
    return value


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
