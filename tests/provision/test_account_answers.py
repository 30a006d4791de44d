"""What is asked of an account: every list to its end, each thing that is listed, and one clear line where it can't be told."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

import pytest

from exitgate.errors import ObservationError
from exitgate.provision.account_answers import ask_account

ARN = "arn:aws:iam::aws:policy/ReadOnlyAccess"
TRUST = {"Version": "2012-10-17", "Statement": []}


class Service:
    """A client of a service: operation to what it answers; what it was not told of answers with nothing."""

    def __init__(self, answers: dict[str, Any]) -> None:
        self._answers = answers

    def can_paginate(self, operation: str) -> bool:
        return False

    def __getattr__(self, operation: str) -> Any:
        def call(**arguments: Any) -> Any:
            answer = self._answers.get(operation, {})
            return answer(**arguments) if callable(answer) else answer

        return call


def ask(**services: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    return ask_account(lambda name: Service(services.get(name, {})))


def test_an_empty_account_has_no_answers() -> None:
    assert ask() == {}


def test_a_role_comes_with_its_trust_and_all_of_its_policies() -> None:
    role = {"RoleName": "task", "Path": "/", "AssumeRolePolicyDocument": quote(json.dumps(TRUST))}
    answers = ask(
        iam={
            "list_roles": {"Roles": [role, {"RoleName": "own", "Path": "/aws-service-role/ecs/"}]},
            "get_role": {"Role": role},
            "list_role_policies": {"PolicyNames": ["inline"]},
            "get_role_policy": {"PolicyDocument": TRUST},
            "list_attached_role_policies": {"AttachedPolicies": [{"PolicyArn": ARN}]},
        }
    )
    (told,) = answers["aws_iam_role"]
    assert (told["Trust"], told["Policies"], told["Attached"]) == (TRUST, {"inline": TRUST}, [ARN])


def test_more_services_than_one_call_describes_are_all_asked_about() -> None:
    arns = [f"s{index}" for index in range(23)]
    answers = ask(
        ecs={
            "list_clusters": {"clusterArns": ["c"]},
            "describe_clusters": {"clusters": [{"clusterArn": "c"}]},
            "list_services": {"serviceArns": arns},
            "describe_services": lambda services, **_: {"services": [{"serviceArn": each} for each in services]},
        }
    )
    assert [each["serviceArn"] for each in answers["aws_ecs_service"]] == arns


def test_fewer_described_than_listed_is_an_error() -> None:
    with pytest.raises(ObservationError, match="0 described"):
        ask(ecs={"list_clusters": {"clusterArns": ["c"]}, "describe_clusters": {"clusters": []}})


def test_a_listeners_own_rule_is_a_part_of_it() -> None:
    answers = ask(
        elbv2={
            "describe_load_balancers": {"LoadBalancers": [{"LoadBalancerArn": "b"}]},
            "describe_load_balancer_attributes": {"Attributes": [{"Key": "k", "Value": "v"}]},
            "describe_listeners": {"Listeners": [{"ListenerArn": "l"}]},
            "describe_rules": {"Rules": [{"IsDefault": True}, {"IsDefault": False, "RuleArn": "r"}]},
        }
    )
    assert answers["aws_lb"] == [{"LoadBalancerArn": "b", "Attributes": {"k": "v"}}]
    assert answers["aws_lb_listener_rule"] == [{"IsDefault": False, "RuleArn": "r", "ListenerArn": "l"}]


def test_a_call_that_is_refused_is_one_clear_line() -> None:
    from botocore.exceptions import ClientError

    def refuse(**_: Any) -> Any:
        raise ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "DescribeDBInstances")

    with pytest.raises(ObservationError, match=r"what stands in the account by rds.*AccessDenied"):
        ask(rds={"describe_db_instances": refuse})
