"""The previous release, which serves beside one failing deployment after the other, each time on a database made anew.

A start takes more of the processor than all else that a failure needs. So one release outlives its database, and has to pass its
own reads on the next one before anything counts. Who doubts what it did there has it dismissed, and tries again beside another.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

from exitgate.errors import ObservationError, PrerequisiteMissing
from exitgate.migration_settings import SmokeRequest
from exitgate.observe.migrations.prober import Prober, probing
from exitgate.observe.migrations.replica import Replica
from exitgate.observe.migrations.stage import Stage, no_release
from exitgate.observe.migrations.state import Rows, steady_rows
from exitgate.waiting import wait_for

AT_ONCE = 2
"""So many failures happen side by side: much of one is waiting, for a lock that is let go, for the engine."""
_SEEDS = 3
_BACK_WITHIN_S = 5.0
"""A pool of connections that were all cut makes others; what takes longer is started anew."""


class PreviousReleaseDown(ObservationError):
    """The previous release did not come up on a database, so that nothing can be told of what happens beside it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seed:
    """A database as the previous release leaves it, with data by its own requests; it is copied, and used in no other way."""

    database: str
    rows: Mapping[str, Rows]
    known: Mapping[str, str]
    """What the requests saved: it stands in each copy."""


@dataclass(slots=True)
class Predecessor:
    """A place for the previous release beside what happens to a database, one thing at a time."""

    stage: Stage
    database: str = ""
    """The one that the release knows; empty until there is one."""
    reused: bool = False
    """What served last had served on an earlier database."""
    _replica: Replica | None = None
    _life: ExitStack = field(default_factory=ExitStack)

    def renew(self, of: str) -> str:
        """Return the database that the release knows, made anew as a copy of another one."""
        if self.database:
            self.stage.databases.renew(self.database, of=of)
        else:
            self.database = self.stage.databases.make(of=of)
        return self.database

    def start(self, database: str) -> Replica:
        """Start the previous release, whatever comes of that, on a database that it is to know from now on.

        Raises:
            PrerequisiteMissing: if there is none.
        """
        if self.stage.previous_replicas is None:
            raise no_release()
        self.dismiss()
        self.database, self.reused = database, False
        self._life = self.stage.life.enter_context(ExitStack())
        url = self.stage.databases.url(database)
        self._replica = self._life.enter_context(self.stage.previous_replicas.replica(self.stage.previous_image, url))
        return self._replica

    def dismiss(self) -> None:
        """End what serves."""
        self._replica = None
        self._life.close()

    def ready(self, database: str) -> Replica:
        """Return the release as it serves on a database: what is there, where that passes its reads, or one just started.

        Raises:
            PreviousReleaseDown: if it does not answer there.
        """
        if self._replica is not None and database == self.database and self._is_back(self._replica):
            self.reused = True
            return self._replica
        replica = self.start(database)
        start = replica.await_start(self.stage.patience_s)
        if start.answered:
            return replica
        self.dismiss()
        raise PreviousReleaseDown(
            f"previous release {self.stage.previous_tag}",
            got=f"it does not come up here: {start.said}",
            expected=f"2xx on its health path within {self.stage.patience_s:g} s",
            action="Run again on a machine that is less busy, or see whether it starts on this schema.",
        )

    @contextmanager
    def serving(self, database: str) -> Iterator[Prober]:
        """Let it serve and ask it for what changes nothing; nobody is asked where there is no previous release."""
        if self.stage.previous_replicas is None:
            yield Prober()
            return
        with probing(self.ready(database), self._reads, self._known) as prober:
            yield prober

    @property
    def _known(self) -> Mapping[str, str]:
        return seed(self.stage).known

    @property
    def _reads(self) -> list[SmokeRequest]:
        known = self._known.keys()
        return [each for each in self.stage.previous_requests if each.method == "GET" and each.names <= known]

    def _is_back(self, replica: Replica) -> bool:
        if replica.look() == "ended":
            return False

        def wrong() -> tuple[str, ...]:
            saved = dict(self._known)
            return tuple(filter(None, (replica.request(each, saved) for each in self._reads)))

        return wait_for(wrong, until=lambda said: not said, timeout_s=_BACK_WITHIN_S, interval_s=0.1)[1]


def predecessors(stage: Stage) -> tuple[Predecessor, ...]:
    """Return the places of a stage, `AT_ONCE` of them; what serves there ends with the stage."""
    return stage.once(_places)


def _places(stage: Stage) -> tuple[Predecessor, ...]:
    return tuple(Predecessor(stage=stage) for _ in range(AT_ONCE))


def seed(stage: Stage) -> Seed:
    """Return what all failures begin with.

    Raises:
        PrerequisiteMissing: if there is no previous release, it does not start here, or its requests write nothing.
    """
    return stage.once(_seed)


def _seed(stage: Stage) -> Seed:
    if stage.previous_replicas is None:
        raise no_release()
    database = stage.databases.make()
    failure = stage.migrate_first(stage.previous_replicas, stage.previous_image, database)
    first = predecessors(stage)[0]
    replica = first.start(database)
    start = replica.await_start(stage.patience_s)
    if failure or not start.answered:
        first.dismiss()
        raise PrerequisiteMissing(
            f"previous release {stage.previous_tag}",
            got=f"it does not start here: {failure or start.said}",
            expected="one that works, to be upgraded",
            action="See whether it starts with today's settings.",
        )
    known: dict[str, str] = {}
    for _ in range(_SEEDS):
        replica.smoke(stage.previous_requests, known)
    with stage.databases.connect(database) as connection:
        steady_rows(lambda: stage.rows(connection))
    copy = stage.databases.make(of=database)
    with stage.databases.connect(copy) as connection:
        rows = stage.rows(connection)
    if not any(each.count for each in rows.values()):
        raise PrerequisiteMissing(
            f"previous release {stage.previous_tag}",
            got="no row in any table after its requests",
            expected="data, to see whether it is kept",
            action="Add [[service.migrations.request]] that write something.",
        )
    return Seed(database=copy, rows=rows, known=known)
