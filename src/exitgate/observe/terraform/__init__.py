"""What a target's infrastructure code plans: resources with their places, and what refers to what."""

from exitgate.observe.terraform.resources import UNKNOWN, Reference, Resource, Sensitive, Stack, Unknown, Value
from exitgate.observe.terraform.stacks import Infrastructure, read_infrastructure

__all__ = [
    "UNKNOWN",
    "Infrastructure",
    "Reference",
    "Resource",
    "Sensitive",
    "Stack",
    "Unknown",
    "Value",
    "read_infrastructure",
]
