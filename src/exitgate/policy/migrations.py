"""``[policy.migrations]``: how schemas change, and how a change is taken back (task 3.4)."""

from __future__ import annotations

import string
from collections.abc import Iterator
from typing import Annotated, Literal, Self

from pydantic import Field, field_validator, model_validator

from exitgate.policy.rule import Count, Flag, Milliseconds, NamedSubject, Rule, Text, contradiction

_Owner = Annotated[str, Field(pattern=r"^(@[A-Za-z0-9-]+(/[A-Za-z0-9._-]+)?|[^@\s]+@[^@\s]+)$")]
_PLACEHOLDERS = {"migration", "service"}


class LockPolicy(Rule):
    """``[policy.migrations.locks]``: how long a migration may stand in the way of the release that serves (3.4.C.2, 3.4.C.3)."""

    lock_timeout_ms: Milliseconds
    """How long a migration waits for a table's lock (PostgreSQL lock_timeout). All that comes later queues behind it."""
    statement_timeout_ms: Milliseconds
    """How long one statement may run (PostgreSQL statement_timeout), reckoned for production's rows; where a migration sets one
    of its own, that counts (3.4.C.3)."""
    longest_blocking_ms: Milliseconds
    """How long a statement of the serving release may wait for a migration: what users feel."""

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.lock_timeout_ms >= self.statement_timeout_ms:
            raise contradiction(
                f"lock_timeout_ms = {self.lock_timeout_ms} with statement_timeout_ms = {self.statement_timeout_ms}",
                "less: the statement's limit counts the waiting, and would end it first",
                "lock_timeout_ms",
            )
        if self.longest_blocking_ms < self.lock_timeout_ms:
            raise contradiction(
                f"longest_blocking_ms = {self.longest_blocking_ms} with lock_timeout_ms = {self.lock_timeout_ms}",
                "at least as much: what queues behind a waiting migration waits as long as it does",
                "longest_blocking_ms",
            )
        return self


class Squash(Rule):
    """``[[policy.migrations.squash]]``: applied migrations that one came in place of, for new databases alone (3.4.A.1)."""

    service: Text
    into: Text
    """The migration that says what the replaced ones came to; databases that have run those take it for applied."""
    replaces: Annotated[tuple[Text, ...], Field(min_length=1)]
    why: Text

    @model_validator(mode="after")
    def _of_others(self) -> Self:
        if self.into in self.replaces:
            raise contradiction(f"{self.into!r} in place of itself", "the migrations that it replaces", "replaces")
        return self


class MigrationPolicy(Rule):
    """``[policy.migrations]``: how schemas change, and how a change is taken back."""

    forward_only: Flag
    """Whether an applied migration is never edited, renamed or removed: databases that have run it can't be told (3.4.A.1)."""
    applied_when: Literal["merged", "released"]
    """From when on a migration counts as applied: once on the default branch, or once in a release (3.4.A.1)."""
    release_tags: Text
    """The tags that are releases; ``*`` is any part of one (3.4.A.1). The newest is the previous release (3.4.C.1)."""
    applied_from: Text | None = None
    """A commit or tag before which history is not judged, for a target that came to the rule late (3.4.A.1)."""
    rollback: Literal["expand_contract", "restore"]
    """How a change is taken back (3.4.A.2): old code works on the new schema, so code alone goes back; or from a backup."""
    releases_between: Count | None = None
    """Releases that have to come between an expanding migration and the contracting one; with expand_contract alone (3.4.A.2)."""
    destructive_plan: Text
    """Name of the file beside a migration that drops, renames, narrows or rewrites, in which its plan stands (3.4.A.2)."""
    recovery: Annotated[tuple[Text, ...], Field(min_length=1)]
    """Commands that recover from a failed migration, in order (3.4.A.2); ``{migration}`` and ``{service}`` stand for names."""
    way: Literal["startup", "one_off_task", "ci_job"]
    """How migrations reach a database (3.4.B.2): as replicas start, under Prisma's advisory lock; or once, before the update."""
    concurrent_starts: Annotated[int, Field(strict=True, ge=2, le=32)]
    """How many replicas start at once in the worst case; each migration still runs once (3.4.B.2)."""
    owners: dict[str, _Owner] = Field(default={})
    """Service to the person or team that approves its migrations, as CODEOWNERS names them (3.4.A.3)."""
    production_rows: dict[str, dict[str, Count]] = Field(default={})
    """Service to table to rows in production: what a migration takes on an empty table says nothing (3.4.C.3)."""
    assumed_rows: Count = 1_000_000
    """Rows that a table is taken to have in production where `production_rows` does not name it (3.4.C.3)."""
    growth_percent: Annotated[int, Field(strict=True, ge=0, le=100_000)] = 0
    """By how much those rows have grown, at most, when a migration comes to them: what is judged today runs later (3.4.C.3)."""
    sample_rows: Annotated[int, Field(strict=True, ge=1_000, le=1_000_000)] = 20_000
    """Rows that each table is filled with, at most, to see how long migrations hold it (3.4.C.3)."""
    engine_version: Annotated[str, Field(pattern=r"^\d+(\.\d+)*$")] | None = None
    """PostgreSQL's version in production, e.g. ``18.1`` (3.4.C.1); where it is left out, the tag of the image in `[[backing]]`."""
    squash: tuple[Squash, ...] = ()
    locks: LockPolicy | None = None

    @field_validator("recovery")
    @classmethod
    def _known_placeholders(cls, steps: tuple[str, ...]) -> tuple[str, ...]:
        for step in steps:
            try:
                named = {name for _, name, _, _ in string.Formatter().parse(step) if name is not None}
            except ValueError as error:
                raise ValueError(f"a command whose braces are in pairs, which {step!r} is not") from error
            if strange := sorted(named - _PLACEHOLDERS):
                raise ValueError(f"{{migration}} and {{service}} alone in braces, not {strange[0]!r}")
        return steps

    @model_validator(mode="after")
    def _one_strategy(self) -> Self:
        if (self.rollback == "expand_contract") != (self.releases_between is not None):
            raise contradiction(
                f"rollback = {self.rollback!r} {'without' if self.releases_between is None else 'with'} releases_between",
                "releases_between with expand_contract, and with nothing else",
                "rollback" if self.releases_between is None else "releases_between",
            )
        return self

    def named_subjects(self) -> Iterator[NamedSubject]:
        """Yield every service that a rule speaks of, with where it does."""
        for key, names in (("owners", self.owners), ("production_rows", self.production_rows)):
            for name in names:
                yield NamedSubject(kind="service", name=name, location=("policy", "migrations", key, name))
        for index, squash in enumerate(self.squash):
            place = ("policy", "migrations", "squash", index, "service")
            yield NamedSubject(kind="service", name=squash.service, location=place)
