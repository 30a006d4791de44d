"""The target of a run: a repository, described by its ``exitgate.toml``. The only reader of that file."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from exitgate.assurance import Assurance
from exitgate.catalogue import Control, Gate, SubjectKind
from exitgate.errors import TargetError
from exitgate.migration_settings import MigrationSettings
from exitgate.policy import Policy, PolicyDigest, digest_of
from exitgate.policy.rule import contradiction
from exitgate.release_settings import ReleaseSettings
from exitgate.toml_source import Location, first_problem, line_of
from exitgate.waivers import Exclusion, Responsibilities, Waiver

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
    effects: str = ""
    """A query in SQL that counts what these requests have done so far, e.g. ``SELECT count(*) FROM orders``."""
    effects_in: str = "DATABASE_URL"
    """The workload's variable (in its `backing`) that tells of the database that is asked."""


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
    """The ECS task definition that production runs it with, in JSON; either this or `compose`."""
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

    @model_validator(mode="after")
    def _has_one_source_of_settings(self) -> Workload:
        if self.task_definition is None and self.compose is None:
            raise contradiction("neither task_definition nor compose", "one of the two: what production runs it with")
        if self.task_definition is not None and self.compose is not None:
            raise contradiction(
                "task_definition and compose", "one of the two: what production runs it with", "compose"
            )
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
    """Put beside the root module's files, e.g. a provider that takes the access key for the account."""
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

    @model_validator(mode="after")
    def _emulates_a_stack(self) -> Infrastructure:
        names = [each.name for each in self.stack]
        if self.emulated and self.emulated.stack not in names:
            raise contradiction(f"no stack {self.emulated.stack!r}", f"one of {', '.join(names)}", "emulated", "stack")
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """A file of waivers and exclusions."""

    path: str
    source: str
    responsibilities: Responsibilities


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A parsed and checked target. `directory` is where its files are read from: a clean clone during a run."""

    directory: Path
    configuration: Configuration
    source: str
    """The text of its exitgate.toml, for positions."""
    accepted: Accepted | None = None
    """What the file of waivers says; nothing where the target names none."""

    @property
    def name(self) -> str:
        """The name that the target gives itself."""
        return self.configuration.target.name

    @property
    def policy(self) -> Policy:
        """The target's rules."""
        return self.configuration.policy

    @property
    def policy_digest(self) -> PolicyDigest:
        """A digest over the policy, the waivers and the exclusions: what the verdict was measured against."""
        rules = Responsibilities(waiver=self.waivers, not_applicable=self.exclusions)
        return digest_of(self.policy, rules)

    @property
    def waivers(self) -> tuple[Waiver, ...]:
        """Accepted shortcomings."""
        return self._responsibilities.waiver

    @property
    def exclusions(self) -> tuple[Exclusion, ...]:
        """Controls that are declared not to apply."""
        return self._responsibilities.not_applicable

    @property
    def _responsibilities(self) -> Responsibilities:
        return self.accepted.responsibilities if self.accepted else self.configuration

    @property
    def acceptance_file(self) -> str:
        """The file that waivers and exclusions stand in."""
        return self.accepted.path if self.accepted else CONFIGURATION_FILE

    def lines_accepted(self, kind: str, index: int) -> tuple[int, int]:
        """Return the first and the last line of a waiver or an exclusion."""
        source = self.accepted.source if self.accepted else self.source
        first = line_of(source, (kind, index))
        lines = source.split("\n")
        after = (number for number, line in enumerate(lines[first:], first) if line.lstrip().startswith("["))
        return first, next(after, len(lines) if lines[-1] else len(lines) - 1)

    def locate_accepted(self, kind: str, index: int, *keys: str) -> str:
        """Return ``file:line`` of a waiver or an exclusion, or of a key of it."""
        source = self.accepted.source if self.accepted else self.source
        return f"{self.acceptance_file}:{line_of(source, (kind, index, *keys))}"

    @property
    def workloads(self) -> tuple[Workload, ...]:
        """Every container that the target deploys, sorted by name."""
        own = [frontend.workload for frontend in self.configuration.frontend if frontend.workload]
        return tuple(sorted((*self.configuration.service, *own), key=lambda workload: workload.name))

    def workload(self, name: str) -> Workload:
        """Return a workload by its name.

        Raises:
            KeyError: if the target has none of that name.
        """
        return {workload.name: workload for workload in self.workloads}[name]

    @property
    def migrating(self) -> tuple[tuple[Service, MigrationSettings], ...]:
        """The services that say where their migrations lie, and what they say."""
        return tuple((each, each.migrations) for each in self.configuration.service if each.migrations is not None)

    def service(self, name: str) -> Service:
        """Return a service by its name.

        Raises:
            KeyError: if the target has none of that name.
        """
        return {service.name: service for service in self.configuration.service}[name]

    def subjects(self, kind: SubjectKind) -> Sequence[str]:
        """Return the names of all subjects of a kind, sorted."""
        match kind:
            case SubjectKind.TARGET:
                return (self.name,)
            case SubjectKind.SERVICE:
                return sorted(service.name for service in self.configuration.service)
            case SubjectKind.FRONTEND:
                return sorted(frontend.name for frontend in self.configuration.frontend)
            case SubjectKind.WORKLOAD:
                return [workload.name for workload in self.workloads]

    @property
    def backings(self) -> tuple[Backing, ...]:
        """Every server that a run may have to start."""
        return self.configuration.backing

    def locate(self, *location: str | int) -> str:
        """Return ``exitgate.toml:LINE`` of a key, or of the closest thing that encloses it."""
        return f"{CONFIGURATION_FILE}:{line_of(self.source, location)}"


