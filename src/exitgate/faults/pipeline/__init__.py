"""Faults of the criterion "CI blocks failing changes"."""

from exitgate.faults.pipeline.masking import FAULTS as _MASKING

FAULTS = (*_MASKING,)
