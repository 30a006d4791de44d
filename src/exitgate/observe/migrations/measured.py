"""The migrations since the previous release, each run on tables full of made-up rows while other sessions read and write them.

What a lock keeps out is read from ``pg_locks`` after each statement, in the transaction itself; that a statement worked through a
table, from the tuples that it read or changed there, or from a new file. So its time is reckoned for production's rows only where
it grows with rows. Source: https://www.postgresql.org/docs/current/explicit-locking.html.
"""

from __future__ import annotations

import json
import math
import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING

from exitgate.errors import PrerequisiteMissing, one_line
from exitgate.evidence_folder import EvidenceFolder
from exitgate.observation import Observation, Substrate
from exitgate.observe.migrations.beside import Traffic, beside
from exitgate.observe.migrations.files import Migration, MigrationFolder
from exitgate.observe.migrations.linter import Word, lint
from exitgate.observe.migrations.sample_rows import fill
from exitgate.observe.migrations.state import execute_script
from exitgate.observe.migrations.statements import Statement, statements
from exitgate.policy import MigrationPolicy
from exitgate.provision.databases import Databases

if TYPE_CHECKING:
    import psycopg

_OUTSIDE = re.compile(r"(?:CREATE|DROP|REINDEX|REFRESH)\b.*\bCONCURRENTLY\b|VACUUM\b|ALTER SYSTEM\b", re.IGNORECASE)
_SETTING = re.compile(r"SET\b", re.IGNORECASE)
_CONTROL = re.compile(r"(?:BEGIN|START TRANSACTION|COMMIT|END|ROLLBACK)\b", re.IGNORECASE)
_WRITERS_OUT = frozenset(("ShareLock", "ShareRowExclusiveLock", "ExclusiveLock"))
_ALL_OUT = "AccessExclusiveLock"
_STATE = """
SELECT c.oid, coalesce(pg_partition_root(c.oid), c.oid)::regclass::text,
  coalesce(pg_relation_filenode(c.oid), 0), s.seq_tup_read, s.n_tup_upd + s.n_tup_del,
  coalesce((SELECT array_agg(DISTINCT l.mode) FROM pg_locks l
            WHERE l.pid = pg_backend_pid() AND l.relation = c.oid AND l.granted), '{}')
FROM pg_class c JOIN pg_stat_xact_all_tables s ON s.relid = c.oid WHERE c.oid = ANY(%s::oid[])
"""
_TABLES = """
SELECT c.oid, c.oid::regclass::text, c.relispartition FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p') AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND c.relname <> '_prisma_migrations'
"""
_OWN_LIMIT = "SELECT setting::int FROM pg_settings WHERE name = 'statement_timeout' AND source = 'session'"
_INVALID = "SELECT indexrelid::regclass::text FROM pg_index WHERE NOT indisvalid ORDER BY 1"
_LINTED = frozenset(
    (
        "adding-field-with-default",
        "adding-foreign-key-constraint",
        "adding-required-field",
        "adding-serial-primary-key-field",
        "changing-column-type",
        "constraint-missing-not-valid",
        "disallowed-unique-constraint",
        "require-concurrent-index-creation",
        "require-concurrent-index-deletion",
    )
)
"""Rules of squawk's by which a statement may keep others out for as long as it works."""
_SHARE = 100
"""One row in so many has to be changed for a change of all to be reckoned."""
_RUNS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seen:
    table: str
    """Of a partition, the table that it is part of."""
    file: int
    read: int
    """Rows read one after the other, in this transaction."""
    changed: int
    modes: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """What one statement held of a table that was there before."""

    table: str
    keeps_out: str
    """``readers and writers``, ``writers``, or ``writers of the rows that it changed``."""
    grows: bool
    """It worked through the table's rows, so it takes longer the more there are."""
    rewritten: bool
    """The table has a new file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredStatement:
    """One statement of a migration."""

    line: int
    text: str
    transaction: int
    """Which one of the file it ran in: what it holds, it holds until that ends."""
    took_ms: float
    """The shorter of two runs."""
    reckoned_ms: float
    """For production's rows."""
    held: tuple[Held, ...]
    """Newly, by this statement."""
    held_ms: float = 0.0
    """Reckoned, from its start until its transaction ends."""
    linter: tuple[str, ...] = ()
    """Squawk's rules that speak of it."""
    own_limit_ms: int | None = None
    """The statement_timeout that the migration itself has set for it, 0 for none; nothing where it has set none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredMigration:
    """One migration."""

    name: str
    path: str
    statements: tuple[MeasuredStatement, ...]
    invalid_indexes: tuple[str, ...]
    """That it left behind."""
    traffic: Traffic
    failure: str = ""
    """Why it could not be run on made-up rows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurements(Observation):
    """All migrations since the previous release."""

    rows: dict[str, int]
    """Table to the rows that it was filled with."""
    production_rows: dict[str, int]
    """Table to the rows that production has of it, grown as the policy says."""
    migrations: tuple[MeasuredMigration, ...]
    pending: tuple[str, ...]
    """Names of those that there are to measure."""


