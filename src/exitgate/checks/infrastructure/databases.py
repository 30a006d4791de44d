"""3.3.B.2.1: each service that stores data has a protected database, which nobody else is named for, let into or told of."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Final

from exitgate.checks.infrastructure.access import let_in, places_of
from exitgate.checks.infrastructure.compute import containers_of, other_services, service_of, task_of
from exitgate.checks.infrastructure.judging import Judgement, absent, judged
from exitgate.checks.infrastructure.private import demand, stands_in_private
from exitgate.checks.infrastructure.transport import judge_transport
from exitgate.finding import Finding
from exitgate.observe.terraform import Infrastructure, Resource, Stack, Unknown
from exitgate.policy import InfrastructurePolicy
from exitgate.target import Workload

_DATABASES: Final = ("aws_db_instance", "aws_rds_cluster")
_PARTS_OF_A_SECRETS_ARN: Final = 7
_OWN: Final = "Give each service a database of its own, which lets in that service's security group and nobody else."

Stores = Mapping[str, Collection[str]]
"""Service to the variables that tell it of its database; a service that stores nothing is not in it."""


def shared_databases(planned: Infrastructure, service: Workload, stores: Stores) -> list[Finding]:
    """Say where a service that stores data has no database of its own, or another service has a part in it.

    A database is a service's when its identifier, name or address names the service, or when its security groups let the
    service in. Another has a part in it by the same signs, or by reading the secret that tells the service of it. Of a service
    that stores nothing, any database is a finding.
    """

    def judge(stack: Stack, judgement: Judgement) -> None:
        if service.name not in stores:
            _judge_none(stack, service, judgement)
            return
        pair = service_of(stack, service, judgement)
        for database in _own(stack, service, pair[0] if pair else None, judgement):
            _judge_names(stack, database, service.name, stores, judgement)
            if pair:
                _judge_access(stack, database, service.name, pair[0], judgement)
        if pair:
            _judge_secrets(stack, service, pair, stores[service.name], judgement)

    return judged(planned, judge)


def unprotected_databases(
    planned: Infrastructure, policy: InfrastructurePolicy, service: Workload, stores: Stores
) -> list[Finding]:
    """Name what a service's database lacks of encryption, on disk and on the way, privacy, backups and protection from deletion."""

    def judge(stack: Stack, judgement: Judgement) -> None:
        if service.name not in stores:
            _judge_none(stack, service, judgement)
            return
        pair = service_of(stack, service, judgement)
        for each in _own(stack, service, pair[0] if pair else None, judgement):
            demand(each, judgement, "storage_encrypted", wanted=True, message="is not encrypted")
            if each.type == "aws_db_instance":
                demand(each, judgement, "publicly_accessible", wanted=False, message="may be reached from the internet")
            demand(each, judgement, "deletion_protection", wanted=True, message="is not protected from deletion")
            judge_transport(stack, each, judgement)
            _judge_backups(each, policy, judgement)
            stands_in_private(stack, each, "db_subnet_group_name", policy, judgement)

    return judged(planned, judge)


def databases_of(stack: Stack, service: str) -> list[Resource]:
    """Return the databases whose identifier, name or address names a service as a word of its own."""
    keys = ("identifier", "cluster_identifier", "db_name", "database_name")
    return [
        each
        for each in stack.of(*_DATABASES)
        if names_service(service, *(str(each.get(key) or "") for key in keys), each.address)
    ]


def names_service(service: str, *names: str) -> bool:
    """Say whether a name or an address names a service as a word of its own."""
    words = [word for name in names for word in name.replace('"', ".").replace("_", "-").split(".")]
    return any(service == word or f"-{service}-" in f"-{word}-" for word in words)


def _own(stack: Stack, service: Workload, ecs: Resource | None, judgement: Judgement) -> list[Resource]:
    """Return a service's databases, by name or else by who is let in; say so where there are none."""
    named = databases_of(stack, service.name)
    if named:
        return named
    own, vague = _let_in(stack, ecs)
    for each in () if own else vague:
        judgement.open(each, "vpc_security_group_ids, or a rule of them")
    if not own and not vague and not judgement.outside:
        absent(judgement, stack, f"database of {service.name}", "Declare aws_db_instance for this service alone.")
    return own


