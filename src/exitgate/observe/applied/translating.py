"""What the API of AWS calls things, said in the words of Terraform's provider: the same resources as a plan has.

By type: what a resource goes by, and each attribute that is compared. A set is sorted, a document is read, and what
stands for a default is said as the provider says it. Secrets are in no answer: of a token there is only whether it is asked for.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

Answer = Mapping[str, Any]
Plain = Any
"""A value as JSON has it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """How one type of resource is read from both sides."""

    planned_as: Callable[[Answer], str]
    """What a planned resource goes by, of its values."""
    told_as: Callable[[Answer], str]
    """The same of an answer."""
    attributes: Mapping[str, Callable[[Answer], Plain]]
    """Attribute of the provider to its value in an answer."""
    shapes: Mapping[str, Callable[[Plain], Plain]]
    """Attribute to what makes a planned value comparable."""


def read_set(value: Plain) -> Plain:
    """Return a set in one order."""
    return sorted(value or (), key=lambda each: json.dumps(each, sort_keys=True))


def read_number(value: Plain) -> Plain:
    """Return a number that the provider may write as text."""
    return int(value) if isinstance(value, str) and value.isdigit() else value


def read_json(value: Plain) -> Plain:
    """Return a document."""
    return json.loads(value) if isinstance(value, str) and value[:1] in ("{", "[") else value


def read_flag(value: Plain) -> Plain:
    """Return a flag that the provider may write as text."""
    return value == "true" if isinstance(value, str) else value


def _one(value: Plain) -> Plain:
    return value[0] if isinstance(value, list) and value else {}


def _picked(*names: str) -> Callable[[Plain], Plain]:
    """Return what keeps some of a nested block's arguments: the API knows no others."""
    return lambda value: {name: _said(_one(value).get(name)) for name in names}


def _said(value: Plain) -> Plain:
    return sorted(value) if isinstance(value, list) else read_number(value)


def _strategy(value: Iterable[Answer] | None) -> Plain:
    return read_set(
        [
            {"provider": each.get("capacity_provider", each.get("capacityProvider")), "weight": each.get("weight") or 0}
            for each in value or ()
        ]
    )


def _settings(value: Iterable[Answer] | None) -> Plain:
    return {each["name"]: each["value"] for each in value or ()}


def _task_network(value: Plain) -> Plain:
    told = _one(value)
    return {
        "subnets": sorted(told.get("subnets") or ()),
        "security_groups": sorted(told.get("security_groups") or ()),
        "assign_public_ip": bool(told.get("assign_public_ip")),
    }


def _told_network(service: Answer) -> Plain:
    told = service.get("networkConfiguration", {}).get("awsvpcConfiguration", {})
    return {
        "subnets": sorted(told.get("subnets", ())),
        "security_groups": sorted(told.get("securityGroups", ())),
        "assign_public_ip": told.get("assignPublicIp") == "ENABLED",
    }


def _routes(value: Iterable[Answer] | None) -> Plain:
    return read_set(
        [
            {
                "group": each.get("target_group_arn", each.get("targetGroupArn")),
                "container": each.get("container_name", each.get("containerName")),
                "port": each.get("container_port", each.get("containerPort")),
            }
            for each in value or ()
        ]
    )


_CONTAINER: Final = (
    *("name", "image", "essential", "user", "cpu", "memory", "memoryReservation", "command", "entryPoint"),
    *("environment", "secrets", "portMappings", "mountPoints", "readonlyRootFilesystem", "stopTimeout", "privileged"),
    *("healthCheck", "logConfiguration", "linuxParameters", "ulimits", "dependsOn", "environmentFiles", "dockerLabels"),
    *("repositoryCredentials", "systemControls", "volumesFrom", "workingDirectory", "firelensConfiguration"),
    *("dockerSecurityOptions", "restartPolicy", "startTimeout", "resourceRequirements"),
)
_UNORDERED: Final = ("environment", "secrets")


def read_containers(value: Plain) -> Plain:
    """Return container definitions without what is empty, each by its name: what AWS adds as a default says nothing."""
    return {each["name"]: _container(each) for each in read_json(value) or ()}


def _container(told: Answer) -> Plain:
    found = {name: told[name] for name in _CONTAINER if told.get(name) not in (None, [], {}, 0, False)}
    for name in _UNORDERED:
        if name in found:
            found[name] = read_set(found[name])
    if "portMappings" in found:
        # With awsvpc, AWS fills in a host port that equals the container's, and TCP.
        found["portMappings"] = read_set(
            [
                {"port": each["containerPort"], "protocol": each.get("protocol") or "tcp"}
                for each in found["portMappings"]
            ]
        )
    return found


