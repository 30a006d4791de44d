"""What turns each control red: functions that break a copy of the target in one real-world way. The opposite of checks."""

from exitgate.faults.containers import FAULTS as _CONTAINERS
from exitgate.faults.deployments import FAULTS as _DEPLOYMENTS
from exitgate.faults.fault import Fault
from exitgate.faults.infrastructure import FAULTS as _INFRASTRUCTURE
from exitgate.faults.migrations import FAULTS as _MIGRATIONS
from exitgate.faults.pipeline import FAULTS as _PIPELINE
from exitgate.faults.prerequisites import FAULTS as _PREREQUISITES
from exitgate.faults.release import FAULTS as _RELEASE

FAULTS: tuple[Fault, ...] = (
    *_PIPELINE,
    *_CONTAINERS,
    *_INFRASTRUCTURE,
    *_MIGRATIONS,
    *_DEPLOYMENTS,
    *_PREREQUISITES,
    *_RELEASE,
)
"""Every fault there is."""

__all__ = ["FAULTS", "Fault"]
