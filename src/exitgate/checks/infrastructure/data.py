"""3.3.B.2.1 to 3.3.B.2.3: databases, Redis and RabbitMQ: encrypted, private, and closed to who has no secret."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from exitgate.checks.infrastructure.judging import Judgement, absent, judged
from exitgate.finding import Finding
from exitgate.observe.terraform import Infrastructure, Reference, Resource, Sensitive, Stack, Unknown
from exitgate.policy import InfrastructurePolicy

_DATABASES = ("aws_db_instance", "aws_rds_cluster")
_CACHES = ("aws_elasticache_replication_group", "aws_elasticache_cluster", "aws_elasticache_serverless_cache")
_BROKERS = ("aws_mq_broker",)


def plain_caches(planned: Infrastructure) -> list[Finding]:
    """Name each Redis that is not encrypted on its way or where it lies, and each stack without one."""

    def judge(stack: Stack, judgement: Judgement) -> None:
        for cache in _of(stack, _CACHES, "Redis", judgement):
            if cache.type == "aws_elasticache_serverless_cache":
                continue
            _demand(cache, judgement, "transit_encryption_enabled", wanted=True, message="is not encrypted in transit")
            _demand(cache, judgement, "at_rest_encryption_enabled", wanted=True, message="is not encrypted at rest")
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
        for cache in _of(stack, _CACHES, "Redis", judgement):
            token, groups = cache.get("auth_token"), cache.get("user_group_ids")
            if token in (None, "") and groups in (None, (), ""):
                judgement.fault(
                    cache.locate("auth_token"),
                    f"{cache.address} asks for no credential",
                    expected="auth_token or user_group_ids",
                    got="none",
                    remedy="Give it a token that comes from a secret.",
                )
            elif _literal(token):
                judgement.fault(
                    cache.locate("auth_token"),
                    f"{cache.address} has a credential that stands in the code",
                    expected="one from a secret",
                    got="a value that the plan shows",
                    remedy="Take it from a secret, and change it: it has been read.",
                )
            _private(stack, cache, "subnet_group_name", ("aws_elasticache_subnet_group",), policy, judgement)

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
            _demand(broker, judgement, "publicly_accessible", wanted=False, message="may be reached from the internet")

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
    """Name each broker whose password stands in the code.

    What comes from a secret is not known while planning; a value that is known was written by somebody.
    """

    def judge(stack: Stack, judgement: Judgement) -> None:
        for broker in _of(stack, _BROKERS, "RabbitMQ broker", judgement):
            users = broker.get("user")
            blocks = [users] if not isinstance(users, tuple) else list(users)
            for block in blocks:
                password = block.get("password") if isinstance(block, Mapping) else block
                if _literal(password):
                    judgement.fault(
                        broker.locate("user"),
                        f"{broker.address} has a password that stands in the code",
                        expected="one from a secret",
                        got="a value that the plan shows",
                        remedy="Take it from a secret, and change it: it has been read.",
                    )

    return judged(planned, judge)


def _literal(value: object) -> bool:
    return (isinstance(value, str) and value != "") or (isinstance(value, Sensitive) and value.known)


def _of(stack: Stack, types: tuple[str, ...], what: str, judgement: Judgement) -> tuple[Resource, ...]:
    found = stack.of(*types)
    if not found:
        absent(judgement, stack, what, "Declare it, or declare the control not applicable.")
    return found


def _demand(resource: Resource, judgement: Judgement, attribute: str, *, wanted: bool, message: str) -> None:
    got = resource.get(attribute)
    if isinstance(got, Unknown):
        judgement.open(resource, attribute)
        return
    # Newer providers keep some flags as text.
    if str(got if got is not None else False).lower() != str(wanted).lower():
        judgement.fault(
            resource.locate(attribute),
            f"{resource.address} {message}",
            expected=f"{attribute} = {str(wanted).lower()}",
            got=str(got).lower(),
            remedy=f"Set {attribute} = {str(wanted).lower()}.",
        )


def _private(
    stack: Stack,
    resource: Resource,
    key: str,
    types: tuple[str, ...],
    policy: InfrastructurePolicy,
    judgement: Judgement,
) -> None:
    """Say where a resource's subnet group has a subnet of a public tier."""
    public = {
        cidr
        for tier in (policy.network.tier if policy.network else ())
        if tier.public
        for cidr in tier.subnets.values()
    }
    name = resource.get(key)
    groups = [
        each
        for each in stack.of(*types)
        if (isinstance(name, Reference) and name.address == each.address) or each.get("name") == name
    ]
    subnets = [stack.find(address) for group in groups for address in group.references("subnet_ids") or ()]
    if not subnets or None in subnets:
        judgement.open(resource, key)
    for subnet in subnets:
        if subnet and subnet.get("cidr_block") in public:
            judgement.fault(
                resource.locate(key),
                f"{resource.address} stands in a public subnet",
                expected="subnets of private tiers",
                got=str(subnet.get("cidr_block")),
                remedy="Give its subnet group the subnets of a private tier.",
            )
