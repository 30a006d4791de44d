"""What the API of AWS tells of what stands in an account: asked of an emulator and a real account alike, kept as it was told.

It changes nothing. Every list is asked for to its end, and what was asked about has to be answered.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final
from urllib.parse import unquote

from exitgate.errors import ObservationError, one_line

Connect = Callable[[str], Any]
"""Makes a client of a service."""
Answers = Mapping[str, Sequence[Mapping[str, Any]]]
"""Provider's type of resource to what was told of each of them."""
_AT_ONCE: Final = 10
"""As many services as one call describes."""
_OF_AWS: Final = "/aws-service-role/"
"""The path of roles that AWS makes for itself, and which no code declares."""


def ask_account(connect: Connect) -> dict[str, list[dict[str, Any]]]:
    """Ask for everything that is compared with a plan.

    Raises:
        ObservationError: if a call fails, or fewer are described than were listed.
    """
    from botocore.exceptions import BotoCoreError, ClientError

    answers: dict[str, list[dict[str, Any]]] = {}
    for service, asks in _ASKS.items():
        try:
            for kind, entry in asks(connect(service)):
                answers.setdefault(kind, []).append(entry)
        except (BotoCoreError, ClientError, KeyError) as error:
            raise ObservationError(
                f"what stands in the account by {service}",
                got=one_line(f"{type(error).__name__}: {error}", 200),
                expected="an answer to each question",
                action="Look whether the caller may read it, and whether the emulator knows the call.",
            ) from error
    # What answers hold beside plain data, times, is of no use to anybody.
    plain: dict[str, list[dict[str, Any]]] = json.loads(json.dumps(answers, default=str))
    return plain


def _pages(client: Any, operation: str, key: str, **arguments: Any) -> Iterator[Any]:
    if client.can_paginate(operation):
        for page in client.get_paginator(operation).paginate(**arguments):
            yield from page.get(key) or ()
    else:
        yield from getattr(client, operation)(**arguments).get(key) or ()


def _described(asked: Sequence[str], told: Sequence[dict[str, Any]], what: str) -> Sequence[dict[str, Any]]:
    if len(told) != len(asked):
        raise ObservationError(
            what,
            got=f"{len(told)} described",
            expected=f"the {len(asked)} that are listed",
            action="Run again: something changed the account meanwhile, or the caller may not read all of it.",
        )
    return told


def _ask_ecs(ecs: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    clusters = [*_pages(ecs, "list_clusters", "clusterArns")]
    told = ecs.describe_clusters(clusters=clusters, include=["SETTINGS"])["clusters"] if clusters else []
    for cluster in _described(clusters, told, "clusters of ECS"):
        yield "aws_ecs_cluster", cluster
        services = [*_pages(ecs, "list_services", "serviceArns", cluster=cluster["clusterArn"])]
        for start in range(0, len(services), _AT_ONCE):
            part = services[start : start + _AT_ONCE]
            described = ecs.describe_services(cluster=cluster["clusterArn"], services=part)["services"]
            for service in _described(part, described, "services of ECS"):
                yield "aws_ecs_service", service
    for arn in _pages(ecs, "list_task_definitions", "taskDefinitionArns", status="ACTIVE"):
        yield "aws_ecs_task_definition", ecs.describe_task_definition(taskDefinition=arn)["taskDefinition"]


def _ask_balancers(elb: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    for balancer in _pages(elb, "describe_load_balancers", "LoadBalancers"):
        arn = balancer["LoadBalancerArn"]
        attributes = elb.describe_load_balancer_attributes(LoadBalancerArn=arn)["Attributes"]
        yield "aws_lb", {**balancer, "Attributes": _by_key(attributes)}
        for listener in _pages(elb, "describe_listeners", "Listeners", LoadBalancerArn=arn):
            yield "aws_lb_listener", listener
            for rule in _pages(elb, "describe_rules", "Rules", ListenerArn=listener["ListenerArn"]):
                # The rule of the listener's own actions is a part of the listener.
                if not rule["IsDefault"]:
                    yield "aws_lb_listener_rule", {**rule, "ListenerArn": listener["ListenerArn"]}
    for group in _pages(elb, "describe_target_groups", "TargetGroups"):
        attributes = elb.describe_target_group_attributes(TargetGroupArn=group["TargetGroupArn"])["Attributes"]
        yield "aws_lb_target_group", {**group, "Attributes": _by_key(attributes)}


def _by_key(attributes: Sequence[Mapping[str, str]]) -> dict[str, str]:
    return {each["Key"]: each["Value"] for each in attributes}


def _ask_databases(rds: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    for database in _pages(rds, "describe_db_instances", "DBInstances"):
        yield "aws_db_instance", database


def _ask_caches(cache: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    nodes = {each["CacheClusterId"]: each for each in _pages(cache, "describe_cache_clusters", "CacheClusters")}
    for group in _pages(cache, "describe_replication_groups", "ReplicationGroups"):
        members = [nodes[name] for name in group["MemberClusters"] if name in nodes]
        _described(group["MemberClusters"], members, f"nodes of the cache {group['ReplicationGroupId']}")
        yield "aws_elasticache_replication_group", {**group, "Nodes": members}


def _ask_brokers(brokers: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    for each in _pages(brokers, "list_brokers", "BrokerSummaries"):
        yield "aws_mq_broker", brokers.describe_broker(BrokerId=each["BrokerId"])


def _ask_roles(iam: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    for role in _pages(iam, "list_roles", "Roles"):
        if role["Path"].startswith(_OF_AWS):
            continue
        name = role["RoleName"]
        policies = {
            policy: read_policy(iam.get_role_policy(RoleName=name, PolicyName=policy)["PolicyDocument"])
            for policy in _pages(iam, "list_role_policies", "PolicyNames", RoleName=name)
        }
        attached = [
            each["PolicyArn"] for each in _pages(iam, "list_attached_role_policies", "AttachedPolicies", RoleName=name)
        ]
        told = iam.get_role(RoleName=name)["Role"]
        trust = read_policy(told["AssumeRolePolicyDocument"])
        yield "aws_iam_role", {**told, "Trust": trust, "Policies": policies, "Attached": attached}


def read_policy(told: Any) -> Any:
    """Return a policy: botocore reads it for some calls, and leaves it encoded for an address where it does not know it."""
    return json.loads(unquote(told)) if isinstance(told, str) else told


_ASKS: Final[Mapping[str, Callable[[Any], Iterator[tuple[str, dict[str, Any]]]]]] = {
    "ecs": _ask_ecs,
    "elbv2": _ask_balancers,
    "rds": _ask_databases,
    "elasticache": _ask_caches,
    "mq": _ask_brokers,
    "iam": _ask_roles,
}
