"""The planned service's strategy beside the rules' (3.5.A.1)."""

from __future__ import annotations

from exitgate.checks.deployments.planned import differences, in_every_stack, needing
from exitgate.finding import Finding
from exitgate.observe.deployment_settings import DeploymentSettings, Topic
from exitgate.policy import DeploymentPolicy


@in_every_stack
@needing(Topic.PERCENTAGES)
def strange_strategies(planned: DeploymentSettings, policy: DeploymentPolicy) -> list[Finding]:
    """Name each way in which the service is planned to replace its tasks otherwise than the rules say.

    The provider's schema knows the strategy ROLLING since 6.0 only; the controller ECS without one is the rolling update.
    """
    rows: list[tuple[str, str, object, object]] = [
        (planned.at_service("deployment_controller"), "deployment controller", planned.controller, "ECS"),
        (
            planned.at_service("deployment_minimum_healthy_percent"),
            "minimum healthy percent",
            planned.minimum_healthy_percent,
            policy.minimum_healthy_percent,
        ),
        (
            planned.at_service("deployment_maximum_percent"),
            "maximum percent",
            planned.maximum_percent,
            policy.maximum_percent,
        ),
    ]
    if planned.strategy:
        rows.append((planned.at_service("deployment_configuration"), "strategy", planned.strategy, "ROLLING"))
    return list(differences(rows))
