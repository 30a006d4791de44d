"""3.3.A.3 on the shop's planned network: clean, broken at each kind of hop, empty, and not known."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from exitgate.checks.infrastructure.flows import impossible_flows, unlisted_flows
from exitgate.errors import PrerequisiteMissing
from exitgate.observe.terraform import UNKNOWN, Infrastructure, Reference
from exitgate.target import load_target

from .shop import VPC, changed, egress, group, ingress, made, planned, shop

REFERENCE = load_target(Path(__file__).parents[3] / "reference")
assert REFERENCE.policy.infrastructure
POLICY = REFERENCE.policy.infrastructure
ANY: dict[str, Any] = {"cidr_ipv4": "0.0.0.0/0"}
DATABASE = Reference("aws_db_subnet_group.data", "name")
DATA_SUBNETS = tuple(Reference(f"aws_subnet.data-eu-central-1{zone}", "id") for zone in "ab")


def missing(plan: Infrastructure) -> list[str]:
    return [
        f"{each.location} {each.message} {each.got}" for each in impossible_flows(plan, POLICY, REFERENCE.workloads)
    ]


def extra(plan: Infrastructure) -> list[str]:
    return [f"{each.location} {each.message} {each.got}" for each in unlisted_flows(plan, POLICY, REFERENCE.workloads)]


def acl(name: str, *rules: Mapping[str, Any]) -> Infrastructure:
    """Return the shop with a network ACL around its data tier."""
    told: list[Any] = [
        made(f"aws_network_acl.{name}", vpc_id=VPC, subnet_ids=DATA_SUBNETS, ingress=UNKNOWN, egress=UNKNOWN)
    ]
    for index, rule in enumerate(rules):
        values = {"rule_action": "allow", "protocol": "tcp", "cidr_block": "10.20.0.0/16", "egress": False, **rule}
        told.append(
            made(
                f"aws_network_acl_rule.{name}-{index}",
                network_acl_id=Reference(f"aws_network_acl.{name}", "id"),
                **{"rule_number": 100 + index, **values},
            )
        )
    return changed(*told)


def test_the_shop_has_its_flows_and_no_other() -> None:
    assert missing(planned(shop())) == []
    assert extra(planned(shop())) == []


@pytest.mark.parametrize(
    ("plan", "words"),
    [
        (
            changed(without=("aws_vpc_security_group_ingress_rule.orders-orders-database-5432",)),
            "orders can't reach orders-database on tcp 5432: the request stops at aws_security_group.orders-database",
        ),
        (
            changed(without=("aws_vpc_security_group_egress_rule.orders-broker-5671",)),
            "orders can't reach broker on tcp 5671: the request stops at aws_security_group.orders",
        ),
        (
            changed(without=("aws_route.public_internet",)),
            "internet can't reach balancer on tcp 80: the answer stops at aws_route_table.public has no route",
        ),
        (changed(without=("aws_internet_gateway.this", "aws_route.public_internet")), "no public address and internet"),
        (changed(**{"aws_lb.this": {"internal": True}}), "internet can't reach balancer on tcp 80"),
        (
            changed(
                **{
                    "aws_vpc_security_group_ingress_rule.internet-balancer-443": {"cidr_ipv4": "203.0.113.0/24"},
                }
            ),
            "internet can't reach balancer on tcp 443",
        ),
        (changed(without=("aws_lb_listener.http",)), "aws_lb.this has no listener on port 80"),
        (
            changed(without=("aws_lb_listener_rule.web",)),
            "aws_lb.this hands no request to aws_ecs_service.web on port 3000",
        ),
        (
            acl("data", {"from_port": 0, "to_port": 65535}, {"egress": True, "from_port": 32768, "to_port": 40000}),
            "the answer stops at aws_network_acl.data",
        ),
        (
            acl(
                "data",
                {"rule_action": "deny", "from_port": 5432, "to_port": 5432},
                {"from_port": 0, "to_port": 65535},
                {"egress": True, "from_port": 1024, "to_port": 65535},
            ),
            "orders can't reach orders-database on tcp 5432: the request stops at aws_network_acl.data",
        ),
    ],
)
def test_a_missing_flow_is_told_with_the_hop_that_stops_it(plan: Infrastructure, words: str) -> None:
    assert words in " ".join(missing(plan))


def test_lists_that_let_answers_back_are_no_obstacle() -> None:
    plan = acl(
        "data",
        {"from_port": 5432, "to_port": 6379},
        {"rule_action": "deny", "from_port": 0, "to_port": 65535},
        {"egress": True, "from_port": 32768, "to_port": 60999},
    )
    assert missing(plan) == []
    assert extra(plan) == []


@pytest.mark.parametrize(
    ("plan", "words"),
    [
        (
            changed(
                ingress(
                    "more", "orders-database", referenced_security_group_id=group("web"), from_port=5432, to_port=5432
                ),
                egress(
                    "more", "web", referenced_security_group_id=group("orders-database"), from_port=5432, to_port=5432
                ),
            ),
            "web can reach orders-database on tcp 5432, by aws_vpc_security_group_ingress_rule.more",
        ),
        (
            changed(ingress("more", "balancer", **ANY, from_port=8080, to_port=8090)),
            "internet can reach balancer on tcp 8080-8090",
        ),
        (
            changed(
                ingress(
                    "more",
                    "catalog",
                    referenced_security_group_id=group("catalog"),
                    from_port=None,
                    to_port=None,
                    ip_protocol="-1",
                ),
                egress("more", "catalog", cidr_ipv4="10.20.16.0/21", from_port=None, to_port=None, ip_protocol="-1"),
            ),
            "catalog can reach catalog on every protocol and port",
        ),
        (
            changed(egress("more", "orders", **ANY, from_port=443, to_port=443)),
            "orders can reach internet on tcp 443, by aws_vpc_security_group_egress_rule.more",
        ),
        (
            changed(
                **{
                    "aws_security_group.broker": {
                        "ingress": (
                            {"cidr_blocks": ("10.20.16.0/22",), "protocol": "tcp", "from_port": 0, "to_port": 65535},
                        )
                    },
                    "aws_security_group.web": {
                        "egress": (
                            {"cidr_blocks": ("10.20.0.0/16",), "protocol": "udp", "from_port": 53, "to_port": 53},
                            {
                                "cidr_blocks": ("10.20.32.0/23",),
                                "protocol": "tcp",
                                "from_port": 15671,
                                "to_port": 15671,
                            },
                        )
                    },
                }
            ),
            "web can reach broker on tcp 15671, by aws_security_group.broker ingress 1",
        ),
        (
            changed(
                made(
                    "aws_db_instance.other",
                    db_subnet_group_name=DATABASE,
                    vpc_security_group_ids=(group("cache"),),
                    publicly_accessible=False,
                    tags={},
                ),
                made(
                    "aws_security_group_rule.more",
                    type="ingress",
                    security_group_id=group("cache"),
                    protocol="tcp",
                    from_port=6379,
                    to_port=6379,
                    source_security_group_id=group("orders"),
                ),
                egress("more", "orders", referenced_security_group_id=group("cache"), from_port=6379, to_port=6379),
            ),
            "orders can reach cache on tcp 6379, by aws_security_group_rule.more",
        ),
        (
            changed(
                made("aws_vpc_peering_connection.office", vpc_id=VPC, peer_vpc_id="vpc-0123"),
                made(
                    "aws_route.office",
                    route_table_id=Reference("aws_route_table.data", "id"),
                    destination_cidr_block="10.99.0.0/16",
                    vpc_peering_connection_id=Reference("aws_vpc_peering_connection.office", "id"),
                ),
                ingress("office", "orders-database", cidr_ipv4="10.0.0.0/8", from_port=5432, to_port=5432),
            ),
            "aws_vpc_peering_connection.office can reach orders-database on tcp 5432",
        ),
    ],
)
def test_an_unlisted_flow_is_told_with_its_rule(plan: Infrastructure, words: str) -> None:
    assert words in " ".join(extra(plan))


def test_rules_of_the_whole_vpc_open_what_is_in_it_alone() -> None:
    plan = changed(ingress("more", "orders-database", cidr_ipv4="10.20.0.0/16", from_port=5432, to_port=5432))
    # Nobody but orders may send there, so nothing more is open.
    assert extra(plan) == []


def test_a_prefix_list_counts_by_its_entries() -> None:
    listed = made("aws_ec2_managed_prefix_list.office", entry=({"cidr": "198.51.100.0/24"},))
    rule = ingress("more", "balancer", prefix_list_id=Reference(listed.address, "id"), from_port=22, to_port=22)
    told = extra(changed(listed, rule))
    assert "internet can reach balancer on tcp 22" in told[0]
    assert "from 198.51.100.0 to 10.20.0.0" in told[0]


def test_a_gateway_endpoint_is_a_way_out() -> None:
    endpoint = made(
        "aws_vpc_endpoint.s3",
        vpc_endpoint_type="Gateway",
        service_name="com.amazonaws.eu-central-1.s3",
        route_table_ids=(Reference("aws_route_table.services", "id"),),
    )
    rule = egress(
        "s3", "orders", prefix_list_id=Reference("aws_vpc_endpoint.s3", "prefix_list_id"), from_port=443, to_port=443
    )
    assert "orders can reach aws_vpc_endpoint.s3 on tcp 443" in extra(changed(endpoint, rule))[0]
    assert extra(changed(endpoint)) == []


def test_ipv6_is_a_way_of_its_own() -> None:
    subnets = {
        f"aws_subnet.public-eu-central-1{zone}": {"ipv6_cidr_block": f"2600:1f14::{index}:0/112"}
        for index, zone in enumerate("ab")
    }
    six = made(
        "aws_route.six",
        route_table_id=Reference("aws_route_table.public", "id"),
        destination_ipv6_cidr_block="::/0",
        gateway_id=Reference("aws_internet_gateway.this", "id"),
    )
    rule = ingress("six", "balancer", cidr_ipv6="::/0", from_port=22, to_port=22)
    values: dict[str, Any] = {"aws_vpc.this": {"ipv6_cidr_block": "2600:1f14::/56"}, **subnets}
    assert "internet can reach balancer on tcp 22" in extra(changed(six, rule, **values))[0]
    assert extra(changed(rule)) == []


@pytest.mark.parametrize(
    ("plan", "words"),
    [
        (planned(shop(), named=False), "what refers to what"),
        (
            changed(made("aws_msk_cluster.events", broker_node_group_info=({"security_groups": (group("broker"),)},))),
            "aws_msk_cluster.events",
        ),
        (changed(made("aws_lb.inner", load_balancer_type="network", subnets=DATA_SUBNETS)), "aws_lb.inner"),
        (changed(ingress("more", "cache", cidr_ipv4=UNKNOWN, from_port=1, to_port=1)), "ingress_rule.more"),
        (
            changed(
                ingress("more", "cache", referenced_security_group_id="123456789012/sg-0abc", from_port=1, to_port=1)
            ),
            "ingress_rule.more",
        ),
        (
            changed(
                made(
                    "aws_route.strange",
                    route_table_id=Reference("aws_route_table.data", "id"),
                    destination_cidr_block="10.7.0.0/16",
                    transit_gateway_id="tgw-1",
                )
            ),
            None,
        ),
        (changed(**{"aws_lb.this": {"subnets": UNKNOWN}}), "aws_lb.this"),
    ],
)
def test_what_the_model_does_not_know_is_not_assessed_by_name(plan: Infrastructure, words: str | None) -> None:
    if words is None:
        assert extra(plan) == []
        return
    with pytest.raises(PrerequisiteMissing, match=words.replace(".", r"\.")):
        extra(plan)


def test_networks_behind_unknown_devices_are_told_where_a_rule_lets_them_in() -> None:
    route = made(
        "aws_route.strange",
        route_table_id=Reference("aws_route_table.data", "id"),
        destination_cidr_block="10.7.0.0/16",
        transit_gateway_id="tgw-1",
    )
    rule = ingress("strange", "cache", cidr_ipv4="10.0.0.0/8", from_port=6379, to_port=6379)
    with pytest.raises(PrerequisiteMissing, match="tgw-1: where it leads"):
        extra(changed(route, rule))
    assert extra(changed(rule)) == []


def test_nothing_planned_is_not_assessed() -> None:
    with pytest.raises(PrerequisiteMissing, match="nothing in it has an address"):
        extra(planned({}))
    with pytest.raises(PrerequisiteMissing, match="no planned resource has it"):
        missing(planned({}))
