"""Faults of the criterion "containers hardened and scanned"."""

from exitgate.faults.containers.attempts import FAULTS as _ATTEMPTS
from exitgate.faults.containers.bases import FAULTS as _BASES
from exitgate.faults.containers.build_material import FAULTS as _BUILD_MATERIAL
from exitgate.faults.containers.builds import FAULTS as _BUILDS
from exitgate.faults.containers.capabilities import FAULTS as _CAPABILITIES
from exitgate.faults.containers.health import FAULTS as _HEALTH
from exitgate.faults.containers.identity import FAULTS as _IDENTITY
from exitgate.faults.containers.packages import FAULTS as _PACKAGES
from exitgate.faults.containers.policy import FAULTS as _POLICY
from exitgate.faults.containers.scan import FAULTS as _SCAN
from exitgate.faults.containers.size import FAULTS as _SIZE
from exitgate.faults.containers.stages import FAULTS as _STAGES

FAULTS = (
    *_BASES,
    *_POLICY,
    *_SIZE,
    *_STAGES,
    *_BUILD_MATERIAL,
    *_PACKAGES,
    *_IDENTITY,
    *_CAPABILITIES,
    *_HEALTH,
    *_BUILDS,
    *_SCAN,
    *_ATTEMPTS,
)
