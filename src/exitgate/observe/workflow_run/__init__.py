"""What came of a run of the target's own workflow: legs and steps, as act tells of them, and the checks that GitHub would show."""

from exitgate.observe.workflow_run.bundles import FrontendBuild, folders_of, frontend_build, output_folders
from exitgate.observe.workflow_run.changes import ChangeLab, change_lab
from exitgate.observe.workflow_run.databases import DatabaseTrials, ExecutedStatement, read_database_trials
from exitgate.observe.workflow_run.legs import NodeTrials, matrix_versions, node_trials
from exitgate.observe.workflow_run.log import LegEnding, RunLog, StepEnding, parse_log
from exitgate.observe.workflow_run.projects import Workspace, projects, read_workspace
from exitgate.observe.workflow_run.ranges import ComparedRanges, compared_ranges
from exitgate.observe.workflow_run.reach import Reach, asked_targets, library_in, loaded_library_in, reach_of
from exitgate.observe.workflow_run.replacing import Variant, variants
from exitgate.observe.workflow_run.results import ReportedRun, reported
from exitgate.observe.workflow_run.tasks import TaskRun, ran, tasks_of
from exitgate.observe.workflow_run.trials import ChangeTrial, ChangeTrials, try_change

__all__ = [
    "ChangeLab",
    "ChangeTrial",
    "ChangeTrials",
    "ComparedRanges",
    "DatabaseTrials",
    "ExecutedStatement",
    "FrontendBuild",
    "LegEnding",
    "NodeTrials",
    "Reach",
    "ReportedRun",
    "RunLog",
    "StepEnding",
    "TaskRun",
    "Variant",
    "Workspace",
    "asked_targets",
    "change_lab",
    "compared_ranges",
    "folders_of",
    "frontend_build",
    "library_in",
    "loaded_library_in",
    "matrix_versions",
    "node_trials",
    "output_folders",
    "parse_log",
    "projects",
    "ran",
    "reach_of",
    "read_database_trials",
    "read_workspace",
    "reported",
    "tasks_of",
    "try_change",
    "variants",
]
