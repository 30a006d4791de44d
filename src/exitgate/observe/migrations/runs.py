"""Migrations run for real: replicas of the built images on throwaway PostgreSQL, well and badly."""

from __future__ import annotations

import shlex
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from exitgate.errors import ObservationError, PrerequisiteMissing, one_line
from exitgate.migration_settings import MigrationSettings, SmokeRequest
from exitgate.observation import Observation, Substrate
from exitgate.observe.migrations.files import MigrationFolder
from exitgate.observe.migrations.replica import Replica, Replicas, Start
from exitgate.observe.migrations.state import (
    Rows,
    differences,
    execute_script,
    lost,
    read_applied,
    read_rows,
    read_schema,
)
from exitgate.observe.migrations.statements import statements
from exitgate.observe.migrations.tool import Applied, tool_of
from exitgate.policy import MigrationPolicy
from exitgate.provision.altered_image import altered_image
from exitgate.provision.databases import Databases
from exitgate.waiting import wait_for

if TYPE_CHECKING:
    import psycopg

_LATEST = "29991231235958_exitgate"
_LATER = "29991231235959_exitgate_later"
_HELD_FOR_S = 3.0
_LOCK_FREE_WITHIN_S = 10.0
_SEEDS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """What migrations are run with."""

    substrate: Substrate
    replicas: Replicas
    databases: Databases
    settings: MigrationSettings
    policy: MigrationPolicy
    folder: MigrationFolder
    image: str
    pending: frozenset[str] = frozenset()
    """Paths of files that came after the previous release."""
    previous_tag: str = ""
    previous_image: str = ""
    """Of the release before; empty where there is none."""
    previous_replicas: Replicas | None = None
    previous_requests: tuple[SmokeRequest, ...] = ()

    @property
    def patience_s(self) -> float:
        """How long a start may take here: several at once share two processors."""
        return self.replicas.service.start_timeout_s * 4

    def applied(self, database: str) -> tuple[Applied, ...]:
        """Return what a database says of its migrations."""
        with self.databases.connect(database) as connection:
            return read_applied(connection, tool_of(self.settings))

    def start(self, image: str, database: str) -> Start:
        """Deploy by the policy's way, and return what became of it."""
        if self.policy.way == "startup":
            with self.replicas.replica(image, self.databases.url(database)) as replica:
                return self.settled(replica.await_start(self.patience_s))
        code, out, err = self.replicas.execute(image, self.databases.url(database), self.deploy_words)
        return Start(answered=code == 0, listened=False, exit_code=code, said=one_line(err or out, 300), seconds=0.0)

    def settled(self, start: Start) -> Start:
        """Return a start that came to something: of one that did not, a busy machine may be the reason as well as the target.

        Raises:
            ObservationError: if it neither listened nor ended in time.
        """
        if start.listened or start.exit_code is not None:
            return start
        raise ObservationError(
            f"replica of {self.folder.service}",
            got=f"neither an open port nor an end within {self.patience_s:g} s; its log says: {start.said}",
            expected="one of the two",
            action="Run again on a machine that is less busy, or raise start_timeout_s if it takes so long.",
        )

    @property
    def deploy_words(self) -> tuple[str, ...]:
        """What applies pending migrations alone."""
        words = self.settings.deploy_words
        if words is None:
            raise _untold("deploy", "what applies migrations inside of the image")
        return words

    def path(self, name: str) -> str:
        """Return where a migration of that name lies in the image."""
        if self.settings.tool == "prisma":
            return f"{self.settings.image_folder}/{name}/migration.sql"
        return f"{self.settings.image_folder}/{name}.sql"


def _untold(key: str, what: str) -> PrerequisiteMissing:
    return PrerequisiteMissing(
        "[service.migrations]", got=f"no {key}", expected=what, action=f"Add {key} to [service.migrations]."
    )


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
        raise _untold("lock", "a query that takes the lock of migrators")
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
class Step:
    """A step of the documented recovery that was followed."""

    command: str
    failure: str
    """Empty where it worked."""


