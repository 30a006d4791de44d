"""What was planned and what the API of AWS tells of it, side by side: by type, by what a resource goes by, and by attribute.

What is compared is what the code sets. Of the rest the plan has nothing but what the provider read.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from exitgate.errors import ObservationError
from exitgate.observation import Observation
from exitgate.observe.applied.changes import Gap
from exitgate.observe.applied.translating import WORDS, Words, resources_in

_TIES: Final[Mapping[str, Mapping[str, str]]] = {
    "aws_ecs_service": {"task_definition": "taskDefinition"},
    "aws_ecs_task_definition": {"task": "taskRoleArn"},
    "aws_iam_role": {"role": "RoleName"},
    "aws_iam_role_policy": {"role": "role"},
    "aws_iam_role_policy_attachment": {"role": "role"},
}
_UNSHOWN: Final = ("container_definitions",)
_SECRET_TEXT: Final = "(a secret)"  # noqa: S105 - what stands for one


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """An attribute of a resource as it was planned and as the API tells it, as far as the two differ."""

    attribute: str
    kept: bool
    """Whether it stands as planned."""
    planned: str = ""
    """What may be shown of it where it does not; of containers only which parts differ, for their variables may be secrets."""
    read: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadResource:
    """A resource that is planned, or stands, or both."""

    type: str
    name: str
    """What it goes by in both, e.g. a name or an ARN."""
    address: str
    """Empty where no code plans it."""
    stands: bool
    """Whether the API tells of it."""
    compared: tuple[Compared, ...] = ()
    """Each attribute that the code sets, the known gaps of the emulator apart."""
    gaps: tuple[Gap, ...] = ()
    """What of it is not as planned, and is known not to be kept."""
    of: Mapping[str, str] = field(default_factory=dict)
    """What the API says that it belongs to, as far as there is any: the ``role`` of a policy, the ``task`` role of a task
    definition, the ``task_definition`` of a service.
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedTask:
    """A planned task definition, its ARNs as they stand."""

    arn: str
    containers: tuple[str, ...]
    execution_role: str
    """An ARN; empty where it has none."""
    task_role: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadBack(Observation):
    """What stands in an account right after an apply, beside what was planned there."""

    stack: str
    places: Mapping[str, str]
    root: str
    resources: tuple[ReadResource, ...]
    tasks: tuple[PlannedTask, ...]

    def place(self, resource: ReadResource) -> str:
        """Return where a resource's block is; the root module where there is none."""
        return self.places.get(resource.address, self.root)

    def of_type(self, *types: str) -> tuple[ReadResource, ...]:
        """Return the resources of the given types."""
        return tuple(each for each in self.resources if each.type in types)


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """A planned resource whose ids are known, because it stands."""

    address: str
    type: str
    values: Mapping[str, Any]
    written: frozenset[str]
    """The attributes that the code sets."""
    secret: frozenset[str]


def side_by_side(
    planned: Sequence[Planned], answers: Mapping[str, Sequence[Mapping[str, Any]]], gaps: Sequence[Gap]
) -> tuple[ReadResource, ...]:
    """Put each planned resource beside the answer that tells of it, and keep those that have no other side.

    Raises:
        ObservationError: if two of one type go by the same, so that nobody knows which answer is whose.
    """
    told: dict[tuple[str, str], Mapping[str, Any]] = {}
    for kind, entries in answers.items():
        for entry in entries:
            for own, part in resources_in(kind, entry):
                _put(told, own, WORDS[own].told_as(part), part)
    known = {(each.type, each.attribute): each for each in gaps}
    found, seen = [], set()
    for each in planned:
        if each.type not in WORDS:
            continue
        words = WORDS[each.type]
        name = words.planned_as(each.values)
        seen.add((each.type, name))
        answer = told.get((each.type, name))
        found.append(_beside(each, name, words, answer, known))
    strays = sorted(told.keys() - seen)
    found += [
        ReadResource(type=kind, name=name, address="", stands=True, of=_belongs(kind, told[kind, name]))
        for kind, name in strays
        if not _is_part(kind, told[kind, name])
    ]
    return tuple(found)


def written_down(resources: Sequence[ReadResource]) -> str:
    """Return what was compared as text, a resource a paragraph: names of attributes and no value, for values may be secrets."""
    return "\n".join(line for each in resources for line in _lines(each)) + "\n"


