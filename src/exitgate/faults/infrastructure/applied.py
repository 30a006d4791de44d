"""Faults of 3.3.reproducible, 3.3.drift and 3.3.destroy: what shows where a stack is applied, changed by hand, and destroyed."""

from __future__ import annotations

from exitgate.faults.infrastructure.editing import added, fault, replaced

_SERVICE = "infra/modules/service/main.tf"
_CLUSTER = "infra/modules/cluster/main.tf"
_NETWORK = "infra/modules/network/main.tf"
_BALANCER = "infra/modules/balancer/main.tf"
_DATABASE = "infra/modules/database/main.tf"
_ROOT = "infra"
_RETENTION = "  retention_in_days = var.log_retention_days\n"
_VPC_TAGS = "  enable_dns_hostnames = true\n\n  tags = { Name = var.name }\n"
_TLS = '"ELBSecurityPolicy-TLS13-1-2-Res-2021-06"\n'
_CLUSTER_NAME = 'resource "aws_ecs_cluster" "this" {\n  name = var.name\n'
_SECOND_TAG = """
resource "aws_ec2_tag" "owner" {
  resource_id = aws_vpc.this.id
  key         = "owner"
  value       = "platform"
}
"""


def _ignoring(attribute: str) -> str:
    return f"\n  lifecycle {{\n    ignore_changes = [{attribute}]\n  }}\n"


FAULTS = (
    fault(
        "3.3.reproducible two-applies-equal",
        "logs-kept-by-account",
        "how long logs are kept hangs on the account",
        replaced(_SERVICE, _RETENTION, '  retention_in_days = startswith(var.account_id, "1") ? 7 : 30\n'),
        location=_SERVICE,
        message='two applies of the same code differ: module.service["catalog"].aws_cloudwatch_log_group.this.retention_in_days',
    ),
    fault(
        "3.3.reproducible two-applies-equal",
        "cluster-tagged-by-chance",
        "the cluster has a tag that is made up at each apply",
        replaced(_CLUSTER, _CLUSTER_NAME, _CLUSTER_NAME + "  tags = { build = uuid() }\n"),
        location=_CLUSTER,
        message="two applies of the same code differ: module.cluster.aws_ecs_cluster.this.tags.build",
    ),
    fault(
        "3.3.reproducible second-plan-empty",
        "network-tagged-with-the-time",
        "the network has the time of the last apply as a tag",
        replaced(_NETWORK, _VPC_TAGS, _VPC_TAGS.replace("var.name }", "var.name, applied = timestamp() }")),
        location=_NETWORK,
        message="a plan straight after the apply would change module.network.aws_vpc.this.tags",
    ),
    fault(
        "3.3.drift unchanged-quiet",
        "network-tagged-twice",
        "two resources of the code set the tags of the network in turn",
        added(_NETWORK, _SECOND_TAG),
        location=_NETWORK,
        message="drift that nobody made: module.network.aws_vpc.this.tags",
        also=frozenset({"3.3.reproducible"}),
    ),
    fault(
        "3.3.drift change-found",
        "weakened-listener-stays",
        "the code looks away when somebody lets old TLS in by hand",
        replaced(_BALANCER, _TLS, _TLS + _ignoring("ssl_policy")),
        location=_BALANCER,
        message="a listener weakened by hand stays: the code ignores changes of module.balancer.aws_lb_listener.https.ssl_policy",
    ),
    fault(
        "3.3.drift change-found",
        "tags-by-hand-stay",
        "the code looks away when somebody tags the network by hand",
        replaced(_NETWORK, _VPC_TAGS, _VPC_TAGS + _ignoring("tags")),
        location=_NETWORK,
        message="a tag added by hand stays: the code ignores changes of module.network.aws_vpc.this.tags",
    ),
    fault(
        "3.3.destroy completes",
        "database-protected-for-good",
        "the documented step does not lift the databases' protection from deletion",
        replaced(_DATABASE, "= var.deletion_protection", "= true"),
        location=_ROOT,
        message="the destroy fails",
    ),
    fault(
        "3.3.destroy completes",
        "cluster-never-destroyed",
        "the code forbids the destroy of the cluster",
        replaced(_CLUSTER, _CLUSTER_NAME, _CLUSTER_NAME + "\n  lifecycle {\n    prevent_destroy = true\n  }\n"),
        location=_ROOT,
        message="the destroy fails",
    ),
    fault(
        "3.3.destroy nothing-left",
        "logs-outlive-the-destroy",
        "the destroy forgets log groups instead of deleting them",
        replaced(_SERVICE, _RETENTION, _RETENTION + "  skip_destroy      = true\n"),
        location=_ROOT,
        message="the destroy leaves logs logGroupName /ecs/reference-shop/",
    ),
    fault(
        "3.3.destroy nothing-left",
        "last-snapshot-always",
        "databases leave a last snapshot whatever the documented step says",
        replaced(
            _DATABASE, "= !var.final_snapshot\n  final_snapshot_identifier", "= false\n  final_snapshot_identifier"
        ),
        location=_ROOT,
        message="the destroy leaves rds DBSnapshotIdentifier",
    ),
)
