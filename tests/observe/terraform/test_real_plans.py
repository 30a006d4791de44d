"""Stacks of other shapes, planned for real: named, read, judged without a crash, and what is outside of the model told by name."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest

from exitgate.errors import ExitgateError, ObservationError, PrerequisiteMissing
from exitgate.observe.terraform import Infrastructure, Sensitive
from tests.checks.infrastructure.test_rules import CASES
from tests.observe.terraform.real_plans import PLANTED, planned_really
from tests.observe.terraform.test_shapes import COMPUTE, MORE

OUTSIDE = {
    "machines": "aws_autoscaling_group.app: EC2 instances",
    "functions": "aws_lambda_function.app: a function of Lambda",
    "kubernetes": "aws_eks_cluster.app: a Kubernetes cluster",
}
SECRETS = {
    "machines": ("aws_db_instance.app", ("password",)),
    "functions": ("aws_lambda_function.app", ("environment", 0, "variables", "PASSWORD")),
    "kubernetes": ("aws_elasticache_replication_group.app", ("auth_token",)),
}


@pytest.fixture(scope="module", params=sorted(OUTSIDE))
def shape(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Infrastructure]:
    return request.param, planned_really(tmp_path_factory.mktemp(request.param), request.param)


def test_another_shape_is_planned_with_names_and_no_rule_crashes(shape: tuple[str, Infrastructure]) -> None:
    _, plan = shape
    assert plan.stacks[0].named, plan.stacks[0].why_not_named
    for rule in (*(case[1] for case in CASES), *MORE):
        # A finding or an answer that something is missing; every other exception is a crash.
        with suppress(PrerequisiteMissing):
            assert all(finding.location for finding in rule(plan))


def test_what_is_no_ecs_is_not_assessed_by_name(shape: tuple[str, Infrastructure]) -> None:
    name, plan = shape
    for rule in COMPUTE:
        with pytest.raises(PrerequisiteMissing, match=f"{OUTSIDE[name]}.*outside of what exitgate models"):
            rule(plan)


def test_a_secret_that_was_set_for_planning_is_marked_and_dropped(shape: tuple[str, Infrastructure]) -> None:
    name, plan = shape
    address, keys = SECRETS[name]
    resource = plan.stacks[0].find(address)
    assert resource is not None
    assert isinstance(resource.get(*keys), Sensitive)
    assert PLANTED not in repr(plan)


HEAD = 'variable "password" {\n  sensitive = true\n}\n'
VERSIONS = (
    "terraform {{\n  required_providers {{\n    {name} = {{\n"
    '      source  = "{source}"\n      version = "{version}"\n    }}\n  }}\n}}\n'
)
BAD: dict[str, tuple[str, bool, type[ExitgateError], str]] = {
    "not the language": (
        HEAD + 'resource "terraform_data" {{{\n',
        True,
        ObservationError,
        r"init of stack only: Error: Missing name for resource on main\.tf line 4",
    ),
    "an argument that nobody knows": (
        HEAD + 'resource "terraform_data" "this" {\n  colour = "red"\n}\n',
        True,
        ObservationError,
        r"plan of stack only: main\.tf:5: Unsupported argument",
    ),
    "a variable without a value": (
        HEAD,
        False,
        PrerequisiteMissing,
        r'main\.tf:1: No value for required variable: .*"password"',
    ),
    "a provider that is nowhere": (
        HEAD + VERSIONS.format(name="nobody", source="hashicorp/exitgate-nobody", version="1.0.0"),
        True,
        PrerequisiteMissing,
        r"init of stack only: Error: Failed to query available provider packages.*hashicorp/exitgate-nobody",
    ),
    "a provider of another age": (
        HEAD + VERSIONS.format(name="aws", source="hashicorp/aws", version="0.1.0"),
        True,
        PrerequisiteMissing,
        r"init of stack only: Error: .*hashicorp/aws.*0\.1\.0",
    ),
    "a Terraform of another age": (
        HEAD + 'terraform {\n  required_version = "< 1.0.0"\n}\n',
        True,
        PrerequisiteMissing,
        r"init of stack only: Error: Unsupported Terraform Core version",
    ),
    "a module that is nowhere": (
        HEAD + 'module "m" {\n  source = "./nowhere"\n}\n',
        True,
        ObservationError,
        r"init of stack only: Error: Unreadable module directory",
    ),
    "an answer of AWS": (
        HEAD
        + 'provider "aws" {\n  region = "eu-central-1"\n  access_key = "none"\n  secret_key = "none"\n'
        + "  max_retries = 1\n  skip_credentials_validation = true\n  skip_requesting_account_id = true\n}\n"
        + 'data "aws_availability_zones" "here" {}\n',
        True,
        PrerequisiteMissing,
        r"what can't be planned without a network or an account: main\.tf:\d+: fetching Availability Zones",
    ),
    "a secret that the program quotes": (
        HEAD
        + 'resource "terraform_data" "this" {\n  lifecycle {\n    precondition {\n      condition     = var.password == "another"\n'
        f'      error_message = "the word is {PLANTED}"\n    }}\n  }}\n}}\n',
        True,
        ObservationError,
        r"the word is \(secret\)",
    ),
}


@pytest.mark.parametrize("what", sorted(BAD))
def test_bad_code_gets_one_clear_line(tmp_path: Path, what: str) -> None:
    code, variables, kind, words = BAD[what]
    with pytest.raises(kind, match=words) as caught:
        planned_really(tmp_path, code=code, variables=variables)
    told = str(caught.value)
    assert "\n" not in told
    assert caught.value.expected
    assert caught.value.action
    assert PLANTED not in told
