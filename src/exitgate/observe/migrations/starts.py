"""Starts of replicas: several at once, one against a held lock, one whose migration fails."""

from __future__ import annotations

import time
from contextlib import ExitStack
from dataclasses import dataclass

from exitgate.observation import Observation
from exitgate.observe.migrations.recovery import Step, recover
from exitgate.observe.migrations.replica import Start
from exitgate.observe.migrations.stage import LATEST, Stage, untold
from exitgate.observe.migrations.tool import Applied, tool_of
from exitgate.provision.altered_image import altered_image
from exitgate.waiting import wait_for

_HELD_FOR_S = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class StartRace(Observation):
    """Replicas that start at once, and one that finds the migrators' lock taken."""

    committed: tuple[str, ...]
    starts: tuple[Start, ...]
    applied: tuple[Applied, ...]
    served_while_held: bool
    """A replica listened while a stranger held the lock and nothing was applied."""
    applied_while_held: tuple[str, ...]
    after_release: Start


def read_start_race(stage: Stage) -> StartRace:
    """Start as many replicas at once as the policy says, and then one while a stranger holds the lock."""
    lock = tool_of(stage.settings).lock_query
    if lock is None:
        raise untold("lock", "a query that takes the lock of migrators")
    together = stage.databases.make()
    with ExitStack() as stack:
        replicas = [
            stack.enter_context(stage.replicas.replica(stage.image, stage.databases.url(together)))
            for _ in range(stage.policy.concurrent_starts)
        ]
        starts = tuple(replica.await_start(stage.patience_s * 2) for replica in replicas)
        applied = stage.applied(together)
    alone = stage.databases.make()
    with stage.databases.connect(alone) as stranger:
        stranger.execute(lock.encode())
        with stage.replicas.replica(stage.image, stage.databases.url(alone)) as replica:
            deadline = time.monotonic() + _HELD_FOR_S
            seen, _ = wait_for(
                replica.look,
                until=lambda state: state != "starting" or replica.listened or time.monotonic() > deadline,
                timeout_s=_HELD_FOR_S,
            )
            served = replica.listened or seen == "answers"
            before = tuple(each.name for each in stage.applied(alone))
            stage.databases.end(stranger.info.backend_pid)
            after = replica.await_start(stage.patience_s)
    return StartRace(
        substrate=stage.substrate,
        committed=tuple(migration.name for migration in stage.folder.migrations),
        starts=starts,
        applied=applied,
        served_while_held=served,
        applied_while_held=before,
        after_release=after,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockedStart(Observation):
    """The start of a version whose migration fails, and its start when that is mended."""

    broken: Start
    steps: tuple[Step, ...]
    mended: Start


def read_blocked_start(stage: Stage) -> BlockedStart:
    """Start a version with a migration that can't be run, recover as documented, and start it with the migration mended."""
    database = stage.databases.make()
    path = stage.path(LATEST)
    with altered_image(stage.replicas.engine, stage.replicas.run, stage.image, {path: "ALTER TABLEX y;\n"}) as image:
        broken = stage.start(image, database)
    with altered_image(stage.replicas.engine, stage.replicas.run, stage.image, {path: "SELECT 1;\n"}) as image:
        steps = recover(stage, image, database, LATEST)
        mended = stage.start(image, database)
    return BlockedStart(substrate=stage.substrate, broken=broken, steps=steps, mended=mended)
