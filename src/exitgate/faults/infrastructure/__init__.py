"""Faults of the criterion "infrastructure reproducible"."""

from exitgate.faults.infrastructure.applied import FAULTS as _APPLIED
from exitgate.faults.infrastructure.connections import FAULTS as _CONNECTIONS
from exitgate.faults.infrastructure.data import FAULTS as _DATA
from exitgate.faults.infrastructure.edge import FAULTS as _EDGE
from exitgate.faults.infrastructure.escapes import FAULTS as _ESCAPES
from exitgate.faults.infrastructure.flows import FAULTS as _FLOWS
from exitgate.faults.infrastructure.network import FAULTS as _NETWORK
from exitgate.faults.infrastructure.read_back import FAULTS as _READ_BACK
from exitgate.faults.infrastructure.rights import FAULTS as _RIGHTS
from exitgate.faults.infrastructure.role_trials import FAULTS as _ROLE_TRIALS
from exitgate.faults.infrastructure.roles import FAULTS as _ROLES
from exitgate.faults.infrastructure.sample import FAULTS as _SAMPLE

FAULTS = (
    *(*_NETWORK, *_FLOWS, *_EDGE, *_DATA, *_ROLES),
    *(*_RIGHTS, *_ESCAPES, *_APPLIED, *_READ_BACK, *_ROLE_TRIALS, *_CONNECTIONS, *_SAMPLE),
)
