"""Stacks of other shapes: no rule crashes, none is met by what it does not know, and what is outside of the model is named."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest

from exitgate.checks import infrastructure as rules
from exitgate.errors import PrerequisiteMissing
from exitgate.observe.terraform import Infrastructure
from tests.checks.infrastructure.plans import ORDERS, POLICY, STORES, WORKLOADS, Rule
from tests.checks.infrastructure.test_rules import CASES
from tests.observe.terraform.shapes import SHAPES, planned_shape

COMPUTE: list[Rule] = [
    lambda p: rules.missing_clusters(p, WORKLOADS),
    lambda p: rules.workloads_off_fargate(p, ORDERS),
    lambda p: rules.unrouted_workloads(p, POLICY, ORDERS),
    lambda p: rules.shared_databases(p, ORDERS, {}),
    lambda p: rules.loose_trust(p, ORDERS),
    lambda p: rules.rights_beyond_need(p, POLICY, ORDERS),
    lambda p: rules.shared_roles(p, ORDERS),
]
MORE: list[Rule] = [
    rules.escaping_code,
    rules.changing_values,
    lambda p: rules.hidden_changes(p, set()),
    lambda p: rules.open_locks(p, "open"),
    lambda p: rules.shared_databases(p, ORDERS, {}),
]


def read(folder: Path, shape: str) -> Infrastructure:
    return planned_shape(folder, SHAPES[shape])[1]


@pytest.mark.parametrize("shape", sorted(SHAPES))
def test_no_rule_crashes(tmp_path: Path, shape: str) -> None:
    plan = read(tmp_path, shape)
    for rule in (*(case[1] for case in CASES), *MORE):
        # A finding or an answer that something is missing; every other exception is a crash.
        with suppress(PrerequisiteMissing):
            assert all(finding.location for finding in rule(plan))


@pytest.mark.parametrize(
    ("shape", "named"),
    [
        ("machines", "aws_launch_template.app: EC2 instances"),
        ("functions", "aws_lambda_function.app: a function of Lambda"),
        ("kubernetes", "aws_eks_cluster.app: a Kubernetes cluster"),
    ],
)
@pytest.mark.parametrize("rule", COMPUTE)
def test_what_is_no_ecs_is_not_assessed_by_name(tmp_path: Path, shape: str, named: str, rule: Rule) -> None:
    with pytest.raises(PrerequisiteMissing, match=f"{named}.*outside of what exitgate models"):
        rule(read(tmp_path, shape))


@pytest.mark.parametrize(
    ("shape", "named"),
    [
        ("machines", "aws_lb.app: a network load balancer, and no application load balancer"),
        ("functions", "aws_apigatewayv2_api.app: an API Gateway, and no application load balancer"),
    ],
)
def test_another_way_in_is_not_assessed_by_name(tmp_path: Path, shape: str, named: str) -> None:
    with pytest.raises(PrerequisiteMissing, match=named):
        rules.unsound_balancers(read(tmp_path, shape), POLICY)


def test_a_plain_listener_of_a_network_load_balancer_is_found_all_the_same(tmp_path: Path) -> None:
    found = rules.plain_forwards(read(tmp_path, "machines"), POLICY)
    assert any(
        each.message.startswith("aws_lb_listener.app forwards what comes over TCP, without TLS") for each in found
    )


def test_a_service_that_stores_data_has_none_of_its_own_on_machines(tmp_path: Path) -> None:
    with pytest.raises(PrerequisiteMissing, match=r"aws_launch_template.app"):
        rules.unprotected_databases(read(tmp_path, "machines"), POLICY, ORDERS, STORES)


def test_states_in_the_repository_are_told_and_not_read(tmp_path: Path) -> None:
    planned_shape(tmp_path, SHAPES["nothing"])
    (tmp_path / "infra" / "terraform.tfstate").write_text(
        '{"outputs": {"password": "planted-in-state-52"}}', encoding="utf-8"
    )
    (tmp_path / "infra" / "terraform.tfstate.d" / "live").mkdir(parents=True)
    (tmp_path / "infra" / "terraform.tfstate.d" / "live" / "terraform.tfstate").write_text("{}", encoding="utf-8")
    seen = planned_shape(tmp_path, SHAPES["nothing"])[1]
    assert [each for each in seen.substrate.limits if "state" in each] == [
        "infra/terraform.tfstate was left out: a state in a repository is anybody's to read",
        "infra/terraform.tfstate.d/live/terraform.tfstate was left out: a state in a repository is anybody's to read",
    ]
    assert "planted-in-state-52" not in repr(seen)
