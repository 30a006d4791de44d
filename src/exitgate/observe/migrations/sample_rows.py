"""Rows made from a database's own schema, so that what takes time on rows can be seen to: unlike each other, keys kept."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from exitgate.errors import PrerequisiteMissing, one_line

if TYPE_CHECKING:
    import psycopg

_TABLES = """
SELECT c.oid::regclass::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND n.nspname NOT IN ('pg_catalog', 'information_schema')
  AND c.relname <> '_prisma_migrations'
ORDER BY 1
"""
_COLUMNS = """
SELECT quote_ident(a.attname), t.typname, t.typtype::text, t.typcategory::text, format_type(t.oid, NULL),
  CASE WHEN own.typtype = 'd' THEN own.typtypmod ELSE a.atttypmod END,
  a.attnotnull, a.atthasdef OR a.attidentity <> '',
  a.attgenerated <> '' OR a.attidentity <> '' OR coalesce(pg_get_expr(d.adbin, d.adrelid), '') LIKE 'nextval(%%'
FROM pg_attribute a
JOIN pg_type own ON own.oid = a.atttypid
JOIN pg_type t ON t.oid = CASE WHEN own.typtype = 'd' THEN own.typbasetype ELSE own.oid END
LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
WHERE a.attrelid = %s::regclass AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum
"""
_CONSTRAINTS = """
SELECT conname, contype::text, pg_get_constraintdef(oid), confrelid::regclass::text,
  ARRAY(SELECT quote_ident(attname) FROM unnest(conkey) WITH ORDINALITY k(n, o)
        JOIN pg_attribute ON attrelid = conrelid AND attnum = n ORDER BY o),
  ARRAY(SELECT quote_ident(attname) FROM unnest(confkey) WITH ORDINALITY k(n, o)
        JOIN pg_attribute ON attrelid = confrelid AND attnum = n ORDER BY o)
