"""What the API tells, beside the plan: the same values are equal whatever they are called; differences are told without secrets."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest

from exitgate.errors import ObservationError
from exitgate.observe.applied import Gap, ReadResource
from exitgate.observe.applied.read_back import Compared, Planned, side_by_side, written_down

ROLE = {
    "RoleName": "orders-task",
    "Path": "/",
    "Trust": {"Version": "2012-10-17", "Statement": []},
    "Policies": {},
    "Attached": [],
}


def planned(kind: str, values: dict[str, Any], *, secret: Iterable[str] = (), written: Iterable[str] = ()) -> Planned:
    return Planned(
        address=f"{kind}.this",
        type=kind,
        values=values,
        written=frozenset(written or values),
        secret=frozenset(secret),
    )


def one(plan: Planned, answer: dict[str, Any], kind: str = "", gaps: tuple[Gap, ...] = ()) -> ReadResource:
    return next(each for each in side_by_side([plan], {kind or plan.type: [answer]}, gaps) if each.type == plan.type)


def differing(read: ReadResource) -> list[str]:
    return [each.attribute for each in read.compared if not each.kept]


def test_a_balancers_attributes_are_the_same_in_both_words() -> None:
    values = {
        "name": "shop",
        "internal": False,
        "subnets": ["b", "a"],
        "idle_timeout": 60,
        "enable_deletion_protection": True,
        "access_logs": [{"enabled": True, "bucket": "logs", "prefix": ""}],
    }
    answer = {
        "LoadBalancerName": "shop",
        "Scheme": "internet-facing",
        "AvailabilityZones": [{"SubnetId": "a"}, {"SubnetId": "b"}],
        "Attributes": {
            "idle_timeout.timeout_seconds": "60",
            "deletion_protection.enabled": "true",
            "access_logs.s3.enabled": "true",
            "access_logs.s3.bucket": "logs",
        },
    }
    read = one(planned("aws_lb", values), answer)
    assert {each.attribute for each in read.compared} == values.keys() - {"name"}
    assert differing(read) == []
    answer["Attributes"] = {**answer["Attributes"], "access_logs.s3.enabled": "false"}  # type: ignore[dict-item]
    assert differing(one(planned("aws_lb", values), answer)) == ["access_logs"]


FORWARD = [{"type": "forward", "target_group_arn": "arn:tg", "forward": []}]
TOLD_FORWARD = [{"Type": "forward", "TargetGroupArn": "arn:tg"}]
REDIRECT = [{"type": "redirect", "redirect": [{"port": "443", "protocol": "HTTPS", "status_code": "HTTP_301"}]}]
TOLD_REDIRECT = [
    {
        "Type": "redirect",
        "RedirectConfig": {
            "Port": "443",
            "Protocol": "HTTPS",
            "StatusCode": "HTTP_301",
            "Host": "#{host}",
            "Path": "/#{path}",
            "Query": "#{query}",
        },
    }
]


@pytest.mark.parametrize(("code", "told"), [(FORWARD, TOLD_FORWARD), (REDIRECT, TOLD_REDIRECT)])
def test_actions_are_the_same_in_both_words(code: list[Any], told: list[Any]) -> None:
    plan = planned("aws_lb_listener", {"arn": "arn:l", "default_action": code})
    assert differing(one(plan, {"ListenerArn": "arn:l", "DefaultActions": told})) == []
    other = {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "503"}}
    assert differing(one(plan, {"ListenerArn": "arn:l", "DefaultActions": [other]})) == ["default_action"]
    assert differing(one(plan, {"ListenerArn": "arn:l", "DefaultActions": []})) == ["default_action"]


def test_conditions_of_a_rule_are_the_same_in_both_words() -> None:
    values = {"arn": "r", "condition": [{"path_pattern": [{"values": ["/b", "/a"]}], "host_header": []}]}
    told = {"RuleArn": "r", "Conditions": [{"Field": "path-pattern", "PathPatternConfig": {"Values": ["/a", "/b"]}}]}
    assert differing(one(planned("aws_lb_listener_rule", values), told)) == []
    told["Conditions"] = [{"Field": "path-pattern", "Values": ["/*"]}]
    assert differing(one(planned("aws_lb_listener_rule", values), told)) == ["condition"]


def test_a_condition_of_a_field_with_other_parts_is_compared_by_its_name() -> None:
    values = {"arn": "r", "condition": [{"http_header": [{"http_header_name": "x", "values": ["y"]}]}]}
    header = {"Field": "http-header", "HttpHeaderConfig": {"HttpHeaderName": "x", "Values": ["y"]}}
    plan = planned("aws_lb_listener_rule", values)
    assert differing(one(plan, {"RuleArn": "r", "Conditions": [header]})) == []
    for conditions in ([], [header, {"Field": "query-string", "QueryStringConfig": {}}]):
        assert differing(one(plan, {"RuleArn": "r", "Conditions": conditions})) == ["condition"]


def test_of_containers_it_is_told_what_differs_and_never_with_which_value() -> None:
    code = '[{"name": "orders", "image": "a@sha256:1", "environment": [{"name": "KEY", "value": "planned-words"}], "cpu": 0}]'
    told = {
        "taskDefinitionArn": "t",
        "containerDefinitions": [
            {
                "name": "orders",
                "image": "a@sha256:1",
                "environment": [{"name": "KEY", "value": "words-by-hand"}],
                "mountPoints": [],
            }
        ],
    }
    read = one(planned("aws_ecs_task_definition", {"arn": "t", "container_definitions": code}), told)
    (compared,) = read.compared
    assert (compared.planned, compared.read) == ("as planned", "otherwise in orders.environment")
    assert "words" not in str(read)


def test_a_secret_is_compared_by_whether_there_is_one() -> None:
    plan = planned(
        "aws_elasticache_replication_group", {"replication_group_id": "c", "auth_token": "hush"}, secret=["auth_token"]
    )
    answer = {"ReplicationGroupId": "c", "Nodes": []}
    assert differing(one(plan, {**answer, "AuthTokenEnabled": True})) == []
    read = one(plan, {**answer, "AuthTokenEnabled": False})
    assert differing(read) == ["auth_token"]
    assert "hush" not in str(read)


def test_a_gap_excuses_its_own_attribute_alone() -> None:
    plan = planned("aws_db_instance", {"identifier": "o", "backup_window": "01:00-02:00", "storage_encrypted": True})
    gap = Gap(type="aws_db_instance", attribute="backup_window", why="it has its own")
    answer = {"DBInstanceIdentifier": "o", "PreferredBackupWindow": "03:00-04:00", "StorageEncrypted": False}
    read = one(plan, answer, gaps=(gap,))
    assert (differing(read), read.gaps) == (["storage_encrypted"], (gap,))
    kept = one(plan, {**answer, "PreferredBackupWindow": "01:00-02:00"}, gaps=(gap,))
    assert kept.gaps == ()


def test_what_the_code_does_not_set_is_not_compared() -> None:
    plan = planned("aws_iam_role", {"name": "orders-task", "path": "/x/"}, written=["name"])
    assert one(plan, ROLE).compared == ()


def test_policies_of_a_role_are_resources_of_their_own_and_strays_have_no_address() -> None:
    role = {
        **ROLE,
        "Policies": {"by-hand": {"Statement": []}},
        "Attached": ["arn:aws:iam::aws:policy/AdministratorAccess"],
    }
    read = side_by_side([planned("aws_iam_role", {"name": "orders-task"})], {"aws_iam_role": [role]}, ())
    strays = {each.type: each for each in read if not each.address}
    assert strays.keys() == {"aws_iam_role_policy", "aws_iam_role_policy_attachment"}
    assert {each.of["role"] for each in strays.values()} == {"orders-task"}


def test_what_is_planned_and_not_told_of_does_not_stand() -> None:
    (read,) = side_by_side([planned("aws_mq_broker", {"broker_name": "b", "publicly_accessible": False})], {}, ())
    assert not read.stands
    assert read.compared == ()


def test_two_answers_by_one_name_are_an_error() -> None:
    with pytest.raises(ObservationError, match="two that go by orders-task"):
        side_by_side([], {"aws_iam_role": [ROLE, ROLE]}, ())


def test_a_cluster_without_capacity_of_its_own_has_none_too_many() -> None:
    cluster = {"clusterName": "shop", "settings": []}
    read = side_by_side([planned("aws_ecs_cluster", {"name": "shop"})], {"aws_ecs_cluster": [cluster]}, ())
    assert [each.type for each in read] == ["aws_ecs_cluster"]


def test_what_was_compared_is_written_down_without_a_value() -> None:
    values = {"replication_group_id": "c", "auth_token": "hush-hush"}
    (absent, stray) = side_by_side(
        [planned("aws_elasticache_replication_group", values, secret=("auth_token",))], {"aws_iam_role": [ROLE]}, ()
    )
    changed = Compared(attribute="engine", kept=False, planned="redis 7", read="hush-hush")
    text = written_down((absent, stray, replace(absent, stands=True, compared=(changed,))))
    assert "does not stand" in text
    assert "planned by nobody" in text
    assert "  not as planned: engine" in text
    assert "hush-hush" not in text
    assert "redis 7" not in text
