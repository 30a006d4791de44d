"""What turns each control red: functions that break a copy of the target in one real-world way. The opposite of checks."""

from exitgate.faults.containers import FAULTS as _CONTAINERS
from exitgate.faults.deployments import FAULTS as _DEPLOYMENTS
from exitgate.faults.fault import Fault

FAULTS: tuple[Fault, ...] = (*_CONTAINERS, *_DEPLOYMENTS)
"""Every fault there is."""

__all__ = ["FAULTS", "Fault"]
