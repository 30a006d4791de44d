"""What came of a run of the target's own workflow: legs and steps, as act tells of them, and the checks that GitHub would show."""

from exitgate.observe.workflow_run.log import LegEnding, RunLog, StepEnding, parse_log
from exitgate.observe.workflow_run.results import ReportedRun, reported

__all__ = ["LegEnding", "ReportedRun", "RunLog", "StepEnding", "parse_log", "reported"]
