"""Failures that are made to happen in the middle of a migration, beside the previous release, and what waits for a table in use."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from queue import SimpleQueue
from typing import TYPE_CHECKING

from exitgate.errors import PrerequisiteMissing
from exitgate.evidence_folder import EvidenceFolder
from exitgate.observation import Observation
from exitgate.observe.migrations.checksums import edited
from exitgate.observe.migrations.interruptions import SLOW, cut, kill
from exitgate.observe.migrations.lock_waits import LockWait, read_lock_waits
from exitgate.observe.migrations.places import FILL, copied, giving_up, in_use, soon_full, standing
from exitgate.observe.migrations.predecessor import AT_ONCE, Predecessor, predecessors, seed
from exitgate.observe.migrations.prober import Prober
from exitgate.observe.migrations.replica import Replica
from exitgate.observe.migrations.stage import Stage
from exitgate.observe.migrations.state import Rows, lost, steady_rows
from exitgate.observe.migrations.tool import tool_of
from exitgate.provision.altered_image import altered_image
from exitgate.waiting import wait_for

if TYPE_CHECKING:
    import psycopg

_LOCK_FREE_WITHIN_S = 10.0
_Interference = Callable[[str, Replica], None]
"""What is done to a deployment that is under way, by its database."""
DISK_FULL = "disk-full"
LOCK_TIMEOUT = "lock-timeout"
CHECKSUM_CHANGED = "checksum-changed"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Failure:
    """How a migration is made to fail."""

    kind: str
    files: Mapping[str, str]
    """Path in the image to text."""
    place: Callable[[Predecessor | None], AbstractContextManager[str]]
    """Gives the database."""
    interfere: _Interference | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Simulation:
    """One failure that was made to happen in the middle of a deployment: a row of the fault table."""

    kind: str
    exit_code: int | None
    listened: bool
    """A socket listened on the port at some time."""
    answered: bool
    """2xx on the health path."""
    said: str
    recorded: str
    """``failed``, ``finished``, or ``absent``, of the migration that failed."""
    later_applied: bool
    lost: tuple[str, ...]
    lock_free: bool
    seconds: float = 0.0
    """From the start of the deployment to its end."""
    rows_before: int = 0
    rows_after: int = 0
    requests: int = 0
    """By which the previous release was asked meanwhile; they read."""
    failures: tuple[str, ...] = ()
    """Of those requests."""
    edited: tuple[str, ...] = ()
    """Applied migrations whose files are not the ones that were applied, by the checksums in the database."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Simulations(Observation):
    """All failures."""

    by_kind: dict[str, Simulation]
    lock_waits: tuple[LockWait, ...]
    pending: frozenset[str]
    """Files of the migrations since the previous release: what can still be changed."""
    previous: str = ""
    """The release that was asked meanwhile; empty where there is none."""
    keeps_failures: bool = True
    """The tool's list tells of a migration that failed."""
    untried: Mapping[str, PrerequisiteMissing] = field(default_factory=dict)
    """Kinds of failure that could not be made to happen, and why."""


def read_simulations(stage: Stage, evidence: EvidenceFolder) -> Simulations:
    """Let a further migration fail in each way, on copies of a database with data, and keep the table of what came of it."""
    base, rows = (seed(stage).database, seed(stage).rows) if stage.previous_image else _fresh(stage)
    table = next((name for name, each in rows.items() if each.count), None)
    if table is None:
        raise PrerequisiteMissing(
            stage.folder.service,
            got="no row in any table",
            expected="data that a migration can violate",
            action="Add [[service.migrations.request]] that write something.",
        )
    with _side_by_side() as pool:
        waiting = pool.submit(read_lock_waits, stage)
        found, untried = _failures(stage, base, table, pool)
        waits = waiting.result()
    told = {
        "previous release": stage.previous_tag,
        "failures": [asdict(each) for each in found.values()],
        "lock waits": [asdict(each) for each in waits],
    }
    return Simulations(
        substrate=replace(stage.substrate, limits=(*stage.substrate.limits, *_limits(found))),
        evidence=(evidence.keep(f"failing-migrations-{stage.folder.service}.json", json.dumps(told, indent=1)),),
        by_kind=found,
        lock_waits=waits,
        pending=stage.pending,
        previous=stage.previous_tag,
        keeps_failures=tool_of(stage.settings).keeps_failures,
        untried=untried,
    )


@contextmanager
def _side_by_side() -> Iterator[Executor]:
    """Give what does `AT_ONCE` failures, and the waiting for tables beside; where the block fails, what was not begun is left."""
    pool = ThreadPoolExecutor(max_workers=AT_ONCE + 1, thread_name_prefix="failure")
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)