def load_target(directory: Path) -> Target:
    """Read and check the configuration of the target in `directory`.

    Raises:
        TargetError: if there is no exitgate.toml, it is not valid, or it names files that are not there.
    """
    path = directory / CONFIGURATION_FILE
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise TargetError(
            str(directory),
            got=f"no {CONFIGURATION_FILE}",
            expected="a target described by one",
            action="Write one (README, 'Your own repository'), or name another folder with --gate-target.",
        ) from error
    except (OSError, UnicodeDecodeError) as error:
        raise TargetError(
            str(path), got=f"can't be read ({error})", expected="a UTF-8 text file", action="Mend the file."
        ) from error
    try:
        configuration = Configuration.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        got = str(error).replace("at end of document", f"at end of document, line {len(text.rstrip().split(chr(10)))}")
        raise TargetError(str(path), got=got, expected="valid TOML", action="Mend that line.") from error
    except ValidationError as error:
        problem = first_problem(error, text, Configuration)
        more = f" {problem.more} more after this one." if problem.more else ""
        raise TargetError(
            f"{path}:{problem.line}",
            got=problem.got,
            expected=problem.expected,
            action=f"Mend that line; `exitgate schema target` prints every key.{more}",
        ) from error
    except (RecursionError, ValueError) as error:
        raise TargetError(
            str(path),
            got=f"a value that can't be read ({error})",
            expected="valid TOML of sensible size",
            action="Mend it.",
        ) from error
    accepted = _read_accepted(directory, configuration)
    target = Target(directory=directory, configuration=configuration, source=text, accepted=accepted)
    _refuse_doubles(target, path)
    _refuse_strange_backings(target, path)
    _refuse_missing_files(target, path)
    _refuse_strangers(target, path)
    return target


def _read_accepted(directory: Path, configuration: Configuration) -> Accepted | None:
    """Read the file of waivers that a target names.

    Raises:
        TargetError: if it is not there, not valid, or exitgate.toml has waivers too.
    """
    name = configuration.target.waivers
    if name is None:
        return None
    if configuration.waiver or configuration.not_applicable:
        raise TargetError(
            CONFIGURATION_FILE,
            got=f"waivers or exclusions here and in {name}",
            expected="all of them in one file",
            action=f"Move them to {name}.",
        )
    path, source = directory / name, ""
    try:
        inside = path.resolve().is_relative_to(directory.resolve())
        source = path.read_text(encoding="utf-8") if inside else ""
        responsibilities = Responsibilities.model_validate(tomllib.loads(source))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise TargetError(
            name, got=f"can't be read ({error})", expected="a TOML file of waivers, committed", action="Mend it."
        ) from error
    except ValidationError as error:
        problem = first_problem(error, source, Responsibilities)
        raise TargetError(
            f"{name}:{problem.line}", got=problem.got, expected=problem.expected, action="Mend that line."
        ) from error
    if not inside:
        raise TargetError(name, got="a file outside of the target", expected="one inside", action="Name one that is.")
    return Accepted(path=name, source=source, responsibilities=responsibilities)


def check_against(target: Target, gate: Gate) -> None:
    """Check what the target says about controls against the gate's own list.

    Raises:
        TargetError: if a waiver, an exclusion or a demanded level names no control of the gate, or a demand would lower one.
    """
    known: dict[str, Control] = {control.id: control for control in gate.everything}
    named = [(w.control, target.locate_accepted("waiver", i, "control")) for i, w in enumerate(target.waivers)]
    named += [
        (each.control, target.locate_accepted("not_applicable", i, "control"))
        for i, each in enumerate(target.exclusions)
    ]
    named += [(each, target.locate("policy", "assurance", each)) for each in target.policy.assurance]
    stray = [(control, place) for control, place in named if control not in known]
    if stray:
        raise TargetError(
            stray[0][1],
            got=f"{stray[0][0]!r} in a waiver, exclusion or assurance demand",
            expected=f"a control of {gate.id}",
            action="`exitgate list` shows them all.",
        )
    for control_id, label in target.policy.assurance.items():
        needs = known[control_id].needs.label
        if Assurance.parse(label) < known[control_id].needs:
            raise TargetError(
                target.locate("policy", "assurance", control_id),
                got=f"{control_id} = {label!r}",
                expected=f"at least {needs!r}, which the catalogue asks for",
                action="A policy may ask for more than the catalogue, never for less.",
            )


