"""What holds for the gate as a whole: the gates before it were passed, and nothing reaches production without this one."""

from __future__ import annotations

import pytest

from exitgate.checks.prerequisites import unproven_passes
from exitgate.checks.release import lenient_locks, stuck_locks, unguarded_paths
from exitgate.observe.earlier_gate import EarlierGate
from exitgate.observe.release import LockTrials, ReleasePaths
from exitgate.plugin.session import GateSession
from exitgate.target import Target

pytest_plugins = ("exitgate.fixtures.prerequisites", "exitgate.fixtures.release")


@pytest.mark.check("prerequisites", "gate1-passed")
def test_gate_1_was_passed(gate1: EarlierGate) -> None:
    """A statement that gate 1 was passed, signed by a trusted key, on this target and a commit of its history, verifies."""
    assert unproven_passes(gate1) == []


@pytest.mark.check("prerequisites", "gate2-passed")
def test_gate_2_was_passed(gate2: EarlierGate) -> None:
    """A statement that gate 2 was passed, signed by a trusted key, on this target and a commit of its history, verifies."""
    assert unproven_passes(gate2) == []


@pytest.mark.check("lock", "guards-every-path")
def test_the_lock_guards_every_path(release_paths: ReleasePaths, target: Target, gate_session: GateSession) -> None:
    """Every job that moves production's traffic asks the lock first, and can't go on where it refuses or is skipped."""
    assert unguarded_paths(release_paths, target.policy.release, gate_session.gate.id, target.locate("policy")) == []


@pytest.mark.check("lock", "refuses-others")
def test_the_lock_refuses_others(lock_trials: LockTrials) -> None:
    """The target's own lock stays closed for every other commit and image, and for every statement that is no signed pass."""
    assert lenient_locks(lock_trials) == []


@pytest.mark.check("lock", "opens-for-the-passed")
def test_the_lock_opens_for_the_passed(lock_trials: LockTrials) -> None:
    """The target's own lock opens for a signed pass of exactly the commit and the images that are released."""
    assert stuck_locks(lock_trials) == []