def read_actions(value: Iterable[Answer] | None) -> Plain:
    """Return the actions of a listener or a rule, in the provider's words, without what is empty."""
    return [_action(each) for each in value or ()]


def _action(told: Answer) -> Plain:
    kind = told.get("type", told.get("Type"))
    found: dict[str, Plain] = {"type": kind}
    if kind == "forward":
        found["groups"] = _groups(told)
    for block, other, names in (
        ("redirect", "RedirectConfig", ("protocol", "port", "status_code", "host", "path", "query")),
        ("fixed_response", "FixedResponseConfig", ("status_code", "content_type", "message_body")),
    ):
        if part := _one(told.get(block)) or told.get(other):
            found[block] = {name: part.get(name, part.get(_camel(name))) for name in names}
            if block == "redirect":
                defaults = {"host": "#{host}", "path": "/#{path}", "query": "#{query}"}
                found[block] |= {name: found[block][name] or default for name, default in defaults.items()}
    return found


def _groups(told: Answer) -> Plain:
    listed = (
        _one(told.get("forward")).get("target_group") or (told.get("ForwardConfig") or {}).get("TargetGroups") or ()
    )
    groups = {each.get("arn", each.get("TargetGroupArn")) for each in listed}
    return sorted(groups or {told.get("target_group_arn") or told.get("TargetGroupArn")}, key=str)


def _camel(name: str) -> str:
    return "".join(part.capitalize() for part in name.split("_"))


_CONDITIONS: Final = {
    "host_header": "HostHeaderConfig",
    "path_pattern": "PathPatternConfig",
    "source_ip": "SourceIpConfig",
    "http_request_method": "HttpRequestMethodConfig",
}
"""Fields that have values and nothing else, in the provider's words, to where an answer has them."""


def read_conditions(value: Iterable[Answer] | None) -> Plain:
    """Return the conditions of a rule of a listener: each field's values, and the name alone of a field that has other parts."""
    return read_set([found for each in value or () for found in _conditions(each)])


def _conditions(told: Answer) -> Iterator[Plain]:
    field = told.get("Field")
    for block in [str(field).replace("-", "_")] if field else [name for name, each in told.items() if each]:
        config = _CONDITIONS.get(block)
        if config is None:
            yield {"field": block}
        elif field:
            yield {"field": block, "values": sorted((told.get(config) or {}).get("Values") or told.get("Values") or ())}
        else:
            yield {"field": block, "values": sorted(_one(told[block]).get("values") or ())}


_HEALTH: Final = {
    "path": "HealthCheckPath",
    "protocol": "HealthCheckProtocol",
    "port": "HealthCheckPort",
    "interval": "HealthCheckIntervalSeconds",
    "timeout": "HealthCheckTimeoutSeconds",
    "healthy_threshold": "HealthyThresholdCount",
    "unhealthy_threshold": "UnhealthyThresholdCount",
}


def _told_health(group: Answer) -> Plain:
    told = {name: read_number(group.get(key)) for name, key in _HEALTH.items()}
    return {**told, "matcher": read_number((group.get("Matcher") or {}).get("HttpCode"))}


def _attribute(key: str) -> Callable[[Answer], Plain]:
    def read(answer: Answer) -> Plain:
        value = answer["Attributes"].get(key)
        return value == "true" if value in ("true", "false") else read_number(value)

    return read


def _key(*path: str) -> Callable[[Answer], Plain]:
    def read(answer: Answer) -> Plain:
        found: Plain = answer
        for each in path:
            found = (found or {}).get(each)
        return found

    return read


def _names(key: str, name: str) -> Callable[[Answer], Plain]:
    return lambda answer: sorted(each[name] for each in answer.get(key) or ())


def _access_logs(answer: Answer) -> Plain:
    told = answer["Attributes"]
    enabled = told.get("access_logs.s3.enabled") == "true"
    return {"enabled": enabled, "bucket": told.get("access_logs.s3.bucket") or ""}


def _breaker(answer: Answer) -> Plain:
    told = (answer.get("deploymentConfiguration") or {}).get("deploymentCircuitBreaker") or {}
    return {"enable": told.get("enable"), "rollback": told.get("rollback")}


def _planned_key(name: str) -> Callable[[Answer], str]:
    return lambda values: str(values.get(name))


def _told_key(name: str) -> Callable[[Answer], str]:
    return lambda answer: str(answer[name])


