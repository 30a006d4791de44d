"""What was seen of a stack that was really applied: to an emulator of AWS, twice."""

from exitgate.observe.applied.account import read_standing
from exitgate.observe.applied.changes import AttributeChange, Gap, beside_gaps, changes_of, closed_gaps, known_gaps
from exitgate.observe.applied.normalising import Difference, differences, normalised
from exitgate.observe.applied.read_back import Compared, PlannedTask, ReadBack, ReadResource
from exitgate.observe.applied.reading import Applied, Destroyed, read_applied

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
    "beside_gaps",
    "changes_of",
    "closed_gaps",
    "differences",
    "known_gaps",
    "normalised",
    "read_applied",
    "read_standing",
]