def recover(stage: Stage, image: str, database: str, migration: str) -> tuple[Step, ...]:
    """Follow the documented recovery step by step, until one fails.

    ``psql -c`` is run as the service's role; the tool's own name stands for what runs it inside of the image.
    """
    steps = []
    for text in stage.policy.recovery:
        command = text.format(migration=migration, service=stage.replicas.service.name)
        failure = _follow(stage, image, database, shlex.split(command))
        steps.append(Step(command=command, failure=failure))
        if failure:
            break
    return tuple(steps)


def _follow(stage: Stage, image: str, database: str, words: list[str]) -> str:
    import psycopg

    if words[0] == "psql":
        scripts = [words[i + 1] for i, word in enumerate(words[:-1]) if word in ("-c", "--command")]
        try:
            with stage.databases.connect(database) as connection:
                execute_script(connection, [part.text for each in scripts for part in statements(each)])
        except psycopg.Error as error:
            return one_line(str(error), 200)
        return "" if scripts else "no -c whose SQL could be run"
    if words[0] in ("npx", "pnpm", "yarn") and len(words) > 1:
        words = words[1:]
    inside = tuple(words)
    if words[0] == "prisma":
        if stage.settings.cli is None:
            raise _untold("cli", "what runs the tool inside of the image")
        inside = (*stage.settings.cli, *words[1:])
    code, out, err = stage.replicas.execute(image, stage.databases.url(database), inside)
    lines = [line for line in (err + out).splitlines() if line.strip()]
    return "" if code == 0 else one_line(f"exit code {code}: {lines[-1] if lines else 'nothing said'}", 200)


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockedStart(Observation):
    """The start of a version whose migration fails, and its start when that is mended."""

    broken: Start
    steps: tuple[Step, ...]
    mended: Start


def read_blocked_start(stage: Stage) -> BlockedStart:
    """Start a version with a migration that can't be run, recover as documented, and start it with the migration mended."""
    database = stage.databases.make()
    path = stage.path(_LATEST)
    with altered_image(stage.replicas.engine, stage.replicas.run, stage.image, {path: "ALTER TABLEX y;\n"}) as image:
        broken = stage.start(image, database)
    with altered_image(stage.replicas.engine, stage.replicas.run, stage.image, {path: "SELECT 1;\n"}) as image:
        steps = recover(stage, image, database, _LATEST)
        mended = stage.start(image, database)
    return BlockedStart(substrate=stage.substrate, broken=broken, steps=steps, mended=mended)


@dataclass(frozen=True, slots=True, kw_only=True)
class StagingRun(Observation):
    """Migrations on an empty database, and on the previous release's with data."""

    from_empty: Start
    missing: tuple[str, ...]
    """Committed migrations that the database does not list as finished."""
    previous: str
    """The previous release's tag; empty where there is none."""
    rows: int
    """That were there before."""
    upgrade: str
    """Why the upgrade failed; empty where it did not."""
    lost: tuple[str, ...]
    drift: tuple[str, ...]
    """Differences between the database made from nothing and what the schema says."""
    paths_differ: tuple[str, ...]
    """Differences between the database made from nothing and the upgraded one."""


def read_staging_run(stage: Stage) -> StagingRun:
    """Migrate from nothing and from the previous release, and compare."""
    empty = stage.databases.make()
    start = stage.start(stage.image, empty)
    finished = {each.name for each in stage.applied(empty) if each.finished}
    with stage.databases.connect(empty) as connection:
        schema, told = read_schema(connection), read_schema(connection, told_by_prisma=True)
    drift = _drift(stage, told)
    upgrade, rows = "", 0
    gone: tuple[str, ...] = ()
    apart: tuple[str, ...] = ()
    if stage.previous_image:
        old, before = seeded(stage)
        rows = sum(each.count for each in before.values())
        code, out, err = stage.replicas.execute(stage.image, stage.databases.url(old), stage.deploy_words)
        lines = [line for line in (out + err).splitlines() if line.strip()]
        upgrade = "" if code == 0 else one_line(f"exit code {code}: {' '.join(lines[-3:])}", 300)
        with stage.databases.connect(old) as connection:
            gone = lost(before, read_rows(connection, before))
            apart = differences(schema, read_schema(connection))
    return StagingRun(
        substrate=stage.substrate,
        from_empty=start,
        missing=tuple(each.name for each in stage.folder.migrations if each.name not in finished),
        previous=stage.previous_tag,
        rows=rows,
        upgrade=upgrade,
        lost=gone,
        drift=drift,
        paths_differ=apart,
    )


