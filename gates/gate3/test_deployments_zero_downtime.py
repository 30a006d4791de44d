"""Criterion 5 of gate 3: deployments have no downtime. Task 3.5 of the plan."""

from __future__ import annotations

import pytest

from exitgate.checks.deployments import (
    dear_answers,
    dependent_answers,
    drifting_versions,
    inconsistent_health,
    inconsistent_shutdowns,
    lax_matchers,
    lost_capacity,
    misleading_answers,
    missing_rollback_rules,
    missing_strategy,
    missing_thresholds,
    rude_stops,
    strange_strategies,
    strange_thresholds,
    stuck_deployments,
    unplanned_shutdowns,
    unreachable_breakers,
    unwired_alarms,
    unwired_breakers,
)
from exitgate.checks.deployments.messages import lost_messages
from exitgate.checks.deployments.rolling import (
    broken_bounds,
    broken_returns,
    failed_requests,
    missing_rollbacks,
    slow_answers,
    strange_versions,
    undelivered_load,
    unfinished_rollouts,
)
from exitgate.observe.deployment_settings import PlannedDeployments
from exitgate.observe.health_path import HealthPath
from exitgate.observe.rollout.facts import Defect, Rollout
from exitgate.observe.rollout.load import counted_streams
from exitgate.observe.stopping import Stopping
from exitgate.policy import DeploymentPolicy
from exitgate.policy.deployments import BalancerHealthPolicy, ContainerHealthPolicy, RollbackPolicy, ShutdownPolicy
from exitgate.target import Target, Workload

pytest_plugins = (
    "exitgate.fixtures.deployments",
    "exitgate.fixtures.health_path",
    "exitgate.fixtures.rolling",
    "exitgate.fixtures.stopping",
)


@pytest.mark.check("3.5.A.1", "policy-declared")
def test_a_strategy_is_declared(target: Target) -> None:
    """The target's rules name the rolling strategy with its percentages."""
    assert missing_strategy(target) == []


@pytest.mark.check("3.5.A.1", "plan-agrees")
def test_the_planned_strategy_is_that_of_the_rules(
    planned_deployments: PlannedDeployments, deployment_policy: DeploymentPolicy
) -> None:
    """The planned ECS service has the deployment controller and the percentages of the rules."""
    assert strange_strategies(planned_deployments, deployment_policy) == []


@pytest.mark.check("3.5.A.2", "policy-declared")
def test_thresholds_are_declared(target: Target) -> None:
    """The target's rules have every threshold of health checks, and the limits for detection, start-up and drain."""
    assert missing_thresholds(target) == []


@pytest.mark.check("3.5.A.2", "thresholds-agree")
def test_the_planned_thresholds_are_those_of_the_rules(
    planned_deployments: PlannedDeployments,
    balancer_health_policy: BalancerHealthPolicy,
    container_health_policy: ContainerHealthPolicy,
) -> None:
    """Target group, ECS service and task definition have every threshold written out, as the rules have it."""
    assert strange_thresholds(planned_deployments, balancer_health_policy, container_health_policy) == []


@pytest.mark.check("3.5.A.2", "timings-consistent")
def test_the_thresholds_fit_one_another(
    modelled_deployments: PlannedDeployments, balancer_health_policy: BalancerHealthPolicy
) -> None:
    """A failing task is noticed in time, a slow start is survived, and no grace period hides failures."""
    assert inconsistent_health(modelled_deployments, balancer_health_policy) == []


@pytest.mark.check("3.5.A.3", "policy-declared")
def test_triggers_for_a_rollback_are_declared(target: Target) -> None:
    """The target's rules name what rolls a deployment back, with limits for error rate and latency."""
    assert missing_rollback_rules(target) == []


@pytest.mark.check("3.5.A.3", "breaker-wired")
def test_the_circuit_breaker_rolls_back(planned_deployments: PlannedDeployments) -> None:
    """The planned ECS service has the circuit breaker on, and rollback with it."""
    assert unwired_breakers(planned_deployments) == []