def _failures(
    stage: Stage, base: str, table: str, pool: Executor
) -> tuple[dict[str, Simulation], dict[str, PrerequisiteMissing]]:
    """Make each kind of failure happen, each on a copy of a database, side by side as far as the pool lets them.

    Returns:
        What came of each, and of what could not be made to happen, why.
    """
    place, own = partial(copied, stage, base), stage.path(stage.latest)
    used = standing(stage, table)

    def failure(kind: str, sql: str, interfere: _Interference | None = None) -> _Failure:
        return _Failure(kind=kind, files={own: sql}, place=place, interfere=interfere)

    failures = [
        # What waits for the longest first.
        failure("killed-process", SLOW, lambda database, replica: kill(stage, database, replica)),
        _Failure(kind=DISK_FULL, files={own: FILL}, place=partial(soon_full, stage, base)),
        _Failure(
            kind=LOCK_TIMEOUT, files={own: giving_up(used, stage.policy)}, place=partial(in_use, stage, base, used)
        ),
        failure("syntax-error", "ALTER TABLEX y;\n"),
        failure("constraint-violation", f"ALTER TABLE {table} ADD CONSTRAINT exitgate_never CHECK (false);\n"),
        failure("connection-cut", SLOW, lambda database, _: cut(stage, database)),
        failure("permission-denied", "CREATE ROLE exitgate_refused;\n"),
    ]
    if changed := _with_an_edited_one(stage, base):
        failures.append(_Failure(kind=CHECKSUM_CHANGED, files={**changed, own: "SELECT 1;\n"}, place=place))
    free: SimpleQueue[Predecessor] = SimpleQueue()
    for neighbour in predecessors(stage):
        free.put(neighbour)
    under_way = {each.kind: pool.submit(_in_turn, stage, each, free) for each in failures}
    found, untried = {}, {}
    for kind, each in under_way.items():
        try:
            found[kind] = each.result()
        except PrerequisiteMissing as missing:
            if kind not in (DISK_FULL, LOCK_TIMEOUT):
                raise
            untried[kind] = missing
    return found, untried


def _limits(found: Mapping[str, Simulation]) -> tuple[str, ...]:
    changed = found.get(CHECKSUM_CHANGED)
    if changed is None or changed.exit_code not in (None, 0):
        return ()
    return (
        "the tool goes on where the file of an applied migration was edited: that is told by checksums and by git's history",
    )


def _fresh(stage: Stage) -> tuple[str, dict[str, Rows]]:
    database = stage.databases.make()
    stage.migrate_first(stage.replicas, stage.image, database)
    with stage.replicas.replica(stage.image, stage.databases.url(database)) as replica:
        replica.await_start(stage.patience_s)
        replica.smoke(stage.settings.request)
    with stage.databases.connect(database) as connection:
        return database, stage.rows(connection)


def _with_an_edited_one(stage: Stage, database: str) -> dict[str, str]:
    """Return an applied migration's file with another text; nothing where there is none, or the tool keeps no checksums."""
    kept = {each.name for each in stage.applied(database) if each.finished and each.checksum}
    first = next((each for each in stage.folder.migrations if each.name in kept), None)
    return {stage.path(first.name): f"{first.sql}\n-- edited afterwards\n"} if first else {}


def _in_turn(stage: Stage, failure: _Failure, free: SimpleQueue[Predecessor]) -> Simulation:
    neighbour = free.get()
    try:
        return _undisturbed(stage, failure, neighbour)
    finally:
        free.put(neighbour)


def _undisturbed(stage: Stage, failure: _Failure, neighbour: Predecessor) -> Simulation:
    """Let a deployment fail beside the previous release.

    Where that fails requests and had served on another database before, once more beside one that has not. Where rows are not as
    they were, once more without it: it may write by itself, e.g. what it hears of others, and so is seen whose doing it was.
    """

    def tried(beside: Predecessor | None) -> Simulation:
        with failure.place(beside) as database:
            return _simulate(stage, failure, database, beside)

    seen = tried(neighbour)
    if seen.failures and neighbour.reused:
        neighbour.dismiss()
        seen = tried(neighbour)
    return _of_itself(tried(None), seen) if seen.lost and seen.requests else seen


def _of_itself(alone: Simulation, beside: Simulation) -> Simulation:
    """Return what a deployment did where nothing else wrote, with what the previous release answered beside it."""
    return replace(alone, requests=beside.requests, failures=beside.failures)


def _simulate(stage: Stage, failure: _Failure, database: str, beside: Predecessor | None) -> Simulation:
    files = failure.files
    run = stage.replicas.run
    with (
        altered_image(
            stage.replicas.engine, run, stage.image, {stage.path(stage.later): "SELECT 1;\n", **files}
        ) as image,
        ExitStack() as stack,
    ):
        old = stack.enter_context(beside.serving(database)) if beside else Prober()
        with stage.databases.connect(database) as connection:
            before = steady_rows(lambda: stage.rows(connection))
        with stage.deploying(image, stage.databases.url(database)) as replica:
            if failure.interfere:
                failure.interfere(database, replica)
            start = stage.settled(replica.await_start(stage.patience_s))
        with stage.databases.connect(database) as connection:
            after = stage.rows(connection, before)
    applied = stage.applied(database)
    own = next((each for each in applied if each.name == stage.latest), None)
    with stage.databases.connect(database) as connection:
        free = _lock_is_free(connection)
    committed = (replace(each, sql=files.get(stage.path(each.name), each.sql)) for each in stage.folder.migrations)
    return Simulation(
        kind=failure.kind,
        exit_code=start.exit_code,
        listened=start.listened,
        answered=start.answered,
        said=start.said,
        recorded="absent" if own is None else "finished" if own.finished else "failed",
        later_applied=any(each.name == stage.later for each in applied),
        lost=lost(before, after),
        lock_free=free,
        seconds=start.seconds,
        rows_before=sum(each.count for each in before.values()),
        rows_after=sum(each.count for each in after.values()),
        requests=old.count,
        failures=tuple(dict.fromkeys(old.failures)),
        edited=edited(committed, applied),
    )


def _lock_is_free(connection: psycopg.Connection) -> bool:
    query = (
        "SELECT count(*) FROM pg_locks l JOIN pg_database d ON d.oid = l.database "
        "WHERE locktype = 'advisory' AND datname = current_database()"
    )

    def held() -> int:
        row = connection.execute(query).fetchone()
        return int(row[0]) if row else 0

    return wait_for(held, until=lambda count: count == 0, timeout_s=_LOCK_FREE_WITHIN_S, interval_s=0.1)[1]
