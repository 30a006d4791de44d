"""What a target's infrastructure code plans: resources with their places, and what refers to what."""

from exitgate.observe.terraform.escapes import Escape
from exitgate.observe.terraform.locks import Locks, read_locks
from exitgate.observe.terraform.planned_tasks import PlannedTaskDefinition, planned_task_definition
from exitgate.observe.terraform.providers import Provider
from exitgate.observe.terraform.resources import (
    UNKNOWN,
    Reference,
    Resource,
    Sensitive,
    Stack,
    Unknown,
    Value,
    Variable,
)
from exitgate.observe.terraform.scan import CodeFinding, CodeScan, read_code_scan
from exitgate.observe.terraform.stacks import Infrastructure, read_infrastructure

__all__ = [
    "UNKNOWN",
    "CodeFinding",
    "CodeScan",
    "Escape",
    "Infrastructure",
    "Locks",
    "PlannedTaskDefinition",
    "Provider",
    "Reference",
    "Resource",
    "Sensitive",
    "Stack",
    "Unknown",
    "Value",
    "Variable",
    "planned_task_definition",
    "read_code_scan",
    "read_infrastructure",
    "read_locks",
]
