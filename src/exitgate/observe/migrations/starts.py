"""Starts of replicas: several at once, one against a held lock, one whose migration fails."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace

from exitgate.errors import PrerequisiteMissing
from exitgate.evidence_folder import EvidenceFolder
from exitgate.observation import Observation
from exitgate.observe.migrations.contenders import Contenders, contenders
from exitgate.observe.migrations.recovery import Step, recover
from exitgate.observe.migrations.replica import Replica, Start
from exitgate.observe.migrations.rollback import read_rollback
from exitgate.observe.migrations.stage import Stage, came_from_empty, untold
from exitgate.observe.migrations.tool import Applied, tool_of
from exitgate.provision.altered_image import altered_image
from exitgate.waiting import wait_for

_POOLED = (
    "a PgBouncer of this machine stands between replicas and database, in {} mode; production's has settings of its own"
)
_HELD_AT_LEAST_S, _HELD_AT_MOST_S = 3.0, 8.0
"""Seconds for which a replica is watched before a held lock: as many as a whole start takes here, and fewer than the 10 after which
Prisma's migrators give up waiting, as they may."""
_FREE_WITHIN_MS = 5000
_WITH_THE_HOLDER = 3
"""So many start, at the most, where the one with the lock is killed: it, and two that wait, of which both react at once."""
_DIRECT = "replicas reach the database directly: no pooler of connections stands between"
_SESSIONS = """
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND backend_type = 'client backend' AND pid NOT IN (pg_backend_pid(), %s)
"""
_HOLDERS = """
WITH client AS (
  SELECT pid, datname, CASE WHEN %s THEN application_name ELSE host(client_addr) END AS name FROM pg_stat_activity)
SELECT DISTINCT a.name FROM pg_locks l JOIN client a USING (pid)
WHERE l.locktype = 'advisory' AND l.granted AND a.datname = current_database() AND EXISTS (
  SELECT FROM pg_locks w JOIN client b ON b.pid = w.pid
  WHERE NOT w.granted AND (w.relation = 'pg_class'::regclass OR w.classid = 'pg_namespace'::regclass) AND b.name = a.name)
"""
"""Names or addresses of those that hold a lock of migrators while they wait to make a table."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Killed:
    """Three replicas, or two, that started at once, of which the one that held the migrators' lock was killed."""

    starts: tuple[Start, ...]
    """Of the others, and of the one that was started in the place of the killed one."""
    applied: tuple[Applied, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Held:
    """A replica that finds the migrators' lock taken by a stranger."""

    served: bool
    applied: tuple[str, ...]
    """Both while the stranger had it."""
    after: Start
    """Once it was let go."""
    rest_s: float
    """Seconds that it took from then on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StartRace(Observation):
    """Replicas that start at once, one that finds the migrators' lock taken, and up to three that lose the one which holds it."""

    committed: tuple[str, ...]
    starts: tuple[Start, ...]
    applied: tuple[Applied, ...]
    served_while_held: bool
    """A replica listened while a stranger held the lock and nothing was applied."""
    applied_while_held: tuple[str, ...]
    after_release: Start
    held_s: float
    """Seconds for which the replica before the held lock was watched."""
    rest_s: float
    """Seconds from when the lock was let go until that replica answered: had it waited for nothing, it would have by then."""
    killed: Killed | None
    """Nothing where the lock stays taken anyway."""
    lock_stays: bool = False
    """Nobody could take the lock once every replica had come up."""
    pooler: str = ""
    """How the pooler pools that stands between replicas and database; empty where none does."""


def read_start_race(stage: Stage, evidence: EvidenceFolder) -> StartRace:
    """Start as many replicas at once as the policy says; then one that meets a stranger's lock, and beside it three, to kill one.

    Where the policy says that but two start at once, there are two to kill one of.

    Where the target says that a pooler stands between them and the database, one does.

    Args:
        evidence: Where the three are written down, each start with its seconds.

    Raises:
        PrerequisiteMissing: if nobody says how the lock is taken, who has it can't be told, or there is no pooler.
    """
    lock = tool_of(stage.settings).lock_query
    if lock is None:
        raise untold("lock", "a query that takes the lock of migrators")
    with contenders(stage) as started:
        together = stage.databases.make()
        with ExitStack() as stack:
            replicas = _several(started, stack, together, stage.policy.concurrent_starts)
            starts = tuple(replica.await_start(stage.patience_s * 2) for replica in replicas)
            applied = stage.applied(together)
            stays = _stays(stage, together, lock)
        if all(each.answered for each in starts) and not started.pooler:
            came_from_empty(stage, together, starts[0])
        quickest_s = min((each.seconds for each in starts if each.answered), default=0.0)
        held_s = min(max(_HELD_AT_LEAST_S, quickest_s), _HELD_AT_MOST_S)
        with ThreadPoolExecutor(max_workers=1) as pool:
            # Most of it is to watch that nothing happens.
            watched = pool.submit(_meet_a_held_lock, stage, started, lock, held_s)
            killed = None if stays else _lose_the_holder(stage, started)
            held = watched.result()
    told = {
        "pooler": started.pooler or "none",
        "several at once": {
            "starts": [asdict(each) for each in starts],
            "migrations": _told(applied),
            "lock once all were up": "taken" if stays else "free",
        },
        "a stranger holds the lock": {
            "watched for seconds": round(held_s, 1),
            "listened meanwhile": held.served,
            "migrations meanwhile": held.applied,
            "start once it was let go": asdict(held.after),
            "seconds from then on": round(held.rest_s, 1),
        },
        "the one that holds the lock is killed": {
            "starts of the others, and of the one in its place": [asdict(each) for each in killed.starts],
            "migrations": _told(killed.applied),
        }
        if killed
        else "not tried, since the lock stays taken anyway",
    }
    return StartRace(
        substrate=replace(
            stage.substrate,
            limits=(*stage.substrate.limits, _POOLED.format(started.pooler) if started.pooler else _DIRECT),
            tools=(*stage.substrate.tools, *started.tools),
        ),
        evidence=(evidence.keep(f"controlled-starts-{stage.folder.service}.json", json.dumps(told, indent=1)),),
        committed=tuple(migration.name for migration in stage.folder.migrations),
        starts=starts,
        applied=applied,
        served_while_held=held.served,
        applied_while_held=held.applied,
        after_release=held.after,
        held_s=held_s,
        rest_s=held.rest_s,
        killed=killed,
        lock_stays=stays,
        pooler=started.pooler,
    )


def _told(applied: Sequence[Applied]) -> list[str]:
    """Return what a database's own list says, a line each: twice the same is one that ran twice."""
    return [f"{each.name}: {'finished' if each.finished else 'open'}" for each in applied]


def _several(started: Contenders, stack: ExitStack, database: str, count: int) -> list[Replica]:
    return [stack.enter_context(started.replica(database)) for _ in range(count)]


def _stays(stage: Stage, database: str, lock: str) -> bool:
    """Say whether nobody can take the migrators' lock now that they are done."""
    import psycopg

    with stage.databases.connect(database) as stranger:
        stranger.execute(f"SET lock_timeout = {_FREE_WITHIN_MS}".encode())
        try:
            stranger.execute(lock.encode())
        except psycopg.errors.LockNotAvailable:
            return True
    return False


def _meet_a_held_lock(stage: Stage, started: Contenders, lock: str, watched_s: float) -> _Held:
    """Start a replica on an empty database while a stranger has the migrators' lock, and end the stranger's session."""
    database = stage.databases.make()
    with stage.databases.connect(database) as stranger:
        stranger.execute(lock.encode())
        with started.replica(database) as replica:
            served = _serves_ahead(stage, database, replica, stranger.info.backend_pid, watched_s)
            before = tuple(each.name for each in stage.applied(database))
            stage.databases.end(stranger.info.backend_pid)
            freed = time.monotonic()
            after = replica.await_start(stage.patience_s)
            return _Held(served=served, applied=before, after=after, rest_s=time.monotonic() - freed)


def _serves_ahead(stage: Stage, database: str, replica: Replica, stranger: int, watched_s: float) -> bool:
    """Say whether a replica listens though it can't have migrated; it is watched from when it has come to its database on.

    Args:
        stage: Where it starts.
        database: That it comes to.
        replica: That was started.
        stranger: The process of the session that holds the lock.
        watched_s: Seconds for which it is watched.

    Raises:
        ObservationError: if it does neither in time: then nothing is known of it.
    """
    with stage.databases.connect(database) as watcher:

        def look() -> str:
            state = replica.look()
            if replica.listened or state == "ended":
                return state
            row = watcher.execute(_SESSIONS, (stranger,)).fetchone()
            return "came" if row and row[0] else ""

        if not wait_for(look, until=bool, timeout_s=stage.patience_s, interval_s=0.05)[1]:
            stage.settled(replica.await_start(0.0))
    wait_for(lambda: replica.look() == "ended" or replica.listened, until=bool, timeout_s=watched_s, interval_s=0.05)
    return replica.listened


def _lose_the_holder(stage: Stage, started: Contenders) -> Killed:
    """Start three replicas, kill the one that holds a lock of migrators before it has applied any, and start another one.

    They are as many as start at once in production, where that is fewer: else two waiters are there, who react to its end at once.
    What would make a table waits meanwhile, so that whoever has the lock has it for as long as it takes to find out who that is.
    """
    database = stage.databases.make()
    with ExitStack() as stack:
        with stage.databases.without_new_tables(database):
            replicas = _several(started, stack, database, min(_WITH_THE_HOLDER, stage.policy.concurrent_starts))
            holder = _holder(stage, database, replicas, named=started.named)
            holder.container.kill()
        replicas.remove(holder)
        replicas.append(stack.enter_context(started.replica(database)))
        starts = tuple(replica.await_start(stage.patience_s * 2) for replica in replicas)
        return Killed(starts=starts, applied=stage.applied(database))


def _holder(stage: Stage, database: str, replicas: list[Replica], *, named: bool) -> Replica:
    """Return the replica whose session has an advisory lock, once it has one and one waits for the catalogue of tables.

    Raises:
        PrerequisiteMissing: if none takes one.
    """
    with stage.databases.connect(database) as watcher:

        def look() -> Replica | None:
            held = {str(row[0]) for row in watcher.execute(_HOLDERS, (named,)).fetchall()}
            return next((each for each in replicas if (each.name if named else each.address) in held), None)

        holder, _ = wait_for(look, until=bool, timeout_s=stage.patience_s * 2, interval_s=0.05)
    if holder is None:
        raise PrerequisiteMissing(
            f"replicas of {stage.folder.service}",
            got="none that takes an advisory lock of PostgreSQL before it makes a table",
            expected="one that does, to be killed while it holds it",
            action="Let replicas take turns by such a lock; by another kind this is not seen.",
        )
    return holder


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockedStart(Observation):
    """The start of a version whose migration fails, and its start when that is mended."""

    broken: Start
    steps: tuple[Step, ...]
    mended: Start


def read_blocked_start(stage: Stage, evidence: EvidenceFolder) -> BlockedStart:
    """Start a version with a migration that can't be run, recover as documented, and start it with the migration mended.

    It happens beside the previous release, on what that has written; on an empty database where there is none.

    Args:
        evidence: Where both starts are written down, and each step between them.
    """
    try:
        beside = read_rollback(stage)
    except PrerequisiteMissing:
        broken, steps, mended = _on_an_empty_database(stage)
    else:
        broken, steps, mended = beside.broken, beside.steps, beside.new_release
    told = {"broken": asdict(broken), "recovery": [asdict(each) for each in steps], "mended": asdict(mended)}
    return BlockedStart(
        substrate=stage.substrate,
        evidence=(evidence.keep(f"blocked-start-{stage.folder.service}.json", json.dumps(told, indent=1)),),
        broken=broken,
        steps=steps,
        mended=mended,
    )


def _on_an_empty_database(stage: Stage) -> tuple[Start, tuple[Step, ...], Start]:
    database = stage.databases.make()
    path = stage.path(stage.latest)
    with altered_image(stage.replicas.engine, stage.replicas.run, stage.image, {path: "ALTER TABLEX y;\n"}) as image:
        broken = stage.start(image, database)
    with altered_image(stage.replicas.engine, stage.replicas.run, stage.image, {path: "SELECT 1;\n"}) as image:
        steps = recover(stage, image, database, stage.latest)
        return broken, steps, stage.release(image, database)
