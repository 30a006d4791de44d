"""Each gap of the emulator that is excused is there: what it is told, it does not tell. One that has closed fails here, by name."""

from __future__ import annotations

import re
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from exitgate.errors import PrerequisiteMissing
from exitgate.observe.applied import known_gaps
from exitgate.observe.applied.translating import WORDS
from exitgate.provision.account_answers import ask_account
from exitgate.provision.emulator import Emulator, installed_emulator, pinned, throwaway_emulator
from exitgate.provision.emulator.server import ROOT_SECRET
from tests.runs import run_in

RUN = run_in(name="20260101t000000z-gp0001")
REGION, ACCOUNT = "eu-central-1", "333333333331"
GAPS = known_gaps(pinned()["name"], pinned()["version"])
Kept = Mapping[str, tuple[object, object]]
"""Attribute to what was asked for, and what is told of it afterwards."""


class Stand:
    """An account with a network and a key."""

    def __init__(self, emulator: Emulator) -> None:
        self.emulator = emulator
        self.ec2 = self.client("ec2")
        self.key = self.client("kms").create_key()["KeyMetadata"]["Arn"]
        self.vpc = self.ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        self.subnet = self.ec2.create_subnet(VpcId=self.vpc, CidrBlock="10.0.1.0/24")["Subnet"]["SubnetId"]
        self.group = self.ec2.create_security_group(GroupName="g", Description="g", VpcId=self.vpc)["GroupId"]

    def client(self, service: str) -> Any:
        return self.emulator.client(service, ACCOUNT)

    def read_back(self, kind: str) -> Mapping[str, Any]:
        """Return what a run reads back of the one resource of a type, in the provider's words."""
        (answer,) = ask_account(self.client)[kind]
        return {name: read(answer) for name, read in WORDS[kind].attributes.items()}

    def query(self, **parameters: str) -> str:
        """Ask CloudWatch in the protocol that the provider speaks; botocore has come to speak another one."""
        body = urllib.parse.urlencode({"Version": "2010-08-01", **parameters})
        content = {"Content-Type": "application/x-www-form-urlencoded"}
        request = AWSRequest("POST", f"{self.emulator.endpoint}/", data=body, headers=content)
        SigV4Auth(Credentials(ACCOUNT, ROOT_SECRET), "monitoring", REGION).add_auth(request)
        asked = urllib.request.Request(request.url, body.encode(), dict(request.headers))
        with urllib.request.urlopen(asked, timeout=10) as answer:
            told: str = answer.read().decode()
        return told


@pytest.fixture(scope="module")
def stand() -> Iterator[Stand]:
    try:
        installation = installed_emulator()
    except PrerequisiteMissing as error:
        pytest.skip(str(error))
    with throwaway_emulator(RUN, installation, REGION) as emulator:
        yield Stand(emulator)


def broker(stand: Stand) -> Kept:
    brokers = stand.client("mq")
    name = brokers.create_broker(
        BrokerName="b",
        EngineType="RABBITMQ",
        EngineVersion="3.13",
        HostInstanceType="mq.m5.large",
        DeploymentMode="SINGLE_INSTANCE",
        PubliclyAccessible=False,
        AutoMinorVersionUpgrade=True,
        Users=[{"Username": "shop", "Password": "aaaaaaaaaaaaaaa"}],
        SubnetIds=[stand.subnet],
        SecurityGroups=[stand.group],
        EncryptionOptions={"UseAwsOwnedKey": False, "KmsKeyId": stand.key},
        Logs={"General": True},
        MaintenanceWindowStartTime={"DayOfWeek": "MONDAY", "TimeOfDay": "02:00", "TimeZone": "UTC"},
    )["BrokerId"]
    told, read = brokers.describe_broker(BrokerId=name), stand.read_back("aws_mq_broker")
    return {
        "encryption_options": (stand.key, read["encryption_options"]["kms_key_id"]),
        # As it was asked for, and not as this emulator alone writes it.
        "engine_type": ("RabbitMQ", told["EngineType"]),
        "logs": (True, read["logs"]["general"]),
        "maintenance_window_start_time": ("MONDAY", told.get("MaintenanceWindowStartTime", {}).get("DayOfWeek")),
        "security_groups": ([stand.group], read["security_groups"]),
        "subnet_ids": ([stand.subnet], read["subnet_ids"]),
        "user": (["shop"], [each["Username"] for each in told.get("Users", ())]),
    }


def cache(stand: Stand) -> Kept:
    caches = stand.client("elasticache")
    caches.create_replication_group(
        ReplicationGroupId="r",
        ReplicationGroupDescription="r",
        Engine="redis",
        CacheNodeType="cache.t3.micro",
        NumCacheClusters=1,
        AtRestEncryptionEnabled=True,
        KmsKeyId=stand.key,
    )
    return {"kms_key_id": (stand.key, stand.read_back("aws_elasticache_replication_group")["kms_key_id"])}


def database(stand: Stand) -> Kept:
    databases = stand.client("rds")
    databases.create_db_instance(
        DBInstanceIdentifier="d",
        DBInstanceClass="db.t3.micro",
        Engine="postgres",
        AllocatedStorage=20,
        MasterUsername="shop",
        MasterUserPassword="aaaaaaaaaaaaaaa",
        PreferredBackupWindow="01:00-02:00",
        EnableCloudwatchLogsExports=["postgresql"],
        EnablePerformanceInsights=True,
        PerformanceInsightsKMSKeyId=stand.key,
    )
    (told,) = databases.describe_db_instances()["DBInstances"]
    return {
        "backup_window": ("01:00-02:00", stand.read_back("aws_db_instance")["backup_window"]),
        "enabled_cloudwatch_logs_exports": (["postgresql"], told.get("EnabledCloudwatchLogsExports")),
        "performance_insights_kms_key_id": (stand.key, told.get("PerformanceInsightsKMSKeyId")),
    }


