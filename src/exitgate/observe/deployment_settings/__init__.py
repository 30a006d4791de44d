"""How a workload's ECS service is set to replace its tasks: as the code plans it, and as AWS says that it is."""

from exitgate.observe.deployment_settings.answered import read_answered_deployments
from exitgate.observe.deployment_settings.facts import (
    AlarmFacts,
    DeploymentSettings,
    PlannedDeployments,
    Topic,
    Unanswered,
)
from exitgate.observe.deployment_settings.planned import read_planned_deployments

__all__ = [
    "AlarmFacts",
    "DeploymentSettings",
    "PlannedDeployments",
    "Topic",
    "Unanswered",
    "read_answered_deployments",
    "read_planned_deployments",
]