def read_measurements(
    databases: Databases,
    substrate: Substrate,
    folder: MigrationFolder,
    *,
    pending: frozenset[str],
    policy: MigrationPolicy,
    keep: EvidenceFolder,
) -> Measurements:
    """Run what came since the previous release on its schema, full of rows.

    Args:
        pending: Paths of the files that came since.

    Raises:
        PrerequisiteMissing: if a migration is no SQL, or no rows can be made for the schema.
    """
    own = [each for each in folder.migrations if each.path in pending]
    parts = {each.name: _parts(each) for each in folder.migrations}
    words = lint(own) if own else None
    production = policy.production_rows.get(folder.service, {})
    before = [each for each in folder.migrations if each.path not in pending]
    with databases.lent() as base:
        with databases.connect(base) as connection:
            for migration in before:
                execute_script(connection, [part.text for part in parts[migration.name]])
            wanted = _wanted(connection, production, policy)
            rows = fill(connection, {name: min(count, policy.sample_rows) for name, count in wanted.items()})
            connection.execute("ANALYZE")
        runs = [_run(databases, base, own) for _ in range(_RUNS)] if own else []
    factors = {name: max(1.0, wanted[name] / count) for name, count in rows.items() if count and name in wanted}
    measured = tuple(
        _reckoned(
            [run[index] for run in runs],
            factors,
            words.words[migration.name] if words else (),
        )
        for index, migration in enumerate(own)
        if all(index < len(run) for run in runs)
    )
    tools = (*substrate.tools, *((words.tool,) if words else ()))
    found = Measurements(
        substrate=replace(
            substrate,
            limits=(
                *substrate.limits,
                "times on made-up rows of this machine, reckoned in proportion for production's",
                *(words.suppressions if words else ()),
            ),
            tools=tools,
        ),
        rows=rows,
        production_rows=wanted,
        migrations=measured,
        pending=tuple(each.name for each in own),
    )
    dump = {"rows": rows, "production_rows": wanted, "migrations": [asdict(each) for each in measured]}
    return replace(found, evidence=(keep.keep(f"measured-{folder.service}.json", json.dumps(dump, indent=1)),))


def _parts(migration: Migration) -> tuple[Statement, ...]:
    if not migration.path.endswith(".sql"):
        raise PrerequisiteMissing(
            migration.path,
            got="a migration that is no SQL",
            expected="statements, to see what each holds",
            action="Nothing; a tool's own code is run as a whole, and not looked into.",
        )
    return statements(migration.sql)


def _wanted(connection: psycopg.Connection, named: Mapping[str, int], policy: MigrationPolicy) -> dict[str, int]:
    grown = 1 + policy.growth_percent / 100
    return {
        name: math.ceil(named.get(name.replace('"', ""), policy.assumed_rows) * grown)
        for _, name, is_part in connection.execute(_TABLES).fetchall()
        if not is_part
    }


def _run(databases: Databases, base: str, own: Sequence[Migration]) -> list[MeasuredMigration]:
    """Run all of them in a copy; those after one that fails are left out."""
    found: list[MeasuredMigration] = []
    with databases.lent(of=base) as database:
        for migration in own:
            found.append(_one_migration(databases, database, migration))
            if found[-1].failure:
                break
    return found


def _one_migration(databases: Databases, database: str, migration: Migration) -> MeasuredMigration:
    with databases.connect(database) as connection:
        known = [row[0] for row in connection.execute(_TABLES).fetchall()]
        with beside(databases, database, connection.info.backend_pid) as traffic:
            measured, failure = _measure(connection, _parts(migration), known)
        invalid = [] if failure else [str(row[0]) for row in connection.execute(_INVALID).fetchall()]
    return MeasuredMigration(
        name=migration.name,
        path=migration.path,
        statements=tuple(measured),
        invalid_indexes=tuple(invalid),
        traffic=traffic.seen,
        failure=failure,
    )


