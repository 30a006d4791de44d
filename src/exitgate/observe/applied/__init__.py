"""What was seen of a stack that was really applied: to an emulator of AWS, twice."""

from exitgate.observe.applied.account import read_standing
from exitgate.observe.applied.changes import AttributeChange, Gap, beside_gaps, changes_of, closed_gaps, known_gaps
from exitgate.observe.applied.normalising import Difference, differences, normalised
from exitgate.observe.applied.read_back import Compared, PlannedTask, ReadBack, ReadResource
from exitgate.observe.applied.reading import Applied, Destroyed, read_applied
from exitgate.observe.applied.role_trials import RoleTrials, TriedRole, Try, read_role_trials

__all__ = [
    "Applied",
    "AttributeChange",
    "Compared",
    "Destroyed",
    "Difference",
    "Gap",
    "PlannedTask",
    "ReadBack",
    "ReadResource",
    "RoleTrials",
    "TriedRole",
    "Try",
    "beside_gaps",
    "changes_of",
    "closed_gaps",
    "differences",
    "known_gaps",
    "normalised",
    "read_applied",
    "read_role_trials",
    "read_standing",
]
