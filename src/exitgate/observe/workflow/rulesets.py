"""The target's exported rulesets."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError

from exitgate.assurance import Assurance
from exitgate.errors import ObservationError, one_line
from exitgate.github.rulesets import Actor, RequiredContext, Rule, Ruleset
from exitgate.observation import Observation, Substrate
from exitgate.observe.json_source import line_of_key

_ACTION = "Export the ruleset from GitHub's settings again, or mend that file."
_List = BeforeValidator(lambda value: [] if value is None else value)


class _Part(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class _Refs(_Part):
    include: Annotated[list[str], _List] = []
    exclude: Annotated[list[str], _List] = []


class _Conditions(_Part):
    ref_name: _Refs = _Refs()


class _Rule(_Part):
    type: str
    parameters: dict[str, Any] = {}


class _Actor(_Part):
    actor_id: int | None = None
    actor_type: str
    bypass_mode: str = "always"


class _Context(_Part):
    context: str
    integration_id: int | None = None


class _Ruleset(_Part):
    name: str
    target: str = "branch"
    source_type: str = ""
    source: str = ""
    enforcement: str
    conditions: _Conditions | None = None
    rules: Annotated[list[_Rule], _List] = []
    bypass_actors: list[_Actor] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rulesets(Observation):
    """What the target exported."""

    all: tuple[Ruleset, ...]
    missing: tuple[str, ...]
    """Files that the target names and that are not there."""

    @property
    def repository(self) -> str:
        """``owner/name`` of the repository that they are of; empty where they don't say, or not the same."""
        names = {each.repository for each in self.all if each.repository}
        return next(iter(names)) if len(names) == 1 else ""


def read_rulesets(root: Path, paths: tuple[str, ...]) -> Rulesets:
    """Read the exported rulesets of a clone.

    Raises:
        ObservationError: if one can't be read, or is none.
    """
    found: list[Ruleset] = []
    missing: list[str] = []
    for path in paths:
        if (root / path).is_file():
            found.append(read_ruleset((root / path).read_bytes(), path))
        else:
            missing.append(path)
    substrate = Substrate(assurance=Assurance.DECLARED, name="the exported rulesets", limits=(_LIMIT,))
    return Rulesets(substrate=substrate, all=tuple(found), missing=tuple(missing))


_LIMIT = "whether the rulesets on GitHub are still those that were exported is not seen"


def read_ruleset(data: bytes, path: str) -> Ruleset:
    """Read one exported ruleset.

    Raises:
        ObservationError: if it is none.
    """
    expected = "a ruleset as GitHub exports it"
    try:
        text = data.decode("utf-8")
        whole = _Ruleset.model_validate(json.loads(text))
    except ValidationError as error:
        first = error.errors()[0]
        line = line_of_key(data.decode("utf-8"), tuple(first["loc"]))
        got = f"{'.'.join(map(str, first['loc'])) or 'the file'}: {first['msg']}"
        raise ObservationError(f"{path}:{line}", got=got, expected=expected, action=_ACTION) from error
    except (ValueError, RecursionError) as error:
        line = getattr(error, "lineno", 1)
        raise ObservationError(
            f"{path}:{line}", got=one_line(str(error), 160), expected=expected, action=_ACTION
        ) from error

    def place(*keys: str | int) -> str:
        return f"{path}:{line_of_key(text, keys)}"

    refs = whole.conditions.ref_name if whole.conditions else _Refs()
    return Ruleset(
        path=path,
        name=whole.name,
        target=whole.target,
        enforcement=whole.enforcement,
        include=tuple(refs.include),
        exclude=tuple(refs.exclude),
        rules=tuple(_rule(rule, index, place) for index, rule in enumerate(whole.rules)),
        bypass=tuple(
            Actor(
                type=actor.actor_type,
                id=actor.actor_id or 0,
                mode=actor.bypass_mode,
                place=place("bypass_actors", index),
            )
            for index, actor in enumerate(whole.bypass_actors or [])
        ),
        repository=whole.source if whole.source_type == "Repository" and whole.source.count("/") == 1 else "",
        enforcement_place=place("enforcement"),
        bypass_known=whole.bypass_actors is not None,
    )


def rule_of(data: object, place: str) -> Rule:
    """Read one rule as GitHub's API tells it, all of it at one place.

    Raises:
        ObservationError: if it is none.
    """
    try:
        return _rule(_Rule.model_validate(data), 0, lambda *_: place)
    except ValidationError as error:
        raise ObservationError(
            place, got=one_line(error.errors()[0]["msg"], 160), expected="a rule of a ruleset", action=_ACTION
        ) from error


def _rule(rule: _Rule, index: int, place: Callable[..., str]) -> Rule:
    methods = rule.parameters.get("allowed_merge_methods")
    listed = rule.parameters.get("required_status_checks", [])
    contexts = []
    for number, each in enumerate(listed if isinstance(listed, list) else []):
        at = place("rules", index, "parameters", "required_status_checks", number)
        try:
            context = _Context.model_validate(each)
        except ValidationError as error:
            raise ObservationError(at, got="no check", expected="context and integration_id", action=_ACTION) from error
        contexts.append(RequiredContext(name=context.context, app_id=context.integration_id, place=at))
    return Rule(
        type=rule.type,
        place=place("rules", index),
        parameters={name: value for name, value in rule.parameters.items() if isinstance(value, bool | int | str)},
        contexts=tuple(contexts),
        merge_methods=tuple(map(str, methods)) if isinstance(methods, list) else None,
    )
