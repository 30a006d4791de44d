"""``[service.migrations]``: where a service's migrations lie, by which tool they are applied, and by what it is seen to work."""

from __future__ import annotations

import posixpath
import string
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from exitgate.policy.rule import contradiction

_RelativePath = Annotated[str, Field(min_length=1, pattern=r"^[^/\x00][^\x00]*$")]
_AbsolutePath = Annotated[str, Field(pattern=r"^/[^\x00]*$")]
_VariableName = Annotated[str, Field(pattern=r"^[A-Z_][A-Z0-9_]*$")]
_Words = Annotated[tuple[Annotated[str, Field(min_length=1)], ...], Field(min_length=1)]
_HttpPath = Annotated[str, Field(pattern=r"^/[!-~]*$")]
_Status = Annotated[int, Field(strict=True, ge=100, le=599)]
UNIQUE = "unique"
"""What stands for a value that no request used before."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class SmokeRequest(_Strict):
    """``[[service.migrations.request]]``: a request that a release passes as long as it works with its database.

    ``$unique`` stands for a value that was never used, ``$NAME`` for what an earlier request saved under that name.
    """

    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"] = "GET"
    path: _HttpPath
    headers: dict[str, str] = {}
    body: str = ""
    status: _Status = 200
    """Of the answer."""
    save: dict[str, str] = {}
    """Name to a key of the answer's JSON object, for later requests."""

    @property
    def names(self) -> frozenset[str]:
        """The names that it has to be given."""
        text = "\n".join((self.path, self.body, *self.headers.values()))
        return frozenset(string.Template(text).get_identifiers()) - {UNIQUE}

    @field_validator("path", "body")
    @classmethod
    def _placeholders(cls, text: str) -> str:
        if not string.Template(text).is_valid():
            raise ValueError("$NAME for placeholders, and $$ for a dollar sign")
        return text


class IntegrationTests(_Strict):
    """``[service.migrations.integration]``: how a release's own integration tests run, on a later release's schema too (3.4.C.3).

    They run in a container of a stage of the Dockerfile, with the release's committed files laid over it, and have parts of the
    run's servers to themselves. They have to migrate their databases by the service's migrations folder, as the service itself or
    their command does.
    """

    stage: Annotated[str, Field(min_length=1)]
    """The stage of the Dockerfile, by its name, that has what tests are made and run with: packages, and what was built."""
    directory: _AbsolutePath
    """Where the build's context lies in that stage, and in which the command is run."""
    command: _Words
    """What runs the tests, e.g. ``["npm", "run", "integration"]``; no shell is put around it."""
    results: _RelativePath
    """The JUnit XML file that it leaves, below `directory`."""
    variables: dict[_VariableName, _VariableName]
    """An environment variable of the tests to the service's own, of `backing`: it tells of the same server."""
    timeout_s: Annotated[int, Field(strict=True, ge=1, le=3600)] = 300
    """How long they may take."""


class MigrationSettings(_Strict):
    """``[service.migrations]``: a service without it has no migrations that exitgate could look at."""

    tool: Literal["prisma", "commands"] = "prisma"
    """``commands`` for any other: then `deploy`, `applied` and, where there is one, `lock` say how it works."""
    folder: _RelativePath
    """Holds the migrations; one folder each with Prisma, else one file or folder each."""
    schema_file: _RelativePath | None = None
    """Prisma's schema, which the migrated database is compared with."""
    database: Annotated[str, Field(min_length=1)] = "DATABASE_URL"
    """The environment variable that names the database; `backing` says of which server it is."""
    pooler: Literal["transaction", "session"] | None = None
    """How the pooler pools, e.g. PgBouncer, that stands between replicas and `database` in production; without one none does."""
    pool_size: Annotated[int, Field(strict=True, ge=1, le=1000)] = 20
    """Sessions of the server that the pooler has, at most, for the database."""
    direct: Annotated[str, Field(min_length=1)] | None = None
    """The environment variable that names the same database past the pooler, e.g. for Prisma's ``directUrl``."""
    live: _VariableName | None = None
    """The environment variable that holds a live database's address; its list is read, in a read-only session (3.4.A.1)."""
    image_folder: _AbsolutePath | None = None
    """Where the built image has `folder`. Without it nothing of the image is executed."""
    image_directory: _AbsolutePath = "/"
    """In which the tool is run inside of the image."""
    cli: _Words | None = None
    """What runs the tool inside of the image, e.g. ``["node", "node_modules/prisma/build/index.js"]``."""
    deploy: _Words | None = None
    """What applies pending migrations inside of the image; Prisma's is ``migrate deploy`` by `cli`."""
    applied: str | None = None
    """For `commands`: a query for the names of the migrations that were applied."""
    status: _Words | None = None
    """For `commands`: what exits with 0 inside of the image where nothing is pending, and only there."""
    file: Annotated[str, Field(pattern=r"^[^/{}]*\{number\}[^/{}]*\{name\}[^/{}]*\.sql$")] = "{number}_{name}.sql"
    """For `commands`: how the file of a migration is called, e.g. ``V{number}__{name}.sql``; failures are put into further ones."""
    lock: str | None = None
    """For `commands`: a query by which a session takes the lock that migrators take."""
    request: tuple[SmokeRequest, ...] = ()
    integration: IntegrationTests | None = None

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.tool == "commands":
            for key in ("deploy", "applied"):
                if getattr(self, key) is None:
                    raise contradiction(f'tool = "commands" without {key}', f"{key}, which no convention tells", "tool")
        elif own := sorted(self.model_fields_set & {"applied", "lock", "status", "file"}):
            key = own[0]
            raise contradiction(f'{key} with tool = "prisma"', "Prisma's own way, or another tool", key)
        known: set[str] = set()
        for request in self.request:
            if missing := sorted(request.names - known):
                raise contradiction(
                    f"a request that uses ${missing[0]}, which none before it saves",
                    f"${UNIQUE}, or a name that an earlier request saves",
                    "request",
                )
            known |= request.save.keys()
        return self

    def called(self, number: str, name: str) -> str:
        """Return what a migration of that number and name is called, as its folder or file."""
        return f"{number}_{name}" if self.tool == "prisma" else self.file.format(number=number, name=name)

    def place(self, migration: str) -> str:
        """Return where the SQL of a migration so called lies in the image."""
        return f"{self.image_folder}/{self.within(migration)}"

    def within(self, migration: str) -> str:
        """Return where the SQL of a migration so called lies in the folder of all."""
        return f"{migration}/migration.sql" if self.tool == "prisma" else migration

    @property
    def deploy_words(self) -> tuple[str, ...] | None:
        """What applies pending migrations inside of the image; nothing where it is not told."""
        if self.deploy is not None or self.cli is None:
            return self.deploy
        return (*self.cli, "migrate", "deploy")

    @property
    def schema_words(self) -> tuple[str, ...] | None:
        """What prints the whole schema as SQL inside of the image; nothing where there is none to print."""
        if self.tool != "prisma" or self.cli is None or self.schema_file is None or self.image_folder is None:
            return None
        inside = posixpath.normpath(posixpath.join(self.image_folder, posixpath.relpath(self.schema_file, self.folder)))
        return (*self.cli, "migrate", "diff", "--from-empty", "--to-schema-datamodel", inside, "--script")
