"""What was seen of a stack that was really applied: to an emulator of AWS, twice."""

from exitgate.observe.applied.changes import AttributeChange, Gap, beside_gaps, changes_of, closed_gaps, known_gaps
from exitgate.observe.applied.normalising import Difference, differences, normalised
from exitgate.observe.applied.reading import Applied, Destroyed, read_applied

__all__ = [
    "Applied",
    "AttributeChange",
    "Destroyed",
    "Difference",
    "Gap",
    "beside_gaps",
    "changes_of",
    "closed_gaps",
    "differences",
    "known_gaps",
    "normalised",
    "read_applied",
]
