"""``exitgate.toml`` as models: what a target says of itself; its docstrings are its documentation."""

from __future__ import annotations

import string
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from exitgate.migration_settings import MigrationSettings
from exitgate.policy import Policy
from exitgate.policy.rule import contradiction
from exitgate.release_settings import ReleaseSettings
from exitgate.waivers import Responsibilities

CONFIGURATION_FILE = "exitgate.toml"

_Name = Annotated[str, Field(pattern=r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$")]
_RelativePath = Annotated[str, Field(min_length=1)]
_HttpPath = Annotated[str, Field(pattern=r"^/[!-~]*$")]
_Port = Annotated[int, Field(ge=1, le=65535)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class TargetSection(_Strict):
    """``[target]``: what the system is called, and how to take it."""

    name: _Name
    rehearsal: bool = False
    """True for a system that only shows that the tool works: its verdict is never signed as passed."""
    waivers: Annotated[str, Field(pattern=r"^[^/\\]+(/[^/\\]+)*\.toml$")] | None = None
    """A file of its own for ``[[waiver]]`` and ``[[not_applicable]]``, e.g. one that other people own; then none stands here."""
    materialise: bool = False
    """True for a folder that is no git root of its own: each run makes a throwaway repository of it, and is a rehearsal."""


class Backing(_Strict):
    """``[[backing]]``: a server that workloads lean on; a run starts a throwaway one."""

    name: _Name
    """Also its host name, as workloads see it."""
    kind: Literal["postgres", "redis", "rabbitmq"]
    image: Annotated[str, Field(min_length=1)]
    """Of the public image's kind: obeys the same environment variables and command."""
    substitute: bool = False
    """True where a server of this machine's packages may stand in where no registry answers. Makes the run a rehearsal."""


class BackingUse(_Strict):
    """What an environment variable tells of a backing server; written as ``NAME``, ``NAME/PART`` or ``NAME/PART#FIELD``."""

    backing: _Name
    part: Annotated[str, Field(pattern=r"^[A-Za-z0-9_]*$")] = ""
    """A database (made for the workload alone, with a role of its own), a virtual host, or a number; without: the whole server."""
    field: Literal["url", "host", "port", "user", "password", "part"] = "url"

    @model_validator(mode="before")
    @classmethod
    def _from_text(cls, value: object) -> object:
        if isinstance(value, str):
            place, sharp, field = value.partition("#")
            backing, _, part = place.partition("/")
            return {"backing": backing, "part": part, **({"field": field} if sharp else {})}
        return value


class Traffic(_Strict):
    """``[[service.traffic]]``: a kind of requests that a workload serves, sent to it while its versions are replaced."""

    name: _Name
    method: Literal["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"] = "GET"
    path: _HttpPath
    headers: dict[str, str] = {}
    body: str = ""
    accepts: tuple[Annotated[int, Field(ge=100, le=599)], ...] = ()
    """Status codes that are a success; every 2xx where not given."""
    key_header: Annotated[str, Field(pattern=r"^[A-Za-z0-9-]*$")] = ""
    """A header that gets a value of its own for each request, e.g. ``idempotency-key``."""
    save: dict[str, str] = {}
    """Name to a key of the answer's JSON object, for `follow`."""
    follow: Annotated[str, Field(pattern=r"^(/[!-~]*)?$")] = ""
    """A path that is read on a connection of its own right after such a request has succeeded, with ``$NAME`` for what was saved,
    as ``/api/orders/$order``: whichever task or version gets it has to know of what the other did."""
    effects: str = ""
    """A query in SQL that counts what these requests have done so far, e.g. ``SELECT count(*) FROM orders``."""
    effects_in: str = "DATABASE_URL"
    """The workload's variable (in its `backing`) that tells of the database that is asked."""

    @model_validator(mode="after")
    def _follows_what_it_saves(self) -> Traffic:
        if self.follow and not self.body:
            raise contradiction("follow without a body", "a write: what a read answers was there before", "follow")
        template = string.Template(self.follow)
        if not template.is_valid() or set(template.get_identifiers()) != set(self.save):
            raise contradiction(
                f"follow = {self.follow!r} with save = {self.save}", "$NAME in follow for each name in save", "follow"
            )
        return self


class Messages(_Strict):
    """``[[service.message]]``: a kind of messages that a workload takes from its broker, published while versions are replaced."""

    name: _Name
    broker: str = "RABBITMQ_URL"
    """The workload's variable (in its `backing`) that tells of the broker."""
    exchange: str = ""
    """Which the workload itself declares; the default exchange where not given, whose routing keys are queues."""
    routing_key: Annotated[str, Field(min_length=1)]
    body: str
    """With ``$unique`` where a message's own id belongs: a UUID, which is the property ``message_id`` too."""
    effects: Annotated[str, Field(pattern=r"%\(ids\)s")]
    """A query in SQL that counts what the messages with these ids have done, as
    ``SELECT count(*) FROM inbox WHERE id = ANY(%(ids)s)``; ``%(ids)s`` is an array of text."""
    effects_in: str = "DATABASE_URL"
    """The workload's variable (in its `backing`) that tells of the database that is asked."""
    queue: str = ""
    """From which the workload takes them, so that it can be seen whether it gives any back when it is stopped. Where not given: the
    routing key, if the exchange is the default one; else nothing is said."""

    @property
    def taken_from(self) -> str:
        """The queue from which the workload takes them; empty where nothing says."""
        return self.queue or ("" if self.exchange else self.routing_key)

    @field_validator("body")
    @classmethod
    def _has_its_id(cls, text: str) -> str:
        template = string.Template(text)
        if not template.is_valid() or set(template.get_identifiers()) != {"unique"}:
            raise ValueError("$unique where the message's own id belongs, and $$ for a dollar sign")
        return text


class Answers(_Strict):
    """``[service.answers]``: what AWS answered on how production deploys a workload, each as a file that the target holds.

    What a file is left out for is *not assessed*, by name.
    """

    service: _RelativePath
    """Of ``aws ecs describe-services``."""
    target_groups: _RelativePath | None = None
    """Of ``aws elbv2 describe-target-groups``."""
    target_group_attributes: _RelativePath | None = None
    """Of ``aws elbv2 describe-target-group-attributes``, on the service's target group."""
    load_balancer_attributes: _RelativePath | None = None
    """Of ``aws elbv2 describe-load-balancer-attributes``."""
    alarms: _RelativePath | None = None
    """Of ``aws cloudwatch describe-alarms``."""
    scalable_targets: _RelativePath | None = None
    """Of ``aws application-autoscaling describe-scalable-targets --service-namespace ecs``."""


class Workload(_Strict):
    """A container that the target deploys."""

    model_config = ConfigDict(
        json_schema_extra={"oneOf": [{"required": ["task_definition"]}, {"required": ["compose"]}]}
    )

    name: _Name
    path: _RelativePath
    dockerfile: _RelativePath
    context: _RelativePath = "."
    stage: str | None = None
    """The Dockerfile's stage that is deployed; the last one where it is not given."""
    build_args: dict[str, str] = {}
    port: _Port
    health_path: _HttpPath = "/healthz"
    """Answered with 2xx by a workload that works."""
    task_definition: _RelativePath | None = None
    """The ECS task definition that production runs it with, in JSON, as written or described; either this or `compose`."""
    compose: _RelativePath | None = None
    """The Compose file that production runs it with; either this or `task_definition`."""
    container: str | None = None
    """The container's name in the task definition, or the service's in the Compose file; the workload's own where not given."""
    repository: _RelativePath | None = None
    """Where production pulls its image from, without tag and digest; the task definition or the Compose file has to name it."""
    environment: dict[str, str] = {}
    """Set on top of what the task definition or the Compose file sets."""
    backing: dict[str, BackingUse] = {}
    """Environment variable to the backing server that it tells of, e.g. ``DATABASE_URL = "postgres/orders"``."""
    start_timeout_s: Annotated[float, Field(gt=0, le=600)] = 30.0
    """Seconds within which the workload answers on its health path."""
    traffic: tuple[Traffic, ...] = ()
    """What it is asked for while its versions are replaced."""
    message: tuple[Messages, ...] = ()
    """What it takes from its broker meanwhile."""
    answers: Answers | None = None
    """How ECS deploys it by AWS's own account, beside a plan or in the place of one."""

    @model_validator(mode="after")
    def _has_one_source_of_settings(self) -> Workload:
        if self.task_definition is None and self.compose is None:
            raise contradiction("neither task_definition nor compose", "one of the two: what production runs it with")
        if self.task_definition is not None and self.compose is not None:
            raise contradiction(
                "task_definition and compose", "one of the two: what production runs it with", "compose"
            )
        if self.answers is not None and self.task_definition is None:
            raise contradiction("answers of ECS with compose", "task_definition: what ECS runs", "answers")
        return self

    @property
    def container_name(self) -> str:
        """The name of its container in the task definition, or of its service in the Compose file."""
        return self.container or self.name


class Service(Workload):
    """``[[service]]``: a back-end service."""

    migrations: MigrationSettings | None = None
    """How its database changes; without it there is nothing of its migrations to look at."""

    @model_validator(mode="after")
    def _migrates_its_own_database(self) -> Service:
        named = self.migrations
        if named is not None and self.backing and named.database not in self.backing:
            raise contradiction(
                f"database = {named.database!r}, which [service.backing] does not hold",
                f"one of {', '.join(sorted(self.backing))}",
                "migrations",
            )
        return self


class Frontend(_Strict):
    """``[[frontend]]``: a shell or a micro-frontend; with ``[frontend.workload]`` where it is served by a container of its own."""

    name: _Name
    path: _RelativePath
    workload: Workload | None = None


class Substitute(_Strict):
    """``[substitute.BUILD_ARG]``: a base image that may be replaced where no registry answers. Makes the run a rehearsal."""

    kind: Literal["node-build", "node-runtime"]


class VulnerabilityDatabase(_Strict):
    """``[vulnerability_database]``: what images are compared with by the scanner."""

    substitute: bool = False
    """True where a few well-known advisories may stand in where no real database can be had. Makes the run a rehearsal."""


_WorkflowFile = Annotated[str, Field(pattern=r"^\.github/workflows/[^/\\]+\.ya?ml$")]
_FileInside = Annotated[str, Field(pattern=r"^[^/\\]+(/[^/\\]+)*$")]


class EarlierGates(_Strict):
    """``[earlier_gates]``: where the signed statements on the gates before this one lie."""

    substitute: bool = False
    """True where statements that a run signs itself may stand in for those that are not named. Makes the run a rehearsal."""
    statement: dict[_Name, _FileInside] = {}
    """Gate to the file of its statement, e.g. ``gate1 = "gates/gate1.dsse.json"``; `exitgate attest` makes them."""

    @model_validator(mode="after")
    def _inside_the_target(self) -> EarlierGates:
        for gate, path in self.statement.items():
            if ".." in path.split("/"):
                raise contradiction(f"{path!r} leads out of the target", "a path inside the target", "statement", gate)
        return self


class Pipeline(_Strict):
    """``[pipeline]``: where the target keeps what decides which changes get in. What is not there is a finding, no mistake here."""

    workflows: Annotated[tuple[_WorkflowFile, ...], Field(min_length=1)] = (".github/workflows/ci.yml",)
    """The workflows that validate changes; GitHub reads them from that folder alone. The others there are read as well."""
    rulesets: tuple[_FileInside, ...] = ()
    """The repository's branch rulesets, exported as JSON by GitHub's page or REST API."""
    default_branch: Annotated[str, Field(min_length=1)] = "main"
    """The one that ``~DEFAULT_BRANCH`` of a ruleset means."""
    package_manager: Literal["npm", "pnpm", "yarn"] | None = None
    """What installs dependencies; where it is not given, package.json's ``packageManager`` or the one lockfile decides."""

    @model_validator(mode="after")
    def _inside_the_target(self) -> Pipeline:
        for key in ("workflows", "rulesets"):
            for index, path in enumerate(getattr(self, key)):
                if ".." in path.split("/"):
                    raise contradiction(f"{path!r} leads out of the target", "a path inside the target", key, index)
        return self


class Stack(_Strict):
    """``[[infrastructure.stack]]``: one environment as the infrastructure code makes it: a root module with its variables."""

    name: _Name
    path: _RelativePath
    """The folder of the root module."""
    var_files: tuple[_RelativePath, ...] = ()
    """In the order in which they are given; later ones win."""
    override: _RelativePath | None = None
    """Put beside the root module's files for planning, e.g. a provider that asks for no account."""
    workspace: Annotated[str, Field(pattern=r"^[A-Za-z0-9._~-]{1,90}$")] = "default"
    variables: dict[str, str] = {}
    """Set for planning, e.g. the digests of images: written as on the command line."""


class OwnedElsewhere(_Strict):
    """``[[infrastructure.elsewhere]]``: an attribute that another system sets, so that the code may ignore its changes."""

    type: Annotated[str, Field(pattern=r"^[a-z0-9]+_[a-z0-9_]+$")]
    """The resource's type, e.g. ``aws_ecs_service``."""
    attribute: Annotated[str, Field(pattern=r"^[a-z0-9_]+$")]
    why: Annotated[str, Field(min_length=1)]


class Emulated(_Strict):
    """``[infrastructure.emulated]``: how a stack is applied to an emulator of AWS, in two accounts that are made up."""

    stack: _Name
    """The one that is applied."""
    override: _RelativePath | None = None
    """Put beside the root module's files, e.g. a provider whose access key is the account and whose secret is ``emulator``."""
    region: Annotated[str, Field(pattern=r"^[a-z]{2}(-[a-z]+)+-[0-9]$")]
    """Where the stack stands: the emulator is asked there."""
    account_variable: Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_-]*$")]
    """The variable that says which account the stack is for."""
    variables: dict[str, str] = {}
    """Set beside the stack's own, e.g. to leave out what the emulator does not know: written as on the command line."""
    lift: dict[str, str] = {}
    """Set by the documented step ahead of a destroy, e.g. the one that lifts protection from deletion."""
    apply_timeout_s: Annotated[float, Field(gt=0, le=7200)] = 900.0
    """Seconds within which each apply, and the destroy, end."""


class Sandbox(Emulated):
    """``[infrastructure.sandbox]``: how a stack is applied to the real account that ``--aws-account`` names."""


class Infrastructure(_Strict):
    """``[infrastructure]``: the code that makes what the target runs on."""

    program: Literal["terraform", "tofu"] = "terraform"
    lock_variable: Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_-]*$")] | None = None
    """The variable that lets production's traffic in; false unless somebody sets it."""
    plan_timeout_s: Annotated[float, Field(gt=0, le=3600)] = 300.0
    """Seconds within which each of the program's commands ends."""
    stack: Annotated[tuple[Stack, ...], Field(min_length=1)]
    elsewhere: tuple[OwnedElsewhere, ...] = ()
    emulated: Emulated | None = None
    sandbox: Sandbox | None = None

    @model_validator(mode="after")
    def _applies_a_stack(self) -> Infrastructure:
        names = [each.name for each in self.stack]
        for key, told in (("emulated", self.emulated), ("sandbox", self.sandbox)):
            if told and told.stack not in names:
                raise contradiction(f"no stack {told.stack!r}", f"one of {', '.join(names)}", key, "stack")
        return self

    @model_validator(mode="after")
    def _names_once(self) -> Infrastructure:
        seen: set[str] = set()
        for index, stack in enumerate(self.stack):
            if stack.name in seen:
                raise contradiction(f"a second stack named {stack.name!r}", "unique names", "stack", index, "name")
            seen.add(stack.name)
        return self


class Configuration(Responsibilities):
    """The whole of ``exitgate.toml``."""

    target: TargetSection
    service: tuple[Service, ...] = ()
    frontend: tuple[Frontend, ...] = ()
    backing: tuple[Backing, ...] = ()
    substitute: dict[str, Substitute] = Field(default={})
    vulnerability_database: VulnerabilityDatabase = VulnerabilityDatabase()
    earlier_gates: EarlierGates = EarlierGates()
    pipeline: Pipeline = Pipeline()
    release: ReleaseSettings = ReleaseSettings()
    infrastructure: Infrastructure | None = None
    policy: Policy = Policy()