def seeded(stage: Stage) -> tuple[str, dict[str, Rows]]:
    """Return a database as the previous release leaves it, with data by its own requests, and its rows."""
    if stage.previous_replicas is None:
        raise _no_release()
    database = stage.databases.make()
    with stage.previous_replicas.replica(stage.previous_image, stage.databases.url(database)) as replica:
        start = replica.await_start(stage.patience_s)
        if not start.answered:
            raise PrerequisiteMissing(
                f"previous release {stage.previous_tag}",
                got=f"it does not start here: {start.said}",
                expected="one that works, to be upgraded",
                action="See whether it starts with today's settings.",
            )
        for _ in range(_SEEDS):
            replica.smoke(stage.previous_requests)
    with stage.databases.connect(database) as connection:
        rows = read_rows(connection)
    if not any(each.count for each in rows.values()):
        raise PrerequisiteMissing(
            f"previous release {stage.previous_tag}",
            got="no row in any table after its requests",
            expected="data, to see whether it is kept",
            action="Add [[service.migrations.request]] that write something.",
        )
    return database, rows


def _no_release() -> PrerequisiteMissing:
    return PrerequisiteMissing(
        "git tags",
        got="no release before the judged commit",
        expected="one, whose schema and code are the ones that production has",
        action="Tag releases, or correct release_tags in [policy.migrations].",
    )


def _drift(stage: Stage, told: dict[str, str]) -> tuple[str, ...]:
    words = stage.settings.schema_words
    if words is None:
        raise _untold("schema_file and cli", "a schema that the database can be compared with")
    wanted = stage.databases.make()
    code, script, said = stage.replicas.execute(stage.image, stage.databases.url(wanted), words)
    if code != 0:
        raise PrerequisiteMissing(
            f"schema of {stage.folder.service}",
            got=f"no SQL of it ({one_line(said, 200)})",
            expected="`prisma migrate diff --from-empty --to-schema-datamodel … --script` to print it",
            action="Correct cli and schema_file in [service.migrations].",
        )
    with stage.databases.connect(wanted) as connection:
        execute_script(connection, [part.text for part in statements(script)])
        return differences(read_schema(connection, told_by_prisma=True), told)


