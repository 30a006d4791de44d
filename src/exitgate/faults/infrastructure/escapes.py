"""Faults of 3.3.reproducible, 3.3.drift and the lock: what no plan shows, what changes by itself, what is hidden or open."""

from __future__ import annotations

from exitgate.faults.infrastructure.editing import added, fault, replaced, without_tables

_DATABASE = "infra/modules/database/main.tf"
_BALANCER = "infra/modules/balancer/main.tf"
_ROLES = "infra/modules/service/roles.tf"
_FLOWS = "infra/flows.tf"
_VARIABLES = "infra/variables.tf"
_PROVISIONER = """
resource "terraform_data" "announced" {
  provisioner "local-exec" {
    command = "echo applied"
  }
}
"""
_LIFECYCLE = """
  lifecycle {{
    ignore_changes = {what}
  }}
"""
_RANGE = '  cidr_ipv4                    = each.value.source == "internet" ? "0.0.0.0/0" : null\n'
_OPEN = "\nproduction_traffic_enabled = true\n"

FAULTS = (
    fault(
        "3.3.reproducible nothing-outside-the-plan",
        "apply-runs-a-program",
        "a program of whoever applies runs after the apply",
        added(_BALANCER, _PROVISIONER),
        location=_BALANCER,
        message="a provisioner local-exec",
    ),
    fault(
        "3.3.reproducible nothing-by-chance",
        "snapshot-named-by-the-clock",
        "the last snapshot is named after the time of the plan",
        replaced(_DATABASE, '"${var.name}-final"', '"${var.name}-${formatdate("YYYYMMDDhhmm", timestamp())}"'),
        location=_DATABASE,
        message="timestamp() gives another value",
    ),
    fault(
        "3.3.reproducible nothing-by-chance",
        "group-described-by-chance",
        "a security group's description has an id that is made up with each plan",
        replaced(_BALANCER, '"The load balancer"', '"The load balancer ${uuid()}"'),
        location=_BALANCER,
        message="uuid() gives another value",
    ),
    fault(
        "3.3.drift nothing-hidden",
        "backups-changed-by-hand",
        "the code looks away when somebody shortens the backups by hand",
        replaced(
            _DATABASE,
            "  backup_retention_period   = 14\n",
            "  backup_retention_period   = 14\n" + _LIFECYCLE.format(what="[backup_retention_period]"),
        ),
        location=_DATABASE,
        message="ignores changes of backup_retention_period",
    ),
    fault(
        "3.3.drift nothing-hidden",
        "rule-opened-by-hand",
        "the code looks away when somebody opens a rule by hand",
        replaced(_FLOWS, _RANGE, _RANGE + _LIFECYCLE.format(what="[cidr_ipv4]")),
        location=_FLOWS,
        message="ignores changes of cidr_ipv4",
    ),
    fault(
        "3.3.drift nothing-hidden",
        "role-left-alone",
        "the code looks away from everything about a role",
        replaced(
            _ROLES,
            '  description        = "The code of ${var.name}"\n',
            '  description        = "The code of ${var.name}"\n' + _LIFECYCLE.format(what="all"),
        ),
        location=_ROLES,
        message="ignores changes of assume_role_policy",
    ),
    fault(
        "3.3.drift nothing-hidden",
        "owner-of-attribute-unsaid",
        "nobody says which system owns what the code ignores",
        lambda site: without_tables(site, "infrastructure.elsewhere"),
        location="infra/modules/service/main.tf",
        message="ignores changes of desired_count",
    ),
    fault(
        "lock closed-by-default",
        "lock-open-by-default",
        "the lock is open unless somebody closes it",
        replaced(_VARIABLES, "  default     = false\n", "  default     = true\n"),
        location=_VARIABLES,
        message="is not false by default",
    ),
    fault(
        "lock closed-by-default",
        "lock-opened-by-environment",
        "production's file of variables opens the lock for every apply",
        added("infra/environments/production.tfvars", _OPEN),
        location=_VARIABLES,
        message="a file of the target sets the lock",
        stack="production",
    ),
    fault(
        "lock closed-by-default",
        "lock-opened-by-itself",
        "a file that Terraform reads by itself opens the lock",
        added("infra/open.auto.tfvars", _OPEN),
        location=_VARIABLES,
        message="a file of the target sets the lock",
    ),
)