def _refuse_doubles(target: Target, path: Path) -> None:
    config = target.configuration
    seen: dict[str, Location] = {}
    named: list[tuple[str, Location]] = [(s.name, ("service", i, "name")) for i, s in enumerate(config.service)]
    named += [(b.name, ("backing", i, "name")) for i, b in enumerate(config.backing)]
    for index, frontend in enumerate(config.frontend):
        named.append((frontend.name, ("frontend", index, "name")))
        if frontend.workload and frontend.workload.name != frontend.name:
            named.append((frontend.workload.name, ("frontend", index, "workload", "name")))
    for name, location in named:
        if name in seen:
            raise TargetError(
                f"{path}:{line_of(target.source, location)}",
                got=f"a second subject named {name!r}",
                expected=f"unique names (the first is in line {line_of(target.source, seen[name])})",
                action="Rename one of the two.",
            )
        seen[name] = location


def _refuse_strange_backings(target: Target, path: Path) -> None:
    declared = [backing.name for backing in target.configuration.backing]
    for prefix, entry in _placed_entries(target.configuration):
        for variable, use in entry.backing.items() if isinstance(entry, Workload) else ():
            if use.backing not in declared:
                raise TargetError(
                    f"{path}:{line_of(target.source, (*prefix, 'backing', variable))}",
                    got=f"{variable} = {use.backing!r}, which no [[backing]] declares",
                    expected=f"one of {', '.join(declared) or 'none: there is no [[backing]]'}",
                    action="Declare it, or correct its name.",
                )


def _refuse_missing_files(target: Target, path: Path) -> None:
    root = target.directory.resolve()
    for prefix, entry in _placed_entries(target.configuration):
        for key, value in _paths_of(entry):
            where = f"{path}:{line_of(target.source, (*prefix, key))}"
            try:
                resolved = (root / value).resolve()
                kind = "folder" if resolved.is_dir() else "file" if resolved.is_file() else ""
            except (OSError, ValueError, RuntimeError) as error:
                raise TargetError(
                    where, got=f"{key} = {value!r}", expected="a path that can be followed", action="Correct it."
                ) from error
            if not resolved.is_relative_to(root):
                raise TargetError(
                    where, got=f"{key} = {value!r}", expected="a path inside the target", action="Name one that is."
                )
            wanted = "folder" if key in ("path", "context") else "file"
            if kind != wanted:
                raise TargetError(
                    where,
                    got=f"{key} = {value!r}, which is not there",
                    expected=f"a {wanted} of the target, committed",
                    action="Correct the path, or commit what it names.",
                )


def _paths_of(entry: Workload | Frontend | Stack) -> Iterator[tuple[str, str]]:
    for key in ("path", "dockerfile", "context", "task_definition", "compose", "override"):
        if (value := getattr(entry, key, None)) is not None:
            yield key, value
    for value in entry.var_files if isinstance(entry, Stack) else ():
        yield "var_files", value


def _placed_entries(config: Configuration) -> list[tuple[Location, Workload | Frontend | Stack]]:
    entries: list[tuple[Location, Workload | Frontend | Stack]] = [
        (("service", i), s) for i, s in enumerate(config.service)
    ]
    stacks = config.infrastructure.stack if config.infrastructure else ()
    entries += [(("infrastructure", "stack", i), stack) for i, stack in enumerate(stacks)]
    for index, frontend in enumerate(config.frontend):
        entries.append((("frontend", index), frontend))
        if frontend.workload:
            entries.append((("frontend", index, "workload"), frontend.workload))
    return entries


def _refuse_strangers(target: Target, path: Path) -> None:
    known = {
        "service": list(target.subjects(SubjectKind.SERVICE)),
        "workload": list(target.subjects(SubjectKind.WORKLOAD)),
    }
    for named in target.policy.named_subjects():
        if named.name not in known[named.kind]:
            raise TargetError(
                f"{path}:{line_of(target.source, named.location)}",
                got=f"a rule for the {named.kind} {named.name!r}, which is not there",
                expected=f"one of {', '.join(known[named.kind]) or 'none, as the target has none'}",
                action="Correct the name, or take the rule out.",
            )
