"""Criterion 1 of gate 3: CI blocks failing changes. Task 3.1 of the plan."""

from __future__ import annotations

import pytest

from exitgate.checks.pipeline.masking import masked_failures
from exitgate.observe.verification import Verification

# ---- 3.1.C.2: CI blocks the failing merge ---------------------------------------------------------------------------


@pytest.mark.check("3.1.C.2", "no-masking")
def test_no_known_way_hides_a_failure(decided_verification: Verification) -> None:
    """None of the known ways to hide a failure is present where the workflows verify a change, or in what they run."""
    assert masked_failures(decided_verification) == []