FROM pg_constraint WHERE conrelid = %s::regclass AND contype IN ('f', 'c')
"""
_BY_TYPE = {
    "bool": "i % 2 = 0",
    "int2": "(1 + i % 30000)::int2",
    "int4": "i::int4",
    "int8": "i::int8",
    "float4": "i::float4",
    "float8": "i::float8",
    "money": "i::int::money",
    "uuid": "md5(i::text)::uuid",
    "date": "date '2000-01-01' + (i % 9000)::int",
    "time": "time '00:00' + i * interval '1 second'",
    "timetz": "timetz '00:00+00' + i * interval '1 second'",
    "timestamp": "timestamp '2020-01-01' + i * interval '1 minute'",
    "timestamptz": "timestamptz '2020-01-01 00:00+00' + i * interval '1 minute'",
    "interval": "i * interval '1 second'",
    "json": "json_build_object('i', i)",
    "jsonb": "jsonb_build_object('i', i)",
    "bytea": "decode(md5(i::text), 'hex')",
    "inet": "inet '10.0.0.0' + i",
    "cidr": "cidr(inet '10.0.0.0' + i)",
}
_LITERAL = re.compile(r"'((?:[^']|'')*)'::")
_NUMBER = re.compile(r"(?<![\w'.])\d+(?![\w'.])")
_HEADER_BYTES = 4
_MOST_TRIES = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class _Key:
    """A foreign key: columns, and those that they refer to."""

    table: str
    own: tuple[str, ...]
    theirs: tuple[str, ...]


@dataclass(slots=True, kw_only=True)
class _Plan:
    """How a table is filled."""

    table: str
    values: dict[str, str]
    """Column to an expression of ``i``."""
    nullable: frozenset[str]
    keys: list[_Key] = field(default_factory=list)
    checks: dict[str, tuple[tuple[str, ...], str]] = field(default_factory=dict)
    """Constraint to its columns and definition."""


def fill(connection: psycopg.Connection, rows: Mapping[str, int]) -> dict[str, int]:
    """Fill every table up to a number of rows, and return how many each has then: fewer where its keys allow no more.

    Args:
        rows: By table; one that is not named gets none.

    Raises:
        PrerequisiteMissing: if the schema has what no rows can be made for.
    """
    plans = {str(name): _plan(connection, str(name)) for (name,) in connection.execute(_TABLES).fetchall()}
    counts = {}
    for plan in _in_order(plans):
        there = _count(connection, plan.table)
        wanted = rows.get(plan.table, 0) - there
        if wanted > 0:
            _insert(connection, plan, wanted)
        counts[plan.table] = _count(connection, plan.table) if wanted > 0 else there
        if wanted > 0 and not counts[plan.table]:
            raise _unsupported(plan.table, "no row that was made was taken")
    return counts


def _plan(connection: psycopg.Connection, table: str) -> _Plan:
    columns = connection.execute(_COLUMNS, (table,)).fetchall()
    plan = _Plan(table=table, values={}, nullable=frozenset(row[0] for row in columns if not row[6]))
    literals: dict[str, list[str]] = {}
    for name, kind, definition, references, own, theirs in connection.execute(_CONSTRAINTS, (table,)).fetchall():
        if kind == "f":
            plan.keys.append(_Key(table=references, own=tuple(own), theirs=tuple(theirs)))
            continue
        plan.checks[name] = (tuple(own), definition)
        for column in own:
            literals.setdefault(column, []).extend(_LITERAL.findall(definition))
    bound = {column for key in plan.keys for column in key.own}
    for column, name, form, category, shown, modifier, demanded, has_default, numbered in columns:
        if numbered and column not in bound:
            continue
        value = _value(name, form, category, shown, modifier)
        if category in "SE" and literals.get(column):
            texts = ", ".join(f"'{text}'" for text in literals[column])
            value = f"((ARRAY[{texts}])[1 + i % {len(literals[column])}])::{shown}"
        if value is None and (has_default or not demanded) and column not in bound:
            continue
        if value is None and column not in bound:
            raise _unsupported(f"{table}.{column}", f"the type {shown}, whose values are not known")
        plan.values[column] = value or "NULL"
    return plan


def _value(name: str, form: str, category: str, shown: str, modifier: int) -> str | None:
    """Return an expression of ``i`` for a type; nothing where none is known."""
    if name in _BY_TYPE:
        return _BY_TYPE[name]
    if name == "numeric":
        digits = (modifier - _HEADER_BYTES >> 16) - (modifier - _HEADER_BYTES & 0x7FF) if modifier > 0 else 9
        return f"(i % {10 ** max(0, min(digits, 9))})::numeric"
    if form == "e":
        return f"(enum_range(NULL::{shown}))[1 + i % cardinality(enum_range(NULL::{shown}))]"
    if category == "A":
        return f"'{{}}'::{shown}"
    if category == "S":
        return f"left(md5(i::text), {modifier - _HEADER_BYTES if modifier > 0 else 32})::{shown}"
    return None


def _in_order(plans: Mapping[str, _Plan]) -> list[_Plan]:
    """Return tables after those that they refer to; where they refer to each other, a key that may be NULL is."""
    ordered: list[_Plan] = []
    left = dict(plans)
    while left:
        ready = [
            plan for plan in left.values() if not any(k.table in left and k.table != plan.table for k in plan.keys)
        ]
        if not ready:
            ready = [plan for plan in left.values() if _without_cycle(plan, left)][:1]
        if not ready:
            raise _unsupported(min(left), "tables that refer to each other by keys that may not be NULL")
        ordered += [left.pop(plan.table) for plan in ready]
    return ordered


def _without_cycle(plan: _Plan, left: Mapping[str, _Plan]) -> bool:
    later = [key for key in plan.keys if key.table in left and key.table != plan.table]
    if not all(set(key.own) & plan.nullable for key in later):
        return False
    for key in later:
        plan.keys.remove(key)
        plan.values |= {column: "NULL" for column in key.own if column in plan.nullable}
    return True


def _insert(connection: psycopg.Connection, plan: _Plan, wanted: int) -> None:
    import psycopg

    tried: dict[str, int] = {}
    while True:
        try:
            connection.execute(_statement(connection, plan, wanted).encode())
        except psycopg.errors.CheckViolation as error:
            name = error.diag.constraint_name or ""
            tried[name] = tried.get(name, 0) + 1
            columns, definition = plan.checks.get(name, ((), ""))
            bounds = [int(number) for number in _NUMBER.findall(definition)]
            others = [number + step for number in bounds for step in (0, 1, -1)]
            if tried[name] > min(len(others), _MOST_TRIES):
                raise _unsupported(plan.table, f"the check {name}, which no value that was tried satisfies") from error
            plan.values |= {column: str(others[tried[name] - 1]) for column in columns}
        except psycopg.Error as error:
            raise _unsupported(plan.table, one_line(str(error), 160)) from error
        else:
            return


# Names come quoted from PostgreSQL itself, and values from the table above.
def _statement(connection: psycopg.Connection, plan: _Plan, wanted: int) -> str:
    values, joins = dict(plan.values), []
    for number, key in enumerate(plan.keys):
        if key.table == plan.table:
            # A row that refers to itself, or to nothing.
            values |= {
                own: "NULL" if own in plan.nullable else values[theirs]
                for own, theirs in zip(key.own, key.theirs, strict=True)
                if theirs in values or own in plan.nullable
            }
            continue
        there = _count(connection, key.table)
        if not there:
            if not set(key.own) & plan.nullable:
                raise _unsupported(plan.table, f"no row of {key.table} to refer to")
            values |= {column: "NULL" for column in key.own if column in plan.nullable}
            continue
        names = ", ".join(f"{theirs} AS c{place}" for place, theirs in enumerate(key.theirs))
        numbered = f"SELECT row_number() OVER () - 1 AS n, {names} FROM {key.table}"  # noqa: S608
        joins.append(f"JOIN ({numbered}) k{number} ON k{number}.n = i % {there}")
        values |= {own: f"k{number}.c{place}" for place, own in enumerate(key.own)}
    if not values:
        return f"INSERT INTO {plan.table} SELECT FROM generate_series(1, {wanted})"
    chosen = f"SELECT {', '.join(values.values())} FROM generate_series(1, {wanted}) AS i {' '.join(joins)}"  # noqa: S608
    return f"INSERT INTO {plan.table} ({', '.join(values)}) {chosen} ON CONFLICT DO NOTHING"


def _count(connection: psycopg.Connection, table: str) -> int:
    row = connection.execute(f"SELECT count(*) FROM {table}".encode()).fetchone()  # noqa: S608
    return int(row[0]) if row else 0


def _unsupported(subject: str, got: str) -> PrerequisiteMissing:
    return PrerequisiteMissing(
        subject,
        got=got,
        expected="a table for which rows can be made, to see how long migrations hold it",
        action="Waive the control for this service, or take the measure on a copy of production's data yourself.",
    )
