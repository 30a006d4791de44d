"""What breaks the zero-downtime deployment of a target."""

from exitgate.faults.deployments.rolling import FAULTS as _ROLLING
from exitgate.faults.fault import Fault

FAULTS: tuple[Fault, ...] = (*_ROLLING,)
"""All of them."""

__all__ = ["FAULTS"]
