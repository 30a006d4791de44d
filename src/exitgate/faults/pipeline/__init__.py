"""Faults of the criterion "CI blocks failing changes"."""

from exitgate.faults.pipeline.branches import FAULTS as _BRANCHES
from exitgate.faults.pipeline.executed import FAULTS as _EXECUTED
from exitgate.faults.pipeline.live import FAULTS as _LIVE
from exitgate.faults.pipeline.masking import FAULTS as _MASKING
from exitgate.faults.pipeline.required import FAULTS as _REQUIRED
from exitgate.faults.pipeline.rulesets import FAULTS as _RULESETS
from exitgate.faults.pipeline.runs import FAULTS as _RUNS
from exitgate.faults.pipeline.workflow import FAULTS as _WORKFLOW

FAULTS = (*_BRANCHES, *_RULESETS, *_REQUIRED, *_WORKFLOW, *_MASKING, *_EXECUTED, *_RUNS, *_LIVE)
