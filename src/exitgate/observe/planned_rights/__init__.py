"""Who is allowed what by a stack's plan: roles, policies of resources, and requests put to the model of IAM."""

from exitgate.observe.planned_rights.arns import SUFFIX, Arns
from exitgate.observe.planned_rights.asking import asked, principal, takes_on, takes_on_as
from exitgate.observe.planned_rights.roles import PlannedRights, Role, read_planned_rights

__all__ = [
    "SUFFIX",
    "Arns",
    "PlannedRights",
    "Role",
    "asked",
    "principal",
    "read_planned_rights",
    "takes_on",
    "takes_on_as",
]