def _let_in(stack: Stack, ecs: Resource | None) -> tuple[list[Resource], list[Resource]]:
    """Return the databases that let a service in, and those of which it can't be told."""
    own, vague = [], []
    for database in stack.of(*_DATABASES) if ecs else ():
        entries, places = let_in(stack, database), places_of(stack, ecs) if ecs else None
        if entries is None or places is None:
            vague.append(database)
        elif entries.admit(places):
            own.append(database)
    return own, vague


def _judge_none(stack: Stack, service: Workload, judgement: Judgement) -> None:
    """Say where a service that stores nothing, by the target's own words, has a database."""
    pair = service_of(stack, service, judgement)
    if pair is None:
        return
    reached, vague = _let_in(stack, pair[0])
    named = databases_of(stack, service.name)
    for database in (*named, *(each for each in reached if each not in named)):
        judgement.fault(
            database.locate(),
            f"{database.address} is open to {service.name}, which stores nothing by exitgate.toml",
            expected="a [service.backing] of PostgreSQL, or no database",
            got="a database that is named for it or lets it in",
            remedy="Name the database in [service.backing], or close it to the service.",
        )
    for database in vague:
        judgement.open(database, "vpc_security_group_ids, or a rule of them")


def _judge_names(stack: Stack, database: Resource, service: str, stores: Stores, judgement: Judgement) -> None:
    others = [each for each in stores if each != service and database in databases_of(stack, each)]
    if others:
        judgement.fault(
            database.locate(),
            f"{database.address} is the database of {service} and of {', '.join(others)}",
            expected="a database for each service",
            got="one for several",
            remedy=_OWN,
        )


def _judge_access(stack: Stack, database: Resource, service: str, own: Resource, judgement: Judgement) -> None:
    entries = let_in(stack, database)
    if entries is None:
        judgement.open(database, "vpc_security_group_ids, or a rule of them")
        return
    for other in other_services(stack, own):
        places = places_of(stack, other)
        if places is None:
            judgement.open(other, "network_configuration")
            continue
        for rule in entries.admit(places):
            judgement.fault(
                rule.locate(),
                f"{rule.address} lets {other.address} into {database.address}, the database of {service}",
                expected=f"rules for {service} alone",
                got="a rule for another service",
                remedy=_OWN,
            )


def _judge_secrets(
    stack: Stack,
    service: Workload,
    pair: tuple[Resource, Resource],
    variables: Collection[str],
    judgement: Judgement,
) -> None:
    """Say where another service's task definition reads the secret that tells a service of its database."""
    own = {
        _secret(value)
        for container, name, value in _secrets_of(pair[1])
        if container == service.container_name and name in variables
    }
    if not own:
        judgement.open(pair[1], f"secrets: {', '.join(sorted(variables))}, which tell of its database")
    for other in other_services(stack, pair[0]):
        task = task_of(stack, other)
        if task is None or containers_of(task) is None:
            judgement.open(other, "task_definition")
            continue
        for _, name, value in _secrets_of(task):
            if _secret(value) in own:
                judgement.fault(
                    task.locate("container_definitions"),
                    f"{task.address} reads by {name} the secret that tells {service.name} of its database",
                    expected="a secret that no other service reads",
                    got=f"a secret of {service.name}",
                    remedy=_OWN,
                )


def _secrets_of(task: Resource) -> Iterator[tuple[str, str, str]]:
    """Yield container, variable and source of each secret of a task definition."""
    for container in containers_of(task) or ():
        secrets = container.get("secrets")
        for each in secrets if isinstance(secrets, list) else ():
            if isinstance(each, dict):
                yield str(container.get("name")), str(each.get("name")), str(each.get("valueFrom"))


def _secret(source: str) -> str:
    """Return the secret alone, without the field and version of it that ``valueFrom`` may name behind it."""
    return ":".join(source.split(":")[:_PARTS_OF_A_SECRETS_ARN])


def _judge_backups(database: Resource, policy: InfrastructurePolicy, judgement: Judgement) -> None:
    days = database.get("backup_retention_period")
    if isinstance(days, Unknown):
        judgement.open(database, "backup_retention_period")
    elif not isinstance(days, int) or days < (policy.backup_days or 1):
        judgement.fault(
            database.locate("backup_retention_period"),
            f"{database.address} keeps backups for a shorter time than the policy asks for",
            expected=f"at least {policy.backup_days or 1} days",
            got=f"{days or 0} days",
            remedy="Raise backup_retention_period.",
        )