def _lines(resource: ReadResource) -> Iterator[str]:
    planned = f"planned as {resource.address}" if resource.address else "planned by nobody"
    yield f"{resource.type} {resource.name}: {planned}, {'stands' if resource.stands else 'does not stand'}"
    for words, names in (
        ("as planned", [each.attribute for each in resource.compared if each.kept]),
        ("not as planned", [each.attribute for each in resource.compared if not each.kept]),
        ("not kept by the emulator", [each.attribute for each in resource.gaps]),
    ):
        if names:
            yield f"  {words}: {', '.join(sorted(names))}"


def _put(told: dict[tuple[str, str], Mapping[str, Any]], kind: str, name: str, answer: Mapping[str, Any]) -> None:
    if (kind, name) in told:
        raise ObservationError(
            f"what stands in the account, {kind}",
            got=f"two that go by {name}",
            expected="one",
            action="Report it: they are told apart by a name that two may have.",
        )
    told[kind, name] = answer


def _is_part(kind: str, answer: Mapping[str, Any]) -> bool:
    """Say whether a cluster has no capacity of its own: that nobody plans any is then the same."""
    return kind == "aws_ecs_cluster_capacity_providers" and not answer.get("capacityProviders")


def _beside(
    planned: Planned,
    name: str,
    words: Words,
    answer: Mapping[str, Any] | None,
    known: Mapping[tuple[str, str], Gap],
) -> ReadResource:
    compared, seen = [], []
    for attribute, read in words.attributes.items() if answer is not None else ():
        if attribute not in planned.written:
            continue
        value = planned.values.get(attribute)
        if attribute in planned.secret:
            one = _compare(attribute, _secret(value), _secret(read(answer or {})))
        else:
            shape = words.shapes.get(attribute)
            one = _compare(attribute, shape(value) if shape else value, read(answer or {}))
        gap = known.get((planned.type, attribute))
        if gap and not one.kept:
            seen.append(gap)
        else:
            compared.append(one)
    return ReadResource(
        type=planned.type,
        name=name,
        address=planned.address,
        stands=answer is not None,
        compared=tuple(compared),
        gaps=tuple(seen),
        of={**_meant(planned), **(_belongs(planned.type, answer) if answer is not None else {})},
    )


def _belongs(kind: str, answer: Mapping[str, Any]) -> dict[str, str]:
    return {name: str(answer.get(key) or "") for name, key in _TIES.get(kind, {}).items()}


def _meant(planned: Planned) -> dict[str, str]:
    """Return what the code says that it belongs to."""
    if planned.type == "aws_ecs_service":
        return {"planned": str(planned.values.get("task_definition") or "")}
    role = planned.values.get("name" if planned.type == "aws_iam_role" else "role")
    return {"role": str(role)} if "role" in _TIES.get(planned.type, {}) else {}


def _secret(value: object) -> str:
    return _SECRET_TEXT if value else "none"


def _compare(attribute: str, planned: Any, read: Any) -> Compared:
    """Compare two values; what is empty in whatever way, or off, is the same, as in a plan."""
    one, other = _full(planned), _full(read)
    if one == other:
        return Compared(attribute=attribute, kept=True)
    if attribute in _UNSHOWN:
        parts = ", ".join(sorted(_parts(one, other, "")))
        return Compared(attribute=attribute, kept=False, planned="as planned", read=f"otherwise in {parts}")
    if isinstance(one, dict) and isinstance(other, dict):
        keys = sorted(key for key in {*one, *other} if one.get(key) != other.get(key))
        one, other = ({key: each.get(key) for key in keys} for each in (one, other))
    return Compared(attribute=attribute, kept=False, planned=_text(one), read=_text(other))


def _parts(one: Any, other: Any, above: str) -> Iterator[str]:
    """Yield the keys below which two values differ."""
    if isinstance(one, dict) and isinstance(other, dict):
        for key in {*one, *other}:
            if one.get(key) != other.get(key):
                yield from _parts(one.get(key), other.get(key), f"{above}.{key}" if above else key)
    else:
        yield above or "all of it"


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True, ensure_ascii=False)


def _full(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: full for key, each in value.items() if (full := _full(each)) is not None} or None
    if isinstance(value, list):
        return [_full(each) for each in value] or None
    if isinstance(value, int | float) and not isinstance(value, bool):
        return int(value) if value == int(value) else value
    return value or None
