"""What migrations are run with: images, databases, the previous release with its data, and the schema to compare with."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field, replace
from threading import RLock
from typing import TYPE_CHECKING, TypeVar, cast

from exitgate.errors import ObservationError, PrerequisiteMissing, one_line
from exitgate.migration_settings import MigrationSettings, SmokeRequest
from exitgate.observation import Substrate
from exitgate.observe.migrations.files import MigrationFolder
from exitgate.observe.migrations.replica import Replica, Replicas, Start
from exitgate.observe.migrations.state import (
    Rows,
    differences,
    execute_script,
    read_applied,
    read_rows,
    read_schema,
)
from exitgate.observe.migrations.statements import statements
from exitgate.observe.migrations.tool import Applied, bare_name, tool_of
from exitgate.policy import MigrationPolicy
from exitgate.provision.databases import Databases

if TYPE_CHECKING:
    import psycopg

LATEST, _LATER = ("29991231235958", "exitgate"), ("29991231235959", "exitgate_later")
"""Number and name of migrations that are added to the target's own; the second is never applied where the first has failed."""
Made = TypeVar("Made")


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
    life: ExitStack
    """Ends with the stage, and with it what several observations use."""
    kept: dict[Callable[[Stage], object], object] = field(default_factory=dict)
    """What several observations need alike, by what makes it."""
    _making: RLock = field(default_factory=RLock, init=False, repr=False, compare=False)
    """What is made may need something else that is made once."""

    def once(self, make: Callable[[Stage], Made]) -> Made:
        """Return what is made of this stage, by the first who asks for it; whoever asks meanwhile waits."""
        with self._making:
            if make not in self.kept:
                self.kept[make] = make(self)
            return cast("Made", self.kept[make])

    def keep(self, make: Callable[[Stage], Made], made: Made) -> None:
        """Take what came about on the way for what `once` would make, where it has made none yet."""
        with self._making:
            self.kept.setdefault(make, made)

    @property
    def patience_s(self) -> float:
        """How long a start may take here: several at once share two processors."""
        return self.replicas.service.start_timeout_s * 4

    def applied(self, database: str) -> tuple[Applied, ...]:
        """Return what a database says of its migrations."""
        with self.databases.connect(database) as connection:
            found = read_applied(connection, tool_of(self.settings))
        known = {bare_name(name): name for name in (*(m.name for m in self.folder.migrations), self.latest, self.later)}
        return tuple(replace(each, name=known.get(bare_name(each.name), each.name)) for each in found)

    def rows(self, connection: psycopg.Connection, like: Mapping[str, Rows] | None = None) -> dict[str, Rows]:
        """Return a database's rows by content, as `read_rows` does."""
        return read_rows(connection, tool_of(self.settings), like)

    @property
    def latest(self) -> str:
        """The name of a migration that is added to the target's own."""
        return self.settings.called(*LATEST)

    @property
    def later(self) -> str:
        """That of one which comes after it."""
        return self.settings.called(*_LATER)

    def start(self, image: str, database: str) -> Start:
        """Deploy by the policy's way, and return what became of it."""
        with self.deploying(image, self.databases.url(database)) as replica:
            return self.settled(replica.await_start(self.patience_s))

    def release(self, image: str, database: str) -> Start:
        """Deploy by the policy's way, and then start a replica where that is another thing."""
        start = self.start(image, database)
        if self.policy.way == "startup" or not start.answered:
            return start
        with self.replicas.replica(image, self.databases.url(database)) as replica:
            return self.settled(replica.await_start(self.patience_s))

    def deploying(
        self, image: str, url: str, *, pooled: str = "", named: bool = False
    ) -> AbstractContextManager[Replica]:
        """Start what deploys by the policy's way, a replica or a task in its place, and remove it at the end."""
        task = () if self.policy.way == "startup" else self.deploy_words
        return self.replicas.replica(image, url, pooled=pooled, named=named, task=task)

    def migrate_first(self, replicas: Replicas, image: str, database: str) -> str:
        """Migrate ahead of a start, where replicas do not do it themselves; return what went wrong, or nothing."""
        if self.policy.way == "startup":
            return ""
        code, out, err = replicas.execute(image, self.databases.url(database), self.deploy_words)
        return "" if code == 0 else one_line(f"exit code {code}: {err or out}", 300)

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
            raise untold("deploy", "what applies migrations inside of the image")
        return words

    def path(self, name: str) -> str:
        """Return where a migration of that name lies in the image."""
        return self.settings.place(name)


def untold(key: str, what: str) -> PrerequisiteMissing:
    """Return the error that a key of ``[service.migrations]`` is not given, without which nobody knows `what`."""
    return PrerequisiteMissing(
        "[service.migrations]", got=f"no {key}", expected=what, action=f"Add {key} to [service.migrations]."
    )


def from_empty(stage: Stage) -> tuple[str, Start]:
    """Return a database on which the release was deployed when it was empty, and how that went; it is to be read only."""
    return stage.once(_from_empty)


def _from_empty(stage: Stage) -> tuple[str, Start]:
    database = stage.databases.make()
    return database, stage.release(stage.image, database)


def came_from_empty(stage: Stage, database: str, start: Start) -> None:
    """Take note of a database on which replicas came up when it was empty, so that none has to be made for it.

    A task that migrates is no such start: there the release has yet to come up.
    """
    if stage.policy.way == "startup":
        stage.keep(_from_empty, (database, start))


def no_release() -> PrerequisiteMissing:
    """Return the error that there is no release to upgrade from, or to go back to."""
    return PrerequisiteMissing(
        "git tags",
        got="no release before the judged commit",
        expected="one, whose schema and code are the ones that production has",
        action="Tag releases, or correct release_tags in [policy.migrations].",
    )


def schema_drift(stage: Stage, told: dict[str, str]) -> tuple[tuple[str, ...], PrerequisiteMissing | None]:
    """Return the differences as `drift_of` does, or why there is no schema to compare with."""
    try:
        return drift_of(stage, told), None
    except PrerequisiteMissing as missing:
        return (), missing


def drift_of(stage: Stage, told: dict[str, str]) -> tuple[str, ...]:
    """Return the differences between a database and what the release's schema makes of an empty one.

    Args:
        told: Of the database, by `read_schema` with `told_by_prisma`.

    Raises:
        PrerequisiteMissing: if the schema can't be turned into SQL.
    """
    return differences(stage.once(_wanted), told)


def _wanted(stage: Stage) -> dict[str, str]:
    words = stage.settings.schema_words
    if words is None:
        wanted_of = "Prisma's schema_file and cli" if stage.settings.tool == "commands" else "schema_file and cli"
        raise untold(wanted_of, "a schema that the database can be compared with")
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
        return read_schema(connection, told_by_prisma=True)