@pytest.mark.check("3.5.A.3", "alarms-wired")
def test_alarms_roll_back(planned_deployments: PlannedDeployments, rollback_policy: RollbackPolicy) -> None:
    """The planned ECS service rolls back on alarms that are there, measure this workload and have the limits of the rules."""
    assert unwired_alarms(planned_deployments, rollback_policy) == []


@pytest.mark.check("3.5.B.1", "makes-progress")
def test_a_deployment_gets_on(
    modelled_deployments: PlannedDeployments,
    deployment_policy: DeploymentPolicy,
    balancer_health_policy: BalancerHealthPolicy,
) -> None:
    """By ECS's rules a good version that starts as slowly as it may completes in time, at the fewest tasks too."""
    assert stuck_deployments(modelled_deployments, deployment_policy, balancer_health_policy.start_limit_s) == []


@pytest.mark.check("3.5.B.1", "capacity-kept")
def test_a_deployment_keeps_its_capacity(
    modelled_deployments: PlannedDeployments, deployment_policy: DeploymentPolicy
) -> None:
    """By ECS's rounding no fewer tasks stay healthy than the rules demand."""
    assert lost_capacity(modelled_deployments, deployment_policy) == []


@pytest.mark.check("3.5.B.1", "breaker-reachable")
def test_a_bad_version_is_given_up(modelled_deployments: PlannedDeployments, rollback_policy: RollbackPolicy) -> None:
    """By ECS's rules a version that never becomes healthy, or exits, is given up in time, and the old one comes back."""
    assert unreachable_breakers(modelled_deployments, rollback_policy) == []


@pytest.mark.check("3.5.B.1", "one-image")
def test_all_tasks_of_a_deployment_run_one_image(planned_deployments: PlannedDeployments) -> None:
    """The planned task definition names its image by digest, or lets ECS resolve a tag once a deployment."""
    assert drifting_versions(planned_deployments) == []


@pytest.mark.check("3.5.B.2", "matcher-strict")
def test_the_load_balancer_takes_success_alone_for_healthy(
    planned_deployments: PlannedDeployments, balancer_health_policy: BalancerHealthPolicy, workload: Workload
) -> None:
    """The planned target group asks the workload's health path and takes only the success codes of the rules."""
    assert lax_matchers(planned_deployments, balancer_health_policy, workload.health_path) == []


@pytest.mark.check("3.5.B.2", "path-answers")
def test_the_health_path_answers_once_the_workload_serves(
    health_path: HealthPath, balancer_health_policy: BalancerHealthPolicy
) -> None:
    """The health path succeeds for anybody once the workload can serve and not before, and no other path does like it."""
    assert misleading_answers(health_path, balancer_health_policy) == []


@pytest.mark.check("3.5.B.2", "path-cheap")
def test_the_health_path_costs_little(health_path: HealthPath, balancer_health_policy: BalancerHealthPolicy) -> None:
    """The health path answers in time, and asks nothing of a database."""
    assert dear_answers(health_path, balancer_health_policy) == []


@pytest.mark.check("3.5.B.2", "path-independent")
def test_the_health_path_hangs_on_nothing_shared(
    health_path: HealthPath, balancer_health_policy: BalancerHealthPolicy
) -> None:
    """The health path goes on succeeding while a dependency that the rules exclude is out of reach."""
    assert dependent_answers(health_path, balancer_health_policy) == []


@pytest.mark.check("3.5.B.3", "settings-planned")
def test_the_times_of_leaving_are_those_of_the_rules(
    planned_deployments: PlannedDeployments, shutdown_policy: ShutdownPolicy
) -> None:
    """Deregistration delay, idle timeout and stop timeout are written out, as the rules have them."""
    assert unplanned_shutdowns(planned_deployments, shutdown_policy) == []