@dataclass(frozen=True, slots=True, kw_only=True)
class Simulation:
    """One failure that was made to happen in the middle of a deployment."""

    kind: str
    exit_code: int | None
    said: str
    recorded: str
    """``failed``, ``finished``, or ``absent``, of the migration that failed."""
    later_applied: bool
    lost: tuple[str, ...]
    lock_free: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class LockWait:
    """One of the target's own migrations that met a table in use."""

    migration: str
    path: str
    waited_ms: int
    gave_up: bool
    """It ended by its own lock timeout."""
    waits: bool
    """It had to wait at all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Simulations(Observation):
    """All failures."""

    by_kind: dict[str, Simulation]
    lock_waits: tuple[LockWait, ...]
    pending: frozenset[str]
    """Files of the migrations since the previous release: what can still be changed."""


def read_simulations(stage: Stage) -> Simulations:
    """Let a further migration fail in each way, on copies of a database with data."""
    base, rows = seeded(stage) if stage.previous_image else _fresh(stage)
    table = next((name for name, each in rows.items() if each.count), None)
    if table is None:
        raise PrerequisiteMissing(
            stage.folder.service,
            got="no row in any table",
            expected="data that a migration can violate",
            action="Add [[service.migrations.request]] that write something.",
        )
    slow = "CREATE TABLE exitgate_half (i int);\nSELECT pg_sleep(4);\nSELECT 1;\n"
    tries: dict[str, tuple[str, Callable[[str, Replica], None] | None]] = {
        "syntax-error": ("ALTER TABLEX y;\n", None),
        "constraint-violation": (f"ALTER TABLE {table} ADD CONSTRAINT exitgate_never CHECK (false);\n", None),
        "connection-cut": (slow, lambda database, _: _cut(stage, database)),
        "killed-process": (slow, lambda database, replica: _kill(stage, database, replica)),
        "storage-or-permission": ("CREATE ROLE exitgate_refused;\n", None),
    }
    found = {}
    for kind, (sql, interfere) in tries.items():
        database = stage.databases.make(of=base)
        found[kind] = _simulate(stage, kind, database, sql, interfere)
    return Simulations(substrate=stage.substrate, by_kind=found, lock_waits=_lock_waits(stage), pending=stage.pending)


def _fresh(stage: Stage) -> tuple[str, dict[str, Rows]]:
    database = stage.databases.make()
    with stage.replicas.replica(stage.image, stage.databases.url(database)) as replica:
        replica.await_start(stage.patience_s)
        replica.smoke(stage.settings.request)
    with stage.databases.connect(database) as connection:
        return database, read_rows(connection)


def _simulate(
    stage: Stage, kind: str, database: str, sql: str, interfere: Callable[[str, Replica], None] | None
) -> Simulation:
    with stage.databases.connect(database) as connection:
        before = read_rows(connection)
    files = {stage.path(_LATEST): sql, stage.path(_LATER): "SELECT 1;\n"}
    with (
        altered_image(stage.replicas.engine, stage.replicas.run, stage.image, files) as image,
        stage.replicas.replica(image, stage.databases.url(database)) as replica,
    ):
        if interfere:
            interfere(database, replica)
        start = stage.settled(replica.await_start(stage.patience_s))
    applied = {each.name: each for each in stage.applied(database)}
    own = applied.get(_LATEST)
    with stage.databases.connect(database) as connection:
        gone = lost(before, read_rows(connection, before))
        free = _lock_is_free(connection)
    return Simulation(
        kind=kind,
        exit_code=start.exit_code,
        said=start.said,
        recorded="absent" if own is None else "finished" if own.finished else "failed",
        later_applied=_LATER in applied,
        lost=gone,
        lock_free=free,
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


def _sleeper(stage: Stage, database: str) -> int:
    """Return the session that runs the slow statement, once it does."""
    query = (
        "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND query LIKE '%pg_sleep%' "
        "AND pid <> pg_backend_pid() AND state = 'active'"
    )
    with stage.databases.connect(database) as connection:
        row, found = wait_for(
            lambda: connection.execute(query).fetchone(), until=bool, timeout_s=stage.patience_s, interval_s=0.05
        )
    if not found or not row:
        raise PrerequisiteMissing(
            stage.folder.service,
            got="a deployment that never came to the migration that was added",
            expected="one that runs it, to be interrupted in it",
            action="Correct image_folder in [service.migrations].",
        )
    return int(row[0])


def _cut(stage: Stage, database: str) -> None:
    stage.databases.end(_sleeper(stage, database))


def _kill(stage: Stage, database: str, replica: Replica) -> None:
    """Kill what migrates, and leave the process that waits for it: what that makes of it is the question."""
    _sleeper(stage, database)
    if not replica.kill_children():
        replica.container.kill()


def _lock_waits(stage: Stage) -> tuple[LockWait, ...]:
    """Run the newest migrations by themselves while a reader has every table in use."""
    import psycopg

    database = stage.databases.make()
    limit_ms = stage.policy.locks.lock_timeout_ms if stage.policy.locks else 0
    waits = []
    with stage.databases.connect(database) as reader:
        for migration in stage.folder.migrations:
            with stage.databases.connect(database) as connection:
                connection.execute("SELECT set_config('statement_timeout', %s, false)", (str(limit_ms + 2000),))
                tables = [
                    row[0]
                    for row in connection.execute(
                        "SELECT oid::regclass::text FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
                    ).fetchall()
                ]
                reader.execute("BEGIN")
                for table in tables:
                    reader.execute(f"LOCK TABLE {table} IN ACCESS SHARE MODE".encode())
                began, gave_up, waited = time.monotonic(), False, False
                for part in statements(migration.sql):
                    try:
                        connection.execute(part.text.encode())
                    except psycopg.errors.LockNotAvailable:
                        gave_up = waited = True
                        break
                    except psycopg.errors.QueryCanceled:
                        waited = True
                        break
                took_ms = int((time.monotonic() - began) * 1000)
                reader.execute("COMMIT")
            if waited:
                with stage.databases.connect(database) as connection:
                    execute_script(connection, [part.text for part in statements(migration.sql)])
            waits.append(
                LockWait(
                    migration=migration.name, path=migration.path, waited_ms=took_ms, gave_up=gave_up, waits=waited
                )
            )
    return tuple(waits)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rollback(Observation):
    """The previous release beside a deployment that fails, and on the new release's schema."""

    previous: str
    requests: int
    """That were made while the deployment failed."""
    failures: tuple[str, ...]
    """Of the previous release's requests, while the deployment failed and after."""
    steps: tuple[Step, ...]
    open: tuple[str, ...]
    """Migrations that are neither finished nor settled, after the recovery."""
    drift: tuple[str, ...]
    lost: tuple[str, ...]
    new_release: Start
    previous_on_new: tuple[str, ...]
    """What went wrong with the previous release's requests on the new schema."""
    reads: int
    """Requests by which the new release read what the previous one wrote."""
    new_on_old_rows: tuple[str, ...]
    """What went wrong with them."""


