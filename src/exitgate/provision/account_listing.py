"""What stands in an account, listed service by service through the API of AWS, and never from a state."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from exitgate.errors import ObservationError, one_line

Connect = Callable[[str], Any]
"""Makes a client of a service."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """A call that lists one kind of thing."""

    service: str
    operation: str
    key: str
    """The list in the answer."""
    name: str
    """What of an entry names it; empty where the entry is a name."""
    arguments: Mapping[str, Any] | None = None
    gone: tuple[str, frozenset[str]] | None = None
    """A field and its values by which an entry is on its way out."""


def _gone(name: str, *values: str) -> tuple[str, frozenset[str]]:
    return name, frozenset(values)


def _listing(service: str, operation: str, key: str, name: str = "", **more: Any) -> Listing:
    return Listing(service=service, operation=operation, key=key, name=name, **more)


LISTINGS: Final = (
    _listing("ec2", "describe_vpcs", "Vpcs", "VpcId"),
    _listing("ec2", "describe_subnets", "Subnets", "SubnetId"),
    _listing("ec2", "describe_security_groups", "SecurityGroups", "GroupId"),
    _listing("ec2", "describe_route_tables", "RouteTables", "RouteTableId"),
    _listing("ec2", "describe_network_acls", "NetworkAcls", "NetworkAclId"),
    _listing("ec2", "describe_internet_gateways", "InternetGateways", "InternetGatewayId"),
    _listing("ec2", "describe_nat_gateways", "NatGateways", "NatGatewayId", gone=_gone("State", "deleted", "deleting")),
    _listing("ec2", "describe_addresses", "Addresses", "AllocationId"),
    _listing(
        "ec2", "describe_vpc_endpoints", "VpcEndpoints", "VpcEndpointId", gone=_gone("State", "deleted", "deleting")
    ),
    _listing("ec2", "describe_flow_logs", "FlowLogs", "FlowLogId"),
    _listing("ec2", "describe_network_interfaces", "NetworkInterfaces", "NetworkInterfaceId"),
    _listing("ec2", "describe_instances", "Reservations", "ReservationId"),
    _listing("ec2", "describe_volumes", "Volumes", "VolumeId"),
    _listing("elbv2", "describe_load_balancers", "LoadBalancers", "LoadBalancerArn"),
    _listing("elbv2", "describe_target_groups", "TargetGroups", "TargetGroupArn"),
    _listing("ecs", "list_clusters", "clusterArns"),
    _listing("ecs", "list_task_definitions", "taskDefinitionArns", arguments={"status": "ACTIVE"}),
    _listing("rds", "describe_db_instances", "DBInstances", "DBInstanceArn"),
    _listing("rds", "describe_db_snapshots", "DBSnapshots", "DBSnapshotIdentifier"),
    _listing("rds", "describe_db_subnet_groups", "DBSubnetGroups", "DBSubnetGroupName"),
    _listing("rds", "describe_db_parameter_groups", "DBParameterGroups", "DBParameterGroupName"),
    _listing("elasticache", "describe_replication_groups", "ReplicationGroups", "ReplicationGroupId"),
    _listing("elasticache", "describe_cache_clusters", "CacheClusters", "CacheClusterId"),
    _listing("elasticache", "describe_cache_subnet_groups", "CacheSubnetGroups", "CacheSubnetGroupName"),
    _listing("mq", "list_brokers", "BrokerSummaries", "BrokerId", gone=_gone("BrokerState", "DELETION_IN_PROGRESS")),
    _listing("iam", "list_roles", "Roles", "RoleName"),
    _listing("iam", "list_policies", "Policies", "Arn", arguments={"Scope": "Local"}),
    _listing("iam", "list_users", "Users", "UserName"),
    _listing("kms", "list_aliases", "Aliases", "AliasName"),
    _listing("logs", "describe_log_groups", "logGroups", "logGroupName"),
    _listing("secretsmanager", "list_secrets", "SecretList", "ARN"),
    _listing("s3", "list_buckets", "Buckets", "Name"),
    _listing("ecr", "describe_repositories", "repositories", "repositoryArn"),
    _listing("cloudwatch", "describe_alarms", "MetricAlarms", "AlarmName"),
    _listing("acm", "list_certificates", "CertificateSummaryList", "CertificateArn"),
    _listing("sqs", "list_queues", "QueueUrls"),
    _listing("sns", "list_topics", "Topics", "TopicArn"),
    _listing("events", "list_rules", "Rules", "Name"),
    _listing("lambda", "list_functions", "Functions", "FunctionArn"),
    _listing("ssm", "describe_parameters", "Parameters", "Name"),
    _listing("dynamodb", "list_tables", "TableNames"),
    _listing(
        *("resourcegroupstaggingapi", "get_resources", "ResourceTagMappingList", "ResourceARN"),
    ),
)
"""The kinds that are looked for. The tagging API adds whatever carries a tag, of any service."""


def list_account(connect: Connect) -> frozenset[str]:
    """Return the names of all that stands in an account, each with its service, e.g. ``ec2 VpcId vpc-1``.

    Keys that wait for their deletion are left out, and of ECS what is inactive: AWS lets none of it go at once.

    Raises:
        ObservationError: if a listing is refused, so that nobody takes what was not looked at for absent.
    """
    from botocore.exceptions import BotoCoreError, ClientError

    found: set[str] = set()
    clients: dict[str, Any] = {}
    for listing in LISTINGS:
        client = clients.setdefault(listing.service, None) or connect(listing.service)
        clients[listing.service] = client
        try:
            found |= {_told(listing, entry) for entry in _entries(client, listing)}
        except (BotoCoreError, ClientError) as error:
            raise _unlisted(f"{listing.service} {listing.operation}", error) from error
    try:
        kms = connect("kms")
        for key in kms.list_keys()["Keys"]:
            if kms.describe_key(KeyId=key["KeyId"])["KeyMetadata"]["KeyState"] != "PendingDeletion":
                found.add(f"kms KeyId {key['KeyId']}")
    except (BotoCoreError, ClientError) as error:
        raise _unlisted("kms list_keys", error) from error
    return frozenset(
        each for each in found if ":kms:" not in each and not (":ecs:" in each and _is_inactive(clients["ecs"], each))
    )


def _is_inactive(ecs: Any, told: str) -> bool:
    """Say whether ECS itself calls a service or a task definition inactive that the tagging API still tells of."""
    from botocore.exceptions import BotoCoreError, ClientError

    arn = told.rpartition(" ")[2]
    kind, _, name = arn.split(":", 5)[5].partition("/")
    try:
        if kind == "task-definition":
            told_of: str = ecs.describe_task_definition(taskDefinition=arn)["taskDefinition"]["status"]
            return told_of in ("INACTIVE", "DELETE_IN_PROGRESS")
        if kind == "service" and "/" in name:
            services = ecs.describe_services(cluster=name.partition("/")[0], services=[arn])["services"]
            return all(each["status"] == "INACTIVE" for each in services)
    except ClientError as error:
        return bool(error.response.get("Error", {}).get("Code") == "ClusterNotFoundException")
    except BotoCoreError as error:
        raise _unlisted(f"ecs {kind}", error) from error
    return False


def _entries(client: Any, listing: Listing) -> Iterator[Any]:
    arguments = dict(listing.arguments or {})
    if client.can_paginate(listing.operation):
        pages = client.get_paginator(listing.operation).paginate(**arguments)
    else:
        pages = iter([getattr(client, listing.operation)(**arguments)])
    for page in pages:
        for entry in page.get(listing.key) or ():
            if listing.gone is None or entry.get(listing.gone[0]) not in listing.gone[1]:
                yield entry


def _told(listing: Listing, entry: Any) -> str:
    name = entry[listing.name] if listing.name else entry
    return f"{listing.service} {listing.name or listing.key} {name}"


def _unlisted(what: str, error: Exception) -> ObservationError:
    return ObservationError(
        f"listing of the account by {what}",
        got=one_line(f"{type(error).__name__}: {error}", 200),
        expected="all that stands there",
        action="Without it nobody knows what is left; look whether the emulator knows the call.",
    )
