"""What stands in an account, and changes made there by hand: seen on the emulator, and refused where it refuses."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from exitgate.errors import ObservationError, PrerequisiteMissing
from exitgate.provision.account_listing import LISTINGS, list_account
from exitgate.provision.account_twins import made_twice
from exitgate.provision.emulator import Emulator, installed_emulator, throwaway_emulator
from exitgate.provision.outside_changes import REQUIRED, WAYS, change_outside, take_policies_back
from tests.runs import run_in

RUN = run_in(name="20260101t000000z-em0002")
Connect = Callable[[str], Any]


@pytest.fixture(scope="module")
def emulator() -> Iterator[Emulator]:
    try:
        installation = installed_emulator()
    except PrerequisiteMissing as error:
        pytest.skip(str(error))
    with throwaway_emulator(RUN, installation, "eu-central-1") as started:
        yield started


def account(emulator: Emulator, name: str) -> Connect:
    return lambda service: emulator.client(service, name)


def test_what_is_made_is_listed_and_what_is_deleted_is_not(emulator: Emulator) -> None:
    connect = account(emulator, "333333333333")
    before = list_account(connect)
    connect("logs").create_log_group(logGroupName="/one")
    key = connect("kms").create_key()["KeyMetadata"]["KeyId"]
    connect("s3").create_bucket(Bucket="one", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    assert list_account(connect) - before == {"logs logGroupName /one", f"kms KeyId {key}", "s3 Name one"}
    connect("logs").delete_log_group(logGroupName="/one")
    connect("kms").schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
    connect("s3").delete_bucket(Bucket="one")
    assert list_account(connect) == before


def test_a_task_definition_counts_until_it_is_deregistered(emulator: Emulator) -> None:
    connect = account(emulator, "444444444444")
    before, ecs = list_account(connect), connect("ecs")
    container = {"name": "a", "image": "a", "memory": 16}
    arn = ecs.register_task_definition(family="a", containerDefinitions=[container], tags=[{"key": "k", "value": "v"}])[
        "taskDefinition"
    ]["taskDefinitionArn"]
    assert f"ecs taskDefinitionArns {arn}" in list_account(connect)
    ecs.deregister_task_definition(taskDefinition=arn)
    assert list_account(connect) == before


class Refusing:
    """A client of a service that refuses everything."""

    def can_paginate(self, operation: str) -> bool:
        return False

    def __getattr__(self, name: str) -> object:
        from botocore.exceptions import ClientError

        def refuse(**_: object) -> None:
            raise ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, name)

        return refuse


def test_a_listing_that_is_refused_is_an_error_and_not_an_empty_account() -> None:
    with pytest.raises(ObservationError, match=r"listing of the account by ec2 describe_vpcs: .*AccessDenied"):
        list_account(lambda service: Refusing())


def test_a_change_lands_and_is_read_back(emulator: Emulator) -> None:
    connect = account(emulator, "555555555555")
    connect("logs").create_log_group(logGroupName="/one")
    connect("iam").create_role(RoleName="one", AssumeRolePolicyDocument='{"Version": "2012-10-17", "Statement": []}')
    group = connect("ec2").describe_security_groups()["SecurityGroups"][0]["GroupId"]
    standing: dict[str, tuple[str, dict[str, Any]]] = {
        "aws_cloudwatch_log_group.one": ("aws_cloudwatch_log_group", {"name": "/one", "retention_in_days": 30}),
        "aws_iam_role.one": ("aws_iam_role", {"name": "one"}),
        "aws_security_group.one": ("aws_security_group", {"id": group}),
    }
    made = {each.address: each for each in change_outside(connect, standing) if each.address}
    assert {address: (each.landed, each.refusal) for address, each in made.items()} == dict.fromkeys(
        standing, (True, "")
    )


def test_a_policy_that_was_added_by_hand_is_taken_back_and_no_other(emulator: Emulator) -> None:
    connect = account(emulator, "350000000001")
    iam, trust = connect("iam"), '{"Version": "2012-10-17", "Statement": []}'
    document = trust.replace("[]", '[{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]')
    for role in ("one", "two"):
        iam.create_role(RoleName=role, AssumeRolePolicyDocument=trust)
        iam.put_role_policy(RoleName=role, PolicyName="its-own", PolicyDocument=document)
    iam.put_role_policy(RoleName="one", PolicyName="exitgate-by-hand", PolicyDocument=document)
    take_policies_back(connect)
    assert [iam.list_role_policies(RoleName=role)["PolicyNames"] for role in ("one", "two")] == [["its-own"]] * 2


def test_a_change_that_is_refused_did_not_land_and_says_why(emulator: Emulator) -> None:
    connect = account(emulator, "666666666666")
    standing: dict[str, tuple[str, dict[str, Any]]] = {"aws_iam_role.gone": ("aws_iam_role", {"name": "gone"})}
    (refused,) = [each for each in change_outside(connect, standing) if each.address]
    assert not refused.landed
    assert "NoSuchEntity" in refused.refusal


def test_what_is_not_there_or_does_not_suit_is_not_changed() -> None:
    def nobody(service: str) -> object:
        pytest.fail(f"nothing was to be asked of {service}")

    unsuited: dict[str, tuple[str, dict[str, Any]]] = {
        "aws_lb_listener.http": ("aws_lb_listener", {"protocol": "HTTP"}),
        "aws_db_instance.one": ("aws_db_instance", {"backup_retention_period": 0, "deletion_protection": False}),
        "aws_kms_key.one": ("aws_kms_key", {"enable_key_rotation": False}),
    }
    changes = list(change_outside(nobody, unsuited))
    assert len(changes) == len(WAYS)
    assert not any(each.address or each.landed for each in changes)


def test_every_kind_of_thing_is_listed_once_and_the_tagging_api_is_among_them() -> None:
    calls = [(each.service, each.operation) for each in LISTINGS]
    assert len(set(calls)) == len(calls)
    assert ("resourcegroupstaggingapi", "get_resources") in calls
    assert len(REQUIRED) == 4


def test_a_second_subnet_of_the_same_range_and_a_second_endpoint_are_made_twice_and_what_else_is_there_is_not(
    emulator: Emulator,
) -> None:
    """AWS would have refused the subnet: a version that does so, too, closes a limit of the record."""
    connect = account(emulator, "777777777777")
    ec2 = connect("ec2")
    assert made_twice(connect, set()) == []
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    first, second = (ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.1.0/24")["Subnet"]["SubnetId"] for _ in range(2))
    service = "com.amazonaws.eu-central-1.logs"
    one, other = (
        ec2.create_vpc_endpoint(VpcId=vpc, ServiceName=service, VpcEndpointType="Interface")["VpcEndpoint"][
            "VpcEndpointId"
        ]
        for _ in range(2)
    )
    by_hand = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.2.0/24")["Subnet"]["SubnetId"]
    named = {vpc, first, one}
    assert made_twice(connect, named) == [f"SubnetId {second} beside {first}", f"VpcEndpointId {other} beside {one}"]
    assert by_hand not in " ".join(made_twice(connect, named))
    # What the state names itself may be alike.
    assert made_twice(connect, {*named, second, other}) == []


def test_a_listing_of_twins_that_is_refused_is_an_error() -> None:
    with pytest.raises(ObservationError, match="listing of the account by ec2 describe_vpcs"):
        made_twice(lambda service: Refusing(), set())
