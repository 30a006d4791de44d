"""How a call shows whether an action is allowed: harmless where it is answered, about the resource that is asked for.

Sources: the Service Authorization Reference for actions and their resources, the API references for the operations. An action
without a call here is not tried, and named.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

Arguments = Mapping[str, Any]
_NAME: Final = "exitgate-drawn"
_DIGEST: Final = "sha256:" + 64 * "0"
_RESOURCE: Final = 5
"""Where an ARN, split at its colons, has what the service itself calls the resource."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One operation of a service."""

    service: str
    """As botocore calls it."""
    operation: str
    arguments: Callable[[str], Arguments]
    """Arguments by the ARN of a resource."""


def resource_of(arn: str) -> str:
    """Return what an ARN has after region and account."""
    return arn.split(":", _RESOURCE)[_RESOURCE] if arn.count(":") >= _RESOURCE else arn


def _none(_: str) -> Arguments:
    return {}


def _last(arn: str) -> str:
    return resource_of(arn).rpartition("/")[2].rpartition(":")[2]


def _repository(**more: Any) -> Callable[[str], Arguments]:
    return lambda arn: {"repositoryName": resource_of(arn).removeprefix("repository/"), **more}


def _stream(arn: str) -> dict[str, Any]:
    group, _, stream = resource_of(arn).removeprefix("log-group:").partition(":log-stream:")
    return {"logGroupName": group.removesuffix(":*"), "logStreamName": stream or _NAME}


def _line(arn: str) -> Arguments:
    return {**_stream(arn), "logEvents": [{"timestamp": int(time.time() * 1000), "message": _NAME}]}


def _object(arn: str) -> dict[str, Any]:
    bucket, _, key = resource_of(arn).partition("/")
    return {"Bucket": bucket, "Key": key or _NAME}


def _bucket(arn: str) -> Arguments:
    return {"Bucket": resource_of(arn).partition("/")[0]}


def _queue(**more: Any) -> Callable[[str], Arguments]:
    # Addresses of queues are as AWS makes them of account and name, whatever the host is.
    return lambda arn: {
        "QueueUrl": f"https://sqs.{arn.split(':')[3]}.amazonaws.com/{arn.split(':')[4]}/{_last(arn)}",
        **more,
    }


def _table(**more: Any) -> Callable[[str], Arguments]:
    return lambda arn: {"TableName": resource_of(arn).removeprefix("table/").partition("/")[0], **more}


def _parameter(arn: str) -> str:
    return resource_of(arn).removeprefix("parameter")


def _listing(service: str, operation: str) -> Call:
    return Call(service=service, operation=operation, arguments=_none)


def _call(service: str, operation: str, arguments: Callable[[str], Arguments]) -> Call:
    return Call(service=service, operation=operation, arguments=arguments)


LISTINGS: Final[Mapping[str, Call]] = {
    "acm:ListCertificates": _listing("acm", "list_certificates"),
    "cloudwatch:DescribeAlarms": _listing("cloudwatch", "describe_alarms"),
    "dynamodb:ListTables": _listing("dynamodb", "list_tables"),
    "ec2:DescribeInstances": _listing("ec2", "describe_instances"),
    "ec2:DescribeVpcs": _listing("ec2", "describe_vpcs"),
    "ecs:ListClusters": _listing("ecs", "list_clusters"),
    "elasticache:DescribeReplicationGroups": _listing("elasticache", "describe_replication_groups"),
    "elasticloadbalancing:DescribeLoadBalancers": _listing("elbv2", "describe_load_balancers"),
    "events:ListRules": _listing("events", "list_rules"),
    "iam:ListRoles": _listing("iam", "list_roles"),
    "iam:ListUsers": _listing("iam", "list_users"),
    "kms:ListKeys": _listing("kms", "list_keys"),
    "lambda:ListFunctions": _listing("lambda", "list_functions"),
    "logs:DescribeLogGroups": _listing("logs", "describe_log_groups"),
    "mq:ListBrokers": _listing("mq", "list_brokers"),
    "rds:DescribeDBInstances": _listing("rds", "describe_db_instances"),
    "s3:ListAllMyBuckets": _listing("s3", "list_buckets"),
    "secretsmanager:ListSecrets": _listing("secretsmanager", "list_secrets"),
    "sns:ListTopics": _listing("sns", "list_topics"),
    "sqs:ListQueues": _listing("sqs", "list_queues"),
    "ssm:DescribeParameters": _listing("ssm", "describe_parameters"),
}
"""What shows a whole account to whoever may call it."""

CALLS: Final[Mapping[str, Call]] = {
    **LISTINGS,
    "dynamodb:GetItem": _call("dynamodb", "get_item", _table(Key={"id": {"S": _NAME}})),
    "dynamodb:Scan": _call("dynamodb", "scan", _table(Limit=1)),
    "ecr:BatchCheckLayerAvailability": _call(
        "ecr", "batch_check_layer_availability", _repository(layerDigests=[_DIGEST])
    ),
    "ecr:BatchGetImage": _call("ecr", "batch_get_image", _repository(imageIds=[{"imageTag": _NAME}])),
    "ecr:GetDownloadUrlForLayer": _call("ecr", "get_download_url_for_layer", _repository(layerDigest=_DIGEST)),
    "ecr:GetAuthorizationToken": _listing("ecr", "get_authorization_token"),
    "iam:GetRole": _call("iam", "get_role", lambda arn: {"RoleName": _last(arn)}),
    "kms:DescribeKey": _call("kms", "describe_key", lambda arn: {"KeyId": arn}),
    "kms:Encrypt": _call("kms", "encrypt", lambda arn: {"KeyId": arn, "Plaintext": b"exitgate"}),
    "kms:GenerateDataKey": _call("kms", "generate_data_key", lambda arn: {"KeyId": arn, "KeySpec": "AES_256"}),
    "logs:CreateLogStream": _call("logs", "create_log_stream", _stream),
    "logs:GetLogEvents": _call("logs", "get_log_events", _stream),
    "logs:PutLogEvents": _call("logs", "put_log_events", _line),
    "s3:GetObject": _call("s3", "get_object", _object),
    "s3:ListBucket": _call("s3", "list_objects_v2", _bucket),
    "s3:PutObject": _call("s3", "put_object", lambda arn: {**_object(arn), "Body": b"exitgate"}),
    "secretsmanager:DescribeSecret": _call("secretsmanager", "describe_secret", lambda arn: {"SecretId": arn}),
    "secretsmanager:GetSecretValue": _call("secretsmanager", "get_secret_value", lambda arn: {"SecretId": arn}),
    "sns:Publish": _call("sns", "publish", lambda arn: {"TopicArn": arn, "Message": _NAME}),
    "sqs:GetQueueAttributes": _call("sqs", "get_queue_attributes", _queue()),
    "sqs:ReceiveMessage": _call("sqs", "receive_message", _queue(VisibilityTimeout=0)),
    "sqs:SendMessage": _call("sqs", "send_message", _queue(MessageBody=_NAME)),
    "ssm:GetParameter": _call("ssm", "get_parameter", lambda arn: {"Name": _parameter(arn)}),
    "ssm:GetParameters": _call("ssm", "get_parameters", lambda arn: {"Names": [_parameter(arn)]}),
}
"""Every action that can be tried."""