@pytest.mark.check("3.5.B.3", "timings-consistent")
def test_the_times_of_leaving_fit_one_another(
    modelled_deployments: PlannedDeployments, shutdown_policy: ShutdownPolicy
) -> None:
    """The longest request ends before its task is killed, and the load balancer closes idle connections first."""
    assert inconsistent_shutdowns(modelled_deployments, shutdown_policy) == []


@pytest.mark.check("3.5.B.3", "stops-gracefully")
def test_a_stopped_workload_finishes_what_it_has_begun(stopping: Stopping) -> None:
    """On its stop signal under load it answers every request in flight, and ends with 0 in time."""
    assert rude_stops(stopping) == []


@pytest.mark.check("3.5.C.1", "completes")
def test_completes(clean_rollout: Rollout) -> None:
    """A rolling update from the previous version to the new one, under ECS's rules, completes."""
    assert unfinished_rollouts(clean_rollout) == []


@pytest.mark.check("3.5.C.1", "new-version-serves")
def test_new_version_serves(clean_rollout: Rollout) -> None:
    """Afterwards the new version alone runs, by digest, and answers."""
    assert strange_versions(clean_rollout) == []


@pytest.mark.check("3.5.C.2", "load-delivered")
def test_load_delivered(clean_rollout: Rollout) -> None:
    """Load of every kind is sent at its planned times."""
    assert undelivered_load(clean_rollout) == []


@pytest.mark.check("3.5.C.2", "no-failed-requests")
def test_no_failed_requests(clean_rollout: Rollout, workload: Workload) -> None:
    """Not one request or message fails, is lost or is carried out twice."""
    assert failed_requests(clean_rollout, counted_streams(workload)) + lost_messages(clean_rollout) == []


@pytest.mark.check("3.5.C.2", "availability-kept")
def test_availability_kept(clean_rollout: Rollout, deployment_policy: DeploymentPolicy) -> None:
    """Healthy tasks and all tasks stay within their bounds at every moment."""
    assert broken_bounds(clean_rollout, deployment_policy) == []


@pytest.mark.check("3.5.C.2", "latency-kept")
def test_latency_kept(clean_rollout: Rollout, deployment_policy: DeploymentPolicy) -> None:
    """Latency and the longest gap between successful answers stay within the policy's limits."""
    assert slow_answers(clean_rollout, deployment_policy) == []


@pytest.mark.check("3.5.C.3", "never-healthy")
def test_never_healthy(rollbacks: Rollout, deployment_policy: DeploymentPolicy) -> None:
    """A version that never becomes healthy is rolled back by itself."""
    assert missing_rollbacks(rollbacks, (Defect.DEAF,), deployment_policy) == []


@pytest.mark.check("3.5.C.3", "crashing")
def test_crashing(rollbacks: Rollout, deployment_policy: DeploymentPolicy) -> None:
    """A version that ends soon after its start, by a crash or by its migration, is rolled back by itself."""
    assert missing_rollbacks(rollbacks, (Defect.CRASHES, Defect.UNMIGRATED), deployment_policy) == []


@pytest.mark.check("3.5.C.3", "healthy-but-failing")
def test_healthy_but_failing(rollbacks: Rollout, deployment_policy: DeploymentPolicy) -> None:
    """A version that is healthy and fails requests is rolled back by the alarms."""
    assert missing_rollbacks(rollbacks, (Defect.ERRS,), deployment_policy) == []


@pytest.mark.check("3.5.C.3", "healthy-but-slow")
def test_healthy_but_slow(rollbacks: Rollout, deployment_policy: DeploymentPolicy) -> None:
    """A version that is healthy and slow is rolled back by the alarm on latency."""
    assert missing_rollbacks(rollbacks, (Defect.SLOW,), deployment_policy) == []


@pytest.mark.check("3.5.C.3", "old-version-whole")
def test_old_version_whole(rollbacks: Rollout) -> None:
    """After each rollback the previous version is whole, and nothing of the bad one is left."""
    assert broken_returns(rollbacks) == []
