"""Rules of the criterion "deployments zero-downtime"."""

from exitgate.checks.deployments.bounds import lost_capacity, stuck_deployments, unreachable_breakers
from exitgate.checks.deployments.health import inconsistent_health, lax_matchers, strange_thresholds
from exitgate.checks.deployments.health_path import dear_answers, dependent_answers, misleading_answers
from exitgate.checks.deployments.policy import missing_rollback_rules, missing_strategy, missing_thresholds
from exitgate.checks.deployments.rollback import unwired_alarms, unwired_breakers
from exitgate.checks.deployments.shutdown import inconsistent_shutdowns, unplanned_shutdowns
from exitgate.checks.deployments.stopping import rude_stops
from exitgate.checks.deployments.strategy import strange_strategies
from exitgate.checks.deployments.versions import drifting_versions

__all__ = [
    "dear_answers",
    "dependent_answers",
    "drifting_versions",
    "inconsistent_health",
    "inconsistent_shutdowns",
    "lax_matchers",
    "lost_capacity",
    "misleading_answers",
    "missing_rollback_rules",
    "missing_strategy",
    "missing_thresholds",
    "rude_stops",
    "strange_strategies",
    "strange_thresholds",
    "stuck_deployments",
    "unplanned_shutdowns",
    "unreachable_breakers",
    "unwired_alarms",
    "unwired_breakers",
]
