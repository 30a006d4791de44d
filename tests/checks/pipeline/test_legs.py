"""Legs of a matrix that run their tests under their own Node.js, and such that do not."""

from __future__ import annotations

import pytest

from exitgate.checks.pipeline import foreign_versions
from exitgate.errors import ObservationError, PrerequisiteMissing
from exitgate.observe.workflow_run import NodeTrials
from exitgate.observe.workflow_run.legs import NodeLeg
from tests.checks.pipeline.trials import STEP, SUBSTRATE, trial, trials


def observed(*seen: tuple[str, ...], sound: bool = True) -> NodeTrials:
    failing = trials(trial("unit-test", merged=False), sound=sound)
    legs = tuple(
        NodeLeg(name=f"verify ({wanted})", place=STEP, wanted=wanted, seen=versions)
        for wanted, versions in zip(("2", "22.1"), seen, strict=False)
    )
    return NodeTrials(substrate=SUBSTRATE, everywhere=failing, legs=legs)


def test_legs_under_their_own_version_are_no_findings() -> None:
    assert foreign_versions(observed(("2.0.1",), ("22.1.0",))) == []


@pytest.mark.parametrize(
    ("seen", "got"),
    [
        (("22.1.0",), "Node.js 22.1.0"),
        ((), "no test process that was heard of"),
        (("2.0.1", "22.1.0"), "Node.js 2.0.1, 22.1.0"),
    ],
)
def test_a_leg_under_another_version_or_under_none_is_a_finding(seen: tuple[str, ...], got: str) -> None:
    (finding,) = foreign_versions(observed(seen, ("22.1.3",)))
    assert (finding.location, finding.got) == (STEP, got)
    assert finding.message == "the unit tests of 'verify (2)' do not run under Node.js 2"


def test_no_leg_is_no_pass() -> None:
    with pytest.raises(ObservationError, match="no leg heard of"):
        foreign_versions(observed())
    with pytest.raises(PrerequisiteMissing, match=r"blocked by 3\.1\.C\.1"):
        foreign_versions(observed(("2.0.1",), sound=False))
