"""Changes that somebody makes past the code, by the API of AWS: what is changed, and whether it was seen to land.

Each is made on the first resource of its type, by address. What of it should show as drift is the provider's attribute.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

from exitgate.errors import one_line

Connect = Callable[[str], Any]
"""Makes a client of a service."""
Values = Mapping[str, Any]

_RULE: Final = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
_ALL: Final = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
_NAME: Final = "exitgate-by-hand"
_OF_AWS: Final = "/aws-service-role/"
"""The path of roles that AWS makes for itself, which nobody else may change."""
_OLD_TLS: Final = "ELBSecurityPolicy-2016-08"


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """One way to change something by hand."""

    kind: str
    """In words, e.g. ``a security group opened``."""
    type: str
    attribute: str
    """Of the provider's resource: what a plan should name."""
    make: Callable[[Connect, Values], object]
    """Makes the change; whether it landed is what it reads back afterwards."""
    suits: Callable[[Values], object] = bool
    """Whether a resource of the type can be changed so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A change that was tried."""

    kind: str
    address: str
    """The resource; empty where the code makes none that could be changed so."""
    attribute: str
    landed: bool
    """Whether the API tells of it afterwards."""
    refusal: str = ""
    """What the API said where it refused; empty otherwise."""

    def to_json(self) -> dict[str, Any]:
        """Return it as plain data."""
        return asdict(self)


def _open_group(connect: Connect, group: Values) -> bool:
    ec2 = connect("ec2")
    ec2.authorize_security_group_ingress(GroupId=group["id"], IpPermissions=[_RULE])
    rules = ec2.describe_security_groups(GroupIds=[group["id"]])["SecurityGroups"][0]["IpPermissions"]
    return any(each.get("FromPort") == _RULE["FromPort"] for each in rules)


def _scale(connect: Connect, service: Values) -> bool:
    ecs, wanted = connect("ecs"), int(service["desired_count"]) + 3
    ecs.update_service(cluster=service["cluster"], service=service["name"], desiredCount=wanted)
    told = ecs.describe_services(cluster=service["cluster"], services=[service["name"]])["services"][0]
    return bool(told["desiredCount"] == wanted)


def _modify_database(connect: Connect, database: Values, name: str, *, value: object) -> bool:
    rds, identifier = connect("rds"), database["identifier"]
    rds.modify_db_instance(DBInstanceIdentifier=identifier, ApplyImmediately=True, **{name: value})
    told = rds.describe_db_instances(DBInstanceIdentifier=identifier)["DBInstances"][0]
    return bool(told[name] == value)


def _add_policy(connect: Connect, role: Values) -> bool:
    iam = connect("iam")
    iam.put_role_policy(RoleName=role["name"], PolicyName=_NAME, PolicyDocument=json.dumps(_ALL))
    return _NAME in iam.list_role_policies(RoleName=role["name"])["PolicyNames"]


def _weaken_listener(connect: Connect, listener: Values) -> bool:
    elb = connect("elbv2")
    elb.modify_listener(ListenerArn=listener["arn"], SslPolicy=_OLD_TLS)
    return bool(elb.describe_listeners(ListenerArns=[listener["arn"]])["Listeners"][0]["SslPolicy"] == _OLD_TLS)


def _unprotect_balancer(connect: Connect, balancer: Values) -> bool:
    elb, key = connect("elbv2"), "deletion_protection.enabled"
    elb.modify_load_balancer_attributes(LoadBalancerArn=balancer["arn"], Attributes=[{"Key": key, "Value": "false"}])
    told = elb.describe_load_balancer_attributes(LoadBalancerArn=balancer["arn"])["Attributes"]
    return {"Key": key, "Value": "false"} in told


def _tag(connect: Connect, vpc: Values) -> bool:
    ec2, tag = connect("ec2"), {"Key": _NAME, "Value": "yes"}
    ec2.create_tags(Resources=[vpc["id"]], Tags=[tag])
    return tag in ec2.describe_vpcs(VpcIds=[vpc["id"]])["Vpcs"][0].get("Tags", [])


def _copy_secret(connect: Connect, secret: Values) -> bool:
    secrets = connect("secretsmanager")
    region = next(each for each in ("us-east-1", "eu-west-1") if each not in secret["arn"])
    secrets.replicate_secret_to_regions(SecretId=secret["arn"], AddReplicaRegions=[{"Region": region}])
    told = secrets.describe_secret(SecretId=secret["arn"]).get("ReplicationStatus", [])
    return any(each.get("Region") == region for each in told)


def _shorten_logs(connect: Connect, group: Values) -> bool:
    logs = connect("logs")
    logs.put_retention_policy(logGroupName=group["name"], retentionInDays=1)
    told = logs.describe_log_groups(logGroupNamePrefix=group["name"])["logGroups"]
    return any(each["logGroupName"] == group["name"] and each.get("retentionInDays") == 1 for each in told)


