"""Who is allowed what by a stack's plan: roles, policies of resources, and requests put to the model of IAM."""

from exitgate.observe.planned_rights.arns import SUFFIX, Arns
from exitgate.observe.planned_rights.asking import asked, principal, takes_on, takes_on_as
from exitgate.observe.planned_rights.roles import PlannedRights, Role, read_planned_rights

LIMITS = (
    "IAM is a model: AWS is not asked, and the organisation's own policies are not in the plan",
    "parts of ARNs that AWS picks, as ids of keys, are made up, the same wherever the plan refers to them",
)
"""What the model of IAM leaves out; policies that it does not know are named where there are any."""

__all__ = [
    "LIMITS",
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
