"""What came of a run of the target's own workflow: legs and steps, as act tells of them, and the checks that GitHub would show."""

from exitgate.observe.workflow_run.changes import ChangeLab, change_lab
from exitgate.observe.workflow_run.log import LegEnding, RunLog, StepEnding, parse_log
from exitgate.observe.workflow_run.projects import projects
from exitgate.observe.workflow_run.replacing import Variant, variants
from exitgate.observe.workflow_run.results import ReportedRun, reported
from exitgate.observe.workflow_run.trials import ChangeTrial, ChangeTrials, try_change

__all__ = [
    "ChangeLab",
    "ChangeTrial",
    "ChangeTrials",
    "LegEnding",
    "ReportedRun",
    "RunLog",
    "StepEnding",
    "Variant",
    "change_lab",
    "parse_log",
    "projects",
    "reported",
    "try_change",
    "variants",
]
