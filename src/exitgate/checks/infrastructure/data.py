"""3.3.B.2.2, 3.3.B.2.3: Redis and RabbitMQ: encrypted, private, and closed to who has no secret."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from exitgate.checks.infrastructure.compute import containers_of
from exitgate.checks.infrastructure.judging import Judgement, absent, judged
from exitgate.checks.infrastructure.private import demand, stands_in_private
from exitgate.finding import Finding
from exitgate.observe.terraform import Infrastructure, Resource, Sensitive, Stack, Unknown
from exitgate.policy import InfrastructurePolicy

_SERVERLESS: Final = "aws_elasticache_serverless_cache"
_CREDENTIAL_URL: Final = re.compile(r"^amqps?://[^/@\s:]*:[^/@\s]+@", re.IGNORECASE)
_CREDENTIAL_NAME: Final = re.compile(r"(rabbit|amqp|broker|mq).*(pass|user|secret|cred)", re.IGNORECASE)
_CACHES = ("aws_elasticache_replication_group", "aws_elasticache_cluster", "aws_elasticache_serverless_cache")
_BROKERS = ("aws_mq_broker",)


def plain_caches(planned: Infrastructure) -> list[Finding]:
    """Name each Redis that is not encrypted on its way or where it lies, and each stack without one.

    A serverless cache is always both, and has no flag for it (ElastiCache user guide, "Data security in Amazon ElastiCache").
    """

    def judge(stack: Stack, judgement: Judgement) -> None:
        for cache in _caches(stack, judgement):
            if cache.type == _SERVERLESS:
                continue
            demand(cache, judgement, "transit_encryption_enabled", wanted=True, message="is not encrypted in transit")
            demand(cache, judgement, "at_rest_encryption_enabled", wanted=True, message="is not encrypted at rest")
            if cache.get("transit_encryption_mode") == "preferred":
                judgement.fault(
                    cache.locate("transit_encryption_mode"),
                    f"{cache.address} takes plain connections too",
                    expected="transit_encryption_mode = required",
                    got="preferred",
                    remedy="Set transit_encryption_mode = required once all clients speak TLS.",
                )

    return judged(planned, judge)


def open_caches(planned: Infrastructure, policy: InfrastructurePolicy) -> list[Finding]:
    """Name each Redis outside private subnets, and each that asks for no credential or for one that stands in the code."""

    def judge(stack: Stack, judgement: Judgement) -> None:
        for cache in _caches(stack, judgement):
            groups = "user_group_id" if cache.type == _SERVERLESS else "user_group_ids"
            token, users = cache.get("auth_token"), cache.get(groups)
            if token in (None, "") and users in (None, (), ""):
                judgement.fault(
                    cache.locate("auth_token"),
                    f"{cache.address} asks for no credential",
                    expected=groups if cache.type == _SERVERLESS else f"auth_token or {groups}",
                    got="none",
                    remedy="Give it a token or a group of users that comes from a secret.",
                )
            elif token in (None, "") and isinstance(users, Unknown) and groups not in dict(cache.lines):
                judgement.open(cache, groups)
            else:
                _judge_literal(cache, "auth_token", token, "credential", judgement)
            key = "subnet_ids" if cache.type == _SERVERLESS else "subnet_group_name"
            stands_in_private(stack, cache, key, policy, judgement)

    return judged(planned, judge)


def open_brokers(planned: Infrastructure) -> list[Finding]:
    """Name each broker that is no RabbitMQ, or that may be reached from the internet. Amazon MQ speaks TLS alone."""

    def judge(stack: Stack, judgement: Judgement) -> None:
        for broker in _of(stack, _BROKERS, "RabbitMQ broker", judgement):
            if str(broker.get("engine_type")).lower() != "rabbitmq":
                judgement.fault(
                    broker.locate("engine_type"),
                    f"{broker.address} is no RabbitMQ",
                    expected="RabbitMQ",
                    got=str(broker.get("engine_type")),
                    remedy="Set engine_type = RabbitMQ.",
                )
            demand(broker, judgement, "publicly_accessible", wanted=False, message="may be reached from the internet")

    return judged(planned, judge)


def unlogged_brokers(planned: Infrastructure) -> list[Finding]:
    """Name each broker that does not send its general logs to CloudWatch."""

    def judge(stack: Stack, judgement: Judgement) -> None:
        for broker in _of(stack, _BROKERS, "RabbitMQ broker", judgement):
            blocks = broker.blocks("logs")
            if blocks is None:
                judgement.open(broker, "logs")
            elif not any(block.get("general") is True for block in blocks):
                judgement.fault(
                    broker.locate("logs"),
                    f"{broker.address} keeps no logs",
                    expected="logs with general = true",
                    got="none",
                    remedy="Set general = true in its logs.",
                )

    return judged(planned, judge)


def literal_users(planned: Infrastructure) -> list[Finding]:
    """Name each broker whose user or password stands in the code, and each task definition with a literal of them.

    What comes from a secret is not known while planning; a value that is known was written by somebody.
    """

    def judge(stack: Stack, judgement: Judgement) -> None:
        for broker in _of(stack, _BROKERS, "RabbitMQ broker", judgement):
            users = broker.get("user")
            if isinstance(users, Unknown):
                judgement.open(broker, "user")
            # A block with a secret in it is one as a whole, so the plan does not say which of the two is known.
            for block in users if isinstance(users, tuple) else (users,):
                value = block.get("password") if isinstance(block, Mapping) else block
                _judge_literal(broker, "user", value, "password", judgement)
            if "user.username" in broker.literals:
                judgement.fault(
                    broker.locate("user"),
                    f"{broker.address} has a user whose name stands in the code",
                    expected="one from the secret that has the password",
                    got="a literal",
                    remedy="Take both from the secret.",
                )
        for task in stack.of("aws_ecs_task_definition"):
            _judge_environment(task, judgement)

    return judged(planned, judge)


def _judge_environment(task: Resource, judgement: Judgement) -> None:
    containers = containers_of(task)
    if containers is None:
        judgement.open(task, "container_definitions")
    for container in containers or ():
        variables = container.get("environment")
        for each in variables if isinstance(variables, list) else ():
            name, value = str(each.get("name", "")), str(each.get("value") or "")
            if _CREDENTIAL_URL.match(value) or (value and _CREDENTIAL_NAME.search(name)):
                judgement.fault(
                    task.locate("container_definitions"),
                    f"{task.address} has a literal of the broker's user or password in its variable {name}",
                    expected="a secret of the container",
                    got="a value that the plan shows",
                    remedy="Take it from a secret, and change it: it has been read.",
                )


def _judge_literal(owner: Resource, key: str, value: object, what: str, judgement: Judgement) -> None:
    """Say where a credential stands in the code.

    A value that somebody gave for this plan alone, by a variable in exitgate.toml, is a stand-in: where it comes from in
    production is not told by it.
    """
    if not _literal(value):
        return
    if key in owner.stand_ins:
        judgement.open(owner, f"{key}, for which exitgate.toml has a stand-in")
        return
    judgement.fault(
        owner.locate(key),
        f"{owner.address} has a {what} that stands in the code",
        expected="one from a secret",
        got="a value that the plan shows",
        remedy="Take it from a secret, and change it: it has been read.",
    )


def _caches(stack: Stack, judgement: Judgement) -> list[Resource]:
    """Return what is a Redis, or Valkey; a single node of a group is judged as its group."""
    found = []
    for each in _of(stack, _CACHES, "Redis", judgement):
        engine = each.get("engine")
        if isinstance(engine, Unknown) and "engine" in dict(each.lines):
            judgement.open(each, "engine")
        if str(engine).lower() == "memcached" or (each.get("replication_group_id") and each.type.endswith("_cluster")):
            continue
        found.append(each)
    if not found and stack.of(*_CACHES):
        absent(judgement, stack, "Redis", "Declare it, or declare the control not applicable.")
    return found


def _literal(value: object) -> bool:
    return (isinstance(value, str) and value != "") or (isinstance(value, Sensitive) and value.known)


def _of(stack: Stack, types: tuple[str, ...], what: str, judgement: Judgement) -> tuple[Resource, ...]:
    found = stack.of(*types)
    if not found:
        absent(judgement, stack, what, "Declare it, or declare the control not applicable.")
    return found
