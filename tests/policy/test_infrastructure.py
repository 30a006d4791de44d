"""``[policy.infrastructure]``: regions, network, flows and needs."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.policy.policy_text import policy_of, refused

INFRASTRUCTURE = """
[policy.infrastructure]
regions = ["eu-central-1"]
global_services = ["iam"]
tls_policies = ["ELBSecurityPolicy-TLS13-1-2-2021-06"]
backup_days = 14
exposed = ["orders"]

[policy.infrastructure.network]
vpc_cidr = "10.0.0.0/16"

[[policy.infrastructure.network.tier]]
name = "public"
public = true
subnets = { eu-central-1a = "10.0.0.0/24", eu-central-1b = "10.0.1.0/24" }

[[policy.infrastructure.network.tier]]
name = "data"
public = false

[policy.infrastructure.network.tier.subnets]
eu-central-1a = "10.0.2.0/24"
eu-central-1b = "10.0.3.0/24"

[policy.infrastructure.endpoints]
balancer = "public"
orders = "data"

[[policy.infrastructure.flow]]
source = "internet"
destination = "balancer"
ports = [443]
why = "a reason"

[[policy.infrastructure.flow]]
source = "balancer"
destination = "orders"
ports = [3000]
why = "a reason"

[[policy.infrastructure.need]]
workload = "orders"
role = "execution"
actions = ["secretsmanager:GetSecretValue"]
resources = ["arn:aws:secretsmanager:eu-central-1:123456789012:secret:orders-??????"]
why = "a reason"

[[policy.infrastructure.need]]
workload = "orders"
role = "execution"
actions = ["ecr:GetAuthorizationToken"]
resources = ["*"]
why = "a reason"
"""


def test_sound_rules_are_read(tmp_path: Path) -> None:
    infrastructure = policy_of(tmp_path, INFRASTRUCTURE).infrastructure
    assert infrastructure is not None
    assert infrastructure.network is not None
    assert [(tier.name, len(tier.subnets)) for tier in infrastructure.network.tier] == [("public", 2), ("data", 2)]
    assert [(flow.source, flow.destination, flow.ports) for flow in infrastructure.flow] == [
        ("internet", "balancer", (443,)),
        ("balancer", "orders", (3000,)),
    ]
    assert [need.resources for need in infrastructure.need][1] == ("*",)
    assert infrastructure.backup_days == 14


def test_what_is_left_out_is_a_rule_that_was_never_made(tmp_path: Path) -> None:
    assert policy_of(tmp_path, "").infrastructure is None
    infrastructure = policy_of(tmp_path, '\n[policy.infrastructure]\nregions = ["eu-west-1"]\n').infrastructure
    assert infrastructure is not None
    assert (infrastructure.network, infrastructure.flow, infrastructure.need) == (None, (), ())
    assert (infrastructure.endpoints, infrastructure.exposed, infrastructure.backup_days) == ({}, (), None)


@pytest.mark.parametrize(
    ("right", "wrong", "line", "got", "expected"),
    [
        ('["eu-central-1"]', '["Frankfurt"]', "regions", "policy.infrastructure.regions.0 = 'Frankfurt'", "pattern"),
        ('["eu-central-1"]', '["eu-west-1"]', "subnets", "a subnet in eu-central-1a", "a zone of eu-west-1"),
        ("backup_days = 14", "backup_days = 36", "backup_days", "policy.infrastructure.backup_days = 36", "35"),
        ("backup_days = 14", 'backup_days = "14d"', "backup_days", "policy.infrastructure.backup_days = '14d'", "integer"),
        ('exposed = ["orders"]', 'exposed = ["cart"]', "exposed", "a rule for the workload 'cart'", "billing"),
        ("10.0.0.0/16", "10.0.0.1/16", "vpc_cidr", "policy.infrastructure.network.vpc_cidr = '10.0.0.1/16'", "host bits"),
        ("10.0.0.0/16", "10.0.0.0/8", "vpc_cidr", "policy.infrastructure.network.vpc_cidr = '10.0.0.0/8'", "/16 to /28"),
        ("10.0.3.0/24", "10.1.3.0/24", "eu-central-1b", "10.1.3.0/24 outside of the VPC's 10.0.0.0/16", "inside it"),
        ("10.0.3.0/24", "10.0.2.128/25", "eu-central-1b", "10.0.2.128/25 overlaps 10.0.2.0/24", "of their own"),
        ("10.0.3.0/24", "10.0.0.0/23", "eu-central-1b", "10.0.0.0/23 overlaps 10.0.0.0/24", "of their own"),
        ('eu-central-1b = "10.0.3.0/24"\n', "", "[policy.infrastructure.network.tier.sub", "tier 'data' in one zone", "2"),
        ('name = "data"', 'name = "public"', "[[policy.infrastructure.network.tier]]", "'public' twice", "each once"),
        ('orders = "data"', 'orders = "date"', "orders", "orders in tier 'date'", "one of public, data"),
        ('orders = "data"', 'internet = "data"', "[policy.infrastructure.endpoints]", "an endpoint named 'internet'", "name"),
        ('destination = "balancer"', 'destination = "orders"', "destination", "the internet may reach orders", "public tier"),
        ('source = "balancer"', 'source = "balance"', "source", "source = 'balance'", "balancer, internet, orders"),
        ("ports = [443]", "ports = [0]", "ports", "policy.infrastructure.flow.0.ports.0 = 0", "greater than or equal"),
        ("ports = [443]", "ports = [443, 443]", "ports", "443 twice", "each once"),
        ("ports = [443]", 'ports = [443]\nprotocol = "sctp"', "protocol", "policy.infrastructure.flow.0.protocol", "'tcp'"),
        ('destination = "balancer"', 'destination = "internet"', "destination", "a flow from the internet to the", "ours"),
        ("secretsmanager:Get", "secretsmanager:*", "actions", "policy.infrastructure.need.0.actions.0", "pattern"),
        ("secret:orders-??????", "secret:*", "resources", "policy.infrastructure.need.0.resources.0", "pattern"),
        ("ecr:GetAuthorizationToken", "ecr:BatchGetImage", "resources", "resources = * for ecr:BatchGetImage", "ARNs"),
        ('role = "execution"', 'role = "both"', "role", "policy.infrastructure.need.0.role = 'both'", "'task'"),
    ],
)  # fmt: skip
def test_a_wrong_rule_is_refused_with_its_line(
    tmp_path: Path, right: str, wrong: str, line: str, got: str, expected: str
) -> None:
    told = refused(tmp_path, INFRASTRUCTURE, right, wrong)
    assert told[0].startswith(line)
    assert told[1].startswith(got)
    assert expected in told[2]


def test_an_endpoint_without_a_network_has_no_tier(tmp_path: Path) -> None:
    start = INFRASTRUCTURE.index("[policy.infrastructure.network]")
    end = INFRASTRUCTURE.index("[policy.infrastructure.endpoints]")
    told = refused(tmp_path, INFRASTRUCTURE, INFRASTRUCTURE[start:end], "")
    assert told[0].startswith("balancer")
    assert "[policy.infrastructure.network]" in told[2]


def test_a_flow_that_stands_twice_is_shown_where_it_does_again(tmp_path: Path) -> None:
    second = 'source = "internet"\ndestination = "balancer"\nports = [80, 443]'
    told = refused(tmp_path, INFRASTRUCTURE, 'source = "balancer"\ndestination = "orders"\nports = [3000]', second)
    assert told[0] == "[[policy.infrastructure.flow]]"
    assert told[1] == "internet to balancer by tcp 443 twice"
