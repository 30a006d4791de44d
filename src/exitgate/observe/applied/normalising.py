"""Two states of one code made comparable: what AWS alone decides gets a name that is the same in both accounts, nothing else does.

By the provider's schema: sets lose their order and lists keep it, text that is JSON is read, secrets only tell whether they are
there. An identity is a value that the provider computes under a name of identities, and that nobody wrote: an id that is a name
stays a name, so a name that hangs on chance is a difference. Other providers' computed values are none.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

_AWS: Final = re.compile(r"/aws$")
_IDENTITY: Final = re.compile(
    r"^(id|arn|.*_(id|ids|arn|arns|date|time|at|ip|dns|endpoint|address|url|domain_name)|arn_\w+|dns_name|endpoint|address|"
    r"unique_id|etag|fingerprint|hosted_zone_id|domain_validation_options|certificate_details)$"
)
"""Names of what AWS makes up or notes down: identifiers, addresses and times."""
_TIME: Final = re.compile(r"^\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d")
_OWNER: Final = ("aws_s3_bucket", "grant")
"""Its grantee is the account by its canonical id, of which nothing else in a state tells."""
_CANONICAL: Final = re.compile(r"^[0-9a-f]{64}$")
_ACCOUNT: Final = "{{account}}"
_NOTED: Final = "{{time}}"
_SECRET: Final = "{{secret}}"  # noqa: S105 - what stands for one
_JSON: Final = "{{json}}"
_SHORTEST: Final = 6
"""A shorter value is in every other word, and no identity."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """What is not the same in the two accounts."""

    address: str
    attribute: str
    """With its place inside, e.g. ``ingress[0].from_port``; empty where the resource is in one of them alone."""
    first: str
    second: str


def differences(
    first: Sequence[Mapping[str, Any]],
    second: Sequence[Mapping[str, Any]],
    schemas: Mapping[str, Any],
    accounts: tuple[str, str],
) -> tuple[Difference, ...]:
    """Compare the resources of two states, as ``show -json`` has them.

    Args:
        first: The managed resources of the first account.
        second: Those of the second.
        schemas: The provider's schema by type of resource.
        accounts: The two accounts' ids.
    """
    one, other = normalised(first, schemas, accounts[0]), normalised(second, schemas, accounts[1])
    return tuple(_between(one, other))


def normalised(resources: Sequence[Mapping[str, Any]], schemas: Mapping[str, Any], account: str) -> dict[str, Any]:
    """Return the resources of a state by address, with everything that only its account decides put by a name."""
    ordered = sorted(resources, key=lambda each: str(each["address"]))
    hidden = {each["address"]: _hide(each["values"], each.get("sensitive_values") or {}) for each in ordered}
    names: dict[str, str] = {}
    for each in ordered:
        if _AWS.search(str(each.get("provider_name", ""))):
            for attribute, value in _identities(hidden[each["address"]], schemas.get(each["type"], {})):
                if _TIME.match(value):
                    # Of no use to others, and two resources may share it by chance.
                    hidden[each["address"]][attribute] = _NOTED
                else:
                    names.setdefault(value, "{{" + f"{each['address']}.{attribute}" + "}}")
    names[account] = _ACCOUNT
    known = re.compile("|".join(map(re.escape, sorted(names, key=len, reverse=True))))
    found = {}
    for each in ordered:
        values = hidden[each["address"]]
        if each["type"] == _OWNER[0]:
            values = {**values, _OWNER[1]: _owned(values.get(_OWNER[1]))}
        replaced = _replace(values, known, names)
        found[each["address"]] = _by_schema(replaced, schemas.get(each["type"], {}))
    return found


def _hide(value: Any, sensitive: Any) -> Any:
    if sensitive is True:
        return None if value is None else _SECRET
    if isinstance(value, Mapping) and isinstance(sensitive, Mapping):
        return {key: _hide(each, sensitive.get(key, {})) for key, each in value.items()}
    if isinstance(value, list) and isinstance(sensitive, list):
        marks = [*sensitive, *([{}] * (len(value) - len(sensitive)))]
        return [_hide(each, mark) for each, mark in zip(value, marks, strict=False)]
    return value


def _identities(values: Mapping[str, Any], schema: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    attributes = schema.get("attributes", {})
    written = {
        text
        for name, told in attributes.items()
        if name != "id" and (told.get("required") or told.get("optional"))
        for text in _texts(values.get(name))
        if not (told.get("computed") and _prefixed(name, text, values))
    }
    for name, told in sorted(attributes.items()):
        value = values.get(name)
        if not isinstance(value, str) or len(value) < _SHORTEST or value == _SECRET:
            continue
        named_so = _IDENTITY.match(name) or _TIME.match(value)
        made_up = told.get("computed") and (name == "id" or not told.get("optional")) and named_so
        if (made_up and value not in written) or (told.get("computed") and _prefixed(name, value, values)):
            yield name, value


def _prefixed(name: str, value: str, values: Mapping[str, Any]) -> bool:
    """Say whether AWS's provider made up the end of a name, as the code asks by ``name_prefix``."""
    prefix = values.get(f"{name}_prefix")
    return bool(prefix) and isinstance(prefix, str) and value.startswith(prefix) and value != prefix


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from _texts(each)
    elif isinstance(value, list):
        for each in value:
            yield from _texts(each)


