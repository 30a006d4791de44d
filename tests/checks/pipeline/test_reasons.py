"""A change that is kept out is so for what it breaks, and not for something that failed beside it."""

from __future__ import annotations

import pytest

from exitgate.checks.pipeline import unblocked_failures, unlanded_failures
from exitgate.errors import PrerequisiteMissing
from tests.checks.pipeline.trials import STEP, trial, trials

SAYS = "exitgate: a test that fails on purpose"


@pytest.mark.parametrize("output", [f"Error: {SAYS}\n", f"\x1b[31mError: exitgate: \x1b[1ma test{SAYS[16:]}\x1b[0m"])
@pytest.mark.parametrize("rule", [unblocked_failures, unlanded_failures])
def test_a_step_that_says_what_is_broken_is_no_finding(rule: object, output: str) -> None:
    assert rule(trials(trial("unit-test", merged=False, output=output, says=SAYS))) == []  # type: ignore[operator]


@pytest.mark.parametrize("rule", [unblocked_failures, unlanded_failures])
@pytest.mark.parametrize("output", ["", "✖ another test that fails now and then"])
def test_a_step_that_fails_without_a_word_of_it_decides_nothing(rule: object, output: str) -> None:
    with pytest.raises(PrerequisiteMissing, match="without a word of what is broken: a change: unit-test"):
        rule(trials(trial("unit-test", merged=False, output=output, says=SAYS)))  # type: ignore[operator]


def test_what_is_let_in_or_fails_elsewhere_is_a_finding_whatever_it_says() -> None:
    (let_in,) = unblocked_failures(trials(trial("unit-test", merged=True, says=SAYS)))
    assert "was merged" in let_in.message
    (elsewhere,) = unblocked_failures(trials(trial("unit-test", merged=False, failing="ci.yml:3", says=SAYS)))
    assert (elsewhere.location, STEP in elsewhere.expected) == ("ci.yml:3", True)
