"""Faults of the criterion "deployments zero-downtime"."""

from exitgate.faults.deployments.planned import FAULTS as _PLANNED
from exitgate.faults.deployments.policy import FAULTS as _POLICY
from exitgate.faults.deployments.rolling import FAULTS as _ROLLING
from exitgate.faults.deployments.serving import FAULTS as _SERVING

FAULTS = (*_POLICY, *_PLANNED, *_SERVING, *_ROLLING)
