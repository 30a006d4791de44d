"""The target's repository as GitHub itself tells of it: rules in force, who gets round them, what was reported and merged."""

from exitgate.observe.live_repository.merges import LiveMerge, LiveMerges, LivePush, read_live_merges
from exitgate.observe.live_repository.reports import LastReport, LiveReports, ReportedRun, read_live_reports
from exitgate.observe.live_repository.repository import LiveRepository, read_repository
from exitgate.observe.live_repository.rules import LiveBranch, LiveRules, read_live_rules

__all__ = [
    "LastReport",
    "LiveBranch",
    "LiveMerge",
    "LiveMerges",
    "LivePush",
    "LiveReports",
    "LiveRepository",
    "LiveRules",
    "ReportedRun",
    "read_live_merges",
    "read_live_reports",
    "read_live_rules",
    "read_repository",
]
