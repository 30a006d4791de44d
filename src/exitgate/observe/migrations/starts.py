"""Starts of replicas: several at once, one against a held lock, one whose migration fails."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING

from exitgate.errors import PrerequisiteMissing
from exitgate.evidence_folder import EvidenceFolder
from exitgate.observation import Observation
from exitgate.observe.migrations.recovery import Step, recover
from exitgate.observe.migrations.replica import Replica, Start
from exitgate.observe.migrations.stage import LATEST, Stage, untold
from exitgate.observe.migrations.tool import Applied, tool_of
from exitgate.provision.altered_image import altered_image
from exitgate.waiting import wait_for

if TYPE_CHECKING:
    import psycopg

_HELD_FOR_S = 3.0
_DIRECT = "replicas reach the database directly: no pooler of connections stands between"
_HOLDERS = """
SELECT DISTINCT host(a.client_addr) FROM pg_locks l JOIN pg_stat_activity a USING (pid)
WHERE l.locktype = 'advisory' AND l.granted AND a.datname = current_database() AND EXISTS (
  SELECT FROM pg_locks w JOIN pg_stat_activity b ON b.pid = w.pid
  WHERE NOT w.granted AND w.relation = 'pg_class'::regclass AND b.client_addr = a.client_addr)
"""
"""Addresses of those that hold a lock of migrators while they wait to make a table."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Killed:
    """Replicas that started at once, of which the one that held the migrators' lock was killed."""

    starts: tuple[Start, ...]
    """Of the others, and of the one that was started in the place of the killed one."""
    applied: tuple[Applied, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class StartRace(Observation):
    """Replicas that start at once, one that finds the migrators' lock taken, and several that lose the one which holds it."""

    committed: tuple[str, ...]
    starts: tuple[Start, ...]
    applied: tuple[Applied, ...]
    served_while_held: bool
    """A replica listened while a stranger held the lock and nothing was applied."""
    applied_while_held: tuple[str, ...]
    after_release: Start
    killed: Killed


def read_start_race(stage: Stage, evidence: EvidenceFolder) -> StartRace:
    """Start as many replicas at once as the policy says; then one while a stranger holds the lock; then several, and kill one.

    Args:
        evidence: Where the three are written down, each start with its seconds.
    """
    lock = tool_of(stage.settings).lock_query
    if lock is None:
        raise untold("lock", "a query that takes the lock of migrators")
    together = stage.databases.make()
    with ExitStack() as stack:
        replicas = _several(stage, stack, together)
        starts = tuple(replica.await_start(stage.patience_s * 2) for replica in replicas)
        applied = stage.applied(together)
    alone = stage.databases.make()
    with stage.databases.connect(alone) as stranger:
        stranger.execute(lock.encode())
        with stage.replicas.replica(stage.image, stage.databases.url(alone)) as replica:
            served = _serves_ahead(stage, alone, replica)
            before = tuple(each.name for each in stage.applied(alone))
            stage.databases.end(stranger.info.backend_pid)
            after = replica.await_start(stage.patience_s)
    killed = _lose_the_holder(stage)
    told = {
        "several at once": {"starts": [asdict(each) for each in starts], "migrations": _told(applied)},
        "a stranger holds the lock": {
            "listened meanwhile": served,
            "migrations meanwhile": before,
            "start once it was let go": asdict(after),
        },
        "the one that holds the lock is killed": {
            "starts of the others, and of the one in its place": [asdict(each) for each in killed.starts],
            "migrations": _told(killed.applied),
        },
    }
    return StartRace(
        substrate=replace(stage.substrate, limits=(*stage.substrate.limits, _DIRECT)),
        evidence=(evidence.keep(f"controlled-starts-{stage.folder.service}.json", json.dumps(told, indent=1)),),
        committed=tuple(migration.name for migration in stage.folder.migrations),
        starts=starts,
        applied=applied,
        served_while_held=served,
        applied_while_held=before,
        after_release=after,
        killed=killed,
    )


def _told(applied: Sequence[Applied]) -> list[str]:
    """Return what a database's own list says, a line each: twice the same is one that ran twice."""
    return [f"{each.name}: {'finished' if each.finished else 'open'}" for each in applied]


def _several(stage: Stage, stack: ExitStack, database: str) -> list[Replica]:
    url = stage.databases.url(database)
    return [
        stack.enter_context(stage.replicas.replica(stage.image, url)) for _ in range(stage.policy.concurrent_starts)
    ]


def _serves_ahead(stage: Stage, database: str, replica: Replica) -> bool:
    """Say whether a replica listens though it can't have migrated; it is watched from when it has come to its database on.

    Raises:
        ObservationError: if it does neither in time: then nothing is known of it.
    """
    with stage.databases.connect(database) as watcher:

        def look() -> str:
            state = replica.look()
            if replica.listened or state == "ended":
                return state
            return "came" if _sessions(watcher, replica.address) else ""

        if not wait_for(look, until=bool, timeout_s=stage.patience_s, interval_s=0.05)[1]:
            stage.settled(replica.await_start(0.0))
    wait_for(lambda: replica.look() == "ended" or replica.listened, until=bool, timeout_s=_HELD_FOR_S, interval_s=0.05)
    return replica.listened


def _lose_the_holder(stage: Stage) -> Killed:
    """Start several replicas, kill the one that holds a lock of migrators before it has applied any, and start another one.

    What would make a table waits meanwhile, so that whoever has the lock has it for as long as it takes to find out who that is.
    """
    database = stage.databases.make()
    with ExitStack() as stack:
        with stage.databases.without_new_tables(database):
            replicas = _several(stage, stack, database)
            holder = _holder(stage, database, replicas)
            holder.container.kill()
        replicas.remove(holder)
        replicas.append(stack.enter_context(stage.replicas.replica(stage.image, stage.databases.url(database))))
        starts = tuple(replica.await_start(stage.patience_s * 2) for replica in replicas)
        return Killed(starts=starts, applied=stage.applied(database))


def _holder(stage: Stage, database: str, replicas: list[Replica]) -> Replica:
    """Return the replica whose session has an advisory lock, once it has one and one waits for the catalogue of tables.

    Raises:
        PrerequisiteMissing: if none takes one.
    """
    with stage.databases.connect(database) as watcher:

        def look() -> Replica | None:
            held = {str(row[0]) for row in watcher.execute(_HOLDERS).fetchall()}
            return next((each for each in replicas if each.address in held), None)

        holder, _ = wait_for(look, until=bool, timeout_s=stage.patience_s * 2, interval_s=0.05)
    if holder is None:
        raise PrerequisiteMissing(
            f"replicas of {stage.folder.service}",
            got="none that takes an advisory lock of PostgreSQL before it makes a table",
            expected="one that does, to be killed while it holds it",
            action="Let replicas take turns by such a lock; by another kind this is not seen.",
        )
    return holder


def _sessions(watcher: psycopg.Connection, address: str) -> int:
    row = watcher.execute(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND client_addr = %s", (address,)
    ).fetchone()
    return int(row[0]) if row else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockedStart(Observation):
    """The start of a version whose migration fails, and its start when that is mended."""

    broken: Start
    steps: tuple[Step, ...]
    mended: Start


def read_blocked_start(stage: Stage, evidence: EvidenceFolder) -> BlockedStart:
    """Start a version with a migration that can't be run, recover as documented, and start it with the migration mended.

    Args:
        evidence: Where both starts are written down, and each step between them.
    """
    database = stage.databases.make()
    path = stage.path(LATEST)
    with altered_image(stage.replicas.engine, stage.replicas.run, stage.image, {path: "ALTER TABLEX y;\n"}) as image:
        broken = stage.start(image, database)
    with altered_image(stage.replicas.engine, stage.replicas.run, stage.image, {path: "SELECT 1;\n"}) as image:
        steps = recover(stage, image, database, LATEST)
        mended = stage.start(image, database)
    told = {"broken": asdict(broken), "recovery": [asdict(each) for each in steps], "mended": asdict(mended)}
    return BlockedStart(
        substrate=stage.substrate,
        evidence=(evidence.keep(f"blocked-start-{stage.folder.service}.json", json.dumps(told, indent=1)),),
        broken=broken,
        steps=steps,
        mended=mended,
    )