def _stop_rotation(connect: Connect, key: Values) -> bool:
    kms = connect("kms")
    kms.disable_key_rotation(KeyId=key["key_id"])
    return not kms.get_key_rotation_status(KeyId=key["key_id"])["KeyRotationEnabled"]


def _open_bucket(connect: Connect, block: Values) -> bool:
    s3 = connect("s3")
    names = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
    s3.put_public_access_block(Bucket=block["bucket"], PublicAccessBlockConfiguration=dict.fromkeys(names, False))
    told = s3.get_public_access_block(Bucket=block["bucket"])["PublicAccessBlockConfiguration"]
    return not any(told.values())


REQUIRED: Final = (
    "a security group opened",
    "a task count changed",
    "a backup period shortened",
    "a policy added to a role",
)
"""The kinds without which nothing is said of drift."""
WAYS: Final = (
    Way(kind=REQUIRED[0], type="aws_security_group", attribute="ingress", make=_open_group),
    Way(kind=REQUIRED[1], type="aws_ecs_service", attribute="desired_count", make=_scale),
    Way(
        kind=REQUIRED[2],
        type="aws_db_instance",
        attribute="backup_retention_period",
        make=lambda connect, values: _modify_database(connect, values, "BackupRetentionPeriod", value=1),
        suits=lambda values: (values.get("backup_retention_period") or 0) > 1,
    ),
    Way(kind=REQUIRED[3], type="aws_iam_role", attribute="inline_policy", make=_add_policy),
    Way(
        kind="a listener weakened",
        type="aws_lb_listener",
        attribute="ssl_policy",
        make=_weaken_listener,
        suits=lambda values: values.get("protocol") == "HTTPS" and values.get("ssl_policy") != _OLD_TLS,
    ),
    Way(
        kind="a database's deletion protection lifted",
        type="aws_db_instance",
        attribute="deletion_protection",
        make=lambda connect, values: _modify_database(connect, values, "DeletionProtection", value=False),
        suits=lambda values: values.get("deletion_protection"),
    ),
    Way(
        kind="a balancer's deletion protection lifted",
        type="aws_lb",
        attribute="enable_deletion_protection",
        make=_unprotect_balancer,
        suits=lambda values: values.get("enable_deletion_protection"),
    ),
    Way(kind="a tag added", type="aws_vpc", attribute="tags", make=_tag),
    Way(
        kind="a secret copied to another region",
        type="aws_secretsmanager_secret",
        attribute="replica",
        make=_copy_secret,
    ),
    Way(
        kind="logs kept for a day",
        type="aws_cloudwatch_log_group",
        attribute="retention_in_days",
        make=_shorten_logs,
        suits=lambda values: values.get("retention_in_days") != 1,
    ),
    Way(
        kind="a key's rotation stopped",
        type="aws_kms_key",
        attribute="enable_key_rotation",
        make=_stop_rotation,
        suits=lambda values: values.get("enable_key_rotation"),
    ),
    Way(
        kind="a bucket opened to the public",
        type="aws_s3_bucket_public_access_block",
        attribute="block_public_acls",
        make=_open_bucket,
        suits=lambda values: values.get("block_public_acls"),
    ),
)


def take_policies_back(connect: Connect) -> None:
    """Remove the policies that were added to roles by hand, by name: a destroy that does not know of one waits minutes."""
    iam = connect("iam")
    for page in iam.get_paginator("list_roles").paginate():
        for role in [each["RoleName"] for each in page["Roles"] if not each["Path"].startswith(_OF_AWS)]:
            if _NAME in iam.list_role_policies(RoleName=role)["PolicyNames"]:
                iam.delete_role_policy(RoleName=role, PolicyName=_NAME)


def change_outside(connect: Connect, resources: Mapping[str, tuple[str, Values]]) -> Iterator[Change]:
    """Make each change, and say what came of it.

    Args:
        connect: Makes a client of a service in the account.
        resources: What stands there: address to type and values, as in the state.
    """
    from botocore.exceptions import BotoCoreError, ClientError

    for way in WAYS:
        suited = (
            address for address, (kind, values) in sorted(resources.items()) if kind == way.type and way.suits(values)
        )
        address = next(suited, "")
        landed, refusal = False, ""
        if address:
            try:
                landed = bool(way.make(connect, resources[address][1]))
            except (BotoCoreError, ClientError, KeyError, IndexError) as error:
                refusal = one_line(f"{type(error).__name__}: {error}", 200)
        yield Change(kind=way.kind, address=address, attribute=way.attribute, landed=landed, refusal=refusal)