def _owned(grants: Any) -> Any:
    if not isinstance(grants, list):
        return grants
    return [
        {**each, "id": _ACCOUNT} if _CANONICAL.match(str(each.get("id", ""))) else each
        for each in grants
        if isinstance(each, Mapping)
    ]


def _replace(value: Any, known: re.Pattern[str], names: Mapping[str, str]) -> Any:
    if isinstance(value, str):
        # Read first: a name may hold what JSON would have to escape.
        read = _parsed(value)
        return (
            known.sub(lambda match: names[match.group()], read)
            if isinstance(read, str)
            else _replace(read, known, names)
        )
    if isinstance(value, Mapping):
        return {key: _replace(each, known, names) for key, each in value.items()}
    if isinstance(value, list):
        return [_replace(each, known, names) for each in value]
    return value


def _parsed(text: str) -> Any:
    if text[:1] in ("{", "["):
        try:
            return {_JSON: json.loads(text)}
        except ValueError:
            pass
    return text


def _by_schema(value: Any, schema: Mapping[str, Any]) -> Any:
    """Put the elements of sets in one order, as deep as the schema goes."""
    if not isinstance(value, Mapping):
        return value
    found = dict(value)
    for name, told in schema.get("attributes", {}).items():
        if name in found:
            found[name] = _by_type(found[name], told.get("type") or _nested(told.get("nested_type")))
    for name, told in schema.get("block_types", {}).items():
        inner, mode = told.get("block", {}), told.get("nesting_mode")
        if isinstance(found.get(name), list):
            elements = [_by_schema(each, inner) for each in found[name]]
            found[name] = _sorted(elements) if mode == "set" else elements
        elif isinstance(found.get(name), Mapping):
            found[name] = _by_schema(found[name], inner)
    return found


def _nested(told: Mapping[str, Any] | None) -> Any:
    if not told:
        return None
    kind: list[Any] = ["object", {name: each.get("type") for name, each in told.get("attributes", {}).items()}]
    mode = told.get("nesting_mode")
    return kind if mode == "single" else [mode, kind]


def _by_type(value: Any, kind: Any) -> Any:
    if not isinstance(kind, list) or value is None:
        return value
    name, inner = kind[0], kind[1]
    if name in ("set", "list") and isinstance(value, list):
        elements = [_by_type(each, inner) for each in value]
        return _sorted(elements) if name == "set" else elements
    if name == "map" and isinstance(value, Mapping):
        return {key: _by_type(each, inner) for key, each in value.items()}
    if name == "object" and isinstance(value, Mapping):
        return {key: _by_type(each, inner.get(key)) for key, each in value.items()}
    return value


def _sorted(elements: list[Any]) -> list[Any]:
    return sorted(elements, key=lambda each: json.dumps(each, sort_keys=True))


def _between(one: Mapping[str, Any], other: Mapping[str, Any]) -> Iterator[Difference]:
    for address in sorted({*one, *other}):
        if address not in one or address not in other:
            there, nowhere = "it is there", "it is not"
            yield Difference(
                address=address,
                attribute="",
                first=there if address in one else nowhere,
                second=there if address in other else nowhere,
            )
            continue
        for path, first, second in _unequal(one[address], other[address], ""):
            yield Difference(address=address, attribute=path, first=_shown(first), second=_shown(second))


def _unequal(first: Any, second: Any, path: str) -> Iterator[tuple[str, Any, Any]]:
    if isinstance(first, Mapping) and isinstance(second, Mapping):
        for key in sorted({*first, *second}):
            inner = path if key == _JSON else f"{path}.{key}".lstrip(".")
            yield from _unequal(first.get(key), second.get(key), inner)
    elif isinstance(first, list) and isinstance(second, list) and len(first) == len(second):
        for index, (one, other) in enumerate(zip(first, second, strict=True)):
            yield from _unequal(one, other, f"{path}[{index}]")
    elif first != second:
        yield path, first, second


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