def endpoint(stand: Stand) -> Kept:
    policy = '{"Version": "2012-10-17", "Statement": []}'
    stand.ec2.create_vpc_endpoint(
        VpcId=stand.vpc,
        ServiceName=f"com.amazonaws.{REGION}.logs",
        VpcEndpointType="Interface",
        SubnetIds=[stand.subnet],
        SecurityGroupIds=[stand.group],
        PrivateDnsEnabled=True,
        DnsOptions={"DnsRecordIpType": "ipv4"},
        PolicyDocument=policy,
    )
    (told,) = stand.ec2.describe_vpc_endpoints()["VpcEndpoints"]
    return {
        "dns_options": ("ipv4", told.get("DnsOptions", {}).get("DnsRecordIpType")),
        "policy": (policy, told.get("PolicyDocument")),
        "private_dns_enabled": (True, told.get("PrivateDnsEnabled")),
        "security_group_ids": ([stand.group], [each["GroupId"] for each in told.get("Groups", ())]),
    }


def flow_log(stand: Stand) -> Kept:
    tags = [{"Key": "a", "Value": "b"}]
    stand.ec2.create_flow_logs(
        ResourceIds=[stand.vpc],
        ResourceType="VPC",
        TrafficType="ALL",
        LogDestinationType="s3",
        LogDestination="arn:aws:s3:::b",
        MaxAggregationInterval=60,
        TagSpecifications=[{"ResourceType": "vpc-flow-log", "Tags": tags}],
    )
    (told,) = stand.ec2.describe_flow_logs()["FlowLogs"]
    return {
        "max_aggregation_interval": (60, told.get("MaxAggregationInterval")),
        "tags": (tags, told.get("Tags")),
        "tags_all": (tags, told.get("Tags")),
    }


def alarm(stand: Stand) -> Kept:
    asked = {
        "AlarmDescription": "d",
        "ActionsEnabled": "false",
        "Period": "60",
        "ExtendedStatistic": "p99",
        "TreatMissingData": "notBreaching",
    }
    rest = {
        "AlarmName": "a",
        "MetricName": "m",
        "Namespace": "n",
        "EvaluationPeriods": "1",
        "Threshold": "1",
        "ComparisonOperator": "GreaterThanThreshold",
        "Dimensions.member.1.Name": "target",
        "Dimensions.member.1.Value": "shop",
    }
    stand.query(Action="PutMetricAlarm", **asked, **rest)
    told = stand.query(Action="DescribeAlarms")
    assert "<AlarmName>a</AlarmName>" in told

    def read(name: str) -> str:
        found = re.search(f"<{name}>(.*?)</{name}>", told)
        return found.group(1) if found else ""

    names = {re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower(): name for name in asked}
    kept = {attribute: (asked[name], read(name)) for attribute, name in names.items()}
    return {**kept, "dimensions": ("target", read("Dimensions"))}


def service(stand: Stand) -> Kept:
    ecs = stand.client("ecs")
    ecs.create_cluster(clusterName="c")
    container = {"name": "a", "image": "a", "memory": 16}
    task = ecs.register_task_definition(family="f", containerDefinitions=[container])["taskDefinition"]
    ecs.create_service(
        cluster="c",
        serviceName="s",
        taskDefinition=task["taskDefinitionArn"],
        desiredCount=0,
        availabilityZoneRebalancing="ENABLED",
    )
    (told,) = ecs.describe_services(cluster="c", services=["s"])["services"]
    return {"availability_zone_rebalancing": ("ENABLED", told.get("availabilityZoneRebalancing"))}


MADE: Mapping[str, Callable[[Stand], Kept]] = {
    "aws_mq_broker": broker,
    "aws_elasticache_replication_group": cache,
    "aws_db_instance": database,
    "aws_vpc_endpoint": endpoint,
    "aws_flow_log": flow_log,
    "aws_cloudwatch_metric_alarm": alarm,
    "aws_ecs_service": service,
}


@pytest.fixture(scope="module")
def seen(stand: Stand) -> Mapping[str, Kept]:
    return {kind: make(stand) for kind, make in MADE.items()}


@pytest.mark.parametrize("gap", GAPS, ids=lambda gap: f"{gap.type}.{gap.attribute}")
def test_a_gap_is_still_there(seen: Mapping[str, Kept], gap: Any) -> None:
    asked, told = seen[gap.type][gap.attribute]
    assert told != asked, f"it has closed: take {gap} out of gaps.toml"


def test_every_attribute_that_is_tried_is_a_gap_that_is_listed(seen: Mapping[str, Kept]) -> None:
    tried = {(kind, attribute) for kind, attributes in seen.items() for attribute in attributes}
    assert tried == {(gap.type, gap.attribute) for gap in GAPS}


def test_what_is_no_gap_is_kept(stand: Stand, seen: Mapping[str, Kept]) -> None:
    """What is read back of these is compared in more than their gaps: a new gap shows as a finding of a run, and here."""
    read = {kind: stand.read_back(kind) for kind in ("aws_mq_broker", "aws_elasticache_replication_group")}
    assert read["aws_mq_broker"]["publicly_accessible"] is False
    assert read["aws_elasticache_replication_group"]["at_rest_encryption_enabled"] in (True, "true")
    assert set(seen) == set(MADE)
