"""Whether a planned PostgreSQL takes connections without TLS.

Sources: Amazon RDS user guide, "Requiring an SSL connection to a PostgreSQL DB instance" (on by default from 15), and Amazon Aurora
user guide, "Securing Aurora PostgreSQL data with SSL/TLS" (from 17).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from exitgate.checks.infrastructure.judging import Judgement
from exitgate.observe.terraform import Reference, Resource, Stack, Value

_PARAMETER: Final = "rds.force_ssl"
_ON: Final = ("1", "true", "on")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kind:
    """Where a kind of database has its parameters, and from which major version on it demands TLS by itself."""

    key: str
    group: str
    by_default: int


_KINDS: Final = {
    "aws_db_instance": _Kind(key="parameter_group_name", group="aws_db_parameter_group", by_default=15),
    "aws_rds_cluster": _Kind(
        key="db_cluster_parameter_group_name", group="aws_rds_cluster_parameter_group", by_default=17
    ),
}


def judge_transport(stack: Stack, database: Resource, judgement: Judgement) -> None:
    """Say where a PostgreSQL takes connections without TLS; other engines have no such parameter, and are left alone."""
    engine = database.get("engine")
    if not isinstance(engine, str):
        judgement.open(database, "engine")
        return
    if "postgres" not in engine:
        return
    kind = _KINDS[database.type]
    name = database.get(kind.key)
    group = _group(stack, kind, name)
    if group is None and not _is_default(name):
        judgement.open(database, kind.key)
        return
    told = _told(group or database, group.blocks("parameter") if group else (), judgement)
    if told is None:
        _judge_default(database, kind, judgement)
    elif told and told.lower() not in _ON:
        _fault(group or database, "parameter", database, f"{_PARAMETER} = {told}", judgement)


def _told(group: Resource, parameters: Iterable[Mapping[str, Value]] | None, judgement: Judgement) -> str | None:
    """Return what a group says of it; nothing where it is silent, and empty text where that can't be told, which is said."""
    found = [] if parameters is None else [each.get("value") for each in parameters if each.get("name") == _PARAMETER]
    if parameters is not None and not found:
        return None
    if found and isinstance(found[-1], str):
        return found[-1]
    judgement.open(group, "parameter")
    return ""


def _judge_default(database: Resource, kind: _Kind, judgement: Judgement) -> None:
    version = re.match(r"\d+", str(database.get("engine_version") or ""))
    if version is None:
        judgement.open(database, "engine_version")
    elif int(version.group()) < kind.by_default:
        got = f"{database.get('engine')} {database.get('engine_version')}, where it is off unless it is set"
        _fault(database, kind.key, database, got, judgement)


def _group(stack: Stack, kind: _Kind, name: object) -> Resource | None:
    if isinstance(name, Reference):
        return stack.find(name.address)
    return next((each for each in stack.of(kind.group) if isinstance(name, str) and each.get("name") == name), None)


def _is_default(name: object) -> bool:
    """Say whether it is the group that AWS gives who names none, which nobody can change."""
    return name is None or (isinstance(name, str) and name.startswith("default."))


def _fault(at: Resource, key: str, database: Resource, got: str, judgement: Judgement) -> None:
    judgement.fault(
        at.locate(key),
        f"{database.address} takes connections without TLS",
        expected=f"{_PARAMETER} = 1",
        got=got,
        remedy=f"Set {_PARAMETER} to 1 in the parameter group of the database.",
    )
