"""What came of a run of the target's own workflow: legs and steps, as act tells of them, and the checks that GitHub would show."""

from exitgate.observe.workflow_run.log import LegEnding, RunLog, StepEnding, parse_log
from exitgate.observe.workflow_run.replacing import Variant, variants
from exitgate.observe.workflow_run.results import ReportedRun, reported
from exitgate.observe.workflow_run.trials import ChangeTrial, ChangeTrials, try_change

__all__ = [
    "ChangeTrial",
    "ChangeTrials",
    "LegEnding",
    "ReportedRun",
    "RunLog",
    "StepEnding",
    "Variant",
    "parse_log",
    "reported",
    "try_change",
    "variants",
]
