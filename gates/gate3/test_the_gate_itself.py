"""What holds for the gate as a whole: the gates before it were passed."""

from __future__ import annotations

import pytest

from exitgate.checks.prerequisites import unproven_passes
from exitgate.observe.earlier_gate import EarlierGate


@pytest.mark.check("prerequisites", "gate1-passed")
def test_gate_1_was_passed(gate1: EarlierGate) -> None:
    """A statement that gate 1 was passed, signed by a trusted key, on this target and a commit of its history, verifies."""
    assert unproven_passes(gate1) == []


@pytest.mark.check("prerequisites", "gate2-passed")
def test_gate_2_was_passed(gate2: EarlierGate) -> None:
    """A statement that gate 2 was passed, signed by a trusted key, on this target and a commit of its history, verifies."""
    assert unproven_passes(gate2) == []
