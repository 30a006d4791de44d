"""A change that is kept out is so for what it breaks, and not for something that failed beside it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from exitgate.checks.pipeline import unblocked_failures, unlanded_failures, unrefused_changes
from exitgate.errors import ObservationError, PrerequisiteMissing
from exitgate.observe.workflow_run import ChangeTrial
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


TYPED = trial("type-error", merged=False, output="error TS2322: on purpose", says="on purpose")


@pytest.mark.parametrize(
    ("failing", "mistyped", "found"),
    [
        (trial("unit-test", merged=False), TYPED, []),
        (trial("unit-test", merged=True), TYPED, ["a change: unit-test"]),
        (trial("unit-test", merged=False), trial("type-error", merged=True), ["a change: type-error"]),
        (
            trial("unit-test", merged=False),
            trial("type-error", merged=False, failing="ci.yml:3"),
            ["a change: type-error"],
        ),
    ],
)
def test_a_type_error_is_kept_out_beside_the_deliberate_failure(
    failing: ChangeTrial, mistyped: ChangeTrial, found: list[str]
) -> None:
    findings = unrefused_changes(trials(failing), trials(mistyped))
    assert [each.message.partition(": ")[2] for each in findings] == found


def test_a_failure_that_was_let_in_is_told_though_nothing_is_known_of_the_type_error() -> None:
    silent = trials(trial("type-error", merged=False, says="on purpose"))
    assert len(unrefused_changes(trials(trial("unit-test", merged=True)), silent)) == 1
    with pytest.raises(PrerequisiteMissing, match="without a word"):
        unrefused_changes(trials(trial("unit-test", merged=False)), silent)


def test_without_types_nothing_hangs_on_them_and_the_record_says_so() -> None:
    none = trials().limited("no type error was tried: no sources")
    assert unrefused_changes(trials(trial("unit-test", merged=False)), none) == []
    assert none.substrate.limits == ("no type error was tried: no sources",)


def test_a_type_error_that_was_to_be_tried_and_was_not_is_an_error() -> None:
    with pytest.raises(ObservationError, match="0 broken changes tried"):
        unrefused_changes(trials(trial("unit-test", merged=False)), replace(trials(), asked=1))