@dataclass(slots=True)
class _Prober:
    replica: Replica
    requests: tuple[SmokeRequest, ...]
    count: int = 0
    failures: list[str] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)

    def probe(self) -> None:
        while not self.over.wait(0.05):
            self.failures += self.replica.smoke(self.requests)
            self.count += len(self.requests)


def read_rollback(stage: Stage) -> Rollback:
    """Let a deployment fail beside the previous release, recover, deploy, and ask both."""
    if stage.previous_replicas is None:
        raise _no_release()
    if not stage.previous_requests:
        raise _untold("[[service.migrations.request]]", "requests that a release passes as long as it works")
    database, _ = seeded(stage)
    with stage.databases.connect(database) as connection:
        before = read_rows(connection)
    url, path = stage.databases.url(database), stage.path(_LATEST)
    with stage.previous_replicas.replica(stage.previous_image, url) as old:
        old.await_start(stage.patience_s)
        prober = _Prober(old, stage.previous_requests)
        thread = threading.Thread(target=prober.probe)
        thread.start()
        try:
            engine, run = stage.replicas.engine, stage.replicas.run
            with altered_image(engine, run, stage.image, {path: "ALTER TABLEX y;\n"}) as image:
                stage.start(image, database)
        finally:
            prober.over.set()
            thread.join()
        prober.failures += old.smoke(stage.previous_requests)
        with altered_image(engine, run, stage.image, {path: "SELECT 1;\n"}) as image:
            steps = recover(stage, image, database, _LATEST)
        open_ones = tuple(each.name for each in stage.applied(database) if each.is_open)
        with stage.databases.connect(database) as connection:
            told = read_schema(connection, told_by_prisma=True)
            after = read_rows(connection, before)
        drift = _drift(stage, told)
        saved: dict[str, str] = {}
        on_new = [old.request(request, saved) for request in stage.previous_requests]
        with stage.replicas.replica(stage.image, url) as new:
            start = new.await_start(stage.patience_s)
            reads = [each for each in stage.settings.request if each.method == "GET" and each.names <= saved.keys()]
            on_old = [new.request(request, saved) for request in reads] if start.answered else []
            on_new += old.smoke(stage.previous_requests)
    shrunk = tuple(
        f"{table}: {rows.count} rows became {after[table].count if table in after else 0}"
        for table, rows in before.items()
        if table not in after or after[table].count < rows.count
    )
    return Rollback(
        substrate=stage.substrate,
        previous=stage.previous_tag,
        requests=prober.count,
        failures=tuple(dict.fromkeys(prober.failures)),
        steps=steps,
        open=open_ones,
        drift=drift,
        lost=shrunk,
        new_release=start,
        previous_on_new=tuple(filter(None, on_new)),
        reads=len(on_old),
        new_on_old_rows=tuple(filter(None, on_old)),
    )
