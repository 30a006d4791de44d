"""Criterion 5 of gate 3: deployments are zero-downtime. Task 3.5 of the plan."""

from __future__ import annotations

import pytest

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
from exitgate.observe.rollout.facts import Defect, Rollout
from exitgate.observe.rollout.load import counted_streams
from exitgate.policy.deployments import DeploymentPolicy
from exitgate.target import Workload


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
    """Not one request fails, is lost or is carried out twice."""
    assert failed_requests(clean_rollout, counted_streams(workload)) == []


@pytest.mark.check("3.5.C.2", "availability-kept")
def test_availability_kept(clean_rollout: Rollout, rolling_policy: DeploymentPolicy) -> None:
    """Healthy tasks and all tasks stay within their bounds at every moment."""
    assert broken_bounds(clean_rollout, rolling_policy) == []


@pytest.mark.check("3.5.C.2", "latency-kept")
def test_latency_kept(clean_rollout: Rollout, rolling_policy: DeploymentPolicy) -> None:
    """Latency and the longest gap between successful answers stay within the policy's limits."""
    assert slow_answers(clean_rollout, rolling_policy) == []


@pytest.mark.check("3.5.C.3", "never-healthy")
def test_never_healthy(rollbacks: Rollout, rolling_policy: DeploymentPolicy) -> None:
    """A version that never becomes healthy is rolled back by itself."""
    assert missing_rollbacks(rollbacks, Defect.DEAF, rolling_policy) == []


@pytest.mark.check("3.5.C.3", "crashing")
def test_crashing(rollbacks: Rollout, rolling_policy: DeploymentPolicy) -> None:
    """A version that crashes soon after its start is rolled back by itself."""
    assert missing_rollbacks(rollbacks, Defect.CRASHES, rolling_policy) == []


@pytest.mark.check("3.5.C.3", "healthy-but-failing")
def test_healthy_but_failing(rollbacks: Rollout, rolling_policy: DeploymentPolicy) -> None:
    """A version that is healthy and fails requests is rolled back by the alarms."""
    assert missing_rollbacks(rollbacks, Defect.ERRS, rolling_policy) == []


@pytest.mark.check("3.5.C.3", "old-version-whole")
def test_old_version_whole(rollbacks: Rollout) -> None:
    """After each rollback the previous version is whole, and nothing of the bad one is left."""
    assert broken_returns(rollbacks) == []
