"""Faults of 3.3.A.1 to 3.3.A.3: regions, layout and routes, and rules that were never made."""

from __future__ import annotations

from exitgate.faults.infrastructure.editing import added, fault, removed, replaced, without_tables

_NETWORK = "infra/modules/network/main.tf"
_ROUTE = """
resource "aws_route" "shortcut" {{
  route_table_id         = aws_route_table.{table}.id
  destination_cidr_block = "{range}"
  gateway_id             = aws_internet_gateway.this.id
}}
"""
_MODULE = """
module "extra" {{
  source = "{source}"
}}
"""
_POLICY = frozenset({"3.3.A.1", "3.3.A.2", "3.3.A.3"})
_FIRST_FLOW = "ports = [80, 443"


FAULTS = (
    fault(
        "3.3.A.1 policy-declared",
        "infrastructure-policy-missing",
        "the target has no rules for its infrastructure",
        lambda site: without_tables(site, "policy.infrastructure"),
        location="exitgate.toml:",
        message="say nothing of regions",
        also=_POLICY - {"3.3.A.1"},
    ),
    fault(
        "3.3.A.2 policy-declared",
        "network-policy-missing",
        "the target's rules give no layout of its network",
        lambda site: without_tables(
            site, "policy.infrastructure.network", "policy.infrastructure.endpoints", "policy.infrastructure.flow"
        ),
        location="exitgate.toml:",
        message="say nothing of network",
        also=_POLICY - {"3.3.A.2"},
    ),
    fault(
        "3.3.A.3 policy-declared",
        "flows-missing",
        "the target's rules list no flow",
        lambda site: without_tables(site, "policy.infrastructure.flow"),
        location="exitgate.toml:",
        message="say nothing of flow",
    ),
    fault(
        "3.3.A.3 policy-declared",
        "database-port-declared-open",
        "the policy opens the port of PostgreSQL to the internet",
        replaced("exitgate.toml", _FIRST_FLOW, _FIRST_FLOW + ", 5432"),
        location="exitgate.toml:",
        message="opens port 5432 to the internet",
    ),
    fault(
        "3.3.A.3 policy-declared",
        "cache-port-declared-open",
        "the policy opens the port of Redis to the internet",
        replaced("exitgate.toml", _FIRST_FLOW, _FIRST_FLOW + ", 6379"),
        location="exitgate.toml:",
        message="opens port 6379 to the internet",
    ),
    fault(
        "3.3.reproducible locked",
        "module-of-a-branch",
        "a module comes from a branch of somebody's repository",
        added("infra/main.tf", _MODULE.format(source="git::https://git.example/extra.git?ref=main")),
        location="infra/main.tf:",
        message="module.extra from",
    ),
    fault(
        "3.3.reproducible locked",
        "module-without-version",
        "a module comes from a registry in any version",
        added("infra/main.tf", _MODULE.format(source="example/extra/aws")),
        location="infra/main.tf:",
        message="module.extra from",
    ),
    fault(
        "3.3.A.1 resources-in-region",
        "region-of-another-continent",
        "an ARN names a region on another continent",
        replaced(
            "infra/modules/endpoints/main.tf",
            "arn:${var.partition}:s3:::prod-",
            "arn:${var.partition}:s3:us-east-1::prod-",
        ),
        location="infra/modules/endpoints/main.tf:",
        message="names us-east-1",
    ),
    fault(
        "3.3.A.1 resources-in-region",
        "repository-in-another-region",
        "endpoints let images in from a repository in another region",
        replaced(
            "infra/main.tf", '"${local.arn.ecr}:repository', '"arn:aws:ecr:eu-west-1:${var.account_id}:repository'
        ),
        location="infra/modules/endpoints/main.tf:",
        message="names eu-west-1",
    ),
    fault(
        "3.3.A.1 resources-in-region",
        "trust-in-another-region",
        "roles trust tasks of another region",
        replaced(
            "infra/modules/service/roles.tf", '"${local.arn.ecs}:*"', '"arn:aws:ecs:us-west-2:${var.account_id}:*"'
        ),
        location="infra/modules/service/roles.tf:",
        message="names us-west-2",
        also=frozenset({"3.3.C.3"}),
    ),
    fault(
        "3.3.A.1 resources-in-region",
        "provider-in-another-region",
        "everything is made in a region that the policy does not list",
        replaced("infra/providers.tf", "region = var.region", 'region = "us-east-1"'),
        location="infra/providers.tf:1",
        message="provider aws makes its resources in us-east-1",
    ),
    fault(
        "3.3.A.2 network-conforms",
        "second-range",
        "the VPC gets a second range, which the policy does not list",
        added(
            _NETWORK,
            'resource "aws_vpc_ipv4_cidr_block_association" "more" {\n  vpc_id     = aws_vpc.this.id\n'
            '  cidr_block = "10.99.0.0/16"\n}\n',
        ),
        location=_NETWORK,
        message="brings a network that is not the policy's",
        also=frozenset({"3.3.A.3"}),
    ),
    fault(
        "3.3.A.2 network-conforms",
        "vpc-range-of-another",
        "the VPC has the range of a network that it is to be peered with",
        replaced(_NETWORK, "cidr_block           = var.vpc_cidr", 'cidr_block           = "10.30.0.0/16"'),
        location=_NETWORK,
        message="another range than the policy's",
        also=frozenset({"3.3.A.3"}),
    ),
    fault(
        "3.3.A.2 network-conforms",
        "one-zone",
        "all subnets lie in one zone",
        replaced(_NETWORK, "availability_zone       = each.value.zone", 'availability_zone       = "eu-central-1a"'),
        location=_NETWORK,
        message="is no subnet of the policy's",
        also=frozenset({"3.3.B.1.2"}),
    ),
    fault(
        "3.3.A.2 private-tiers-isolated",
        "data-tier-open",
        "the data tier's route table leads to the internet gateway",
        added(_NETWORK, _ROUTE.format(table="data", range="0.0.0.0/0")),
        location=_NETWORK,
        message="has a route to an internet gateway",
    ),
    fault(
        "3.3.A.2 private-tiers-isolated",
        "services-in-public-table",
        "the services' subnets use the public route table",
        replaced(
            _NETWORK,
            "route_table_id = aws_route_table.services[each.key].id\n}",
            "route_table_id = aws_route_table.public.id\n}",
        ),
        location=_NETWORK,
        message="has a route to an internet gateway",
    ),
    fault(
        "3.3.reproducible locked",
        "lock-file-missing",
        "the lock file of the providers is not committed",
        removed("infra/.terraform.lock.hcl"),
        location="infra",
        message="there is no .terraform.lock.hcl",
    ),
)
