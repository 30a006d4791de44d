"""Faults of 3.5.A: rules for deployments that nobody made."""

from __future__ import annotations

from exitgate.faults.deployments.rewriting import no_rules, rules
from exitgate.faults.fault import Fault
from exitgate.target import CONFIGURATION_FILE

FAULTS = (
    Fault(
        id="no-deployment-policy",
        title="nobody wrote rules for deployments",
        control="3.5.A.1",
        check="policy-declared",
        location=CONFIGURATION_FILE,
        message="no deployment strategy is defined",
        inject=no_rules("policy.deployments"),
        also=frozenset({"3.5.A.2", "3.5.A.3"}),
    ),
    Fault(
        id="no-shutdown-policy",
        title="nobody wrote rules for how a task leaves",
        control="3.5.A.2",
        check="policy-declared",
        location=CONFIGURATION_FILE,
        message="no thresholds are defined for drain and stop",
        inject=no_rules("policy.deployments.shutdown"),
    ),
    Fault(
        id="no-rollback-policy",
        title="nobody wrote what rolls a deployment back",
        control="3.5.A.3",
        check="policy-declared",
        location=CONFIGURATION_FILE,
        message="no triggers for a rollback are defined",
        inject=no_rules("policy.deployments.rollback"),
    ),
    Fault(
        id="more-tasks-demanded-than-run",
        title="the rules demand three healthy tasks, where scaling goes down to two",
        control="3.5.B.1",
        check="capacity-kept",
        location="infra/modules/service/main.tf",
        message="ECS may stop more healthy tasks than the rules allow",
        inject=rules(r"^minimum_tasks = 2$", "minimum_tasks = 3"),
    ),
)
