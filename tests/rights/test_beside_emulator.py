"""The model of IAM and an emulator that enforces it decide alike, policy by policy, but where the emulator is known not to."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from exitgate.errors import PrerequisiteMissing
from exitgate.observe.applied.changes import known_decision_gaps
from exitgate.provision.emulator import installed_emulator, throwaway_emulator
from tests.runs import run_in

from .emulator_cases import CASES, REGION, Stage, drawn, modelled, staged

RUN = run_in(name="20260101t000000z-ri0001")
DRAWN = 300

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    try:
        installation = installed_emulator()
    except PrerequisiteMissing as error:
        pytest.skip(str(error))
    with throwaway_emulator(RUN, installation, REGION) as emulator, staged(emulator) as made:
        yield made


@pytest.fixture(scope="module")
def known(stage: Stage) -> dict[str, str]:
    installation = installed_emulator()
    gaps = known_decision_gaps(installation.name, installation.version)
    assert gaps is not None, "the pinned version was compared by nobody: go through decision_gaps.toml"
    return {gap.case: gap.answer for gap in gaps}


@pytest.mark.parametrize("name", CASES)
def test_both_decide_alike_where_no_gap_is_known(stage: Stage, known: dict[str, str], name: str) -> None:
    """A gap that has closed is a difference too: take it out of decision_gaps.toml."""
    expected = modelled(CASES[name], stage.secrets)
    answered = stage.answer(CASES[name])
    assert (answered == expected) is (name not in known)
    assert known.get(name, expected) == answered


def test_both_decide_alike_by_policies_drawn_at_random(stage: Stage) -> None:
    cases = [drawn(seed) for seed in range(DRAWN)]
    decided = [(stage.answer(each), modelled(each, stage.secrets)) for each in cases]
    assert [case for case, (answer, expected) in zip(cases, decided, strict=True) if answer != expected] == []
    # Neither is all of one kind, which would say little.
    assert min(sum(answer == word for answer, _ in decided) for word in ("answered", "refused")) > DRAWN // 10


def test_every_known_gap_is_one_of_the_cases(known: dict[str, str]) -> None:
    assert set(known) <= set(CASES)


def test_another_version_was_compared_by_nobody() -> None:
    assert known_decision_gaps("ministack", "0.1") is None
