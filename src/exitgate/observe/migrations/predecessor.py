"""The previous release, which serves beside one failing deployment after the other, on a database made anew for each.

A start takes more of the processor than all else that a failure needs. So one release outlives its database, and has to pass its
own requests on the next one before anything counts. Who doubts what it did there has it dismissed, and tries again beside another.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

from exitgate.observe.migrations.prober import Prober, probing
from exitgate.observe.migrations.replica import Replica
from exitgate.observe.migrations.stage import Stage
from exitgate.waiting import wait_for

_BACK_WITHIN_S = 5.0
"""A pool of connections that were all cut makes others; what takes longer is started anew."""


@dataclass(slots=True)
class Predecessor:
    """For one failure at a time."""

    stage: Stage
    base: str
    """The database that is copied."""
    stack: ExitStack
    """Ends what is left of it."""
    reused: bool = False
    """The one that served last had served on an earlier database."""
    _database: str = ""
    _replica: Replica | None = None
    _life: ExitStack = field(default_factory=ExitStack)

    def database(self) -> str:
        """Return a new copy, under the name that the release knows."""
        if self._database:
            self.stage.databases.renew(self._database, of=self.base)
        else:
            self._database = self.stage.databases.make(of=self.base)
        return self._database

    def dismiss(self) -> None:
        """Let the next failure have one that was just started."""
        self._replica = None
        self._life.close()

    @contextmanager
    def serving(self, database: str) -> Iterator[Prober]:
        """Let it serve, and ask it for what changes nothing; it is not asked where there is no previous release.

        Args:
            database: The one of `database`, or another, on which it serves for the block alone.
        """
        if self.stage.previous_replicas is None:
            yield Prober()
            return
        with ExitStack() as block:
            replica, known = self._at(database, block)
            wanted = self.stage.previous_requests
            reads = [each for each in wanted if each.method == "GET" and each.names <= known.keys()]
            with probing(replica, reads, known) as prober:
                yield prober

    def _at(self, database: str, block: ExitStack) -> tuple[Replica, dict[str, str]]:
        """Return a release that serves, and what its requests saved."""
        if database != self._database:
            self.reused = False
            return self._started(database, block)
        if self._replica is not None:
            known = self._back(self._replica)
            if known is not None:
                self.reused = True
                return self._replica, known
            self.dismiss()
        self.reused = False
        self._life = self.stack.enter_context(ExitStack())
        self._replica, known = self._started(database, self._life)
        return self._replica, known

    def _started(self, database: str, stack: ExitStack) -> tuple[Replica, dict[str, str]]:
        stage = self.stage
        assert stage.previous_replicas is not None  # noqa: S101
        replica = stack.enter_context(
            stage.previous_replicas.replica(stage.previous_image, stage.databases.url(database))
        )
        replica.await_start(stage.patience_s)
        return replica, self._asked(replica)[0]

    def _back(self, replica: Replica) -> dict[str, str] | None:
        """Return what its requests saved once all of them pass; nothing where they don't in time."""
        if replica.look() == "ended":
            return None
        (known, _), passed = wait_for(
            lambda: self._asked(replica), until=lambda seen: not seen[1], timeout_s=_BACK_WITHIN_S, interval_s=0.1
        )
        return known if passed else None

    def _asked(self, replica: Replica) -> tuple[dict[str, str], tuple[str, ...]]:
        known: dict[str, str] = {}
        wrong = tuple(filter(None, (replica.request(each, known) for each in self.stage.previous_requests)))
        return known, wrong


@contextmanager
def predecessors(stage: Stage, base: str, number: int) -> Iterator[list[Predecessor]]:
    """Give some, each for one failure at a time, and end what they started.

    Args:
        base: The database that each gets copies of.
    """
    with ExitStack() as stack:
        yield [Predecessor(stage=stage, base=base, stack=stack) for _ in range(number)]