def _measure(
    connection: psycopg.Connection, parts: Sequence[Statement], known: Sequence[int]
) -> tuple[list[MeasuredStatement], str]:
    """Run statements as a migrator does: those of a file together, unless it says otherwise or PostgreSQL forbids it."""
    import psycopg

    own_control = any(_CONTROL.match(part.bare) for part in parts)
    alone = any(_OUTSIDE.match(part.bare) for part in parts)
    done: list[MeasuredStatement] = []
    transaction = 0
    try:
        if not alone and not own_control:
            connection.execute("BEGIN")
        for part in parts:
            wrapped = alone and not own_control and not _OUTSIDE.match(part.bare) and not _SETTING.match(part.bare)
            if wrapped:
                connection.execute("BEGIN")
            done.append(_one(connection, part, known, transaction))
            if wrapped:
                connection.execute("COMMIT")
            if connection.info.transaction_status == psycopg.pq.TransactionStatus.IDLE:
                transaction += 1
        if connection.info.transaction_status == psycopg.pq.TransactionStatus.INTRANS:
            connection.execute("COMMIT")
    except psycopg.Error as error:
        return [], one_line(str(error), 200)
    return done, ""


def _one(connection: psycopg.Connection, part: Statement, known: Sequence[int], transaction: int) -> MeasuredStatement:
    before = _state(connection, known)
    limit = connection.execute(_OWN_LIMIT).fetchone()
    began = time.perf_counter()
    connection.execute(part.text.encode())
    took_ms = (time.perf_counter() - began) * 1000
    after = _state(connection, known)
    return MeasuredStatement(
        line=part.line,
        text=part.bare[:160],
        transaction=transaction,
        took_ms=took_ms,
        reckoned_ms=took_ms,
        own_limit_ms=int(limit[0]) if limit else None,
        held=tuple(filter(None, (_held(before.get(oid), now) for oid, now in after.items()))),
    )


def _held(before: _Seen | None, now: _Seen) -> Held | None:
    """Return what a statement newly holds of a table, or that it worked through it; nothing where it did neither."""
    if before is None:
        return None
    modes, read, changed = now.modes - before.modes, now.read - before.read, now.changed - before.changed
    keeps_out = ""
    if _ALL_OUT in modes:
        keeps_out = "readers and writers"
    elif modes & _WRITERS_OUT:
        keeps_out = "writers"
    elif changed * _SHARE > max(read, 1):
        keeps_out = "writers of the rows that it changed"
    rewritten = now.file != before.file
    if not keeps_out and not rewritten and read <= 0:
        return None
    return Held(table=now.table, keeps_out=keeps_out, grows=rewritten or read > 0, rewritten=rewritten)


def _state(connection: psycopg.Connection, known: Sequence[int]) -> dict[int, _Seen]:
    return {
        oid: _Seen(table=table, file=file, read=read or 0, changed=changed or 0, modes=frozenset(modes))
        for oid, table, file, read, changed, modes in connection.execute(_STATE, (list(known),)).fetchall()
    }


def _reckoned(
    runs: Sequence[MeasuredMigration], factors: Mapping[str, float], said: Sequence[Word]
) -> MeasuredMigration:
    """Put runs of one migration together, in proportion to production's rows."""
    first = next((run for run in runs if run.failure), runs[0])
    if first.failure:
        return first
    parts = []
    for group in zip(*(run.statements for run in runs), strict=True):
        took = min(each.took_ms for each in group)
        grown = [factors.get(held.table, 1.0) for held in group[0].held if held.grows]
        parts.append(replace(group[0], took_ms=round(took, 2), reckoned_ms=round(took * max((1.0, *grown)), 1)))
    lasting = tuple(
        replace(
            each,
            held_ms=round(sum(p.reckoned_ms for p in parts[place:] if p.transaction == each.transaction), 1),
            linter=tuple(dict.fromkeys(word.rule for word in said if word.line == each.line and word.rule in _LINTED)),
        )
        for place, each in enumerate(parts)
    )
    traffic = max((run.traffic for run in runs), key=lambda seen: seen.longest_ms)
    return replace(first, statements=lasting, traffic=traffic)