WORDS: Final[Mapping[str, Words]] = {
    "aws_ecs_cluster": Words(
        planned_as=_planned_key("name"),
        told_as=_told_key("clusterName"),
        attributes={"setting": lambda answer: _settings(answer.get("settings"))},
        shapes={"setting": _settings},
    ),
    "aws_ecs_cluster_capacity_providers": Words(
        planned_as=_planned_key("cluster_name"),
        told_as=_told_key("clusterName"),
        attributes={
            "capacity_providers": lambda answer: read_set(answer.get("capacityProviders")),
            "default_capacity_provider_strategy": lambda answer: _strategy(
                answer.get("defaultCapacityProviderStrategy")
            ),
        },
        shapes={"capacity_providers": read_set, "default_capacity_provider_strategy": _strategy},
    ),
    "aws_ecs_service": Words(
        planned_as=lambda values: f"{values.get('cluster')} {values.get('name')}",
        told_as=lambda answer: f"{answer['clusterArn']} {answer['serviceName']}",
        attributes={
            "task_definition": _key("taskDefinition"),
            "desired_count": _key("desiredCount"),
            "launch_type": _key("launchType"),
            "platform_version": _key("platformVersion"),
            "network_configuration": _told_network,
            "load_balancer": lambda answer: _routes(answer.get("loadBalancers")),
            "deployment_minimum_healthy_percent": _key("deploymentConfiguration", "minimumHealthyPercent"),
            "deployment_maximum_percent": _key("deploymentConfiguration", "maximumPercent"),
            "deployment_circuit_breaker": _breaker,
            "enable_execute_command": _key("enableExecuteCommand"),
        },
        shapes={
            "network_configuration": _task_network,
            "load_balancer": _routes,
            "deployment_circuit_breaker": _picked("enable", "rollback"),
        },
    ),
    "aws_ecs_task_definition": Words(
        planned_as=_planned_key("arn"),
        told_as=_told_key("taskDefinitionArn"),
        attributes={
            "family": _key("family"),
            "cpu": lambda answer: read_number(answer.get("cpu")),
            "memory": lambda answer: read_number(answer.get("memory")),
            "network_mode": _key("networkMode"),
            "requires_compatibilities": lambda answer: read_set(answer.get("requiresCompatibilities")),
            "execution_role_arn": _key("executionRoleArn"),
            "task_role_arn": _key("taskRoleArn"),
            "container_definitions": lambda answer: read_containers(answer.get("containerDefinitions")),
        },
        shapes={
            "cpu": read_number,
            "memory": read_number,
            "requires_compatibilities": read_set,
            "container_definitions": read_containers,
        },
    ),
    "aws_lb": Words(
        planned_as=_planned_key("name"),
        told_as=_told_key("LoadBalancerName"),
        attributes={
            "load_balancer_type": _key("Type"),
            "internal": lambda answer: answer.get("Scheme") == "internal",
            "subnets": _names("AvailabilityZones", "SubnetId"),
            "security_groups": lambda answer: read_set(answer.get("SecurityGroups")),
            "idle_timeout": _attribute("idle_timeout.timeout_seconds"),
            "drop_invalid_header_fields": _attribute("routing.http.drop_invalid_header_fields.enabled"),
            "enable_deletion_protection": _attribute("deletion_protection.enabled"),
            "access_logs": _access_logs,
        },
        shapes={"subnets": read_set, "security_groups": read_set, "access_logs": _picked("enabled", "bucket")},
    ),
    "aws_lb_listener": Words(
        planned_as=_planned_key("arn"),
        told_as=_told_key("ListenerArn"),
        attributes={
            "load_balancer_arn": _key("LoadBalancerArn"),
            "port": _key("Port"),
            "protocol": _key("Protocol"),
            "ssl_policy": _key("SslPolicy"),
            "certificate_arn": lambda answer: _one(answer.get("Certificates")).get("CertificateArn"),
            "default_action": lambda answer: read_actions(answer.get("DefaultActions")),
        },
        shapes={"default_action": read_actions},
    ),
    "aws_lb_listener_rule": Words(
        planned_as=_planned_key("arn"),
        told_as=_told_key("RuleArn"),
        attributes={
            "listener_arn": _key("ListenerArn"),
            "priority": lambda answer: read_number(answer.get("Priority")),
            "action": lambda answer: read_actions(answer.get("Actions")),
            "condition": lambda answer: read_conditions(answer.get("Conditions")),
        },
        shapes={"action": read_actions, "condition": read_conditions},
    ),
    "aws_lb_target_group": Words(
        planned_as=_planned_key("name"),
        told_as=_told_key("TargetGroupName"),
        attributes={
            "port": _key("Port"),
            "protocol": _key("Protocol"),
            "target_type": _key("TargetType"),
            "vpc_id": _key("VpcId"),
            "deregistration_delay": _attribute("deregistration_delay.timeout_seconds"),
            "health_check": _told_health,
        },
        shapes={"deregistration_delay": read_number, "health_check": _picked(*_HEALTH, "matcher")},
    ),
    "aws_db_instance": Words(
        planned_as=_planned_key("identifier"),
        told_as=_told_key("DBInstanceIdentifier"),
        attributes={
            "db_name": _key("DBName"),
            "engine": _key("Engine"),
            "engine_version": _key("EngineVersion"),
            "multi_az": _key("MultiAZ"),
            "db_subnet_group_name": _key("DBSubnetGroup", "DBSubnetGroupName"),
            "vpc_security_group_ids": _names("VpcSecurityGroups", "VpcSecurityGroupId"),
            "publicly_accessible": _key("PubliclyAccessible"),
            "storage_encrypted": _key("StorageEncrypted"),
            "kms_key_id": _key("KmsKeyId"),
            "backup_retention_period": _key("BackupRetentionPeriod"),
            "backup_window": _key("PreferredBackupWindow"),
            "deletion_protection": _key("DeletionProtection"),
        },
        shapes={"vpc_security_group_ids": read_set},
    ),
    "aws_elasticache_replication_group": Words(
        planned_as=_planned_key("replication_group_id"),
        told_as=_told_key("ReplicationGroupId"),
        attributes={
            "at_rest_encryption_enabled": _key("AtRestEncryptionEnabled"),
            "transit_encryption_enabled": _key("TransitEncryptionEnabled"),
            "auth_token": lambda answer: bool(answer.get("AuthTokenEnabled")),
            "kms_key_id": _key("KmsKeyId"),
            "subnet_group_name": lambda answer: _one(answer["Nodes"]).get("CacheSubnetGroupName"),
            "num_cache_clusters": lambda answer: len(answer.get("MemberClusters") or ()),
        },
        shapes={"at_rest_encryption_enabled": read_flag},
    ),
    "aws_mq_broker": Words(
        planned_as=_planned_key("broker_name"),
        told_as=_told_key("BrokerName"),
        attributes={
            "engine_type": lambda answer: str(answer.get("EngineType")).lower(),
            "engine_version": _key("EngineVersion"),
            "host_instance_type": _key("HostInstanceType"),
            "deployment_mode": _key("DeploymentMode"),
            "publicly_accessible": _key("PubliclyAccessible"),
            "auto_minor_version_upgrade": _key("AutoMinorVersionUpgrade"),
            "subnet_ids": lambda answer: read_set(answer.get("SubnetIds")),
            "security_groups": lambda answer: read_set(answer.get("SecurityGroups")),
            "encryption_options": lambda answer: {
                "kms_key_id": (answer.get("EncryptionOptions") or {}).get("KmsKeyId")
            },
            "logs": lambda answer: {"general": (answer.get("Logs") or {}).get("General")},
        },
        shapes={
            "engine_type": lambda value: str(value).lower(),
            "subnet_ids": read_set,
            "security_groups": read_set,
            "encryption_options": _picked("kms_key_id"),
            "logs": _picked("general"),
        },
    ),
    "aws_iam_role": Words(
        planned_as=_planned_key("name"),
        told_as=_told_key("RoleName"),
        attributes={
            "assume_role_policy": _key("Trust"),
            "path": _key("Path"),
            "max_session_duration": _key("MaxSessionDuration"),
            "permissions_boundary": _key("PermissionsBoundary", "PermissionsBoundaryArn"),
        },
        shapes={"assume_role_policy": read_json},
    ),
    "aws_iam_role_policy": Words(
        planned_as=lambda values: f"{values.get('role')} {values.get('name')}",
        told_as=lambda answer: f"{answer['role']} {answer['name']}",
        attributes={"policy": _key("policy")},
        shapes={"policy": read_json},
    ),
    "aws_iam_role_policy_attachment": Words(
        planned_as=lambda values: f"{values.get('role')} {values.get('policy_arn')}",
        told_as=lambda answer: f"{answer['role']} {answer['policy_arn']}",
        attributes={},
        shapes={},
    ),
}


def resources_in(kind: str, answer: Answer) -> list[tuple[str, Answer]]:
    """Return the provider's resources that one answer tells of: a cluster has its capacity, and a role its policies."""
    if kind == "aws_ecs_cluster":
        return [(kind, answer), ("aws_ecs_cluster_capacity_providers", answer)]
    if kind == "aws_iam_role":
        name = answer["RoleName"]
        inline = [{"role": name, "name": each, "policy": told} for each, told in answer["Policies"].items()]
        attached = [{"role": name, "policy_arn": each} for each in answer["Attached"]]
        return [
            (kind, answer),
            *(("aws_iam_role_policy", each) for each in inline),
            *(("aws_iam_role_policy_attachment", each) for each in attached),
        ]
    return [(kind, answer)]
