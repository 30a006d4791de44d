"""Stacks of other shapes, planned for real: named, read, judged without a crash, and what is outside of the model told by name."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest

from exitgate.checks.infrastructure.rights import unneeded_secrets
from exitgate.errors import ExitgateError, ObservationError, PrerequisiteMissing
from exitgate.observe.terraform import Infrastructure, Sensitive, Unknown
from exitgate.observe.terraform.resources import parsed
from exitgate.target import Service
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
        r"init of stack only: Error: Missing name for resource at infra/main\.tf:4",
    ),
    "an argument that nobody knows": (
        HEAD + 'resource "terraform_data" "this" {\n  colour = "red"\n}\n',
        True,
        ObservationError,
        r"plan of stack only: infra/main\.tf:5: Unsupported argument",
    ),
    "a variable without a value": (
        HEAD,
        False,
        PrerequisiteMissing,
        r'infra/main\.tf:1: No value for required variable: .*"password"',
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
        r"what can't be planned without a network or an account: infra/main\.tf:\d+: fetching Availability Zones",
    ),
    "the state of another stack that is not there": (
        HEAD
        + 'data "terraform_remote_state" "network" {\n  backend = "local"\n  config = {\n    path = "nowhere.tfstate"\n  }\n}\n',
        True,
        PrerequisiteMissing,
        r"state can't be had without its backend, data\.terraform_remote_state\.network: infra/main\.tf:\d+: Unable to find remote",
    ),
    "the state of another stack in a service that can't be reached": (
        HEAD
        + 'data "terraform_remote_state" "network" {\n  backend = "http"\n  config = {\n    address   = "http://state.invalid"\n'
        + "    retry_max = 0\n  }\n}\n",
        True,
        PrerequisiteMissing,
        r"state can't be had without its backend, data\.terraform_remote_state\.network: Failed to get state",
    ),
    "the state of another stack in a backend that is none": (
        HEAD + 'data "terraform_remote_state" "network" {\n  backend = "cupboard"\n}\n',
        True,
        ObservationError,
        r"infra/main\.tf:\d+: Invalid backend configuration",
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


OWN_SECRETS = """variable "password" {
  sensitive = true
}

terraform {
  required_providers {
    aws = {
      source = "hashicorp/aws"
    }
  }
}

provider "aws" {
  region                      = "eu-central-1"
  access_key                  = "offline"
  secret_key                  = "offline"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_requesting_account_id  = true
}

resource "aws_secretsmanager_secret" "database" {
  name = "orders/database"
}

resource "aws_ssm_parameter" "key" {
  name             = "/orders/key"
  type             = "SecureString"
  value_wo         = ephemeral.aws_secretsmanager_secret_version.read[0].secret_string
  value_wo_version = 1
}

locals {
  read_back = aws_secretsmanager_secret.database.id
}

data "aws_secretsmanager_secret_version" "back" {
  secret_id = local.read_back
}

ephemeral "aws_secretsmanager_secret_version" "read" {
  count     = 1
  secret_id = aws_secretsmanager_secret.database.id # read as it is made
  version_stage = "AWSCURRENT"
}

resource "aws_ecs_task_definition" "orders" {
  family = "orders"
  container_definitions = jsonencode([{
    name        = "orders"
    image       = "orders"
    memory      = 64
    environment = [{ name = "NOT_A_SECRET", value = nonsensitive(data.aws_secretsmanager_secret_version.back.secret_string) }]
  }])
}

resource "aws_ecs_task_definition" "web" {
  family = "web"
  container_definitions = jsonencode([{
    name    = "web"
    image   = "web"
    memory  = 64
    secrets = [
      { name = "DATABASE_URL", valueFrom = "${aws_secretsmanager_secret.database.arn}:url::" },
      { name = "KEY", valueFrom = aws_ssm_parameter.key.arn },
    ]
  }])
}
"""


ON_ONE_LINE = """
data "aws_secretsmanager_secret_version" "short" { secret_id = local.read_back }

resource "aws_vpc" "main" {
  cidr_block = "10.0.0.0/16"
}
"""


def test_where_a_data_source_can_not_be_kept_waiting_secrets_alone_go_without_names(tmp_path: Path) -> None:
    stack = planned_really(tmp_path, code=OWN_SECRETS + ON_ONE_LINE).stacks[0]
    assert stack.named, stack.why_not_named
    named = {address for address, _ in stack.names.values()}
    assert {"aws_vpc.main", "aws_ecs_task_definition.web"} <= named
    assert not [address for address in named if "secret" in address or "ssm" in address]


ROLE = """
resource "aws_secretsmanager_secret" "other" {
  name = "catalog/database"
}

resource "aws_iam_role" "execution" {
  name               = "orders-execution"
  assume_role_policy = jsonencode({ Version = "2012-10-17", Statement = [] })
}

resource "aws_iam_role_policy" "execution" {
  name = "secrets"
  role = aws_iam_role.execution.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = "secretsmanager:GetSecretValue", Resource = SECRET },
      { Effect = "Allow", Action = "ssm:GetParameters", Resource = aws_ssm_parameter.key.arn },
    ]
  })
}

resource "aws_ecs_service" "web" {
  name            = "web"
  task_definition = aws_ecs_task_definition.web.arn
}
"""
ITS_OWN, ANOTHER = "aws_secretsmanager_secret.database.arn", "aws_secretsmanager_secret.other.arn"


def test_a_secret_of_the_same_plan_has_a_name_where_it_is_read_and_nobody_is_asked_for_its_value(
    tmp_path: Path,
) -> None:
    stack = planned_really(tmp_path, code=OWN_SECRETS).stacks[0]
    assert stack.named, stack.why_not_named
    web, orders = stack.find("aws_ecs_task_definition.web"), stack.find("aws_ecs_task_definition.orders")
    assert web is not None
    assert orders is not None
    containers = parsed(web.get("container_definitions"))
    assert isinstance(containers, list)
    told = [stack.names.get(each["valueFrom"].removesuffix(":url::")) for each in containers[0]["secrets"]]
    assert told == [("aws_secretsmanager_secret.database", "arn"), ("aws_ssm_parameter.key", "arn")]
    # What a data source would read, and what stands in the place of an argument without a value, is nobody's name.
    assert isinstance(orders.get("container_definitions"), Unknown)


@pytest.mark.parametrize(
    ("allowed", "words"),
    [
        (ITS_OWN, []),
        (ANOTHER, ["is denied secretsmanager:GetSecretValue on", "is allowed secretsmanager:GetSecretValue on"]),
    ],
)
def test_who_may_read_a_secret_of_the_same_plan_is_decided(tmp_path: Path, allowed: str, words: list[str]) -> None:
    code = (OWN_SECRETS + ROLE).replace("SECRET }", f"{allowed} }}")
    code = code.replace('  family = "web"\n', '  family = "web"\n  execution_role_arn = aws_iam_role.execution.arn\n')
    web = Service(
        name="web", path="web", dockerfile="web/Dockerfile", port=80, health_path="/", task_definition="web.json"
    )
    found = unneeded_secrets(planned_really(tmp_path, code=code), web)
    assert len(found) == len(words)
    for finding, part in zip(found, words, strict=True):
        assert part in finding.message
        assert finding.location.startswith("infra/main.tf:")
