"""What a database holds: its rows by content, its schema by the catalogues, and the migrations that it says were applied."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from exitgate.errors import ObservationError, one_line
from exitgate.observe.migrations.tool import Applied, MigrationTool
from exitgate.waiting import wait_for

if TYPE_CHECKING:
    import psycopg

_STEADY_WITHIN_S = 3.0
_STEADY_FOR_S = 0.3
_TABLES = """
SELECT c.oid::regclass::text, array_agg(a.attname::text ORDER BY a.attnum)
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
WHERE c.relkind IN ('r', 'p') AND n.nspname NOT IN ('pg_catalog', 'information_schema') GROUP BY c.oid
"""
_COLUMNS = """
SELECT c.oid::regclass::text || '.' || a.attname, format_type(a.atttypid, a.atttypmod)
  || CASE WHEN a.attnotnull THEN ' NOT NULL' ELSE '' END
  || CASE WHEN a.attidentity <> '' OR pg_get_expr(d.adbin, d.adrelid) LIKE 'nextval(%' THEN ' numbered'
     WHEN d.adbin IS NOT NULL THEN ' DEFAULT ' || pg_get_expr(d.adbin, d.adrelid) ELSE '' END
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
WHERE c.relkind IN ('r', 'p') AND n.nspname NOT IN ('pg_catalog', 'information_schema')
"""
_KEYS = """
SELECT 'foreign key of ' || conrelid::regclass || ' ' || pg_get_constraintdef(oid), 'there' FROM pg_constraint
WHERE contype = 'f' AND connamespace::regnamespace::text NOT IN ('pg_catalog', 'information_schema')
UNION ALL
SELECT CASE WHEN i.indisprimary THEN 'primary key' WHEN i.indisunique THEN 'unique index' ELSE 'index' END || ' of '
  || i.indrelid::regclass || ' (' || (SELECT string_agg(pg_get_indexdef(i.indexrelid, k, true), ', ' ORDER BY k)
  FROM generate_series(1, i.indnkeyatts) k) || ')', CASE WHEN i.indisvalid THEN 'there' ELSE 'invalid' END
FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')
"""
_BEYOND = " AND i.indpred IS NULL AND i.indexprs IS NULL"
"""Partial indexes and those of expressions, which Prisma's schema can't tell of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """A table's rows by content."""

    columns: tuple[str, ...]
    count: int
    digest: str


def read_rows(
    connection: psycopg.Connection, tool: MigrationTool, like: Mapping[str, Rows] | None = None
) -> dict[str, Rows]:
    """Return every table's rows by content.

    Args:
        connection: To the database.
        tool: Whose own tables are left out.
        like: Tables and columns to look at, as of an earlier time; one that is gone is left out.
    """
    from psycopg import sql

    found = {}
    for table, columns in connection.execute(_TABLES).fetchall():
        if tool.owns(str(table).replace('"', "")):
            continue
        wanted = like[table].columns if like and table in like else tuple(columns)
        if not set(wanted) <= set(columns) or (like is not None and table not in like):
            continue
        names = sql.SQL(", ").join(map(sql.Identifier, wanted))
        query = sql.SQL(
            "SELECT count(*), coalesce(md5(string_agg(r::text, '|' ORDER BY r::text)), '') FROM (SELECT {} FROM {}) r"
        ).format(names, sql.SQL(table))
        row = connection.execute(query).fetchone()
        if row:
            found[str(table)] = Rows(columns=wanted, count=int(row[0]), digest=str(row[1]))
    return found


def steady_rows(read: Callable[[], dict[str, Rows]]) -> dict[str, Rows]:
    """Return the rows once nobody changes them any more, e.g. by publishing what was just written; or as they are in the end."""
    seen: list[dict[str, Rows]] = []

    def look() -> bool:
        seen.append(read())
        return seen[-2:-1] == seen[-1:]

    wait_for(look, until=bool, timeout_s=_STEADY_WITHIN_S, interval_s=_STEADY_FOR_S)
    return seen[-1]


def lost(before: Mapping[str, Rows], after: Mapping[str, Rows]) -> tuple[str, ...]:
    """Say of each table what of its rows is not as it was."""
    said = []
    for table, rows in before.items():
        now = after.get(table)
        if now is None:
            said.append(f"{table}: the table, or a column of it, is gone ({rows.count} rows)")
        elif now.digest != rows.digest:
            said.append(
                f"{table}: {rows.count} rows became {now.count}"
                if now.count != rows.count
                else f"{table}: contents changed"
            )
    return tuple(said)


def read_schema(connection: psycopg.Connection, *, told_by_prisma: bool = False) -> dict[str, str]:
    """Return columns, keys and indexes by name; with `told_by_prisma` only what Prisma's schema could tell of."""
    connection.execute("SET search_path = public")
    keys = _KEYS + _BEYOND if told_by_prisma else _KEYS
    rows = [*connection.execute(_COLUMNS).fetchall(), *connection.execute(keys).fetchall()]
    return {str(name): str(what) for name, what in rows if "_prisma_migrations" not in str(name)}


def differences(expected: Mapping[str, str], got: Mapping[str, str]) -> tuple[str, ...]:
    """Say in what two schemas differ."""
    said = [f"{name} ({what}) is not there" for name, what in expected.items() if name not in got]
    said += [f"{name} ({what}) is there as well" for name, what in got.items() if name not in expected]
    said += [
        f"{name} is {got[name]}, not {what}" for name, what in expected.items() if name in got and got[name] != what
    ]
    return tuple(sorted(said))


def read_applied(connection: psycopg.Connection, tool: MigrationTool) -> tuple[Applied, ...]:
    """Return what a database says of its migrations; nothing where it has no list yet."""
    import psycopg

    try:
        return tool.applied(connection.execute(tool.history_query.encode()).fetchall())
    except psycopg.errors.UndefinedTable:
        return ()
    except psycopg.Error as error:
        raise ObservationError(
            "list of applied migrations",
            got=one_line(str(error), 200),
            expected=f"the list that {tool.name} keeps",
            action="Correct `applied` in [service.migrations].",
        ) from error


def execute_script(connection: psycopg.Connection, parts: Iterable[str]) -> None:
    """Run statements one by one."""
    for part in parts:
        connection.execute(part.encode())
